/**
 * Store operations per route: hits, reads, source calls. Counted exactly, over the requests that had the service to
 * themselves (no other request in flight at any time of theirs); how many operations that leaves out is told.
 */
import type { Requests } from './attribution.ts';
import type { HttpRequest } from './operation.ts';

export interface RouteUsage {
  /** Requests that were alone. */
  requests: number;
  hits: number;
  reads: number;
  sourceCalls: number;
}

export interface UsageFigures {
  readonly routes: ReadonlyMap<string, RouteUsage>;
  /** Share of store operations that no request could be named for; null when no HTTP was seen. */
  readonly unattributed: number | null;
}

export type MarkKind = 'hit' | 'miss' | 'source';

/** Operations remembered; the oldest are overwritten. */
const MAX_MARKS = 1 << 19;

export class Usage {
  #invoke = new Float64Array(1024);
  #return = new Float64Array(1024);
  #kind = new Uint8Array(1024);
  #count = 0;

  mark(op: { readonly invoke: number; readonly return: number | null }, kind: MarkKind): void {
    if (op.return === null) return;
    if (this.#count === this.#invoke.length && this.#count < MAX_MARKS) this.#grow();
    const at = this.#count % this.#invoke.length;
    this.#invoke[at] = op.invoke;
    this.#return[at] = op.return;
    this.#kind[at] = kind === 'hit' ? 0 : kind === 'miss' ? 1 : 2;
    this.#count++;
  }

  #grow(): void {
    const size = this.#invoke.length * 2;
    const invoke = new Float64Array(size);
    invoke.set(this.#invoke);
    const end = new Float64Array(size);
    end.set(this.#return);
    const kind = new Uint8Array(size);
    kind.set(this.#kind);
    this.#invoke = invoke;
    this.#return = end;
    this.#kind = kind;
  }

  attribute(requests: Requests): UsageFigures {
    if (requests.count === 0) return { routes: new Map(), unattributed: null };
    const alone = aloneRequests(requests.all);
    const routes = new Map<string, RouteUsage>();
    const usages = alone.map((request) => {
      const route = requests.routeOf(request);
      let usage = routes.get(route);
      if (usage === undefined) {
        usage = { requests: 0, hits: 0, reads: 0, sourceCalls: 0 };
        routes.set(route, usage);
      }
      usage.requests++;
      return usage;
    });
    const marks = Math.min(this.#count, this.#invoke.length);
    let attributed = 0;
    for (let i = 0; i < marks; i++) {
      const at = lastBefore(alone, this.#invoke[i]!);
      const request = alone[at];
      if (request === undefined || request.return === null || this.#return[i]! > request.return) continue;
      attributed++;
      count(usages[at]!, this.#kind[i]!);
    }
    return { routes, unattributed: marks === 0 ? 0 : Math.round((1 - attributed / marks) * 1000) / 1000 };
  }
}

function count(usage: RouteUsage, kind: number): void {
  if (kind === 2) usage.sourceCalls++;
  else {
    usage.reads++;
    if (kind === 0) usage.hits++;
  }
}

/** Requests, sorted by invocation, during which no other was in flight. */
function aloneRequests(sorted: readonly HttpRequest[]): readonly HttpRequest[] {
  const alone: HttpRequest[] = [];
  let latestEnd = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < sorted.length; i++) {
    const request = sorted[i]!;
    const end = request.return ?? Number.POSITIVE_INFINITY;
    const next = sorted[i + 1]?.invoke ?? Number.POSITIVE_INFINITY;
    if (request.invoke > latestEnd && end < next) alone.push(request);
    latestEnd = Math.max(latestEnd, end);
  }
  return alone;
}

function lastBefore(sorted: readonly HttpRequest[], invoke: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]!.invoke <= invoke) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
