/**
 * Clusters and zones (Gibbons and Korach, "Testing shared memories", SIAM J. Comput. 1997, section 4).
 *
 * When every value is written once, a write and the reads that return its value form a cluster, and a linearization
 * runs through whole clusters. Let f be the earliest end and s the latest start in a cluster. Cluster i must come before
 * cluster j exactly when f(i) < s(j): some operation of i precedes one of j in real time. An order of the clusters exists
 * exactly when no two clusters must each come before the other. (Were there a longer cycle without such a pair, take
 * its cluster a of least f, its predecessor p and p's predecessor q: as a need not precede p, s(p) ≤ f(a); but
 * f(q) < s(p), so f(q) < f(a).)
 *
 * For a cluster with f < s, the *forward* ones, the register certainly holds its value throughout [f, s]; all others fit
 * into any moment of [s, f]. A read that may reach back Δ starts Δ earlier, which moves only s.
 */
import { isBefore, type Register, type Step } from './register.ts';

/** A write and the reads of its value. */
export interface Cluster {
  readonly write: Step;
  /** The operation with the earliest end. */
  first: Step;
  /** The read with the latest start; null when nothing read the value. */
  last: Step | null;
}

/** The clusters of all values but null, ordered by their earliest end. */
export interface Clusters {
  readonly all: readonly Cluster[];
  /** Earliest end of each cluster, f. */
  readonly ends: Float64Array;
}

/** What grouping met. */
export type Grouping =
  | { readonly kind: 'clusters'; readonly clusters: Clusters }
  /** A read whose value was not written, or only later. */
  | { readonly kind: 'impossible'; readonly witness: readonly Step[] }
  /** Some value that was read was written more than once. */
  | { readonly kind: 'repeated' };

/** Groups the operations on values other than null. */
export function groupByValue(register: Register): Grouping {
  const clusters = new Map<string, Cluster>();
  const repeated = new Map<string, Step[]>();
  for (const write of register.writes) {
    if (write.value === null) continue;
    const known = clusters.get(write.value);
    if (known === undefined) clusters.set(write.value, { write, first: write, last: null });
    else listOf(repeated, write.value).push(write);
  }
  let ambiguous = false;
  for (const read of register.reads) {
    if (read.value === null) continue;
    const cluster = clusters.get(read.value);
    if (cluster === undefined) return { kind: 'impossible', witness: [read] };
    if (repeated.has(read.value)) ambiguous = true;
    else if (isBefore(read, cluster.write)) return { kind: 'impossible', witness: [read, cluster.write] };
    join(cluster, read);
  }
  if (ambiguous) return { kind: 'repeated' };
  const unread = [...repeated.values()].flat().map((write): Cluster => ({ write, first: write, last: null }));
  return { kind: 'clusters', clusters: sorted([...clusters.values(), ...unread]) };
}

function listOf(lists: Map<string, Step[]>, value: string): Step[] {
  const known = lists.get(value);
  if (known !== undefined) return known;
  const list: Step[] = [];
  lists.set(value, list);
  return list;
}

function join(cluster: Cluster, read: Step): void {
  if (read.end < cluster.first.end) cluster.first = read;
  if (cluster.last === null || read.start > cluster.last.start) cluster.last = read;
}

/** A write of unknown outcome whose value nobody read may as well never have happened. */
function sorted(clusters: readonly Cluster[]): Clusters {
  const all = clusters.filter((cluster) => cluster.first.end !== Number.POSITIVE_INFINITY);
  all.sort((a, b) => a.first.end - b.first.end);
  return { all, ends: Float64Array.from(all, (cluster) => cluster.first.end) };
}

/** Latest start of a cluster when reads may reach back `delta`, s. */
export function latestStart(cluster: Cluster, delta: number): number {
  if (cluster.last === null) return cluster.write.start;
  return Math.max(cluster.write.start, cluster.last.start - delta);
}

/** The clusters' latest starts under one Δ, answering which reach furthest. */
export interface Zones {
  readonly clusters: Clusters;
  /** Latest start of each cluster, s. */
  readonly starts: Float64Array;
  /** For each count n, which of the first n clusters has the latest start (−1 for n = 0). */
  readonly reach: Int32Array;
}

/** The zones of clusters under one Δ. */
export function zonesOf(clusters: Clusters, delta: number): Zones {
  const { all } = clusters;
  const starts = new Float64Array(all.length);
  const reach = new Int32Array(all.length + 1).fill(-1);
  for (let i = 0; i < all.length; i++) {
    starts[i] = latestStart(all[i] as Cluster, delta);
    const best = reach[i] as number;
    reach[i + 1] = best < 0 || (starts[i] as number) > (starts[best] as number) ? i : best;
  }
  return { clusters, starts, reach };
}

/** Of the clusters whose earliest end is before `time`, the one with the latest start; −1 when there is none. */
export function furthestEndingBefore(zones: Zones, time: number): number {
  const { ends } = zones.clusters;
  let low = 0;
  let high = ends.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ends[middle] as number) < time) low = middle + 1;
    else high = middle;
  }
  return zones.reach[low] as number;
}

/** Calls `found` with every cluster that clashes with an earlier-ending one; stops when it answers false. */
export function forEachClash(zones: Zones, found: (i: number, j: number) => boolean): void {
  const { starts, reach } = zones;
  const { ends } = zones.clusters;
  for (let j = 0; j < ends.length; j++) {
    const end = ends[j] as number;
    const start = starts[j] as number;
    // Of the clusters that end no later than j, those that end before j's latest start must precede j; j must precede
    // those that start after j's end. A forward j ends before its own latest start, and so do all before it.
    const i = end < start ? (reach[j] as number) : furthestEndingBefore(zones, start);
    if (i >= 0 && end < (starts[i] as number) && !found(i, j)) return;
  }
}

/** The operations that show a clash of two clusters: their writes, earliest ends and latest starts. */
export function clashWitness(zones: Zones, i: number, j: number): Step[] {
  const { all } = zones.clusters;
  return [all[i] as Cluster, all[j] as Cluster].flatMap(clusterWitness);
}

/** The operations that make a cluster's zone. */
export function clusterWitness(cluster: Cluster): Step[] {
  return [cluster.write, cluster.first, ...(cluster.last === null ? [] : [cluster.last])];
}
