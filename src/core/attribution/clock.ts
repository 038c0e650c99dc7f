/**
 * The difference between a service's clock and ours, learned from its spans: a span encloses what it was made for, so each
 * pair allows the difference to lie in an interval. First the difference that lets most spans enclose something is looked
 * for (ambiguous pairs vote too); then pairs without a choice narrow it, and say how exact the stamps are.
 */

export const CLOCK = {
  /** Largest difference that is looked for; ns. */
  window: 60e6,
  /** Width of what is told apart at first; ns. */
  step: 200e3,
  /** How far stamps may be off before anything was learned; ns. */
  initial: 3e6,
  /** … and at least, and at most; ns. */
  least: 100e3,
  most: 5e6,
  /** Spans that vote; pairs that each of them may have. */
  voters: 2_000,
  pairs: 256,
  /** Pairs without a choice, for a difference to be learned from them. */
  enough: 5,
} as const;

export interface ClockError {
  /** Taken off a span's stamps gives ours; ns. */
  readonly offset: number;
  /** How far a corrected stamp may still be off; ns. */
  readonly tolerance: number;
}

/** Differences that a pair allows. */
export type Allowed = readonly [least: number, most: number];

const BINS = Math.ceil((2 * CLOCK.window) / CLOCK.step) + 1;

/** The difference that most spans allow, near zero where there are several; each span brings the intervals of all its pairs. */
export function coarseOffset(voters: Iterable<readonly Allowed[]>): number {
  const votes = new Int32Array(BINS);
  const last = new Int32Array(BINS).fill(-1);
  let voter = 0;
  for (const intervals of voters) {
    for (const [least, most] of intervals) {
      const from = Math.max(0, binOf(least));
      const to = Math.min(BINS - 1, binOf(most));
      for (let bin = from; bin <= to; bin++) {
        if (last[bin] === voter) continue;
        last[bin] = voter;
        votes[bin]!++;
      }
    }
    voter++;
  }
  const zero = binOf(0);
  const best = votes.reduce((most, count) => Math.max(most, count), 0);
  // Nearly all of what the best gets is as good: the nearest to no difference at all.
  const good = best - Math.floor(best * 0.02);
  if (best === 0 || votes[zero]! >= good) return 0;
  let nearest = 0;
  for (let bin = 0; bin < BINS; bin++)
    if (votes[bin]! >= good && (nearest === 0 || Math.abs(bin - zero) < Math.abs(nearest - zero)))
      nearest = bin;
  let end = nearest;
  while (end + 1 < BINS && votes[end + 1]! >= good) end++;
  let begin = nearest;
  while (begin > 0 && votes[begin - 1]! >= good) begin--;
  return ((begin + end) / 2 - zero) * CLOCK.step;
}

function binOf(offset: number): number {
  return Math.round((offset + CLOCK.window) / CLOCK.step);
}

/** Narrows a difference by pairs without a choice: to what most of them allow. Some pairs may be wrong. `grain`: steps in
 * which the service's clock is read; ns. */
export function refine(coarse: number, pairs: readonly Allowed[], grain = 0): ClockError {
  if (pairs.length < CLOCK.enough) return { offset: coarse, tolerance: CLOCK.initial };
  const { from, to } = mostAllowed(pairs);
  const offset = (from + to) / 2;
  const off = quantile(
    pairs.map(([low, high]) => Math.max(0, low - offset, offset - high)),
    0.9,
  );
  // How far pairs are off, and how little they tell.
  const tolerance = CLOCK.least + 1.5 * off + (to - from) / 2 + grain;
  return { offset, tolerance: Math.min(CLOCK.most, tolerance) };
}

/** Differences that nearly as many pairs allow as the one that most of them do. */
function mostAllowed(pairs: readonly Allowed[]): { readonly from: number; readonly to: number } {
  const ends = pairs.flatMap(([least, most]) => [[least, 1] as const, [most, -1] as const]);
  // Intervals that touch overlap: what begins comes before what ends.
  ends.sort((a, b) => a[0] - b[0] || b[1] - a[1]);
  let depth = 0;
  let deepest = 0;
  for (const [, change] of ends) {
    depth += change;
    deepest = Math.max(deepest, depth);
  }
  const enough = deepest * NEARLY;
  let from: number | null = null;
  let to = 0;
  for (const [at, change] of ends) {
    if (change === -1 && depth >= enough) to = at;
    depth += change;
    if (change === 1 && depth >= enough) from ??= at;
  }
  return { from: from ?? 0, to };
}

const NEARLY = 0.9;

/** Steps in which a clock is read, when nearly all stamps agree in what is left of a millisecond. */
export function grainOf(stamps: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const stamp of stamps) {
    const rest = Math.round((((stamp % MILLISECOND) + MILLISECOND) % MILLISECOND) / 1000);
    counts.set(rest, (counts.get(rest) ?? 0) + 1);
  }
  const most = Math.max(0, ...counts.values());
  return stamps.length >= CLOCK.enough && most >= stamps.length * NEARLY ? MILLISECOND : 0;
}

const MILLISECOND = 1e6;

export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(sorted.length * share) - 1))] ?? 0;
}
