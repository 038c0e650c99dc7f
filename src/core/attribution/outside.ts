/** Operations that are no request's although one was in flight: a poller's, and what is left for after the response. */
import type { Mixture } from './mixture.ts';
import { HOW, type Resolution } from './resolution.ts';

/** Operations without a request in flight from which on their kind is held to come by itself, if it does so as often as
 * within requests; or when they are many, and a share of all. */
const OUTSIDE = 3;
const OFTEN = 5;
const OFTEN_SHARE = 0.1;

/** Operations of a kind while no request was in flight, between the first request and the last; and their rate. */
interface Outside {
  readonly count: number;
  readonly rate: number;
}

export function learnOutside(
  found: Resolution,
  order: Int32Array,
  kinds: Int32Array,
  mixture: Mixture,
): ReadonlyMap<number, Outside> {
  const { marks, flight } = found;
  const from = flight.invoke[0]!;
  const to = flight.end.reduce((latest, end) => Math.max(latest, end), from);
  const counts = new Map<number, number>();
  for (const mark of order) {
    // What comes before all requests is the service's start.
    if (marks.invoke[mark]! < from || marks.return[mark]! > to) continue;
    if (flight.touching(marks.invoke[mark]!, marks.return[mark]!) > 0) continue;
    counts.set(kinds[mark]!, (counts.get(kinds[mark]!) ?? 0) + 1);
  }
  const outside = new Map<number, Outside>();
  if (counts.size === 0) return outside;
  const idle = flight.idle(from, to);
  for (const [kind, count] of counts) {
    if (count < OUTSIDE || idle <= 0) continue;
    outside.set(kind, { count, rate: count / idle });
    mixture.outside(kind, count / idle);
  }
  return outside;
}

/** What a poller, or what was left to be done after a response, does while one request is in flight is not that request's. */
export function vetoOutsiders(
  found: Resolution,
  kinds: Int32Array,
  outside: ReadonlyMap<number, Outside>,
): void {
  if (outside.size === 0) return;
  const { marks, flight } = found;
  const inside = new Map<number, number>();
  const time = flight.time.reduce((sum, one) => sum + one, 0);
  const doubtful: number[] = [];
  for (let mark = 0; mark < marks.count; mark++) {
    const kind = kinds[mark]!;
    if (found.how[mark] !== HOW.alone || !outside.has(kind)) continue;
    doubtful.push(mark);
    inside.set(kind, (inside.get(kind) ?? 0) + 1);
  }
  for (const mark of doubtful) {
    const { count, rate } = outside.get(kinds[mark]!)!;
    const within = inside.get(kinds[mark]!)!;
    const isOften = count >= OFTEN && count >= (count + within) * OFTEN_SHARE;
    if (!isOften && within / Math.max(1, time) > 2 * rate) continue;
    found.owner[mark] = -1;
    found.route[mark] = -1;
    found.how[mark] = HOW.doubted;
  }
}
