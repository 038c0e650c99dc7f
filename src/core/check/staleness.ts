/**
 * The smallest Δ under which a register is `bounded-staleness`. Whatever holds under some Δ holds under every larger one,
 * so Δ can be found by search; clashes of zones give it directly.
 *
 * Golab, Li and Shah ("Analyzing consistency properties for fun and profit", PODC 2011) introduced the measure.
 */

import { unservedAbsence } from './absence.ts';
import { type Cluster, forEachClash, groupByValue, type Zones, zonesOf } from './clusters.ts';
import { decideLinearizable } from './linearizable.ts';
import type { Register } from './register.ts';

/** Smallest Δ in nanoseconds; null when none suffices or the exact search met its bound. */
export function smallestDelta(register: Register, steps: number): number | null {
  const grouping = groupByValue(register);
  if (grouping.kind === 'impossible') return null;
  if (grouping.kind === 'repeated') return searchedDelta(register, steps);
  const deletes = register.writes.filter((write) => write.value === null);
  const absent = register.reads.filter((read) => read.value === null);
  const clashing = clashDelta(grouping.clusters);
  const holds = (delta: number): boolean =>
    unservedAbsence(zonesOf(grouping.clusters, delta), deletes, absent, delta) === null;
  return leastThatHolds(clashing, longestReach(register), holds);
}

/** Smallest Δ without a clash of two zones: repeatedly the largest that a clash found so far asks for. */
function clashDelta(clusters: Zones['clusters']): number {
  let delta = 0;
  for (;;) {
    const zones = zonesOf(clusters, delta);
    let needed = delta;
    forEachClash(zones, (i, j) => {
      needed = Math.max(needed, deltaOfClash(clusters.all[i] as Cluster, clusters.all[j] as Cluster));
      return true;
    });
    if (needed === delta) return delta;
    delta = needed;
  }
}

/** Smallest Δ that resolves a clash: the reads of one cluster reach back to the earliest end of the other. */
function deltaOfClash(a: Cluster, b: Cluster): number {
  return Math.min(deltaToPrecede(a, b), deltaToPrecede(b, a));
}

/** Smallest Δ under which the first cluster's operations all start by the second's earliest end. */
function deltaToPrecede(late: Cluster, early: Cluster): number {
  if (late.write.start > early.first.end) return Number.POSITIVE_INFINITY;
  return late.last === null ? 0 : Math.max(0, late.last.start - early.first.end);
}

/** A Δ that lets every read reach back to the beginning of the history. */
function longestReach(register: Register): number {
  let first = Number.POSITIVE_INFINITY;
  let last = 0;
  for (const { start } of [...register.writes, ...register.reads]) {
    first = Math.min(first, start);
    last = Math.max(last, start);
  }
  return Number.isFinite(first) ? last - first + 1 : 0;
}

/** Least whole number from `low` up to `high` that holds; null when not even `high` does. */
function leastThatHolds(low: number, high: number, holds: (delta: number) => boolean): number | null {
  if (holds(low)) return low;
  let below = low;
  let above = Math.max(high, low);
  if (!holds(above)) return null;
  while (above - below > 1) {
    const middle = below + Math.floor((above - below) / 2);
    if (holds(middle)) above = middle;
    else below = middle;
  }
  return above;
}

function searchedDelta(register: Register, steps: number): number | null {
  let undecided = false;
  const holds = (delta: number): boolean => {
    const { verdict } = decideLinearizable(register, delta, steps);
    if (verdict === 'unknown') undecided = true;
    return verdict === 'valid';
  };
  const least = leastThatHolds(0, longestReach(register), holds);
  return undecided ? null : least;
}
