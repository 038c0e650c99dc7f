/** Figures per route, per key template and over all: response time, error rate, cache status, source calls. */
import type { Requests } from './attribution.ts';
import type { RouteFigures, Summary, TemplateFigures } from './finding.ts';
import type { Verdict } from './judge.ts';
import type { HttpRequest } from './operation.ts';
import type { RouteUsage } from './usage.ts';
import type { KeyState, Version } from './versions.ts';

function percentile(sorted: readonly number[], share: number): number {
  if (sorted.length === 0) return 0;
  const at = Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1);
  return sorted[Math.max(0, at)]!;
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}

/** The service failed: a 5xx status, or no whole response although the client waited for one. */
function isError(request: HttpRequest): boolean {
  return request.status === 'fail' || (request.code ?? 0) >= 500;
}

export function routeFigures(
  requests: Requests,
  usage: ReadonlyMap<string, RouteUsage>,
): readonly RouteFigures[] {
  const routes = new Map<string, { times: number[]; errors: number; requests: number }>();
  for (const request of requests.all) {
    const name = requests.routeOf(request);
    const entry = routes.get(name) ?? { times: [], errors: 0, requests: 0 };
    entry.requests++;
    if (isError(request)) entry.errors++;
    if (request.return !== null) entry.times.push((request.return - request.invoke) / 1e6);
    routes.set(name, entry);
  }
  return [...routes]
    .map(([route, { times, errors, requests: count }]) => {
      times.sort((a, b) => a - b);
      const used = usage.get(route);
      return {
        route,
        requests: count,
        p50Ms: round(percentile(times, 0.5)),
        p99Ms: round(percentile(times, 0.99)),
        errorRate: round(errors / count),
        hitRatio: used === undefined || used.reads === 0 ? 0 : round(used.hits / used.reads),
        sourceCallsPerRequest:
          used === undefined || used.requests === 0 ? 0 : round(used.sourceCalls / used.requests),
      };
    })
    .sort((a, b) => b.requests - a.requests || (a.route < b.route ? -1 : 1));
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
  const all = requests.all;
  const errors = all.filter(isError).length;
  const staleHits = [...staleHitsOf(verdicts).values()].reduce((sum, entry) => sum + entry.hits, 0);
  return {
    requests: all.length,
    errorRate: all.length === 0 ? 0 : round(errors / all.length),
    hits,
    misses,
    staleHits,
    sourceCalls,
  };
}
