/**
 * Figures of response times from an HDR histogram (Tene's High Dynamic Range histogram): three significant digits over the whole
 * range, in memory that does not grow with the number of values. Node carries the C implementation. Values are recorded in ns;
 * smallest, mean and largest are kept exactly beside it, since the histogram knows them only to the width of a bucket.
 */
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import type { LatencyFigures } from './contract.ts';

const NS_PER_MS = 1e6;
/** Significant decimal digits: a percentile is at most a thousandth too high, never too low. */
const DIGITS = 3;
/** Linear steps within a power of two that give as many digits: the power of two at or above 2 · 10^digits. */
const SUB_BUCKETS = 2 ** Math.ceil(Math.log2(2 * 10 ** DIGITS));
/** Largest value that can be recorded, ns: 104 days. Larger ones count as this in percentiles. */
const LARGEST_NS = Number.MAX_SAFE_INTEGER;
const BUCKETS = 1 + Math.ceil(Math.log2(LARGEST_NS / SUB_BUCKETS));

/** Lines of a distribution on the way from one percentile to half of what is left above it. */
const TICKS_PER_HALF_DISTANCE = 5;

interface Recorded {
  readonly histogram: RecordableHistogram;
  readonly count: number;
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  /** Of the population. */
  readonly deviation: number;
}

/**
 * Figures of response times in ms; null where there are none. A percentile is the smallest recorded value, rounded up to three
 * digits, that at least so many values do not exceed; with fewer than a hundred values p99 is the largest. Throws RangeError for
 * a value that is not finite.
 */
export function latencyFigures(valuesMs: Iterable<number>): LatencyFigures | null {
  const recorded = record(valuesMs);
  if (recorded === null) return null;
  const { count, min, mean, max } = recorded;
  const at = (percentile: number): number => valueAt(recorded, percentile);
  const tail = { p50: at(50), p90: at(90), p95: at(95), p99: at(99), p999: at(99.9) };
  return { count, min, mean, ...tail, max };
}

/**
 * The percentile distribution as HdrHistogram prints it (`outputPercentileDistribution`, files `.hgrm`), values in ms: what its
 * plotters read. Lines get denser towards the tail: five each time the share above is halved.
 */
export function percentileDistribution(valuesMs: Iterable<number>): string {
  const values = Float64Array.from(valuesMs);
  const recorded = record(values);
  const head = `${'Value'.padStart(12)} ${'Percentile'.padStart(14)} ${'TotalCount'.padStart(10)} 1/(1-Percentile)\n\n`;
  return `${head}${recorded === null ? '' : lines(recorded, values)}${footer(recorded)}`;
}

function record(valuesMs: Iterable<number>): Recorded | null {
  const histogram = createHistogram({ figures: DIGITS, lowest: 1, highest: LARGEST_NS });
  let count = 0;
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  // Welford's recurrence: the sum of squares does not cancel.
  let mean = 0;
  let squares = 0;
  for (const value of valuesMs) {
    if (!Number.isFinite(value)) throw new RangeError(`a response time is ${value}`);
    histogram.record(Math.min(LARGEST_NS, Math.max(1, Math.round(value * NS_PER_MS))));
    count++;
    min = Math.min(min, value);
    max = Math.max(max, value);
    const gap = value - mean;
    mean += gap / count;
    squares += gap * (value - mean);
  }
  return count === 0 ? null : { histogram, count, min, max, mean, deviation: Math.sqrt(squares / count) };
}

/** The upper end of the bucket at a percentile, but nothing that was not recorded: all values within [min, max]. */
function valueAt({ histogram, min, max }: Recorded, percentile: number): number {
  if (percentile <= 0) return min;
  return Math.min(max, Math.max(min, histogram.percentile(percentile) / NS_PER_MS));
}

function lines(recorded: Recorded, values: Float64Array): string {
  const rows = [];
  let level = 0;
  for (;;) {
    const value = valueAt(recorded, level);
    rows.push({ level, value });
    if (value >= recorded.max || level >= 100) break;
    const halvings = Math.floor(Math.log2(100 / (100 - level))) + 1;
    level += 100 / (TICKS_PER_HALF_DISTANCE * 2 ** halvings);
  }
  if (rows.at(-1)!.level < 100) rows.push({ level: 100, value: recorded.max });
  values.sort();
  let total = 0;
  return rows
    .map(({ level, value }) => {
      while (total < values.length && values[total]! <= value) total++;
      const share = level / 100;
      const row = `${value.toFixed(DIGITS).padStart(12)} ${share.toFixed(12)} ${String(total).padStart(10)}`;
      // The last share has no inverse, and plotters leave a line of three out.
      return level === 100 ? `${row}\n` : `${row} ${(1 / (1 - share)).toFixed(2).padStart(14)}\n`;
    })
    .join('');
}

function footer(recorded: Recorded | null): string {
  const fixed = (value: number): string => value.toFixed(DIGITS).padStart(12);
  const whole = (value: number): string => String(value).padStart(12);
  return [
    `#[Mean    = ${fixed(recorded?.mean ?? 0)}, StdDeviation   = ${fixed(recorded?.deviation ?? 0)}]\n`,
    `#[Max     = ${fixed(recorded?.max ?? 0)}, Total count    = ${whole(recorded?.count ?? 0)}]\n`,
    `#[Buckets = ${whole(BUCKETS)}, SubBuckets     = ${whole(SUB_BUCKETS)}]\n`,
  ].join('');
}
