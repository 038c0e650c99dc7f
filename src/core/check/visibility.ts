/**
 * A quick way to find an order of the writes that satisfies monotonic reads: each write takes its place at the moment at
 * which it was first certainly visible, or, should that fail, as early as it can. Finding none proves nothing.
 */
import { append } from '../multimap.ts';
import { visibleMoments } from './origins.ts';
import { type Place, type ReadingOrder, settledWrite } from './reading-order.ts';
import type { Register, Step } from './register.ts';

/** Options looked at for one place before giving up. */
const LONGEST_LOOK = 64;

/** Whether one of two natural orders of the writes satisfies all constraints. */
export function isSatisfiedByVisibility(order: ReadingOrder, register: Register): boolean {
  const moments = visibleMoments(register, order.origins);
  return (
    isSatisfiedPlainly(order, moments) ||
    isSatisfied(order, (write) => moments.get(write.value) ?? write.end) ||
    isSatisfied(order, (write) => moments.get(write.value) ?? write.start)
  );
}

/** The common case without a choice, for speed. */
function isSatisfiedPlainly(order: ReadingOrder, moments: ReadonlyMap<string | null, number>): boolean {
  const momentOf = (place: Place): number | undefined =>
    settledWrite(place) === null ? undefined : moments.get(place.read.value);
  return (
    order.places.every((place) => settledWrite(place) !== null) &&
    order.constraints.every(
      ({ earlier, later }) => (momentOf(earlier) ?? Infinity) < (momentOf(later) ?? -Infinity),
    )
  );
}

interface Ranking {
  readonly ranks: ReadonlyMap<Step, number>;
  /** Writes of each value in the order tried. */
  readonly byRank: Map<string | null, Step[]>;
  readonly chosen: Map<Place, number>;
  readonly required: Map<Place, number>;
}

/** Whether the order by moments, which must lie within the writes' intervals, satisfies all constraints. */
function isSatisfied(order: ReadingOrder, momentOf: (write: Step) => number): boolean {
  const moments = new Map(order.writes.map((write) => [write, momentOf(write)]));
  const sorted = [...order.writes].sort(
    (a, b) => (moments.get(a) as number) - (moments.get(b) as number) || 0,
  );
  const ranks = new Map(sorted.map((write, rank) => [write, rank]));
  const byRank = new Map<string | null, Step[]>();
  for (const write of sorted) {
    append(byRank, write.value, write);
  }
  const ranking: Ranking = { ranks, byRank, chosen: new Map(), required: new Map() };
  for (const { earlier, later } of order.constraints) {
    const rank = rankOf(ranking, earlier);
    if (rank === null) return false;
    ranking.required.set(later, Math.max(ranking.required.get(later) ?? 0, rank));
    if (settledWrite(later) !== null && (rankOf(ranking, later) as number) < rank) return false;
  }
  return order.places.every((place) => rankOf(ranking, place) !== null);
}

/** The place's rank, chosen on first use: the least that its constraints allow; null when there is none. */
function rankOf(ranking: Ranking, place: Place): number | null {
  const settled = settledWrite(place);
  if (settled !== null) return ranking.ranks.get(settled) as number;
  const known = ranking.chosen.get(place);
  if (known !== undefined) return known;
  const options = ranking.byRank.get(place.read.value) ?? [];
  const from = firstFrom(ranking, options, ranking.required.get(place) ?? 0);
  for (let i = from; i < Math.min(options.length, from + LONGEST_LOOK); i++) {
    const option = options[i] as Step;
    if (option.start > place.read.end) continue;
    const rank = ranking.ranks.get(option) as number;
    ranking.chosen.set(place, rank);
    return rank;
  }
  return null;
}

function firstFrom(ranking: Ranking, options: readonly Step[], rank: number): number {
  let low = 0;
  let high = options.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ranking.ranks.get(options[middle] as Step) as number) < rank) low = middle + 1;
    else high = middle;
  }
  return low;
}
