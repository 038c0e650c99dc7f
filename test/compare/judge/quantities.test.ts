import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { driftInflation } from '../../../src/compare/judge/drift.ts';
import { estimate, reaches } from '../../../src/compare/judge/interval.ts';
import type { Unit } from '../../../src/compare/judge/pairs.ts';
import { deviation, mean, quantile } from '../../../src/compare/judge/quantile.ts';
import { noncentrality, normalBelow, tQuantile, upperTail } from '../../../src/compare/judge/student.ts';
import { subsetInterval, subsetMeans } from '../../../src/compare/judge/subsets.ts';
import { Random } from '../../support/simulation/random.ts';

const numbers = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 50 });

describe('a quantile', () => {
  it.each([
    [[7], 0.5, 7],
    [[1, 2, 3], 0.5, 2],
    [[1, 2, 3, 4], 0.5, 2.5],
    // Definition 8 stands at (n + 1/3) p + 1/3.
    [[1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 0.25, 2.916667],
    [[1, 2, 3], 0.99, 3],
  ])('of %j at %f is %f', (values, p, expected) => {
    expect(quantile(Float64Array.from(values), p)).toBeCloseTo(expected, 6);
  });

  it('lies between the least and the largest value and rises with p', () => {
    fc.assert(
      fc.property(numbers, fc.double({ min: 0, max: 0.5, noNaN: true }), (values, p) => {
        const sorted = Float64Array.from(values).sort();
        expect(quantile(sorted, p)).toBeGreaterThanOrEqual(sorted[0]!);
        expect(quantile(sorted, p + 0.5)).toBeLessThanOrEqual(sorted.at(-1)!);
        expect(quantile(sorted, p)).toBeLessThanOrEqual(quantile(sorted, p + 0.5));
      }),
    );
  });
});

describe('mean and deviation', () => {
  it('of equal values are that value and nothing, to the last bit', () => {
    fc.assert(
      fc.property(
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.integer({ min: 2, max: 40 }),
        (value, n) => {
          const values = new Float64Array(n).fill(value);
          expect(mean(values)).toBe(value);
          expect(deviation(values)).toBe(0);
        },
      ),
    );
  });
});

describe("Student's t", () => {
  // Published tables, two-sided 5 % and 1 %.
  it.each([
    [3, 0.025, 3.1824],
    [3, 0.005, 5.8409],
    [5, 0.025, 2.5706],
    [9, 0.025, 2.2622],
    [9, 0.005, 3.2498],
    [19, 0.005, 2.8609],
    [120, 0.025, 1.9799],
  ])('with %i degrees of freedom passes the tail %f at %f', (df, tail, expected) => {
    expect(tQuantile(df, tail)).toBeCloseTo(expected, 3);
  });

  it.each([
    [0, 0.5],
    [1.959964, 0.975],
    [-2.575829, 0.005],
  ])('nears the normal: Φ(%f) = %f', (z, expected) => {
    expect(normalBelow(z)).toBeCloseTo(expected, 6);
  });

  it('has the power of simulated experiments', () => {
    const [pairs, shift, critical] = [6, 4, 2.5706];
    const random = new Random(1);
    const normal = () => Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
    let found = 0;
    const runs = 20_000;
    for (let run = 0; run < runs; run++) {
      const sample = Float64Array.from({ length: pairs }, () => normal() + shift / Math.sqrt(pairs));
      if ((mean(sample) / deviation(sample)) * Math.sqrt(pairs) > critical) found++;
    }
    expect(upperTail(critical, shift, pairs - 1)).toBeCloseTo(found / runs, 2);
  });

  it('says how large an effect must be to be found four times of five', () => {
    const shift = noncentrality(7, 2.3646, 0.8);
    expect(upperTail(2.3646, shift, 7)).toBeCloseTo(0.8, 6);
    expect(shift).toBeGreaterThan(2.3646);
  });
});

describe('subsets of pair effects', () => {
  it('are all taken where there are few', () => {
    const means = subsetMeans(Float64Array.from([1, 2, 4]), 100, () => 0);
    expect([...means]).toEqual([1, 1.5, 2, 7 / 3, 2.5, 3, 4]);
  });

  it('hold the centre of a symmetric heavy-tailed distribution as often as stated', () => {
    const random = new Random(3);
    const runs = 2000;
    let missed = 0;
    for (let run = 0; run < runs; run++) {
      // Cauchy: it has no mean, and the t interval no claim.
      const effects = Float64Array.from({ length: 12 }, () => Math.tan(Math.PI * (random.next() - 0.5)));
      const { low, high } = subsetInterval(
        subsetMeans(effects, 500, () => random.next()),
        0.1,
      )!;
      if (low > 0 || high < 0) missed++;
    }
    expect(Math.abs(missed / runs - 0.1)).toBeLessThan(3 * Math.sqrt((0.1 * 0.9) / runs));
  });

  it('give no interval where the tail is finer than they are', () => {
    expect(
      subsetInterval(
        subsetMeans(Float64Array.from([1, 2, 4]), 100, () => 0),
        0.05,
      ),
    ).toBeNull();
  });
});

describe('drift between blocks', () => {
  const units = (pattern: string): Unit[] =>
    [...pattern].map((first, index) => ({
      turns: {
        before: [2 * index + (first === 'A' ? 0 : 1)],
        after: [2 * index + (first === 'A' ? 1 : 0)],
      },
      values: { before: new Float64Array(1), after: new Float64Array(1) },
    }));

  it('widens A B B A by a fifth of the variance at most', () => {
    const inflation = driftInflation(units('ABABABABABABABABABABABAB'));
    expect(inflation).toBeGreaterThan(1.15);
    expect(inflation).toBeLessThan(1.25);
  });

  it('widens nothing where the same side always goes first', () => {
    expect(driftInflation(units('AAAAAAAA'))).toBe(1);
  });

  it('foretells the variance of simulated means', () => {
    const random = new Random(5);
    const normal = () => Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
    let square = 0;
    let spread = 0;
    for (let run = 0; run < 20_000; run++) {
      let level = normal();
      const effects = Float64Array.from({ length: 8 }, (_, pair) => {
        const first = level;
        const second = 0.45 * first + Math.sqrt(1 - 0.45 ** 2) * normal();
        level = 0.45 * second + Math.sqrt(1 - 0.45 ** 2) * normal();
        return pair % 2 === 0 ? second - first : first - second;
      });
      square += mean(effects) ** 2;
      spread += deviation(effects) ** 2 / 8;
    }
    expect(driftInflation(units('ABABABAB'))).toBeCloseTo(square / spread, 1);
  });
});

describe('an interval of pair effects', () => {
  const ask = (effects: readonly number[], alpha: number) => {
    const spread = { alpha, inflation: 1, floor: 0 };
    const random = new Random(1);
    const options = { random: () => random.next(), resamples: 1000 };
    return estimate(Float64Array.from(effects), spread, options, reaches()(effects.length, spread));
  };
  const effects = fc.array(fc.double({ min: -5, max: 5, noNaN: true }), { minLength: 4, maxLength: 14 });

  it('holds the mean, and more of it at a smaller alpha', () => {
    fc.assert(
      fc.property(effects, (values) => {
        const [wide, narrow] = [ask(values, 0.01), ask(values, 0.04)];
        expect(wide.interval.low).toBeLessThanOrEqual(wide.mean + 1e-12);
        expect(wide.interval.high).toBeGreaterThanOrEqual(wide.mean - 1e-12);
        expect(wide.detectable).toBeGreaterThanOrEqual(narrow.detectable);
      }),
      { numRuns: 50 },
    );
  });

  it('moves along with the effects', () => {
    fc.assert(
      fc.property(effects, fc.double({ min: -3, max: 3, noNaN: true }), (values, shift) => {
        const [here, there] = [
          ask(values, 0.05),
          ask(
            values.map((value) => value + shift),
            0.05,
          ),
        ];
        expect(there.interval.low).toBeCloseTo(here.interval.low + shift, 8);
        expect(there.interval.high).toBeCloseTo(here.interval.high + shift, 8);
        expect(there.detectable).toBeCloseTo(here.detectable, 8);
      }),
      { numRuns: 50 },
    );
  });
});
