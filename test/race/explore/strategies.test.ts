import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createDpor } from '../../../src/race/explore/dpor.ts';
import { createNone } from '../../../src/race/explore/none.ts';
import { createRandom } from '../../../src/race/explore/random.ts';
import { createGuide, createReplay, type RecordedStep } from '../../../src/race/explore/replay.ts';
import { drive, explore } from './drive.ts';
import { cachePrograms, faultyPrograms, program, reader, writer } from './programs.ts';
import { type Program, World } from './world.ts';

const system = program({ r1: reader, r2: reader, writer: writer(1) });

function recorded(of: Program, steps: readonly string[]): RecordedStep[] {
  const world = new World(of);
  return steps.map((id) => {
    const { enabled } = world.point();
    const ids = enabled.map(({ actor, ordinal, fault }) => `${actor}#${ordinal}${fault ? `!${fault}` : ''}`);
    world.release(id);
    return { ...enabled[ids.indexOf(id)]!, enabled: ids };
  });
}

describe('random walks', () => {
  it('are the same for the same seed, and others for another', () => {
    const walk = (seed: number) =>
      explore(createRandom({ seed, executions: 50, faults: 1 }), system).executed.map(({ steps }) =>
        steps.join(' '),
      );
    expect(walk(7)).toEqual(walk(7));
    expect(walk(7)).not.toEqual(walk(8));
    expect(new Set(walk(7)).size).toBeGreaterThan(25);
  });

  it('keep to the budget of faults and are never complete', () => {
    const faulty = program(
      { reader, writer: writer(1) },
      { faults: ['reset', 'crash'], expiring: ['item:1'] },
    );
    const found = explore(createRandom({ seed: 1, executions: 200, faults: 2 }), faulty);
    const faults = found.executed.map(({ steps }) => steps.filter((id) => id.includes('!')).length);
    expect(Math.max(...faults)).toBe(2);
    expect(found).toMatchObject({ executions: 200, complete: false });
    expect(found.gaps).toHaveLength(1);
  });

  it('stay within what enumeration finds', () => {
    const all = explore(createNone(), system);
    const some = explore(createRandom({ seed: 3, executions: 300, faults: 0 }), system);
    const known = new Set(all.executed.map((one) => one.class));
    expect(some.executed.every((one) => known.has(one.class))).toBe(true);
  });
});

describe('replay', () => {
  it('reproduces every execution of every exploration', () => {
    fc.assert(
      fc.property(fc.oneof(cachePrograms, faultyPrograms), (any) => {
        for (const { steps, state } of explore(createDpor({ executions: 10 }), any).executed) {
          const replay = createReplay(recorded(any, steps), 2);
          const again = drive(replay, any);
          expect(again.map((one) => one.state)).toEqual([state, state]);
          expect(replay.results).toEqual([null, null]);
        }
      }),
      { numRuns: 100 },
    );
  });

  const schedule = () =>
    recorded(system, ['r1#1', 'r1#2', 'writer#1', 'writer#2', 'writer#3', 'r1#3', 'r2#1']);

  it.each([
    ['the recorded step is not on offer', program({ r1: reader, r2: reader }), 2, /writer#1/],
    [
      'something else is on offer too',
      program({ r1: reader, r2: reader, writer: writer(1), x: reader }),
      0,
      /x#1 GET/,
    ],
    [
      'the label is another',
      program({ r1: [{ do: 'del', key: 'k' }], r2: reader, writer: writer(1) }),
      0,
      /DEL k/,
    ],
    [
      'there is more to come',
      program({ r1: reader, r2: reader, writer: [...writer(1), ...writer(2)] }),
      5,
      /writer#4/,
    ],
  ] as const)('diverges where %s', (_, other, depth, told) => {
    const replay = createReplay(schedule());
    drive(replay, other);
    expect(replay.results[0]?.prefix.length).toBeLessThanOrEqual(depth);
    expect(JSON.stringify(replay.results[0])).toMatch(told);
  });

  it('diverges where the schedule stops short of the end', () => {
    const replay = createReplay(schedule().slice(0, 3));
    drive(replay, system);
    expect(replay.results[0]).toMatchObject({ prefix: ['r1#1', 'r1#2', 'writer#1'] });
  });
});

describe('a guide', () => {
  it('takes what is wanted, leaves out what is not there, and then stays with the actor', () => {
    const [one] = drive(createGuide(['writer#1', 'nobody#1', 'r2#1', 'writer#3']), system);
    expect(one!.steps.slice(0, 5)).toEqual(['writer#1', 'r2#1', 'r2#2', 'r2#3', 'r1#1']);
  });
});

describe('limits', () => {
  it.each([
    ['dpor', createDpor({ executions: 47 }), 47],
    ['none', createNone({ executions: 1_581 }), 1_581],
  ])('a budget that is spent is no complete exploration: %s', (_, explorer, budget) => {
    const found = explore(explorer, system);
    expect(found.executions + found.pruned).toBe(budget);
    expect(found.complete).toBe(false);
    expect(found.gaps.join()).toMatch(/budget/);
    expect(found.remaining).toBeGreaterThan(0);
  });

  it('an exploration that is ended early is not complete, and says how much is left at least', () => {
    const found = explore(createDpor(), system, { stopAfter: 10 });
    expect(found).toMatchObject({ complete: false, gaps: ['the exploration was ended early'] });
    expect(found.remaining).toBeGreaterThan(0);
  });

  it('an execution that reached a limit of the runner leaves a gap', () => {
    const explorer = createDpor();
    const one = program({ reader });
    while (explorer.next() !== null) {
      const world = new World(one);
      explorer.choose(world.point());
      explorer.ended({ ending: 'limit', pending: [] });
    }
    expect(explorer.progress()).toMatchObject({ complete: false });
  });

  it('orderings beyond a number of switches are left out, and that is said', () => {
    const few = explore(createNone({ switches: 2 }), system);
    const all = explore(createNone(), system);
    const switches = (steps: readonly string[]) =>
      steps.filter((id, at) => at > 0 && id.split('#')[0] !== steps[at - 1]!.split('#')[0]).length;
    expect(few.complete).toBe(false);
    expect(few.executed.map(({ steps }) => steps)).toEqual(
      all.executed.map(({ steps }) => steps).filter((steps) => switches(steps) <= 2),
    );
  });

  it('nothing to do is complete', () => {
    expect(explore(createDpor(), program({}))).toMatchObject({ executions: 1, classes: 1, complete: true });
    expect(explore(createNone(), program({}))).toMatchObject({ executions: 1, classes: 1, complete: true });
  });
});
