/**
 * Who runs what, learned while requests overlap. Each route is held to run each kind of operation at a rate of its own
 * while one of its requests is in flight; the operations seen are then a superposition of Poisson processes, and the rates
 * that make what was seen most likely are found by expectation and maximisation (Dempster, Laird and Rubin 1977). Along
 * with them it is learned how often an operation names the values of its own request's path, and how often those of
 * others by chance. Operations whose request is certain count as they are.
 */
import type { Flight } from './flight.ts';

export const LEARNING = {
  /** Overlapping operations of one kind that are learned from; evenly spread. */
  samples: 400,
  rounds: 15,
  /** Operations that every route is supposed to have run of every kind, before any evidence. */
  prior: 0.3,
  /** Kinds that are told apart. */
  kinds: 4_096,
} as const;

/** What is learned of one kind of operation. */
class Kind {
  readonly rate: Float64Array;
  /** Probability that an operation names a value of its own request's path, and of another's. */
  readonly own: Float64Array;
  readonly other: Float64Array;
  /** Operations whose request is certain, and of those the ones that name its values, and that do not. */
  readonly certain: Float64Array;
  readonly certainNamed: Float64Array;
  readonly certainUnnamed: Float64Array;
  /** Logarithms of the rate, and of what naming or not naming adds to it. */
  readonly likely: Float64Array;
  readonly ifNamed: Float64Array;
  readonly ifUnnamed: Float64Array;
  /** Rate at which nobody's operations of the kind come: seen while no request was in flight. */
  outside = 0;
  seen = 0;
  /** Samples: for each its weight's place, and its candidates. */
  readonly starts: number[] = [];
  readonly routes: number[] = [];
  /** 1: names, 0: does not, -1: there is nothing to compare. */
  readonly named: number[] = [];

  constructor(routes: number) {
    this.rate = new Float64Array(routes);
    this.own = new Float64Array(routes);
    this.other = new Float64Array(routes);
    this.certain = new Float64Array(routes);
    this.certainNamed = new Float64Array(routes);
    this.certainUnnamed = new Float64Array(routes);
    this.likely = new Float64Array(routes);
    this.ifNamed = new Float64Array(routes);
    this.ifUnnamed = new Float64Array(routes);
  }
}

/** Whether an operation names one of a request's values: 1, 0, or -1 when either has none. */
export function namesValue(tokens: readonly number[], values: readonly number[]): number {
  if (tokens.length === 0 || values.length === 0) return -1;
  for (const value of values) if (tokens.includes(value)) return 1;
  return 0;
}

export class Mixture {
  readonly #flight: Flight;
  readonly #kinds = new Map<number, Kind>();

  constructor(flight: Flight) {
    this.#flight = flight;
  }

