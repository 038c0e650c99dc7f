/** Comparisons: two sides of a case, measured in turn and judged. */
export { type Compared, compare } from './compare.ts';
export type * from './contract.ts';
export { COMPARE_FORMAT } from './contract.ts';
export { CONFIDENCE } from './document.ts';
export { badSides } from './errors.ts';
export { COMPARISON_FILE, ComparisonFolder } from './kept.ts';
export { ROUNDS } from './plan.ts';
export type * from './request.ts';
