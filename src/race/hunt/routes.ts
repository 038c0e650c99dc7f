/**
 * Which route ran an operation. A hunt may guess where findings may not: a wrong guess costs an exploration, and the exploration
 * tells. So where attribution is silent, the requests in flight are asked.
 */
import type { Groundwork } from '../../core/analyse.ts';
import { Names } from '../../core/map/who.ts';
import type { Digest, HttpRequest } from '../../core/operation.ts';
import type { Interval } from '../../core/source.ts';
import type { WriteRecord } from '../../core/writes.ts';

/** Methods that change nothing (RFC 9110, section 9.2.1). */
export const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

export interface Ran {
  readonly route: string;
  /** Null where only the route is known. */
  readonly request: HttpRequest | null;
}

interface Ask {
  /** Id of the operation. */
  readonly op: number;
  readonly interval: Interval;
  /** Values that it names. */
  readonly tokens: ReadonlySet<Digest>;
  /** Whether a request of this method may be behind it. */
  readonly may: (method: string) => boolean;
}

export class Routes {
  readonly #ground: Groundwork;
  readonly #names: Names;

  constructor(ground: Groundwork) {
    this.#ground = ground;
    this.#names = new Names(ground);
  }

  of({ op, interval, tokens, may }: Ask): Ran | null {
    const { attributed } = this.#ground;
    const owner = attributed.of(op);
    // What is inferred and cannot be is no better than a guess.
    if (owner != null && (owner.certain || may(methodOf(owner.route))))
      return { route: owner.route, request: owner.request };
    const covering = attributed.requests.during(interval).covering.filter(({ method }) => may(method));
    const naming = covering.filter((request) => request.parts?.some((part) => tokens.has(part)));
    const likely = naming.length > 0 ? naming : covering;
    const routes = new Set(likely.map((request) => attributed.requests.routeOf(request)));
    const [route] = routes;
    if (route === undefined || routes.size > 1) return null;
    return { route, request: likely.length === 1 ? likely[0]! : null };
  }

  /** Who made a commit; null where it is not known, or was no request. */
  writer(write: WriteRecord): Ran | null {
    const { commit } = write;
    if (commit.outside !== undefined) return null;
    const tokens = new Set([...commit.tokens, ...write.rowTokens.keys()]);
    const interval = { invoke: commit.began, return: commit.interval.return };
    const ran = this.of({ op: commit.op, interval, tokens, may: (method) => !SAFE_METHODS.has(method) });
    if (ran !== null) return ran;
    const who = this.#names.writer(write);
    return who?.kind === 'route' ? { route: who.name, request: null } : null;
  }
}

/** `GET` of `GET /items/{id}`. */
export function methodOf(route: string): string {
  return route.slice(0, route.indexOf(' '));
}
