/** From attributed operations to counts per route. */
import type { Flight } from './flight.ts';
import { MARK, mix } from './marks.ts';
import type { RequestRecord } from './requests.ts';
import { HOW, type Resolution } from './resolution.ts';

/** Operations of a route's requests. */
export interface RouteUsage {
  /** A request of the route, to name it anew when more is known. */
  readonly sample: RequestRecord;
  hits: number;
  misses: number;
  staleHits: number;
  sourceCalls: number;
  /** Requests whose operations are known exactly, and what they ran. */
  exactRequests: number;
  exactSourceCalls: number;
  exactDuplicates: number;
}

/** Counts over all routes. */
export interface UsageTotals {
  operations: number;
  unattributed: number;
  sourceCalls: number;
  unattributedCalls: number;
}

export interface UsageCounts {
  readonly routes: Map<string, RouteUsage>;
  readonly totals: UsageTotals;
}

export function emptyCounts(): UsageCounts {
  return {
    routes: new Map(),
    totals: { operations: 0, unattributed: 0, sourceCalls: 0, unattributedCalls: 0 },
  };
}

export function usageOf(counts: UsageCounts, route: string, sample: RequestRecord): RouteUsage {
  let usage = counts.routes.get(route);
  if (usage === undefined) {
    usage = {
      sample,
      hits: 0,
      misses: 0,
      staleHits: 0,
      sourceCalls: 0,
      exactRequests: 0,
      exactSourceCalls: 0,
      exactDuplicates: 0,
    };
    counts.routes.set(route, usage);
  }
  return usage;
}

export function addUsage(to: RouteUsage, from: RouteUsage): void {
  to.hits += from.hits;
  to.misses += from.misses;
  to.staleHits += from.staleHits;
  to.sourceCalls += from.sourceCalls;
  to.exactRequests += from.exactRequests;
  to.exactSourceCalls += from.exactSourceCalls;
  to.exactDuplicates += from.exactDuplicates;
}

/** Samples of the routes, by place. */
function samplesOf(flight: Flight): (RequestRecord | undefined)[] {
  const samples: (RequestRecord | undefined)[] = new Array(flight.routes.length);
  for (const [i, record] of flight.records.entries()) samples[flight.route[i]!] ??= record;
  return samples;
}

/** Adds the first `until` marks to the counts; `stale`: marks of hits that served a stale value. */
export function countMarks(
  counts: UsageCounts,
  found: Resolution,
  until: number,
  stale: ReadonlySet<number>,
  exact: Uint8Array,
): void {
  const { marks, flight } = found;
  const { totals } = counts;
  const samples = samplesOf(flight);
  const statements = new Set<number>();
  for (let mark = 0; mark < until; mark++) {
    const kind = marks.kind[mark]!;
    if (kind === MARK.border) continue;
    const isCall = kind === MARK.source;
    totals.operations++;
    if (isCall) totals.sourceCalls++;
    const route = found.route[mark]!;
    const owner = found.owner[mark]!;
    const sample = owner !== -1 ? flight.records[owner] : route === -1 ? undefined : samples[route];
    if (sample === undefined) {
      if (found.how[mark] === HOW.outside) continue;
      totals.unattributed++;
      if (isCall) totals.unattributedCalls++;
      continue;
    }
    const usage = usageOf(counts, owner !== -1 ? flight.names[owner]! : flight.routes[route]!, sample);
    if (kind === MARK.hit) usage.hits++;
    else if (kind === MARK.miss) usage.misses++;
    if (stale.has(mark)) usage.staleHits++;
    if (!isCall) continue;
    usage.sourceCalls++;
    if (owner === -1 || exact[owner] === 0) continue;
    usage.exactSourceCalls++;
    const statement = mix(mix(owner + 1, marks.what[mark]!), marks.params[mark]!);
    if (statements.has(statement)) usage.exactDuplicates++;
    else statements.add(statement);
  }
}

/** Counts the requests whose operations are known exactly and that were over within a time. */
export function countExact(
  counts: UsageCounts,
  flight: Flight,
  exact: Uint8Array,
  { from, before }: { readonly from: number; readonly before: number },
): void {
  for (const [i, record] of flight.records.entries()) {
    if (exact[i] === 0 || record.end < from || record.end >= before) continue;
    usageOf(counts, flight.names[i]!, record).exactRequests++;
  }
}

/** What spans tell of the requests. */
export interface SpanCover {
  /** Places of the requests that have a server span, and of those of whose calls one was not found. */
  readonly attached: ReadonlySet<number>;
  readonly incomplete: ReadonlySet<number>;
  /** Whether spans tell nearly all operations, by store. */
  readonly tells: { readonly cache: boolean; readonly source: boolean };
}

/** The requests whose operations are known exactly: alone in flight all the time, or told by spans call by call. */
export function exactRequests(found: Resolution, spans: SpanCover): Uint8Array {
  const { flight, marks } = found;
  const exact = flight.alone();
  if (!spans.tells.cache || !spans.tells.source) return exact;
  const guessed = new Set<number>();
  for (let mark = 0; mark < marks.count; mark++)
    if (found.how[mark] === HOW.inferred) guessed.add(found.owner[mark]!);
  for (const place of spans.attached)
    if (!guessed.has(place) && !spans.incomplete.has(place)) exact[place] = 1;
  return exact;
}
