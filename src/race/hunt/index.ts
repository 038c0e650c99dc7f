/** Hunting: which requests of a recording may race, and whether they do. */
export * from './contract.ts';
export { type HuntEvents, type HuntRequest, hunt } from './hunt.ts';
