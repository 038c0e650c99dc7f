import { describe, expect, it } from 'vitest';
import { dueOffsets } from '../../src/load/index.ts';
import { Random } from '../support/simulation/random.ts';

const seeded = (seed: number): (() => number) => {
  const random = new Random(seed);
  return () => random.next();
};

function gaps(offsets: readonly number[]): number[] {
  return offsets.map((offset, index) => (offset - (offsets[index - 1] ?? 0)) / 1e9);
}

describe('when requests are due', () => {
  it.each([1, 3, 7, 333, 12_345])('constant at %d/s: no drift after many', (rate) => {
    const offsets = [...dueOffsets({ rate, count: 10_000, arrivals: 'constant' }, Math.random)];
    expect(offsets).toHaveLength(10_000);
    expect(offsets[0]).toBe(0);
    for (const [index, offset] of offsets.entries()) expect(offset).toBe(Math.round((index * 1e9) / rate));
  });

  it('Poisson: exponential gaps, of mean 1/rate and variance 1/rate², that do not depend on each other', () => {
    const rate = 250;
    const count = 200_000;
    const found = gaps([...dueOffsets({ rate, count, arrivals: 'poisson' }, seeded(6))]);
    const mean = found.reduce((sum, gap) => sum + gap, 0) / count;
    const variance = found.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / count;
    const next = found.slice(1).reduce((sum, gap, index) => sum + (gap - mean) * (found[index]! - mean), 0);
    // Four standard errors: 1/√n of the mean, √8/√n of the variance, 1/√n of the correlation.
    const error = 4 / Math.sqrt(count);
    expect(Math.abs(mean * rate - 1)).toBeLessThan(error);
    expect(Math.abs(variance * rate ** 2 - 1)).toBeLessThan(error * Math.sqrt(8));
    expect(Math.abs(next / count / variance)).toBeLessThan(error);
    for (const share of [0.1, 0.5, 0.9, 0.99]) {
      const limit = -Math.log(1 - share) / rate;
      expect(Math.abs(found.filter((gap) => gap <= limit).length / count - share)).toBeLessThan(error / 2);
    }
  });

  it('Poisson: the same random source gives the same times, and its extremes are finite', () => {
    const of = (random: () => number): number[] => [
      ...dueOffsets({ rate: 10, count: 50, arrivals: 'poisson' }, random),
    ];
    expect(of(seeded(1))).toEqual(of(seeded(1)));
    expect(of(seeded(1))).not.toEqual(of(seeded(2)));
    expect(of(() => 0)).toEqual(Array(50).fill(0));
    expect(of(() => 1 - 2 ** -53).every(Number.isSafeInteger)).toBe(true);
  });
});
