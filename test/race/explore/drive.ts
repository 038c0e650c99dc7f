/** The runner's loop over a simulated world. */
import type { ChoicePoint, Explorer, Outcome, StepId, Strategy } from '../../../src/race/explore/contract.ts';
import { Recorder } from '../../../src/race/explore/recorder.ts';
import { classOf, createDependence, traceOf } from '../../../src/race/explore/trace.ts';
import { type Program, World } from './world.ts';

export interface Executed {
  readonly steps: readonly StepId[];
  readonly class: string;
  readonly state: string;
  readonly outcome: Outcome;
}

export interface Driving {
  readonly stale?: (world: World) => boolean;
  /** Lies told to the strategy, by execution: nondeterminism. */
  readonly distort?: (point: ChoicePoint, execution: number, depth: number) => ChoicePoint;
  readonly stopAfter?: number;
}

/** Runs every execution that the strategy wants; answers those that were run to their end. */
export function drive(strategy: Strategy, program: Program, driving: Driving = {}): Executed[] {
  const dependent = createDependence();
  const executed: Executed[] = [];
  let execution = 0;
  while (execution++ < (driving.stopAfter ?? Infinity) && strategy.next() !== null) {
    const world = new World(program);
    const recorder = new Recorder();
    const steps: StepId[] = [];
    let cut = false;
    for (;;) {
      const truth = world.point();
      const point = driving.distort?.(truth, execution, steps.length) ?? truth;
      recorder.observe(point);
      if (point.enabled.length === 0) break;
      const choice = strategy.choose(point);
      cut = choice.kind === 'cut';
      if (choice.kind !== 'release') break;
      recorder.release(choice.step);
      steps.push(choice.step);
      world.release(choice.step);
    }
    const { pending } = world.point();
    recorder.finish(pending);
    const stale = cut ? {} : { stale: driving.stale?.(world) ?? false };
    const outcome: Outcome = { ending: cut ? 'cut' : 'finished', pending, ...stale };
    strategy.ended(outcome);
    if (cut) continue;
    const trace = traceOf(recorder.events, dependent);
    executed.push({ steps, class: classOf(trace), state: world.state(), outcome });
  }
  return executed;
}

export function statesOf(executed: readonly Executed[]): string[] {
  return [...new Set(executed.map(({ state }) => state))].sort();
}

export function classesOf(executed: readonly Executed[]): string[] {
  return [...new Set(executed.map((one) => one.class))].sort();
}

/** What an exploration came to, with everything it ran. */
export function explore(explorer: Explorer, program: Program, driving: Driving = {}) {
  const executed = drive(explorer, program, driving);
  return { executed, ...explorer.progress() };
}
