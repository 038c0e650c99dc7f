/** Purge by plan, with undo. */
export type { Sources } from './lineage.ts';
export type { Applying, Place } from './purge.ts';
export { applyShown, planPurge, purgeAtOnce, resumePurge, undo } from './purge.ts';
export { chooseStore } from './store.ts';
