/** What attribution decided: whose each operation is, and what the routes ran. */
import type { HttpRequest } from '../operation.ts';
import type { Marks } from './marks.ts';
import type { Requests } from './requests.ts';
import type { Resolution } from './resolution.ts';
import {
  addUsage,
  countExact,
  countMarks,
  emptyCounts,
  exactRequests,
  type SpanCover,
  type UsageCounts,
  usageOf,
} from './usage.ts';

/** Whose an operation is. */
export interface Owner {
  readonly request: HttpRequest | null;
  readonly route: string;
  /** Known, not inferred. */
  readonly certain: boolean;
  /** When the request was over at the latest, by clocks that may differ; ns; 0 when it is not known. */
  readonly until: number;
}

/** What was decided; valid until the next operation. */
export class Attributed {
  readonly requests: Requests;
  readonly #found: Resolution | null;
  readonly #cover: SpanCover | null;
  readonly #settled: UsageCounts;
  readonly #since: number;

  constructor(
    requests: Requests,
    found: { readonly resolution: Resolution; readonly cover: SpanCover } | null,
    counted: { readonly settled: UsageCounts; readonly since: number },
  ) {
    this.requests = requests;
    this.#found = found?.resolution ?? null;
    this.#cover = found?.cover ?? null;
    this.#settled = counted.settled;
    this.#since = counted.since;
  }

  /** The remembered marks; null without requests. */
  get marks(): Marks | null {
    return this.#found?.marks ?? null;
  }

  /** Whose an operation is; null when that cannot be told; undefined when the operation is forgotten. */
  of(op: number): Owner | null | undefined {
    const found = this.#found;
    if (found === null) return undefined;
    const mark = this.#markOf(found.marks, op);
    if (mark === -1 || mark >= found.owner.length) return undefined;
    const route = found.route[mark]!;
    if (route === -1) return null;
    const owner = found.owner[mark]!;
    if (owner === -1) return { request: null, route: found.flight.routes[route]!, certain: false, until: 0 };
    const { request, end, slack } = found.flight.records[owner]!;
    return {
      request,
      route: found.flight.names[owner]!,
      certain: found.isExact(mark),
      until: end + slack,
    };
  }

  /** Ids rise, but for those that waited for the catalog. */
  #markOf(marks: Marks, op: number): number {
    let low = 0;
    let high = marks.count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (marks.id[middle]! < op) low = middle + 1;
      else high = middle;
    }
    for (let i = Math.max(0, low - NEAR); i < Math.min(marks.count, low + NEAR); i++)
      if (marks.id[i] === op) return i;
    return -1;
  }

  /** Counts per route, under the names that routes have now. `stale`: marks of stale hits. */
  usage(stale: ReadonlySet<number>): UsageCounts {
    const counts = emptyCounts();
    Object.assign(counts.totals, this.#settled.totals);
    for (const usage of this.#settled.routes.values()) {
      const route = usage.sample.told ?? this.requests.routeOf(usage.sample.request);
      addUsage(usageOf(counts, route, usage.sample), usage);
    }
    this.count(counts, { until: Number.POSITIVE_INFINITY, before: Number.POSITIVE_INFINITY, stale });
    return counts;
  }

  /** Adds the first marks, and the requests that were over before a moment and are not counted yet. */
  count(
    counts: UsageCounts,
    what: { readonly until: number; readonly before: number; readonly stale: ReadonlySet<number> },
  ): void {
    const found = this.#found;
    if (found === null) return;
    const exact = exactRequests(found, this.#cover!);
    countMarks(counts, found, Math.min(what.until, found.owner.length), what.stale, exact);
    countExact(counts, found.flight, exact, { from: this.#since, before: what.before });
  }
}

/** How far from its place an operation's mark may be. */
const NEAR = 4_096;
