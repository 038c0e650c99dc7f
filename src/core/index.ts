/** The core as a library: history, lineage, staleness, causes. Pure; runs in a browser too. */
export * from './analyse.ts';
export * from './check/index.ts';
export * from './codes.ts';
export * from './finding.ts';
export { keyParts, routeOf } from './keys.ts';
export type * from './map/coverage-map.ts';
export { Mapper, mapOf } from './map/map.ts';
export * from './operation.ts';
export type { StoreProtection } from './safety/unprotected-store.ts';
