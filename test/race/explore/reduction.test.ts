import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createDpor, type DporOptions } from '../../../src/race/explore/dpor.ts';
import { createNone } from '../../../src/race/explore/none.ts';
import { THOROUGH } from '../../support/thorough.ts';
import { classesOf, explore, statesOf } from './drive.ts';
import { cachePrograms, expiringPrograms, faultyPrograms, lockingPrograms } from './programs.ts';
import type { Program } from './world.ts';

/** Programs with more orderings than this are passed over: others of the same kind are checked. */
const ORDERINGS = 500;

const ways: readonly [string, Partial<DporOptions>][] = [
  ['fewest switches first', {}],
  ['depth first', { order: 'depth' }],
  ['without sleep sets', { sleep: false }],
];

/** Nothing that plain enumeration reaches is lost, and with sleep sets no class is run twice. */
function agree(program: Program, faults: number): void {
  const all = explore(createNone({ executions: ORDERINGS, faults }), program);
  fc.pre(all.complete);
  for (const [way, options] of ways) {
    const some = explore(createDpor({ executions: 2 * ORDERINGS, faults, ...options }), program);
    expect({ way, gaps: some.gaps, complete: some.complete }).toEqual({ way, gaps: [], complete: true });
    expect(classesOf(some.executed), way).toEqual(classesOf(all.executed));
    expect(statesOf(some.executed), way).toEqual(statesOf(all.executed));
    if (options.sleep === false) expect(some.pruned).toBe(0);
    else expect(some.executions, way).toBe(some.classes);
  }
}

const programs: readonly [string, fc.Arbitrary<Program>, number, number][] = [
  ['reads, writes, pushes and messages in flight together', cachePrograms, 0, 700],
  ['transactions that wait, deadlocks included', lockingPrograms, 0, 700],
  ['crashes, lost replies, resets and expiries', faultyPrograms, 1, 300],
  ['two faults in one execution', faultyPrograms, 2, 60],
  ['keys that expire, twice at most', expiringPrograms, 2, 120],
];

describe('the reduction reaches what plain enumeration reaches, each class once', () => {
  it.each(programs)('%s', { timeout: 240_000 }, (_, arbitrary, faults, thorough) => {
    const numRuns = THOROUGH ? thorough : Math.ceil(thorough / 3);
    fc.assert(
      fc.property(arbitrary, (program) => agree(program, faults)),
      { numRuns },
    );
  });
});
