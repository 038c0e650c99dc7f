import { describe, expect, test } from 'vitest';
import type { CompareVerdict } from '../../src/compare/contract.ts';
import { type Circumstances, outcomeOf, type RaceSides, staleOnlyAfter } from '../../src/compare/outcome.ts';
import type { Finding } from '../../src/core/finding.ts';

const race = (before: string, after: string): RaceSides => {
  const side = (verdict: string) => ({
    verdict,
    complete: verdict !== 'unknown',
    causes: verdict === 'invalid' ? ['WS104'] : [],
  });
  return { before: side(before), after: side(after) };
};

const told = (verdict: CompareVerdict, own: Partial<Circumstances>) =>
  outcomeOf(
    { verdict, because: `The times say ${verdict}.`, gain: verdict === 'better' ? 'faster-work' : null },
    { race: null, stale: [], cut: null, ...own },
  );

describe('times and races', () => {
  const TABLE: readonly (readonly [string, string, ...CompareVerdict[]])[] = [
    // before, after: what times that are better, alike, worse, unknown become
    ['valid', 'valid', 'better', 'no-difference', 'worse', 'not-comparable'],
    ['valid', 'invalid', 'worse', 'worse', 'worse', 'worse'],
    ['valid', 'unknown', 'not-comparable', 'no-difference', 'worse', 'not-comparable'],
    ['invalid', 'valid', 'better', 'better', 'worse', 'not-comparable'],
    ['invalid', 'invalid', 'better', 'no-difference', 'worse', 'not-comparable'],
    ['invalid', 'unknown', 'better', 'no-difference', 'worse', 'not-comparable'],
    ['unknown', 'valid', 'better', 'no-difference', 'worse', 'not-comparable'],
    ['unknown', 'invalid', 'not-comparable', 'no-difference', 'worse', 'not-comparable'],
    ['unknown', 'unknown', 'better', 'no-difference', 'worse', 'not-comparable'],
  ];
  const TIMES = ['better', 'no-difference', 'worse', 'not-comparable'] as const;

  test.each(
    TABLE.flatMap(([before, after, ...verdicts]) =>
      TIMES.map((times, i) => [before, after, times, verdicts[i]] as const),
    ),
  )('%s before, %s after, times %s: %s', (before, after, times, verdict) => {
    const outcome = told(times, { race: race(before, after) });
    expect(outcome.verdict).toBe(verdict);
    if (outcome.verdict !== 'better') expect(outcome.gain).toBeNull();
  });

  test('faster and wrong is worse, and says both', () => {
    const { because } = told('better', { race: race('valid', 'invalid') });
    expect(because).toContain('ends stale after the change (WS104), and did not before');
    expect(because).toContain('Faster and wrong is worse');
    expect(because).toContain('the times say better');
  });

  test('a mended race is told before the times', () => {
    expect(told('no-difference', { race: race('invalid', 'valid') }).because).toMatch(
      /^The race scenario ended stale before the change \(WS104\), and no longer does\. The times/,
    );
  });
});

describe('a comparison that was cut short', () => {
  const cut = { why: 'It was interrupted.', pairs: 3, of: 8 };

  test.each<[CompareVerdict, CompareVerdict]>([
    ['better', 'not-comparable'],
    ['no-difference', 'no-difference'],
    ['worse', 'worse'],
    ['not-comparable', 'not-comparable'],
  ])('and looks %s is %s', (times, verdict) => {
    const outcome = told(times, { cut });
    expect(outcome.verdict).toBe(verdict);
    expect(outcome.because).toMatch(
      /^It was interrupted\. 3 of 8 pairs of turns were measured\. So far: the times/,
    );
  });

  test('is not made better by a mended race', () => {
    expect(told('no-difference', { cut, race: race('invalid', 'valid') }).verdict).toBe('no-difference');
  });
});

describe('stale answers', () => {
  const finding = (code: string, own: Partial<Finding> = {}) =>
    ({ code, template: 'item:{id}', confidence: 'proved', hits: 2, ...own }) as Finding;

  test('that only the side after gave make it worse, whatever the times', () => {
    for (const times of ['better', 'no-difference', 'not-comparable'] as const) {
      const outcome = told(times, { stale: ['WS104 item:{id}'] });
      expect(outcome).toMatchObject({ verdict: 'worse', gain: null });
      expect(outcome.because).toMatch(/^WS104 item:\{id\} only after the change/);
    }
  });

  test('count when they are proved, of staleness, and new', () => {
    expect(staleOnlyAfter([], [finding('WS104')])).toEqual(['WS104 item:{id}']);
    expect(staleOnlyAfter([finding('WS104')], [finding('WS104')])).toEqual([]);
    expect(staleOnlyAfter([finding('WS101')], [finding('WS104')])).toEqual(['WS104 item:{id}']);
    expect(staleOnlyAfter([], [finding('WS104', { confidence: 'likely' })])).toEqual([]);
    expect(staleOnlyAfter([], [finding('WS202')])).toEqual([]);
  });
});
