/** Field notes: a static site from cases and Markdown notes. */
export { type BuildEvents, type BuildRequest, buildNotes } from './build.ts';
export type * from './contract.ts';
export { badBase, badDate } from './errors.ts';
export { type Imported, importNotes } from './import.ts';
