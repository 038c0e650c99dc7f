/** Load with an open loop, and the figures of its response times. */
export { dueOffsets } from './arrivals.ts';
export type * from './contract.ts';
export { latencyFigures, percentileDistribution } from './histogram.ts';
export { type GeneratorLag, generatorLag, LATE_MS, watchBusy } from './lag.ts';
export { MAX_IN_FLIGHT, MAX_SHOTS } from './prepare.ts';
export { runLoad } from './run.ts';
