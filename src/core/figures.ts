/** Figures per route, per key template and over all: response time, error rate, cache status, source calls. */
import { Buckets, nearestRank } from './attribution/durations.ts';
import { isError, OTHER_ROUTES, type Requests } from './attribution/requests.ts';
import type { RouteUsage, UsageCounts } from './attribution/usage.ts';
import type { RouteFigures, Summary, TemplateFigures } from './finding.ts';
import type { Verdict } from './judge.ts';
import type { KeyState, Version } from './versions.ts';

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}

/** Unattributed share of the statements up to which averages are taken over all requests of a route. */
const FEW = 0.05;

/** What is told of a route's requests themselves. */
interface Answered {
  requests: number;
  errors: number;
  readonly times: number[];
  forgotten: Buckets | null;
}

/**
 * Figures per route. Percentiles are by nearest rank. `sourceCallsPerRequest` is over all requests of the route while nearly
 * all statements are attributed, else over those whose operations are known exactly, if there are any; what is missing
 * makes it too small, by the unattributed share at most.
 */
export function routeFigures(requests: Requests, usage: UsageCounts): readonly RouteFigures[] {
  const { sourceCalls, unattributedCalls } = usage.totals;
  const nearlyAll = unattributedCalls <= sourceCalls * FEW;
  return [...answeredByRoute(requests)]
    .map(([route, answered]) => {
      answered.times.sort((a, b) => a - b);
      return {
        route,
        requests: answered.requests,
        p50Ms: round(nearestRank(answered.times, 0.5, answered.forgotten)),
        p95Ms: round(nearestRank(answered.times, 0.95, answered.forgotten)),
        p99Ms: round(nearestRank(answered.times, 0.99, answered.forgotten)),
        errorRate: round(answered.errors / answered.requests),
        ...used(usage.routes.get(route), answered.requests, nearlyAll),
      };
    })
    .sort((a, b) => b.requests - a.requests || (a.route < b.route ? -1 : 1));
}

/** Share of the store operations for which no route is known. */
export function unattributedShare({ totals }: UsageCounts): number {
  return totals.operations === 0 ? 0 : round(totals.unattributed / totals.operations);
}

function used(usage: RouteUsage | undefined, requests: number, nearlyAll: boolean) {
  if (usage === undefined) return NOTHING;
  const { hits, misses, staleHits, sourceCalls, exactRequests } = usage;
  const overAll = nearlyAll || exactRequests === 0;
  return {
    hitRatio: hits + misses === 0 ? 0 : round(hits / (hits + misses)),
    sourceCallsPerRequest: overAll
      ? round(sourceCalls / requests)
      : round(usage.exactSourceCalls / exactRequests),
    hits,
    misses,
    staleHits,
    sourceCalls,
    duplicateCallsPerRequest: exactRequests === 0 ? 0 : round(usage.exactDuplicates / exactRequests),
    exactRequests,
  };
}

const NOTHING = {
  hitRatio: 0,
  sourceCallsPerRequest: 0,
  hits: 0,
  misses: 0,
  staleHits: 0,
  sourceCalls: 0,
  duplicateCallsPerRequest: 0,
  exactRequests: 0,
} as const;

function answeredByRoute(requests: Requests): ReadonlyMap<string, Answered> {
  const routes = new Map<string, Answered>();
  const of = (name: string): Answered => {
    let entry = routes.get(name);
    if (entry === undefined) {
      entry = { requests: 0, errors: 0, times: [], forgotten: null };
      routes.set(name, entry);
    }
    return entry;
  };
  for (const request of requests.all) {
    const entry = of(requests.routeOf(request));
    entry.requests++;
    if (isError(request)) entry.errors++;
    if (request.return !== null) entry.times.push((request.return - request.invoke) / 1e6);
  }
  for (const [name, forgotten] of requests.forgotten) {
    const entry = of(name === OTHER_ROUTES ? name : requests.routeOf(forgotten.sample));
    entry.requests += forgotten.requests;
    entry.errors += forgotten.errors;
    entry.forgotten ??= new Buckets();
    entry.forgotten.merge(forgotten.times);
  }
  return routes;
}

/** Distinct stale hits per version: windows of one version end together, so the largest contains the others. */
function staleHitsOf(
  verdicts: readonly Verdict[],
): ReadonlyMap<Version, { readonly hits: number; readonly ms: number }> {
  const stale = new Map<Version, { hits: number; ms: number }>();
  for (const { window, hits } of verdicts) {
    const ms = Math.max(0, (window.hits.last?.invoke ?? 0) - window.write.commit.interval.return) / 1e6;
    const known = stale.get(window.version);
    stale.set(window.version, { hits: Math.max(hits, known?.hits ?? 0), ms: Math.max(ms, known?.ms ?? 0) });
  }
  return stale;
}

export function templateFigures(
  keys: Iterable<KeyState>,
  templateOf: (key: KeyState) => string,
  verdicts: readonly Verdict[],
): readonly TemplateFigures[] {
  const figures = new Map<string, { -readonly [K in keyof TemplateFigures]: TemplateFigures[K] }>();
  const sources = new Map<string, Set<string>>();
  for (const key of keys) {
    const template = templateOf(key);
    const entry = figures.get(template) ?? {
      template,
      hits: 0,
      misses: 0,
      fills: 0,
      invalidations: 0,
      staleHits: 0,
      maxStaleMs: 0,
      sources: [],
    };
    entry.hits += key.stats.hits;
    entry.misses += key.stats.misses;
    entry.fills += key.stats.fills;
    entry.invalidations += key.stats.invalidations;
    figures.set(template, entry);
    const tables = sources.get(template) ?? new Set<string>();
    for (const table of key.fedTables) tables.add(table);
    sources.set(template, tables);
  }
  for (const [version, { hits, ms }] of staleHitsOf(verdicts)) {
    const entry = figures.get(templateOf(version.key));
    if (entry === undefined) continue;
    entry.staleHits += hits;
    entry.maxStaleMs = Math.max(entry.maxStaleMs, round(ms));
  }
  return [...figures.values()]
    .map((entry) => ({ ...entry, sources: [...(sources.get(entry.template) ?? [])].sort() }))
    .sort((a, b) => b.hits + b.misses - (a.hits + a.misses) || (a.template < b.template ? -1 : 1));
}

export function summaryOf(
  requests: Requests,
  keys: Iterable<KeyState>,
  sourceCalls: number,
  verdicts: readonly Verdict[],
): Summary {
  let hits = 0;
  let misses = 0;
  for (const key of keys) {
    hits += key.stats.hits;
    misses += key.stats.misses;
  }
  let count = requests.all.length;
  let errors = requests.all.filter(isError).length;
  for (const forgotten of requests.forgotten.values()) {
    count += forgotten.requests;
    errors += forgotten.errors;
  }
  const staleHits = [...staleHitsOf(verdicts).values()].reduce((sum, entry) => sum + entry.hits, 0);
  return {
    requests: count,
    errorRate: count === 0 ? 0 : round(errors / count),
    hits,
    misses,
    staleHits,
    sourceCalls,
  };
}
