/** Measured runs: made, kept and read. */
export type * from './contract.ts';
export { MEASURE_FORMAT, RUN_FILE, SAMPLES_FILE } from './contract.ts';
export { isRight, phaseFigures } from './figures.ts';
export {
  Composer,
  type Composition,
  fingerprintOf,
  type Measured,
  type MeasureEvents,
  type MeasureProgress,
  type MeasureRequest,
  measure,
} from './measure.ts';
export type {
  MeasuredBlock,
  MeasuredService,
  MeasureSetting,
  OnSamples,
  WarmPlan,
} from './measured-contract.ts';
export { openMeasured } from './measured-service.ts';
export { MeasuredRunSchema, readRun, readSamples } from './read.ts';
export { newRunFolder, RunFolder, runName } from './run-folder.ts';
