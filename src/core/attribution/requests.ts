/**
 * The HTTP requests of the history, with their routes: those that the reverse proxy saw, and the server spans of requests
 * that it did not see. The oldest are forgotten when there are too many; their figures are kept by route.
 */
import { routeOf } from '../keys.ts';
import { type Digest, type HttpRequest, saysLittle } from '../operation.ts';
import type { Interval } from '../source.ts';
import { Buckets } from './durations.ts';
import { digestNumber } from './marks.ts';
import { ToldRoutes } from './told-routes.ts';

export const REQUEST_LIMITS = {
  /** Requests remembered. */
  requests: 200_000,
  /** Values of statements, and routes, that are remembered. */
  values: 100_000,
  /** Routes that keep the figures of forgotten requests; later ones are counted together. */
  routes: 2_000,
  /** A request whose client went away may still be served this long after that was seen; ns. */
  abandoned: 1e9,
} as const;

/** A request as attribution needs it. */
export interface RequestRecord {
  readonly request: HttpRequest;
  /** When it was over; ns. */
  readonly end: number;
  /** It is a server span. */
  readonly span: boolean;
  /** How far its stamps may be off: those of a span are as exact as the clocks; ns. */
  readonly slack: number;
  /** Route as a span told it; null: by its path. */
  told: string | null;
}

/** The request around a time, as far as it can be told. */
export interface Around {
  readonly request: HttpRequest | null;
  readonly route: string | null;
  /** True when no other request was in flight. */
  readonly certain: boolean;
}

/** What is kept of forgotten requests of a route. */
export interface Forgotten {
  readonly sample: HttpRequest;
  requests: number;
  errors: number;
  readonly times: Buckets;
}

/** The service failed: a 5xx status, or no whole response although the client waited for one. */
export function isError(request: HttpRequest): boolean {
  return request.status === 'fail' || (request.code ?? 0) >= 500;
}

export class Requests {
  readonly told = new ToldRoutes();
  readonly forgotten = new Map<string, Forgotten>();
  #seen: RequestRecord[] = [];
  #spans: readonly RequestRecord[] = [];
  #sorted: RequestRecord[] | null = null;
  #all: readonly HttpRequest[] | null = null;
  /** Longest request seen: how far back one may have begun that is still in flight. */
  #longest = 0;
  #ordinals = false;

  /** Digests that statements require of columns: a path segment with such a value is a value, even if it reads like a name. */
  readonly #values = new Set<Digest>();
  #routes = new Map<string, string>();
  #routesFor = '';
  readonly #toldOf = new WeakMap<HttpRequest, RequestRecord>();

  /** Notes values that a statement asked for. */
  noteValues(values: readonly Digest[]): void {
    if (this.#values.size >= REQUEST_LIMITS.values) return;
    for (const value of values) if (!saysLittle(value)) this.#values.add(value);
  }

  /** Route of a request: as a span told it, else as spans told it of requests with such a path, else by its path, where what
   * is a value becomes `{id}`. */
  routeOf(request: HttpRequest): string {
    const own = this.#toldOf.get(request)?.told;
    return own ?? this.#routeByPath(request);
  }

  #routeByPath(request: HttpRequest): string {
    const known = `${this.#values.size} ${this.told.size}`;
    if (this.#routesFor !== known) {
      this.#routes = new Map();
      this.#routesFor = known;
    }
    const name = `${request.method} ${request.path}`;
    const cached = this.#routes.get(name);
    if (cached !== undefined) return cached;
    const { parts } = request;
    const route =
      this.told.of(request.method, request.path) ??
      routeOf(
        request.method,
        request.path,
        (i) => i > 0 && parts !== undefined && this.#values.has(parts[i] ?? ''),
      );
    if (this.#routes.size < REQUEST_LIMITS.values) this.#routes.set(name, route);
    return route;
  }

  get count(): number {
    return this.#seen.length + this.#spans.length;
  }

  /** Whether any was seen by the reverse proxy. */
  get proxied(): boolean {
    return this.#seen.length > 0 || this.forgotten.size > 0;
  }

  /** Whether requests carry ordinals: then operations do too. */
  get ordinals(): boolean {
    return this.#ordinals;
  }

  /** Sorted by invocation. */
  get records(): readonly RequestRecord[] {
    if (this.#sorted === null) {
      this.#sorted = [...this.#seen, ...this.#spans].sort((a, b) => a.request.invoke - b.request.invoke);
      this.#longest = this.#sorted.reduce(
        (most, { request, end }) => Math.max(most, end - request.invoke),
        0,
      );
    }
    return this.#sorted;
  }

