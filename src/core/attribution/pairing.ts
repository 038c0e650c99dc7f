/**
 * Pairs spans with what they were made for, one to one, when several fit by time: first what has no choice, again and
 * again; then the cheapest pairs. A pair that could be exchanged with another, or with what is left over (sampled traces, a
 * second service without spans), at little cost is unclear.
 */
import { cheapest } from './cheapest.ts';
import { type Choice, costOf, costsOf, type State, take } from './pairing-state.ts';

export interface Pairing {
  /** For each seeker its target, or -1. */
  readonly paired: Int32Array;
  /** Seekers whose pair has a near rival: it may as well be another. */
  readonly unclear: ReadonlySet<number>;
}

export function pair(choice: Choice): Pairing {
  const state: State = {
    choice,
    left: choice.fitting.map((targets) => [...targets]),
    costs: choice.fitting.map(() => null),
    paired: new Int32Array(choice.fitting.length).fill(-1),
    taken: new Int32Array(choice.targets).fill(-1),
  };
  takeForced(state);
  prune(state);
  takeForced(state);
  for (const component of components(state)) settle(state, component);
  reorder(state);
  return { paired: state.paired, unclear: unclearPairs(state) };
}

/** A pair that is this much dearer than the best of either side is no choice. */
const HOPELESS = 8;

/** Leaves out pairs that both sides have much better choices than. */
function prune({ choice, left, costs, paired }: State): void {
  const best = new Float64Array(choice.targets).fill(Number.POSITIVE_INFINITY);
  for (const [seeker, targets] of left.entries()) {
    if (paired[seeker] !== -1 || targets.length === 0) continue;
    const list = Float64Array.from(targets, (target) => choice.cost(seeker, target));
    costs[seeker] = list;
    for (const [i, target] of targets.entries()) best[target] = Math.min(best[target]!, list[i]!);
  }
  for (const [seeker, targets] of left.entries()) {
    const list = costs[seeker] ?? null;
    if (list === null) continue;
    const least = list.reduce((sum, cost) => Math.min(sum, cost), Number.POSITIVE_INFINITY);
    left[seeker] = targets.filter(
      (target, i) => list[i]! - least < HOPELESS || list[i]! - best[target]! < HOPELESS,
    );
    costs[seeker] = null;
  }
}

/** A seeker with one target takes it, which may leave another with one. */
function takeForced(state: State): void {
  const { choice, left, paired } = state;
  const seekersOf: (number[] | undefined)[] = new Array(choice.targets);
  for (const [seeker, targets] of left.entries()) {
    for (const target of targets) {
      const seekers = seekersOf[target];
      if (seekers === undefined) seekersOf[target] = [seeker];
      else seekers.push(seeker);
    }
  }
  const queue = left.flatMap((targets, seeker) => (targets.length === 1 ? [seeker] : []));
  const costs = new Map(queue.map((seeker) => [seeker, choice.cost(seeker, left[seeker]![0]!)]));
  queue.sort((a, b) => costs.get(a)! - costs.get(b)!);
  for (let i = 0; i < queue.length; i++) {
    const seeker = queue[i]!;
    const [target] = left[seeker]!;
    if (paired[seeker] !== -1 || target === undefined || left[seeker]!.length !== 1) continue;
    take(state, seeker, target);
    for (const other of seekersOf[target] ?? []) {
      if (other === seeker || paired[other] !== -1) continue;
      left[other] = left[other]!.filter((one) => one !== target);
      if (left[other].length === 1) queue.push(other);
    }
  }
}

/** How much dearer pairs in the right order may be. */
const ORDERLY = 12;

/** Exchanges pairs that stand in the wrong order: order is better evidence than times that a busy client stretches. */
function reorder(state: State): void {
  const { choice, left, paired, taken } = state;
  for (let round = 0; round < ROUNDS; round++) {
    let changed = false;
    for (const [seeker, targets] of left.entries()) {
      if (targets.length < 2) continue;
      for (const other of targets) {
        const target = paired[seeker]!;
        const rival = taken[other]!;
        if (target === -1 || other === target || rival === -1) continue;
        if (choice.inOrder([seeker, target], [rival, other]) !== false) continue;
        const exchanged = costOf(state, seeker, other) + costOf(state, rival, target);
        const now = costOf(state, seeker, target) + costOf(state, rival, other);
        if (exchanged - now >= ORDERLY) continue;
        take(state, seeker, other);
        take(state, rival, target);
        changed = true;
      }
    }
    if (!changed) return;
  }
}

/** Pairs that could be exchanged with another, or for what is left over, at little cost. */
function unclearPairs(state: State): ReadonlySet<number> {
  const { choice, left, paired, taken } = state;
  const unclear = new Set<number>();
  for (const [seeker, targets] of left.entries()) {
    const target = paired[seeker]!;
    if (target === -1) {
      for (const wanted of choice.fitting[seeker]!) {
        const holder = taken[wanted]!;
        if (holder === -1) continue;
        if (choice.cost(seeker, wanted) - choice.cost(holder, wanted) < choice.margin) unclear.add(holder);
      }
      continue;
    }
    if (targets.length < 2) continue;
    const own = costOf(state, seeker, target);
    for (const other of targets) {
      if (other === target) continue;
      const rival = taken[other]!;
      const now = rival === -1 ? own : own + costOf(state, rival, other);
      const exchanged = costOf(state, seeker, other) + (rival === -1 ? 0 : costOf(state, rival, target));
      if (exchanged - now >= choice.margin) continue;
      if (rival !== -1 && choice.inOrder([seeker, target], [rival, other]) === true) continue;
      unclear.add(seeker);
      if (rival !== -1) unclear.add(rival);
    }
  }
  return unclear;
}

