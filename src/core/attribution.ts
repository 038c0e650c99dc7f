/**
 * Attribution: to which HTTP request each store operation belongs, and what follows for the routes. Operations are marked as
 * they come (marks.ts); everything is decided when asked for, so that spans, which arrive late, and what is learned late
 * bear on what came early. When there is no more room the oldest marks are settled: decided with what is known then, and
 * counted.
 */

import { Attributed } from './attribution/attributed.ts';
import { Commands, roughTemplate } from './attribution/commands.ts';
import { Flight, inOrderOfReturn, loneRequests } from './attribution/flight.ts';
import { Groups, type KeyNames } from './attribution/kinds.ts';
import { MAX_MARKS, Marks } from './attribution/marks.ts';
import { Requests } from './attribution/requests.ts';
import type { Resolution } from './attribution/resolution.ts';
import { resolve } from './attribution/resolve.ts';
import { MAX_SPANS, Spans } from './attribution/spans.ts';
import { Statements } from './attribution/statements.ts';
import { nothingTold, type Told, tellOperations, tellRequests } from './attribution/tell.ts';
import { emptyCounts, type SpanCover, type UsageCounts } from './attribution/usage.ts';
import type { CacheOperation, HttpRequest, SourceOperation, TraceSpan } from './operation.ts';

/** Share of what is remembered that is settled at a time. */
const SETTLED = 0.25;

/** How much may be added, as a share and in number, while a hasty answer repeats the last one. */
const LITTLE = 0.25;
const LEAST_ADDED = 2_000;
/** Marks and spans beyond which a hasty answer repeats the last one whatever was added. */
const HASTY = 20_000;

export class Attribution {
  readonly requests = new Requests();
  readonly #marks = new Marks();
  readonly #spans = new Spans();
  readonly #statements = new Statements();
  readonly #rough: KeyNames;
  readonly #settled: UsageCounts = emptyCounts();
  #told: (Told & { readonly commands: Commands }) | null = null;
  /** What was decided last, of how many marks and spans. */
  #last: { readonly resolution: Resolution; readonly cover: SpanCover; readonly at: number } | null = null;
  /** Requests that were over before are counted; ns. */
  #since = Number.NEGATIVE_INFINITY;

  constructor(valuesOf: KeyNames['valuesOf']) {
    this.#rough = { templateOf: roughTemplate, valuesOf };
  }

  cache(op: CacheOperation): void {
    if (this.#marks.isFull) this.#settleOldest();
    this.#marks.cache(op);
  }

  source(op: SourceOperation): void {
    if (this.#marks.isFull) this.#settleOldest();
    this.#marks.source(op);
  }

  /** `now`: time of the last operation; ns. */
  request(op: HttpRequest, now: number): void {
    this.requests.add(op, now);
    if (this.requests.isFull) this.#forgetRequests();
  }

  span(op: TraceSpan): void {
    if (this.#spans.isFull) this.#forgetSpans();
    this.#spans.add(op);
  }

  /** Finds the requests that only spans tell of, and the routes that spans tell. To be called before routes are asked for.
   * `hasty`: what was decided last will do while little has been added since. */
  prepare(hasty = false): void {
    const added = this.#last === null ? 0 : this.#last.at * LITTLE + LEAST_ADDED;
    const count = this.#marks.count + this.#spans.count;
    // Deciding takes the relay's thread: while watching, no more than the first of it is decided anew.
    const enough = count > HASTY && this.#last !== null;
    if (!hasty || (!enough && count > (this.#last?.at ?? 0) + added)) this.#last = null;
    if (this.#last !== null) return;
    this.#told = null;
    if (this.#spans.count === 0) return;
    const commands = new Commands(this.#marks, this.#statements);
    this.#told = { ...tellRequests(this.#spans, this.requests, commands, this.#statements), commands };
  }

  /** Decides with what is known now, after {@link prepare}. */
  attribute(names: KeyNames): Attributed {
    const { requests } = this;
    const counted = { settled: this.#settled, since: this.#since };
    if (requests.count === 0) return new Attributed(requests, null, counted);
    if (this.#last !== null) return new Attributed(requests, this.#last, counted);
    const marks = this.#marks;
    const flight = new Flight(requests);
    const order = inOrderOfReturn(marks);
    const lone = loneRequests(marks, flight, order, requests.ordinals && marks.tagged);
    const told =
      this.#told === null
        ? nothingTold(marks)
        : tellOperations(this.#told, this.#spans, this.#told.commands, {
            statements: this.#statements,
            flight,
            names,
            lone,
          });
    const given = { groups: new Groups(marks), told, lone, order, names };
    const resolution = resolve(marks, flight, given);
    this.#last = { resolution, cover: told.cover, at: marks.count + this.#spans.count };
    return new Attributed(requests, this.#last, counted);
  }

  /** Decides and counts the oldest marks, and the requests that were over before a moment; forgets the marks. */
  #settle(count: number, before: number): void {
    const marks = this.#marks;
    if (this.requests.count > 0 || this.#spans.count > 0) {
      this.prepare();
      const attributed = this.attribute(this.#rough);
      attributed.count(this.#settled, { until: count, before, stale: new Set() });
      this.#since = Math.max(this.#since, before);
    }
    marks.drop(count);
    this.#last = null;
  }

  #settleOldest(): void {
    const count = Math.ceil(MAX_MARKS * SETTLED);
    this.#settle(count, this.#marks.return[count - 1]!);
  }

  #settleUntil(before: number): void {
    const marks = this.#marks;
    let count = 0;
    while (count < marks.count && marks.return[count]! < before) count++;
    this.#settle(count, before);
  }

  #forgetRequests(): void {
    const records = this.requests.records;
    const before = records[Math.floor(records.length * SETTLED)]!.request.invoke;
    this.#settleUntil(before);
    this.requests.forget(before);
  }

  #forgetSpans(): void {
    const gone = this.#spans.oldest(Math.ceil(MAX_SPANS * SETTLED));
    let end = Number.NEGATIVE_INFINITY;
    for (const span of gone) end = Math.max(end, span.return ?? span.invoke);
    this.#settleUntil(end + 1);
    for (const [span, record] of this.#told?.servers.attached ?? [])
      if (record.span && gone.has(span)) this.requests.keepFigures(record);
    this.#spans.drop(gone);
  }
}
