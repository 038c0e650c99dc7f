/** Comparisons: two sides of a case, measured in turn and judged. */
export { type Compared, compare } from './compare.ts';
export type * from './contract.ts';
export { COMPARE_FORMAT, COMPARISON_FILE } from './contract.ts';
export { CONFIDENCE } from './document.ts';
export { badSides } from './errors.ts';
export { ComparisonFolder } from './kept.ts';
export { ROUNDS } from './plan.ts';
export type * from './request.ts';