  #kind(kind: number): Kind | null {
    let known = this.#kinds.get(kind);
    if (known === undefined) {
      if (this.#kinds.size >= LEARNING.kinds) return null;
      known = new Kind(this.#flight.time.length);
      this.#kinds.set(kind, known);
    }
    return known;
  }

  /** An operation of whose request is known. */
  certain(kind: number, request: number, tokens: readonly number[]): void {
    const known = this.#kind(kind);
    if (known === null) return;
    const route = this.#flight.route[request]!;
    known.certain[route]!++;
    const named = namesValue(tokens, this.#flight.values[request]!);
    if (named === 1) known.certainNamed[route]!++;
    if (named === 0) known.certainUnnamed[route]!++;
  }

  /** An operation while no request was in flight; `rate`: what one such operation adds to their rate. */
  outside(kind: number, rate: number): void {
    const known = this.#kind(kind);
    if (known !== null) known.outside += rate;
  }

  /** An operation that several requests covered. */
  overlapping(
    kind: number,
    tokens: readonly number[],
    requests: Int32Array,
    count: number,
    every: number,
  ): void {
    const known = this.#kind(kind);
    if (known === null) return;
    known.seen++;
    if (known.seen % every !== 0) return;
    known.starts.push(known.routes.length);
    for (let i = 0; i < count; i++) {
      const request = requests[i]!;
      known.routes.push(this.#flight.route[request]!);
      known.named.push(namesValue(tokens, this.#flight.values[request]!));
    }
  }

  learn(): void {
    for (const kind of this.#kinds.values()) {
      learnKind(kind, this.#flight.time);
      for (let route = 0; route < kind.rate.length; route++) {
        kind.likely[route] = Math.log(kind.rate[route]!);
        kind.ifNamed[route] = Math.log(factor(kind, route, 1));
        kind.ifUnnamed[route] = Math.log(factor(kind, route, 0));
      }
    }
  }

  /** Rate of operations that are nobody's. */
  outsideRate(kind: number): number {
    return this.#kinds.get(kind)?.outside ?? 0;
  }

  /** Adds to each request's weight how likely (as a logarithm) an operation of a kind with these values is its own. */
  weigh(
    kind: number,
    tokens: readonly number[],
    requests: Int32Array,
    count: number,
    weights: Float64Array,
  ): void {
    const known = this.#kinds.get(kind);
    if (known === undefined) {
      weights.fill(Number.NEGATIVE_INFINITY, 0, count);
      return;
    }
    const { route: routes, values } = this.#flight;
    for (let i = 0; i < count; i++) {
      const request = requests[i]!;
      const route = routes[request]!;
      const named = namesValue(tokens, values[request]!);
      const naming = named < 0 ? 0 : named === 1 ? known.ifNamed[route]! : known.ifUnnamed[route]!;
      weights[i]! += known.likely[route]! + naming;
    }
  }
}

function factor(kind: Kind, route: number, named: number): number {
  if (named < 0) return 1;
  const own = kind.own[route]!;
  const other = kind.other[route]!;
  return named === 1 ? own / other : (1 - own) / (1 - other);
}

function learnKind(kind: Kind, time: Float64Array): void {
  const samples = kind.starts.length;
  const each = samples === 0 ? 0 : kind.seen / samples;
  begin(kind, time);
  const sums = emptySums(time.length);
  for (let round = 0; round < (samples === 0 ? 1 : LEARNING.rounds); round++) {
    for (const sum of Object.values(sums)) sum.fill(0);
    expect(kind, each, sums);
    for (let route = 0; route < time.length; route++) {
      kind.rate[route] =
        (kind.certain[route]! + sums.run[route]! + LEARNING.prior) / Math.max(1, time[route]!);
      const named = kind.certainNamed[route]! + sums.named[route]!;
      const unnamed = kind.certainUnnamed[route]! + sums.unnamed[route]!;
      kind.own[route] = (named + 1) / (named + unnamed + 2);
      const chance = sums.otherNamed[route]!;
      kind.other[route] = (chance + 0.5) / (chance + sums.otherUnnamed[route]! + 1);
    }
  }
}

/** Before the first round every route runs the kind at the same rate, and names its own values. */
function begin(kind: Kind, time: Float64Array): void {
  let named = 0;
  let compared = 0;
  for (const one of kind.named) {
    if (one >= 0) compared++;
    if (one === 1) named++;
  }
  const chance = (named + 0.5) / (compared + 1);
  const total = time.reduce((sum, one) => sum + one, 0);
  for (let route = 0; route < time.length; route++) {
    kind.rate[route] = (kind.seen + LEARNING.prior) / Math.max(1, total);
    kind.own[route] = Math.max(0.9, chance);
    kind.other[route] = Math.min(0.95, chance);
  }
}

interface Sums {
  readonly run: Float64Array;
  readonly named: Float64Array;
  readonly unnamed: Float64Array;
  readonly otherNamed: Float64Array;
  readonly otherUnnamed: Float64Array;
}

function emptySums(routes: number): Sums {
  return {
    run: new Float64Array(routes),
    named: new Float64Array(routes),
    unnamed: new Float64Array(routes),
    otherNamed: new Float64Array(routes),
    otherUnnamed: new Float64Array(routes),
  };
}

/** Shares each sample among its candidates. */
function expect(kind: Kind, each: number, sums: Sums): void {
  for (let sample = 0; sample < kind.starts.length; sample++) {
    const from = kind.starts[sample]!;
    const to = kind.starts[sample + 1] ?? kind.routes.length;
    let total = kind.outside;
    for (let i = from; i < to; i++) {
      const route = kind.routes[i]!;
      total += kind.rate[route]! * factor(kind, route, kind.named[i]!);
    }
    if (total <= 0) continue;
    for (let i = from; i < to; i++) {
      const route = kind.routes[i]!;
      const named = kind.named[i]!;
      const share = (kind.rate[route]! * factor(kind, route, named)) / total;
      sums.run[route]! += each * share;
      if (named === 1) {
        sums.named[route]! += each * share;
        sums.otherNamed[route]! += each * (1 - share);
      } else if (named === 0) {
        sums.unnamed[route]! += each * share;
        sums.otherUnnamed[route]! += each * (1 - share);
      }
    }
  }
}
