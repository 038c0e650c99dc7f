/** What the verdicts promise, counted over a thousand simulated comparisons each; seeded, so that the counts never change. */
import { beforeAll, describe, expect, it } from 'vitest';
import { judge } from '../../../src/compare/judge/index.ts';
import { Random } from '../../support/simulation/random.ts';
import { THOROUGH } from '../../support/thorough.ts';
import { type Change, simulate, WORLD, type World } from './simulation.ts';

const RUNS = 1000;
/** Runs of each kind of world in which nothing differs. */
const EACH = THOROUGH ? 150 : 100;
/** A loaded machine takes its time. */
const HOOK_MS = 120_000;
const CONFIDENCE = 0.95;

/** Subsets that leave the fewest ranks in each tail for one question, and for three. */
const [FOR_ONE, FOR_THREE] = [1000, 2600];

function judged(world: World, change: Change, seed: number, resamples = FOR_THREE) {
  const random = new Random(seed);
  return judge(simulate(world, change, seed), {
    random: () => random.next(),
    confidence: CONFIDENCE,
    resamples,
    changeKind: null,
  });
}

describe('two sides that do not differ', () => {
  const worlds: readonly (readonly [string, Partial<World>])[] = [
    ['long tails, four pairs', { pairs: 4, tail: 0.2, spread: 1 }],
    ['likeness within blocks', { pairs: 6, likeness: 0.9 }],
    ['strong drift between blocks', { pairs: 6, drift: 0.3 }],
    ['slow strong drift', { pairs: 8, drift: 0.3, driftLikeness: 0.95 }],
    ['a steady trend', { pairs: 6, trend: 0.1 }],
    ['half the requests hit', { pairs: 6, hits: 0.5 }],
    ['nearly all requests hit', { pairs: 4, hits: 0.95 }],
    ['errors', { pairs: 8, errors: 0.02 }],
    ['pairs enough to resample, and drift', { pairs: 14, drift: 0.2 }],
    ['pairs enough to resample, and hits', { pairs: 12, hits: 0.5, cold: 5 }],
  ];
  const alarms: number[] = [];
  beforeAll(() => {
    for (const [number, [, world]] of worlds.entries()) {
      const verdicts = Array.from(
        { length: EACH },
        (_, run) => judged({ ...WORLD, warm: 60, cold: 10, ...world }, {}, 10_000 * number + run).verdict,
      );
      alarms.push(verdicts.filter((verdict) => verdict === 'better' || verdict === 'worse').length);
    }
  }, HOOK_MS);

  it('are told apart in at most one run of twenty', () => {
    const runs = EACH * worlds.length;
    expect(runs).toBeGreaterThanOrEqual(RUNS);
    expect(alarms.reduce((sum, count) => sum + count, 0) / runs).toBeLessThanOrEqual(1 - CONFIDENCE);
  });

  it.each(worlds.map(([name], number) => [name, number] as const))('%s', (_, number) => {
    expect(alarms[number]! / EACH).toBeLessThanOrEqual(atMost(EACH));
  });
});

describe('drift alone, at its worst for A B B A, with a single question to find an alarm in', () => {
  it.each([4, 6, 12])('raises no more alarms than stated: %i pairs', (pairs) => {
    const world = { ...WORLD, pairs, cold: 0, warm: 5, spread: 0.05, tail: 0, drift: 1, driftLikeness: 0.45 };
    const verdicts = Array.from(
      { length: RUNS },
      (_, run) => judged(world, {}, 70_000 + run, FOR_ONE).verdict,
    );
    const found = verdicts.filter((verdict) => verdict !== 'no-difference').length;
    expect(found / RUNS).toBeLessThanOrEqual(atMost(RUNS));
  });
});

/** The stated rate with the binomial margin of so many runs, at three standard errors. */
function atMost(runs: number): number {
  const rate = 1 - CONFIDENCE;
  return rate + 3 * Math.sqrt((rate * (1 - rate)) / runs);
}

describe('an effect as large as the detectable one', () => {
  const warmMedian = (world: World, change: Change, seed: number) =>
    judged(world, change, seed, FOR_ONE).effects.find(
      ({ phase, metric, among }) => phase === 'warm' && metric === 'p50' && among === 'all',
    )!;

  it.each([
    ['few pairs, where t decides', { pairs: 6 }],
    ['many pairs, where resampling decides', { pairs: 12 }],
  ])('is found in four of five runs: %s', (_, own) => {
    const world = { ...WORLD, warm: 30, cold: 0, drift: 0, ...own };
    const pilots = Array.from({ length: 101 }, (_, run) => warmMedian(world, {}, run).detectable!);
    const typical = pilots.sort((one, other) => one - other)[50]!;
    let found = 0;
    for (let run = 0; run < RUNS; run++)
      if (warmMedian(world, { missMs: world.missMs * typical }, 5000 + run).verdict === 'better') found++;
    expect(typical).toBeLessThan(1);
    expect(found / RUNS).toBeGreaterThanOrEqual(0.75);
    expect(found / RUNS).toBeLessThanOrEqual(0.85);
  });
});

describe('a cache that is only warmer', () => {
  it.each([
    [0.4, 0.6],
    [0.5, 0.9],
    [0.97, 0.995],
  ])('passes for better in at most one run of twenty: %f to %f', (before, after) => {
    const runs = 100;
    let passed = 0;
    for (let run = 0; run < runs; run++)
      if (judged({ ...WORLD, hits: before }, { hits: after }, run).verdict === 'better') passed++;
    expect(passed / runs).toBeLessThanOrEqual(0.05);
  });
});
