/** Rehearsals: a change deployed to staging, looked at, and taken back. */
export { compareConfiguration } from './configuration.ts';
export type * from './contract.ts';
export { REHEARSAL_FILE, REHEARSAL_FORMAT } from './contract.ts';
export { noConfiguration, nothingToRehearse } from './errors.ts';
export { RehearsalFolder } from './folder.ts';
export { type RehearseEvents, type RehearseRequest, rehearse } from './rehearse.ts';
export { confirmsRollback, verdictOf } from './verdict.ts';
