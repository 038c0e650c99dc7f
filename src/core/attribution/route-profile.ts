/** Which route runs a kind of operation, by being in flight whenever it is run: where nothing better is known. */
import type { Interval } from '../source.ts';
import type { Requests } from './requests.ts';

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
