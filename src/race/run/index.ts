/** Exploring a scenario, and replaying a schedule. */
export type * from './contract.ts';
export { explore } from './explore.ts';
export { replay } from './replay.ts';
