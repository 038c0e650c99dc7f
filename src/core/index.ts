/** The core as a library: history, lineage, staleness, causes. Pure; runs in a browser too. */
export * from './analyse.ts';
export * from './codes.ts';
export * from './finding.ts';
export { keyParts, routeOf } from './keys.ts';
export * from './operation.ts';
