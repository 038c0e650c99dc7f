/**
 * Who owns each remembered operation, in order of certainty:
 *
 * 1. told by a span that leads to the request;
 * 2. the only request in flight, as captured or by the stamps, unless operations of its kind also come while no request is
 *    in flight (a poller, work left for after the response);
 * 3. of one transaction or MULTI with an operation of 1 or 2;
 * 4. inferred: of the requests that covered it (the whole transaction), one is at least {@link SURE} likely by what was
 *    learned of the routes (mixture.ts), or all that are likely have one route.
 *
 * What is left belongs to nobody.
 */
import { type Flight, MAX_COVERING, Sweep } from './flight.ts';
import { type Groups, type KeyNames, kindsOf, valuesOf } from './kinds.ts';
import type { Marks } from './marks.ts';
import { LEARNING, Mixture } from './mixture.ts';
import { learnOutside, vetoOutsiders } from './outside.ts';
import { HOW, Resolution, type Told } from './resolution.ts';

/** Least probability at which an operation is attributed without certainty. */
export const SURE = 0.95;

/** What is known beforehand. */
export interface Given {
  readonly groups: Groups;
  readonly told: Told;
  /** For each mark the request that alone was in flight, or -1. */
  readonly lone: Int32Array;
  /** Marks in order of return. */
  readonly order: Int32Array;
  readonly names: KeyNames;
}

export function resolve(
  marks: Marks,
  flight: Flight,
  { groups, told, lone, order, names }: Given,
): Resolution {
  const found = new Resolution(marks, flight, told);
  if (flight.count === 0) return found;
  const kinds = kindsOf(marks, names);
  const tokens = (mark: number) => valuesOf(marks, mark, names);
  const mixture = new Mixture(flight);
  takeCertain(found, lone);
  vetoOutsiders(found, kinds, learnOutside(found, order, kinds, mixture));
  unite(found, groups);
  learn(found, order, kinds, tokens, mixture);
  takeUnclear(found);
  infer(found, order, groups, kinds, tokens, mixture);
  return found;
}

type TokensOf = (mark: number) => readonly number[];

/** What spans told, and what had one request in flight. */
function takeCertain(found: Resolution, lone: Int32Array): void {
  const { marks, told } = found;
  for (let mark = 0; mark < marks.count; mark++) {
    const owner = told.owners[mark]!;
    if (owner >= 0 && told.unclear[mark] === 0) found.own(mark, owner, HOW.span);
    else if (owner === -2) found.how[mark] = HOW.outside;
    else if (lone[mark] !== -1) found.own(mark, lone[mark]!, HOW.alone);
  }
}

/** What two spans may tell of is taken for the likelier's, after what is certain. */
function takeUnclear(found: Resolution): void {
  const { marks, told } = found;
  for (let mark = 0; mark < marks.count; mark++)
    if (found.how[mark] === HOW.unknown && told.owners[mark]! >= 0)
      found.own(mark, told.owners[mark]!, HOW.inferred);
}

/** A transaction belongs to one request: the one that any of its operations certainly belongs to. */
function unite(found: Resolution, groups: Groups): void {
  const { marks } = found;
  for (let head = 0; head < marks.count; head++) {
    if (groups.head[head] !== head || groups.next[head] === -1) continue;
    let owner = -1;
    let agreed = true;
    for (let i = head; i !== -1; i = groups.next[i]!) {
      if (!found.isExact(i)) continue;
      if (owner !== -1 && owner !== found.owner[i]) agreed = false;
      owner = found.owner[i]!;
    }
    if (owner === -1 || !agreed) continue;
    for (let i = head; i !== -1; i = groups.next[i]!)
      if (found.how[i] === HOW.unknown || found.how[i] === HOW.doubted) found.own(i, owner, HOW.together);
  }
}

function learn(
  found: Resolution,
  order: Int32Array,
  kinds: Int32Array,
  tokens: TokensOf,
  mixture: Mixture,
): void {
  const { marks, flight } = found;
  const open = new Map<number, number>();
  for (const mark of order)
    if (found.how[mark] === HOW.unknown) open.set(kinds[mark]!, (open.get(kinds[mark]!) ?? 0) + 1);
  if (open.size === 0) return;
  const sweep = new Sweep(flight);
  for (const mark of order) {
    const kind = kinds[mark]!;
    const count = open.get(kind);
    if (count === undefined) continue;
    if (found.isExact(mark)) {
      mixture.certain(kind, found.owner[mark]!, tokens(mark));
      continue;
    }
    if (found.how[mark] !== HOW.unknown) continue;
    const covering = sweep.covering(marks.invoke[mark]!, marks.return[mark]!);
    if (covering === 0 || covering > MAX_COVERING) continue;
    mixture.overlapping(kind, tokens(mark), sweep.found, covering, Math.ceil(count / LEARNING.samples));
  }
  mixture.learn();
}

function infer(
  found: Resolution,
  order: Int32Array,
  groups: Groups,
  kinds: Int32Array,
  tokens: TokensOf,
  mixture: Mixture,
): void {
  const { marks, flight } = found;
  const sweep = new Sweep(flight);
  const weights = new Float64Array(MAX_COVERING);
  const byRoute = new Float64Array(flight.time.length);
  for (const mark of order) {
    const head = groups.head[mark]!;
    // A group is looked at where it ends: the last of its marks covers it from its first invocation.
    if (found.how[mark] !== HOW.unknown || groups.last[head] !== mark) continue;
    const members = openMembers(found, groups, head);
    const from = members.reduce((least, i) => Math.min(least, marks.invoke[i]!), Number.POSITIVE_INFINITY);
    const covering = sweep.covering(from, marks.return[mark]!);
    if (covering === 0 || covering > MAX_COVERING) continue;
    const total = weigh(members, kinds, tokens, mixture, sweep.found, covering, weights);
    if (!(total > 0)) continue;
    byRoute.fill(0);
    let best = 0;
    for (let i = 0; i < covering; i++) {
      byRoute[flight.route[sweep.found[i]!]!]! += weights[i]!;
      if (weights[i]! > weights[best]!) best = i;
    }
    const request = sweep.found[best]!;
    const route = flight.route[request]!;
    if (weights[best]! / total >= SURE) for (const i of members) found.own(i, request, HOW.inferred);
    else if (byRoute[route]! / total >= SURE && route < flight.routes.length)
      for (const i of members) {
        found.route[i] = route;
        found.how[i] = HOW.route;
      }
  }
}

function openMembers(found: Resolution, groups: Groups, head: number): readonly number[] {
  const members: number[] = [];
  for (let i = head; i !== -1; i = groups.next[i]!) if (found.how[i] === HOW.unknown) members.push(i);
  return members;
}

/** Weights of the requests for a group of operations, relative to the largest; gives their sum with what is nobody's. */
function weigh(
  members: readonly number[],
  kinds: Int32Array,
  tokens: TokensOf,
  mixture: Mixture,
  requests: Int32Array,
  count: number,
  weights: Float64Array,
): number {
  weights.fill(0, 0, count);
  let outside = 0;
  for (const mark of members) {
    const kind = kinds[mark]!;
    mixture.weigh(kind, tokens(mark), requests, count, weights);
    outside += Math.log(mixture.outsideRate(kind));
  }
  let most = outside;
  for (let i = 0; i < count; i++) most = Math.max(most, weights[i]!);
  if (most === Number.NEGATIVE_INFINITY) return 0;
  let total = Math.exp(outside - most);
  for (let i = 0; i < count; i++) {
    weights[i] = Math.exp(weights[i]! - most);
    total += weights[i]!;
  }
  return total;
}
