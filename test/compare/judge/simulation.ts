/** Simulated comparisons: blocks A B B A … of requests whose times have long tails, drift from block to block and likeness within. */
import type { Block, Side } from '../../../src/compare/contract.ts';
import type { CacheUse, Phase, Sample } from '../../../src/measure/contract.ts';
import { Random } from '../../support/simulation/random.ts';

export interface World {
  readonly pairs: number;
  readonly cold: number;
  readonly warm: number;
  /** Median of a request that misses, and of one that hits, ms. */
  readonly missMs: number;
  readonly hitMs: number;
  /** Deviation of the logarithm of a time. */
  readonly spread: number;
  /** Share of requests that take up to many times as long (Pareto, index 1.5). */
  readonly tail: number;
  /** Deviation of a block's level, and how alike neighbouring blocks are. */
  readonly drift: number;
  readonly driftLikeness: number;
  /** Rise of the level from each block to the next. */
  readonly trend: number;
  /** How alike neighbouring requests of a block are. */
  readonly likeness: number;
  /** Share of warm requests that hit; null: cache use is not known. */
  readonly hits: number | null;
  readonly errors: number;
}

export const WORLD: World = {
  pairs: 8,
  cold: 20,
  warm: 100,
  missMs: 20,
  hitMs: 2,
  spread: 0.5,
  tail: 0.02,
  drift: 0.05,
  driftLikeness: 0.5,
  trend: 0,
  likeness: 0.3,
  hits: null,
  errors: 0,
};

/** What the side `after` differs in. */
export type Change = Partial<Pick<World, 'missMs' | 'hitMs' | 'hits' | 'errors'>>;

export function simulate(world: World, change: Change, seed: number): Block[] {
  const random = new Random(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
  const level = wander(world.driftLikeness, normal);
  return Array.from({ length: 2 * world.pairs }, (_, turn) => {
    const side: Side = turn % 4 === 0 || turn % 4 === 3 ? 'before' : 'after';
    const own = side === 'before' ? world : { ...world, ...change };
    const shift = world.drift * level() + world.trend * turn;
    return (['cold', 'warm'] as const).map((phase) =>
      block(own, { side, turn, phase, shift }, random, normal),
    );
  }).flat();
}

interface Spot {
  readonly side: Side;
  readonly turn: number;
  readonly phase: Phase;
  readonly shift: number;
}

function block(
  world: World,
  { side, turn, phase, shift }: Spot,
  random: Random,
  normal: () => number,
): Block {
  const next = wander(world.likeness, normal);
  const samples = Array.from({ length: world[phase] }, (_, index): Sample => {
    const hit = phase === 'warm' && world.hits !== null && random.chance(world.hits);
    const longer = random.chance(world.tail) ? (1 - random.next()) ** (-1 / 1.5) : 1;
    const ms = (hit ? world.hitMs : world.missMs) * Math.exp(shift + world.spread * next()) * longer;
    const use = hit ? 'hit' : 'miss';
    return sample(phase, index, ms, {
      failed: random.chance(world.errors),
      cache: world.hits === null ? null : use,
    });
  });
  return { side, turn, phase, samples };
}

/** A stationary first-order autoregressive walk of unit variance. */
function wander(likeness: number, normal: () => number): () => number {
  let value = normal();
  return () => {
    const now = value;
    value = likeness * value + Math.sqrt(1 - likeness ** 2) * normal();
    return now;
  };
}

export function sample(
  phase: Phase,
  index: number,
  ms: number,
  { failed = false, cache = null as CacheUse | null, request = 0 } = {},
): Sample {
  return {
    phase,
    index,
    request,
    dueMs: index * 10,
    correctedMs: ms,
    uncorrectedMs: ms / 2,
    status: failed ? 500 : 200,
    error: failed ? 'status 500' : null,
    cache,
    sourceCalls: cache === null ? null : cache === 'hit' ? 0 : 1,
    cacheCalls: cache === null ? null : 1,
  };
}
