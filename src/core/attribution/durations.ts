/**
 * Response times of a route. Percentiles are by nearest rank: the smallest value such that at least that share of all values
 * is not above it. Exact over the requests that are remembered; what was forgotten is kept in buckets 1 % wide.
 */

/** Ratio of the ends of a bucket. */
const WIDTH = Math.log(1.01);
/** From 1 µs to about 1000 s. */
const BUCKETS = 2_100;
const LEAST_MS = 0.001;

/** Times of forgotten requests. */
export class Buckets {
  readonly #counts = new Uint32Array(BUCKETS);
  total = 0;

  add(ms: number): void {
    const at = Math.floor(Math.log(Math.max(ms, LEAST_MS) / LEAST_MS) / WIDTH);
    this.#counts[Math.min(BUCKETS - 1, at)]!++;
    this.total++;
  }

  merge(other: Buckets): void {
    for (let i = 0; i < BUCKETS; i++) this.#counts[i]! += other.#counts[i]!;
    this.total += other.total;
  }

  /** Calls with the middle of each bucket and its count, ascending. */
  each(visit: (ms: number, count: number) => void): void {
    for (let i = 0; i < BUCKETS; i++) {
      const count = this.#counts[i]!;
      if (count > 0) visit(LEAST_MS * Math.exp((i + 0.5) * WIDTH), count);
    }
  }
}

/** The value at a share (0 to 1) of sorted times and buckets together; 0 when there are none. */
export function nearestRank(
  sorted: readonly number[],
  share: number,
  buckets: Buckets | null = null,
): number {
  const total = sorted.length + (buckets?.total ?? 0);
  if (total === 0) return 0;
  const rank = Math.max(1, Math.ceil(total * share));
  if (buckets === null || buckets.total === 0) return sorted[rank - 1]!;
  const parts: [ms: number, count: number][] = sorted.map((ms) => [ms, 1]);
  buckets.each((ms, count) => parts.push([ms, count]));
  parts.sort((a, b) => a[0] - b[0]);
  let seen = 0;
  for (const [ms, count] of parts) {
    seen += count;
    if (seen >= rank) return ms;
  }
  return parts.at(-1)![0];
}
