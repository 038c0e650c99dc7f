import { describe, expect, test } from 'vitest';
import type { Block, Effect } from '../../src/compare/contract.ts';
import { withOrigin } from '../../src/compare/judge/origin.ts';
import { withTotals } from '../../src/compare/totals.ts';
import { COLD_RUN, effectOf, WARM_RUN } from '../report/compare-sample.ts';

const gain = (effects: readonly Effect[]) => ({
  verdict: 'better' as const,
  gain: null,
  because: 'It fell.',
  effects,
});

/** Warm blocks of some pairs, with the cache reads of both sides. */
const blocks = (
  pairs: readonly (readonly [before: number | null, after: number | null])[],
): readonly Block[] =>
  pairs.flatMap((pair, k) =>
    (['before', 'after'] as const).map((side, i) => {
      const hits = pair[i] ?? null;
      const reads = hits === null ? null : { hits, misses: 100 - hits };
      return { side, turn: 2 * k + (k % 2 === 0 ? i : 1 - i), phase: 'warm' as const, samples: [], reads };
    }),
  );

const MORE = blocks([
  [0, 98],
  [2, 97],
  [1, 99],
  [0, 100],
]);
const FASTER = effectOf('warm', 'p50', 'better');

describe('a gain of which requests do not tell where it comes from', () => {
  test('is no gain where all pairs show more hits', () => {
    const told = withOrigin(gain([effectOf('cold', 'p50', 'none'), FASTER]), MORE, 'code');
    expect(told).toMatchObject({ verdict: 'no-difference', gain: 'more-hits' });
    expect(told.because).toMatch(
      /^The warm median fell from .* more hits alone \(0.8 % of the cache reads before, 98.5 % after\)/,
    );
  });

  test('is what was wanted where the policy is the change', () => {
    expect(withOrigin(gain([FASTER]), MORE, 'cache-policy')).toMatchObject({
      verdict: 'better',
      gain: 'more-hits',
    });
  });

  test.each<[string, readonly Effect[], readonly Block[]]>([
    ['cold requests are faster too', [effectOf('cold', 'p50', 'better'), FASTER], MORE],
    ['errors are fewer', [effectOf('warm', 'error-rate', 'better'), FASTER], MORE],
    ['one pair shows no more hits', [FASTER], [...MORE, ...blocks([[5, 5]])]],
    ['too few pairs tell', [FASTER], MORE.slice(0, 6)],
    ['the stores were not watched', [FASTER], blocks(Array.from({ length: 6 }, () => [null, null]))],
  ])('stands where %s', (_, effects, measured) => {
    const own = measured.map((block, turn) => ({
      ...block,
      turn: block.turn < turn - 1 ? turn : block.turn,
    }));
    expect(withOrigin(gain(effects), own, 'code').verdict).toBe('better');
  });
});

describe('hits and calls', () => {
  test('of whole phases stand in for those that requests do not tell', () => {
    const effects = [
      effectOf('cold', 'p50', 'none'),
      effectOf('warm', 'p50', 'better'),
      effectOf('warm', 'hit-ratio', 'none'),
    ];
    const sides = {
      before: { cold: COLD_RUN, warm: WARM_RUN },
      after: { cold: COLD_RUN, warm: { ...WARM_RUN, sourceCallsPerRequest: 0 } },
    };
    const whole = withTotals(effects, sides);
    expect(whole.map(({ phase, metric }) => `${phase} ${metric}`)).toEqual([
      'cold p50',
      'cold hit-ratio',
      'cold source-calls',
      'warm p50',
      'warm hit-ratio',
      'warm source-calls',
    ]);
    expect(whole.at(-1)).toMatchObject({
      effect: -(WARM_RUN.sourceCallsPerRequest ?? 0),
      interval: null,
      verdict: 'unknown',
    });
  });
});
