/**
 * Which HTTP request an operation belongs to. Certain when exactly one request was in flight during the operation; when
 * several were, the one whose path names the same values, if there is just one such; otherwise by the route that is always
 * in flight when this statement shape runs.
 */
import { routeOf } from './keys.ts';
import { type Digest, type HttpRequest, saysLittle } from './operation.ts';
import type { Interval } from './source.ts';

export interface Attribution {
  readonly request: HttpRequest | null;
  readonly route: string | null;
  /** True when no other request was in flight. */
  readonly certain: boolean;
}

/** Requests kept for attribution; the oldest go first. */
export const MAX_REQUESTS = 200_000;

/** Values of statements, and routes, that are remembered. */
const MAX_VALUES = 100_000;

export class Requests {
  #all: HttpRequest[] = [];
  #sorted = true;
  /** Longest request seen: how far back one may have begun that is still in flight. */
  #longest = 0;

  /** Digests that statements require of columns: a path segment with such a value is a value, even if it reads like a name. */
  readonly #values = new Set<Digest>();
  #routes = new Map<string, string>();
  #routesFor = 0;

  /** Notes values that a statement asked for. */
  noteValues(values: readonly Digest[]): void {
    if (this.#values.size >= MAX_VALUES) return;
    for (const value of values) if (!saysLittle(value)) this.#values.add(value);
  }

  /** Route of a request; what is a value in its path becomes `{id}`. */
  routeOf(request: HttpRequest): string {
    if (this.#routesFor !== this.#values.size) {
      this.#routes = new Map();
      this.#routesFor = this.#values.size;
    }
    const name = `${request.method} ${request.path}`;
    const known = this.#routes.get(name);
    if (known !== undefined) return known;
    const { parts } = request;
    const route = routeOf(
      request.method,
      request.path,
      (i) => i > 0 && parts !== undefined && this.#values.has(parts[i] ?? ''),
    );
    if (this.#routes.size < MAX_VALUES) this.#routes.set(name, route);
    return route;
  }

  get count(): number {
    return this.#all.length;
  }

  get all(): readonly HttpRequest[] {
    this.#sort();
    return this.#all;
  }

  add(request: HttpRequest): void {
    this.#all.push(request);
    this.#sorted = false;
    if (request.return !== null) this.#longest = Math.max(this.#longest, request.return - request.invoke);
    if (this.#all.length > MAX_REQUESTS) this.#all = this.#all.slice(MAX_REQUESTS / 4);
  }

  #sort(): void {
    if (this.#sorted) return;
    this.#all.sort((a, b) => a.invoke - b.invoke);
    this.#sorted = true;
  }

  /** Requests in flight during the whole interval (`covering`) or during any part of it. */
  during(interval: Interval): { readonly covering: readonly HttpRequest[]; readonly touching: number } {
    this.#sort();
    const covering: HttpRequest[] = [];
    let touching = 0;
    for (let i = this.#firstFrom(interval.invoke - this.#longest); i < this.#all.length; i++) {
      const request = this.#all[i]!;
      if (request.invoke > interval.return) break;
      const end = request.return ?? Number.POSITIVE_INFINITY;
      if (end < interval.invoke) continue;
      touching++;
      if (request.invoke <= interval.invoke && end >= interval.return) covering.push(request);
    }
    return { covering, touching };
  }

  #firstFrom(invoke: number): number {
    let low = 0;
    let high = this.#all.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#all[middle]!.invoke < invoke) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The request that an operation belongs to, with the values it speaks of. */
  of(interval: Interval, tokens: ReadonlySet<Digest>): Attribution {
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
}

/** Names the route of a kind of operation from all its occurrences: the one that is in flight nearly always, and seldom
 * otherwise. */
export class RouteProfile {
  readonly #seen = new Map<string, { total: number; readonly routes: Map<string, number> }>();

  note(what: string, requests: Requests, interval: Interval): void {
    let entry = this.#seen.get(what);
    if (entry === undefined) {
      entry = { total: 0, routes: new Map() };
      this.#seen.set(what, entry);
    }
    if (entry.total >= 200) return;
    entry.total++;
    const { covering } = requests.during(interval);
    for (const route of new Set(covering.map((r) => requests.routeOf(r)))) {
      entry.routes.set(route, (entry.routes.get(route) ?? 0) + 1);
    }
  }

  /** `writes`: of several candidates, one whose method is not safe (RFC 9110, 9.2.1) is taken first. */
  route(what: string, share: ReadonlyMap<string, number>, writes: boolean): string | null {
    const entry = this.#seen.get(what);
    if (entry === undefined) return null;
    const always = [...entry.routes]
      .filter(([, count]) => count >= entry.total * 0.95)
      .map(([route]) => route);
    // Of several, the one that is in flight least of the time: the common ones are in flight at any moment.
    const rank = (route: string) => (writes && SAFE.test(route) ? 1 : 0);
    always.sort((a, b) => rank(a) - rank(b) || (share.get(a) ?? 0) - (share.get(b) ?? 0));
    return always[0] ?? null;
  }
}

/** Methods that are not meant to change anything. */
const SAFE = /^(?:GET|HEAD|OPTIONS|TRACE) /;
