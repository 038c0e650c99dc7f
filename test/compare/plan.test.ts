import { describe, expect, test } from 'vitest';
import { planOf, remainingMs, turnsOf } from '../../src/compare/plan.ts';

describe('the turns', () => {
  test('are A B B A A B B A …', () => {
    expect(
      turnsOf(4)
        .map((side) => side[0])
        .join(' '),
    ).toBe('b a a b b a a b');
  });

  test.each([1, 2, 3, 8, 13])('are %d pairs of neighbours, one of each side', (rounds) => {
    const turns = turnsOf(rounds);
    expect(turns).toHaveLength(2 * rounds);
    for (let pair = 0; pair < rounds; pair++)
      expect(new Set(turns.slice(2 * pair, 2 * pair + 2))).toEqual(new Set(['before', 'after']));
  });

  test('give neither side the earlier half of the time', () => {
    const at = (side: string) => turnsOf(8).reduce((sum, one, turn) => sum + (one === side ? turn : 0), 0);
    expect(at('before')).toBe(at('after'));
  });
});

describe('the load of a case', () => {
  const load = { rate: 50, seconds: 20, cold: 30 };

  test.each([
    [8, 2.5, 5],
    [4, 5, 8],
    [1, 20, 30],
  ])('in %d rounds is %d s and %d cold requests a turn', (rounds, seconds, cold) => {
    expect(planOf(load, rounds).each).toEqual({ rate: 50, seconds, cold });
  });

  test('without cold requests has none', () => {
    expect(planOf({ ...load, cold: 0 }, 8).each.cold).toBe(0);
  });

  test('takes as long as its turns so far', () => {
    const plan = planOf(load, 8);
    expect(remainingMs(plan, 0, 0)).toBe(40_000);
    expect(remainingMs(plan, 4, 12_000)).toBe(36_000);
    expect(remainingMs(plan, 16, 50_000)).toBe(0);
  });
});