  get all(): readonly HttpRequest[] {
    this.#all ??= this.records.map(({ request }) => request);
    return this.#all;
  }

  /** Takes a request that the proxy saw. `now`: time of the last operation; ns. */
  add(request: HttpRequest, now: number): void {
    if (request.request !== undefined) this.#ordinals = true;
    const end = request.return ?? Math.max(now, request.invoke) + REQUEST_LIMITS.abandoned;
    this.#seen.push({ request, end, span: false, slack: 0, told: null });
    this.#changed();
  }

  get isFull(): boolean {
    return this.#seen.length > REQUEST_LIMITS.requests;
  }

  /** Replaces the requests that are told by spans alone. */
  replaceSpans(records: readonly RequestRecord[]): void {
    if (records.length === 0 && this.#spans.length === 0) return;
    this.#spans = records;
    this.#changed();
  }

  /** Notes the route of a request as a span told it. */
  tell(record: RequestRecord, route: string): void {
    record.told = route;
    this.#toldOf.set(record.request, record);
  }

  /** Forgets those that were over before a moment, but keeps their figures. */
  forget(before: number): void {
    const kept: RequestRecord[] = [];
    for (const record of this.#seen) {
      if (record.end >= before) kept.push(record);
      else this.keepFigures(record);
    }
    this.#seen = kept;
    this.#changed();
  }

  keepFigures(record: RequestRecord): void {
    const { request } = record;
    const name = record.told ?? this.routeOf(request);
    const route =
      this.forgotten.has(name) || this.forgotten.size < REQUEST_LIMITS.routes ? name : OTHER_ROUTES;
    let entry = this.forgotten.get(route);
    if (entry === undefined) {
      entry = { sample: request, requests: 0, errors: 0, times: new Buckets() };
      this.forgotten.set(route, entry);
    }
    entry.requests++;
    if (isError(request)) entry.errors++;
    if (request.return !== null) entry.times.add((request.return - request.invoke) / 1e6);
  }

  #changed(): void {
    this.#sorted = null;
    this.#all = null;
  }

  /** Requests in flight during the whole interval (`covering`), and how many were during any part of it. */
  during(interval: Interval): { readonly covering: readonly HttpRequest[]; readonly touching: number } {
    const { records } = this;
    const covering: HttpRequest[] = [];
    let touching = 0;
    for (let i = this.#firstFrom(interval.invoke - this.#longest); i < records.length; i++) {
      const { request, end } = records[i]!;
      if (request.invoke > interval.return) break;
      if (end < interval.invoke) continue;
      touching++;
      if (request.invoke <= interval.invoke && end >= interval.return) covering.push(request);
    }
    return { covering, touching };
  }

  /** The request in flight during an interval, with the values that were spoken of then; certain when it alone was. */
  of(interval: Interval, tokens: ReadonlySet<Digest>): Around {
    const { covering, touching } = this.during(interval);
    const [only] = covering;
    if (covering.length === 1 && only !== undefined) {
      return { request: only, route: this.routeOf(only), certain: touching === 1 };
    }
    const naming = covering.filter((request) => request.parts?.some((part) => tokens.has(part)));
    const routes = new Set((naming.length > 0 ? naming : covering).map((r) => this.routeOf(r)));
    const [route] = routes;
    return {
      request: naming.length === 1 ? naming[0]! : null,
      route: routes.size === 1 && route !== undefined ? route : null,
      certain: false,
    };
  }

  #firstFrom(invoke: number): number {
    const { records } = this;
    let low = 0;
    let high = records.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (records[middle]!.request.invoke < invoke) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Name of the routes past {@link REQUEST_LIMITS.routes}. */
export const OTHER_ROUTES = '(other routes)';

/** Values that a request's path names: the segments that vary in its route, as numbers. */
export function pathValues(request: HttpRequest, route: string): readonly number[] {
  const { parts } = request;
  if (parts === undefined) return [];
  const segments = route
    .slice(route.indexOf(' ') + 1)
    .split('/')
    .filter((segment) => segment !== '');
  const values: number[] = [];
  for (const [i, part] of parts.entries()) {
    if (segments[i]?.includes('{') !== true) continue;
    const value = digestNumber(part);
    if (value !== 0) values.push(value);
  }
  return values;
}
