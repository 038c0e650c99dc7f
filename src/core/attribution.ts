/**
 * Which HTTP request an operation belongs to. Certain when exactly one request was in flight during the operation; when
 * several were, the one whose path names the same values, if there is just one such; otherwise by the route that is always
 * in flight when this statement shape runs.
 */
import { routeOf } from './keys.ts';
import type { Digest, HttpRequest } from './operation.ts';
import type { Interval } from './source.ts';

export interface Attribution {
  readonly request: HttpRequest | null;
  readonly route: string | null;
  /** True when no other request was in flight. */
  readonly certain: boolean;
}

/** Requests kept for attribution; the oldest go first. */
export const MAX_REQUESTS = 200_000;

export class Requests {
  #all: HttpRequest[] = [];
  #sorted = true;
  /** Longest request seen: how far back one may have begun that is still in flight. */
  #longest = 0;

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
      return { request: only, route: routeOf(only.method, only.path), certain: touching === 1 };
    }
    const naming = covering.filter((request) => request.parts?.some((part) => tokens.has(part)));
    const routes = new Set((naming.length > 0 ? naming : covering).map((r) => routeOf(r.method, r.path)));
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
    for (const route of new Set(covering.map((r) => routeOf(r.method, r.path)))) {
      entry.routes.set(route, (entry.routes.get(route) ?? 0) + 1);
    }
  }

  route(what: string, share: ReadonlyMap<string, number>): string | null {
    const entry = this.#seen.get(what);
    if (entry === undefined) return null;
    const always = [...entry.routes].filter(([, count]) => count >= entry.total * 0.95);
    // Of several, the one that is rarest overall: the common ones are in flight at any time.
    always.sort((a, b) => (share.get(a[0]) ?? 0) - (share.get(b[0]) ?? 0));
    return always[0]?.[0] ?? null;
  }
}
