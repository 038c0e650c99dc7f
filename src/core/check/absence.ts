/**
 * Reads of null in a register whose other values are written once each. Null is the one value that is repeated: every
 * delete writes it, and the key starts with it. Still this is decided exactly, in O(n log n):
 *
 * - Outside the forward zones every operation fits into a single moment, so several may share one. A cluster is
 *   harmless at the very moment of a delete (just before it) or of a forward zone's border; it ends the absence
 *   only when its whole zone [s, f] lies strictly within it, and then no earlier than at f.
 * - Hence a read of null over [a, c] is served exactly by a delete at a moment in [L, c], where L is the latest s among
 *   the clusters with f < a (none: the initial null serves it). Borders that fall into a forward zone move out of it.
 * - It remains to give each delete one moment of its interval so that every [L, c] holds one. Taking the reads by c,
 *   and for a read that is not yet served the usable delete that ends first, at the latest possible moment, is
 *   optimal: any solution can be exchanged into this one, since all later reads end later.
 */
import { type Cluster, clusterWitness, furthestEndingBefore, type Zones } from './clusters.ts';
import { createFreeSlots } from './free-slots.ts';
import type { Step } from './register.ts';

/** A delete and the moments at which it may happen. */
interface Delete {
  readonly step: Step;
  readonly from: number;
  readonly to: number;
  /** The demand it serves. */
  used: Demand | null;
}

/** A read of null and where it needs a delete. */
interface Demand {
  readonly step: Step;
  readonly from: number;
  readonly to: number;
}

/** Why the reads of null cannot be served: operations that show it, to be shrunk; null when they can. */
export function unservedAbsence(
  zones: Zones,
  deletes: readonly Step[],
  reads: readonly Step[],
  delta: number,
): readonly Step[] | null {
  const places: Delete[] = [];
  for (const step of deletes) {
    const place = { step, from: movedUp(zones, step.start), to: movedDown(zones, step.end), used: null };
    if (place.from > place.to) return [step, ...zoneWitness(zones, step.end)];
    places.push(place);
  }
  const demands: Demand[] = [];
  for (const step of reads) {
    const from = demandedFrom(zones, step.start - delta);
    if (from === Number.NEGATIVE_INFINITY) continue;
    const demand = { step, from, to: movedDown(zones, step.end) };
    if (from > demand.to)
      return [step, ...zoneWitness(zones, step.end), ...supportWitness(zones, demand, delta)];
    demands.push(demand);
  }
  return demands.length === 0 ? null : serve(zones, places, demands, delta);
}

/** The latest start among clusters that end before the time. */
function demandedFrom(zones: Zones, time: number): number {
  const i = furthestEndingBefore(zones, time);
  return i < 0 ? Number.NEGATIVE_INFINITY : (zones.starts[i] as number);
}

/** The time, or the end of the forward zone that it falls into. */
function movedUp(zones: Zones, time: number): number {
  return Math.max(time, demandedFrom(zones, time));
}

/** The time, or the beginning of the forward zone that it falls into. */
function movedDown(zones: Zones, time: number): number {
  const i = furthestEndingBefore(zones, time);
  return i >= 0 && (zones.starts[i] as number) > time ? (zones.clusters.ends[i] as number) : time;
}

function serve(zones: Zones, places: Delete[], demands: Demand[], delta: number): readonly Step[] | null {
  demands.sort((a, b) => a.to - b.to);
  const byEnd = [...places].sort((a, b) => a.to - b.to);
  const byStart = byEnd.map((_, slot) => slot);
  byStart.sort((a, b) => (byEnd[a] as Delete).from - (byEnd[b] as Delete).from);
  const free = createFreeSlots(byEnd.length);
  let opened = 0;
  let latest = Number.NEGATIVE_INFINITY;
  for (const demand of demands) {
    for (; opened < byStart.length; opened++) {
      const slot = byStart[opened] as number;
      if ((byEnd[slot] as Delete).from > demand.to) break;
      free.add(slot);
    }
    if (latest >= demand.from) continue;
    const slot = free.takeFrom(firstEndingFrom(byEnd, demand.from));
    if (slot < 0) return shortage(zones, byEnd, demand, delta);
    const chosen = byEnd[slot] as Delete;
    chosen.used = demand;
    latest = Math.min(chosen.to, demand.to);
  }
  return null;
}

function firstEndingFrom(byEnd: readonly Delete[], time: number): number {
  let low = 0;
  let high = byEnd.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((byEnd[middle] as Delete).to < time) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Longest shortage that is followed up; the witness is then larger than it need be, but still a proof. */
const LONGEST_SHORTAGE = 2_000;

/** The demand, the deletes that could serve it, the demands that these serve instead, and so on. */
function shortage(zones: Zones, places: readonly Delete[], failed: Demand, delta: number): Step[] {
  const demands = new Set([failed]);
  const deletes = new Set<Step>();
  for (const demand of demands) {
    if (demands.size > LONGEST_SHORTAGE) break;
    for (let slot = firstEndingFrom(places, demand.from); slot < places.length; slot++) {
      const place = places[slot] as Delete;
      if (place.from > demand.to || deletes.has(place.step)) continue;
      deletes.add(place.step);
      if (place.used !== null) demands.add(place.used);
    }
  }
  const supports = [...demands].flatMap((demand) => [
    demand.step,
    ...supportWitness(zones, demand, delta),
    ...zoneWitness(zones, demand.step.end),
  ]);
  return [...deletes, ...supports, ...[...deletes].flatMap((step) => zoneWitness(zones, step.end))];
}

/** The cluster that ended the absence before the demand. */
function supportWitness(zones: Zones, demand: Demand, delta: number): Step[] {
  const i = furthestEndingBefore(zones, demand.step.start - delta);
  return i < 0 ? [] : clusterWitness(zones.clusters.all[i] as Cluster);
}

/** The forward zone that holds the time. */
function zoneWitness(zones: Zones, time: number): Step[] {
  const i = furthestEndingBefore(zones, time);
  if (i < 0 || (zones.starts[i] as number) <= time) return [];
  return clusterWitness(zones.clusters.all[i] as Cluster);
}