interface Component {
  readonly seekers: readonly number[];
  readonly targets: readonly number[];
}

/** What is connected by the choices that are left. */
function components({ left, paired, choice }: State): Component[] {
  const root = new Int32Array(choice.targets).map((_, i) => i);
  const find = (at: number): number => {
    let i = at;
    while (root[i] !== i) {
      root[i] = root[root[i]!]!;
      i = root[i]!;
    }
    return i;
  };
  for (const [seeker, targets] of left.entries()) {
    if (paired[seeker] !== -1 || targets.length === 0) continue;
    for (const target of targets) root[find(target)] = find(targets[0]!);
  }
  const found = new Map<number, { seekers: number[]; targets: Set<number> }>();
  for (const [seeker, targets] of left.entries()) {
    if (paired[seeker] !== -1 || targets.length === 0) continue;
    const at = find(targets[0]!);
    const component = found.get(at) ?? { seekers: [], targets: new Set<number>() };
    component.seekers.push(seeker);
    for (const target of targets) component.targets.add(target);
    found.set(at, component);
  }
  return [...found.values()].map(({ seekers, targets }) => ({
    seekers,
    targets: [...targets].sort((a, b) => a - b),
  }));
}

/** What a place in the order costs: it decides only where nothing else does (one batch on one connection). */
const ORDER = 1e-6;

/** Largest component whose cheapest pairs are found exactly; beyond, pairs are exchanged while that makes it cheaper. */
const MAX_EXACT = 150;

/** Rounds of exchanges. */
const ROUNDS = 6;

type Edge = readonly [cost: number, seeker: number, target: number];

function settle(state: State, { seekers, targets }: Component): void {
  const place = new Map(targets.map((target, i) => [target, i]));
  const edges: Edge[] = [];
  for (const [order, seeker] of seekers.entries()) {
    const costs = costsOf(state, seeker);
    for (const [i, target] of state.left[seeker]!.entries())
      edges.push([costs[i]! + Math.abs(order - place.get(target)!) * ORDER, seeker, target]);
  }
  if (Math.max(seekers.length, targets.length) <= MAX_EXACT) takeCheapest(state, seekers, targets, edges);
  else takeGreedily(state, seekers, edges);
}

/** Greedily by cost, then all that can be paired, then exchanges. */
function takeGreedily(state: State, seekers: readonly number[], edges: Edge[]): void {
  const { paired, taken } = state;
  edges.sort((a, b) => a[0] - b[0]);
  for (const [, seeker, target] of edges)
    if (paired[seeker] === -1 && taken[target] === -1) take(state, seeker, target);
  for (const seeker of seekers) if (paired[seeker] === -1) augment(state, seeker, new Set());
  for (let round = 0; round < ROUNDS; round++) {
    let changed = false;
    for (const [, a, wanted] of edges) if (exchange(state, a, wanted)) changed = true;
    if (!changed) return;
  }
}

/** Exchanges two pairs, or a target for a free one, when that is cheaper. */
function exchange(state: State, a: number, wanted: number): boolean {
  const { paired, taken } = state;
  const b = taken[wanted]!;
  const had = paired[a]!;
  if (b === a || had === -1) return false;
  const now = costOf(state, a, had) + (b === -1 ? 0 : costOf(state, b, wanted));
  const exchanged = costOf(state, a, wanted) + (b === -1 ? 0 : costOf(state, b, had));
  if (exchanged >= now - ORDER) return false;
  take(state, a, wanted);
  if (b === -1) taken[had] = -1;
  else take(state, b, had);
  return true;
}

/** Cost of a pair that does not fit. */
const IMPOSSIBLE = 1e6;

/** The cheapest of all ways to pair. */
function takeCheapest(
  state: State,
  seekers: readonly number[],
  targets: readonly number[],
  edges: readonly Edge[],
): void {
  const n = Math.max(seekers.length, targets.length);
  const row = new Map(seekers.map((seeker, i) => [seeker, i]));
  const column = new Map(targets.map((target, i) => [target, i]));
  const cost = new Float64Array(n * n).fill(IMPOSSIBLE);
  for (const [c, seeker, target] of edges) cost[row.get(seeker)! * n + column.get(target)!] = c;
  const chosen = cheapest(cost, n);
  for (const [i, seeker] of seekers.entries()) {
    const at = chosen[i]!;
    if (cost[i * n + at]! < IMPOSSIBLE) take(state, seeker, targets[at]!);
  }
}

/** Targets tried for one seeker. */
const MAX_TRIED = 200;

/** Finds a target for a seeker by giving those in its way another (Kuhn 1955). */
function augment(state: State, seeker: number, tried: Set<number>): boolean {
  const { left, taken } = state;
  for (const target of left[seeker]!) {
    if (tried.has(target) || tried.size >= MAX_TRIED) continue;
    tried.add(target);
    const holder = taken[target]!;
    if (holder !== -1 && !(left[holder]!.length > 1 && augment(state, holder, tried))) continue;
    take(state, seeker, target);
    return true;
  }
  return false;
}
