import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { latencyFigures, percentileDistribution } from '../../src/load/index.ts';

/** Three digits. */
const WIDTH = 1.001;

/** The value that at least so many do not exceed: nearest rank, as HdrHistogram rounds it. */
function exact(values: readonly number[], percentile: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const rank = Math.max(1, Math.floor((percentile / 100) * sorted.length + 0.5));
  return sorted[rank - 1]!;
}

/** What the plotter of HdrHistogram takes from a file: lines of four words, the first and the last. */
function plotted(text: string): { x: number; y: number }[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => !line.startsWith('#'))
    .map((line) => line.split(/ +/))
    .filter((words) => words.length === 4)
    .map((words) => ({ x: Number.parseFloat(words[3]!), y: Number.parseFloat(words[0]!) }))
    .filter(({ x, y }) => !Number.isNaN(x) && !Number.isNaN(y));
}

describe('figures of response times', () => {
  it('are none of none', () => {
    expect(latencyFigures([])).toBeNull();
  });

  it('of one value are that value', () => {
    const value = 12.345678;
    const all = { min: value, mean: value, p50: value, p90: value, p95: value, p99: value, p999: value };
    expect(latencyFigures([value])).toEqual({ count: 1, ...all, max: value });
  });

  it('lie within a thousandth of the exact percentiles, over seven decades', () => {
    const milliseconds = fc.double({ min: -3, max: 6, noNaN: true }).map((power) => 10 ** power);
    fc.assert(
      fc.property(fc.array(milliseconds, { minLength: 1, maxLength: 400 }), (values) => {
        const figures = latencyFigures(values)!;
        const expected = { p50: 50, p90: 90, p95: 95, p99: 99, p999: 99.9 } as const;
        for (const [name, percentile] of Object.entries(expected)) {
          const value = figures[name as keyof typeof expected];
          const truth = exact(values, percentile);
          expect(value / truth).toBeGreaterThan(1 / WIDTH);
          expect(value / truth).toBeLessThan(WIDTH);
          expect(value).toBeGreaterThanOrEqual(figures.min);
          expect(value).toBeLessThanOrEqual(figures.max);
        }
        expect(figures.min).toBe(Math.min(...values));
        expect(figures.max).toBe(Math.max(...values));
        expect(figures.mean).toBeCloseTo(values.reduce((sum, value) => sum + value, 0) / values.length, 3);
      }),
      { numRuns: 60 },
    );
  });

  it('take zero, and an hour, and refuse what is no time', () => {
    expect(latencyFigures([0, 0, 3_600_000])).toMatchObject({ min: 0, max: 3_600_000 });
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => latencyFigures([1, value])).toThrow(RangeError);
    }
  });
});

describe('the percentile distribution', () => {
  const values = Array.from({ length: 10_000 }, (_, index) => (index + 1) / 10);
  const text = percentileDistribution(values);

  it('has the head and the foot of HdrHistogram', () => {
    const lines = text.split('\n');
    expect(lines.slice(0, 2)).toEqual(['       Value     Percentile TotalCount 1/(1-Percentile)', '']);
    expect(lines.slice(-4)).toEqual([
      '#[Mean    =      500.050, StdDeviation   =      288.675]',
      '#[Max     =     1000.000, Total count    =        10000]',
      '#[Buckets =           43, SubBuckets     =         2048]',
      '',
    ]);
    expect(lines.at(-5)).toBe('    1000.000 1.000000000000      10000');
  });

  it('gives its plotter the right values', () => {
    const points = plotted(text);
    expect(points[0]).toEqual({ x: 1, y: 0.1 });
    expect(points.length).toBeGreaterThan(50);
    for (const { x, y } of points) {
      const truth = exact(values, 100 * (1 - 1 / x));
      // The last column has two decimals.
      expect(Math.abs(y - truth)).toBeLessThanOrEqual(truth * 0.001 + (1000 / x) * 0.01 + 0.1);
    }
    expect(points.map(({ y }) => y)).toEqual(points.map(({ y }) => y).sort((a, b) => a - b));
  });

  it('counts what does not exceed each value', () => {
    for (const line of text.split('\n').filter((line) => /^ +\d/.test(line))) {
      const [value, level, total] = line.trim().split(/ +/).map(Number);
      expect(total).toBe(values.filter((one) => one <= value! + 0.0005).length);
      expect(total! / values.length).toBeGreaterThanOrEqual(level! - 0.0001);
    }
  });

  it('of nothing has no line', () => {
    expect(plotted(percentileDistribution([]))).toEqual([]);
    expect(percentileDistribution([])).toContain('Total count    =            0]');
  });
});
