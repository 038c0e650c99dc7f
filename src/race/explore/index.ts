/** The explorer as a library: the scheduler contract, strategies, schedules. Pure: the caller runs the world. */
export * from './contract.ts';
export { type Divergence, explainDivergence } from './divergence.ts';
export { createDpor, type DporOptions } from './dpor.ts';
export * from './footprint.ts';
export { type Attempt, fewestSwitches, type Minimised, minimise } from './minimise.ts';
export { createNone, type NoneOptions } from './none.ts';
export { createRandom, type RandomOptions } from './random.ts';
export { Recorder } from './recorder.ts';
export { createGuide, createReplay, explainReplay, type RecordedStep, type Replay } from './replay.ts';
export * from './schedule.ts';
export { classOf, createDependence, type StepEvent, switchesOf, type Trace, traceOf } from './trace.ts';
export type { Order } from './tree.ts';
