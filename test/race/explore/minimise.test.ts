import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { StepId } from '../../../src/race/explore/contract.ts';
import { createDpor } from '../../../src/race/explore/dpor.ts';
import { fewestSwitches, minimise } from '../../../src/race/explore/minimise.ts';
import { Recorder } from '../../../src/race/explore/recorder.ts';
import { createGuide } from '../../../src/race/explore/replay.ts';
import {
  classOf,
  createDependence,
  type StepEvent,
  switchesOf,
  type Trace,
  traceOf,
} from '../../../src/race/explore/trace.ts';
import { explore } from './drive.ts';
import { cachePrograms, lockingPrograms, program, reader, writer } from './programs.ts';
import { type Program, World } from './world.ts';

function runs(of: Program, wanted: readonly StepId[], failing: (world: World) => boolean) {
  const world = new World(of);
  const recorder = new Recorder();
  const guide = createGuide(wanted);
  for (let point = world.point(); point.enabled.length > 0; point = world.point()) {
    recorder.observe(point);
    const choice = guide.choose(point);
    if (choice.kind !== 'release') break;
    recorder.release(choice.step);
    world.release(choice.step);
  }
  recorder.finish(world.point().pending);
  return { events: recorder.events, failing: failing(world) };
}

const switches = (events: readonly StepEvent[]) => switchesOf(events.map(({ step }) => step.actor));
const stale = (world: World) => world.cached('item:1') !== null && world.cached('item:1') !== world.row('1');

describe('minimising', () => {
  it('finds the two switches that a stale fill needs, whatever it began with', async () => {
    const system = program({ r1: reader, r2: reader, writer: writer(1) });
    const found = explore(createDpor({ order: 'depth' }), system, { stale });
    const bad = found.executed.filter(({ outcome }) => outcome.stale);
    expect(bad.length).toBeGreaterThan(3);
    for (const { steps } of bad) {
      const begun = runs(system, steps, stale);
      expect(begun.failing).toBe(true);
      const least = await minimise(begun.events, async (wanted) => runs(system, wanted, stale), {
        maxRuns: 50,
        acrossClasses: true,
      });
      expect(least.switches, steps.join(' ')).toBe(3);
      expect(
        runs(
          system,
          least.events.map(({ id }) => id),
          stale,
        ).failing,
      ).toBe(true);
    }
  });

  it('keeps to its budget and never gives back what did not fail', async () => {
    const system = program({ r1: reader, r2: reader, writer: writer(1) });
    const steps = ['r1#1', 'r2#1', 'r1#2', 'writer#1', 'r2#2', 'writer#2', 'r1#3', 'writer#3', 'r2#3'];
    const begun = runs(system, steps, stale);
    expect(begun.failing).toBe(true);
    for (const budget of [0, 1, 2]) {
      let count = 0;
      const run = async (wanted: readonly StepId[]) => {
        count++;
        return runs(system, wanted, stale);
      };
      const least = await minimise(begun.events, run, { maxRuns: budget, acrossClasses: true });
      expect(count).toBeLessThanOrEqual(budget);
      expect(least.runs).toBe(count);
      expect(least.switches).toBeLessThanOrEqual(switches(begun.events));
      if (budget === 0) expect(least.events).toBe(begun.events);
    }
    const nothing = await minimise(begun.events, async () => ({ events: [], failing: false }), {
      maxRuns: 100,
      acrossClasses: true,
    });
    expect(nothing.events).toBe(begun.events);
  });
});

describe('the order of a class with the fewest switches', () => {
  /** All orders that respect happens-before. */
  function* orders(trace: Trace, done: readonly number[] = []): Generator<readonly number[]> {
    if (done.length === trace.events.length) yield done;
    for (const index of trace.events.keys()) {
      const ready = !done.includes(index) && trace.direct[index]!.every((earlier) => done.includes(earlier));
      if (ready) yield* orders(trace, [...done, index]);
    }
  }

  it('is the best of all, and of the same class', () => {
    const arbitrary = fc.tuple(fc.oneof(cachePrograms, lockingPrograms), fc.nat(), fc.nat());
    fc.assert(
      fc.property(arbitrary, ([any, a, b]) => {
        const { executed } = explore(createDpor({ executions: 20 }), any);
        const { steps } = executed[(a + b) % executed.length]!;
        const { events } = runs(any, steps, () => false);
        const trace = traceOf(events, createDependence());
        const count = (order: readonly number[]) => switches(order.map((index) => events[index]!));
        const best = fewestSwitches(trace);
        expect(count(best)).toBe(Math.min(...[...orders(trace)].map(count)));
        const again = runs(
          any,
          best.map((index) => events[index]!.id),
          () => false,
        );
        expect(classOf(traceOf(again.events, createDependence()))).toBe(classOf(trace));
      }),
      { numRuns: 150 },
    );
  });
});
