/** Requests in flight, as numbers: which covered an operation, and how many touched it. */
import { append } from '../multimap.ts';
import type { Marks } from './marks.ts';
import { pathValues, type RequestRecord, type Requests } from './requests.ts';

/** Routes that are told apart in learning; the rarest share the last place. */
const MAX_ROUTES = 512;

/** Requests that may cover one operation; in a larger crowd nothing is concluded. */
export const MAX_COVERING = 512;

export class Flight {
  readonly records: readonly RequestRecord[];
  readonly invoke: Float64Array;
  readonly end: Float64Array;
  /** Place of each request's route in `routes`. */
  readonly route: Int32Array;
  readonly routes: readonly string[];
  /** Route of each request. */
  readonly names: readonly string[];
  /** Values that each request's path names. */
  readonly values: readonly (readonly number[])[];
  /** Places of the requests that carried a trace in. */
  readonly byTrace = new Map<string, number[]>();
  /** Time in flight of each route's requests together; ns. */
  readonly time: Float64Array;
  readonly #ends: Float64Array;

  constructor(requests: Requests) {
    const { records } = requests;
    this.records = records;
    this.invoke = Float64Array.from(records, ({ request, slack }) => request.invoke - slack);
    this.end = Float64Array.from(records, ({ end, slack }) => end + slack);
    this.#ends = Float64Array.from(this.end).sort();
    const names = records.map(({ request }) => requests.routeOf(request));
    this.names = names;
    this.routes = commonest(names);
    const places = new Map(this.routes.map((name, i) => [name, i]));
    this.route = Int32Array.from(names, (name) => places.get(name) ?? this.routes.length);
    const known = new Map<string, readonly number[]>();
    this.values = records.map(({ request }, i) => {
      const id = `${request.path} ${names[i]}`;
      let values = known.get(id);
      if (values === undefined) {
        values = pathValues(request, names[i]!);
        known.set(id, values);
      }
      return values;
    });
    this.time = new Float64Array(this.routes.length + 1);
    for (const [i, { request }] of records.entries()) {
      this.time[this.route[i]!]! += this.end[i]! - this.invoke[i]!;
      if (request.trace === undefined) continue;
      append(this.byTrace, request.trace, i);
    }
  }

  get count(): number {
    return this.records.length;
  }

  /** Requests in flight during any part of an interval. */
  touching(from: number, to: number): number {
    return upper(this.invoke, to) - lower(this.#ends, from);
  }

  /** Time during which no request was in flight, between two moments; ns. */
  idle(from: number, to: number): number {
    let idle = 0;
    let until = from;
    for (let i = 0; i < this.count && this.invoke[i]! < to; i++) {
      if (this.invoke[i]! > until) idle += this.invoke[i]! - until;
      until = Math.max(until, this.end[i]!);
    }
    return idle + Math.max(0, to - until);
  }

  /** The requests that had themselves to themselves: no other was in flight at any time of theirs. */
  alone(): Uint8Array {
    const alone = new Uint8Array(this.count);
    for (let i = 0; i < this.count; i++)
      alone[i] = this.touching(this.invoke[i]!, this.end[i]!) === 1 ? 1 : 0;
    return alone;
  }
}

function commonest(names: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  const sorted = [...counts].sort((a, b) => b[1] - a[1]).map(([name]) => name);
  return sorted.slice(0, MAX_ROUTES - 1);
}

/** How many of a sorted list are below a value. */
function lower(sorted: Float64Array, value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** How many are not above a value. */
function upper(sorted: Float64Array, value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Walks over operations in order of return and tells which requests covered each. */
export class Sweep {
  readonly found = new Int32Array(MAX_COVERING);
  readonly #flight: Flight;
  #active: number[] = [];
  #next = 0;

  constructor(flight: Flight) {
    this.#flight = flight;
  }

  /** How many requests covered the interval; they stand in `found`. More than {@link MAX_COVERING}: only how many. Intervals
   * must come in order of their ends. */
  covering(from: number, to: number): number {
    const { invoke, end, count } = this.#flight;
    while (this.#next < count && invoke[this.#next]! <= to) this.#active.push(this.#next++);
    let covering = 0;
    let kept = 0;
    for (let i = 0; i < this.#active.length; i++) {
      const request = this.#active[i]!;
      if (end[request]! < to) continue;
      this.#active[kept++] = request;
      if (invoke[request]! > from) continue;
      if (covering < MAX_COVERING) this.found[covering] = request;
      covering++;
    }
    this.#active.length = kept;
    return covering;
  }
}

/** Marks in order of return: nearly always their own; the catalog may have held some back. */
export function inOrderOfReturn(marks: Marks): Int32Array {
  const order = Int32Array.from({ length: marks.count }, (_, i) => i);
  for (let i = 1; i < marks.count; i++) {
    if (marks.return[i]! >= marks.return[i - 1]!) continue;
    return order.sort((a, b) => marks.return[a]! - marks.return[b]! || a - b);
  }
  return order;
}

/**
 * For each mark the request that alone was in flight, or -1: as it was captured where operations carry that, else by the
 * stamps.
 */
export function loneRequests(marks: Marks, flight: Flight, order: Int32Array, captured: boolean): Int32Array {
  const lone = new Int32Array(marks.count).fill(-1);
  if (captured) {
    const places = new Map<number, number>();
    for (const [i, { request }] of flight.records.entries())
      if (request.request !== undefined) places.set(request.request, i);
    for (let mark = 0; mark < marks.count; mark++) {
      const ordinal = marks.request[mark]!;
      if (ordinal !== 0) lone[mark] = places.get(ordinal) ?? -1;
    }
    return lone;
  }
  const sweep = new Sweep(flight);
  for (const mark of order) {
    const from = marks.invoke[mark]!;
    const to = marks.return[mark]!;
    if (sweep.covering(from, to) === 1 && flight.touching(from, to) === 1) lone[mark] = sweep.found[0]!;
  }
  return lone;
}
