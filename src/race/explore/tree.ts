/**
 * The tree of choice points that the exploration grows. A node is a choice point, a branch a step that is to be released
 * there. Branches wait in a queue; a node whose branches are all done is forgotten, so that what is kept is the rim of the
 * exploration and not its whole.
 */
import { type Step, type StepId, slotOf } from './contract.ts';
import type { Sighting } from './divergence.ts';
import type { StepEvent } from './trace.ts';

export interface Node {
  readonly parent: Branch | null;
  readonly depth: number;
  /** Actor of the step that led here. */
  readonly actor: string | null;
  /** Switches of actor on the way here. */
  readonly switches: number;
  /** Faults on the way here. */
  readonly faults: number;
  /** Everything on offer: what a replay must show again. */
  readonly sighting: Sighting;
  /** What may be chosen: what is on offer, less the faults beyond the budget. In order of `byActor`. */
  readonly choices: ReadonlyMap<StepId, Step>;
  /** Steps whose continuations are explored elsewhere, with the event that was seen there. */
  readonly sleep: ReadonlyMap<StepId, StepEvent>;
  readonly branches: Map<StepId, Branch>;
  /** The branches in the order in which their exploration began. */
  readonly started: Branch[];
  /** Branches not done. */
  live: number;
}

export interface Branch {
  readonly node: Node;
  readonly id: StepId;
  readonly step: Step;
  /** What its release was seen to do. */
  event: StepEvent | null;
  child: Node | null;
  /** new: found by the execution under way; waiting: in the queue. */
  state: 'new' | 'waiting' | 'started' | 'done';
}

/** In which order waiting branches are taken. `switches`: fewest switches of actor first, so that the first counterexample
 * is a simple one. `depth`: depth first, which keeps the least in memory. */
export type Order = 'switches' | 'depth';

/** Waiting branches, cheapest first; among equals the latest. */
export class Queue {
  readonly #buckets = new Map<number, Branch[]>();
  readonly #order: Order;

  constructor(order: Order) {
    this.#order = order;
  }

  push(branch: Branch): void {
    const cost = this.#cost(branch);
    const bucket = this.#buckets.get(cost);
    if (bucket === undefined) this.#buckets.set(cost, [branch]);
    else bucket.push(branch);
  }

  /** The one that comes next. */
  get first(): Branch | null {
    return this.#cheapest?.[1].at(-1) ?? null;
  }

  pop(): Branch | null {
    const cheapest = this.#cheapest;
    if (cheapest === null) return null;
    const [cost, bucket] = cheapest;
    const branch = bucket.pop()!;
    if (bucket.length === 0) this.#buckets.delete(cost);
    return branch;
  }

  get #cheapest(): readonly [cost: number, bucket: Branch[]] | null {
    if (this.#buckets.size === 0) return null;
    const cost = Math.min(...this.#buckets.keys());
    return [cost, this.#buckets.get(cost)!];
  }

  get empty(): boolean {
    return this.#buckets.size === 0;
  }

  #cost({ node, step }: Branch): number {
    return this.#order === 'depth' ? -node.depth : switchesInto(node, step);
  }
}

/** Switches on the way through `node` to `step`. The first step is none. */
export function switchesInto(node: Node, step: Step): number {
  return node.switches + (node.actor === null || node.actor === step.actor ? 0 : 1);
}

/** Adds a branch unless it is there or asleep. */
export function addBranch(node: Node, id: StepId): void {
  const step = node.choices.get(id);
  if (step === undefined || node.branches.has(id) || node.sleep.has(id)) return;
  const branch: Branch = { node, id, step, event: null, child: null, state: 'new' };
  node.branches.set(id, branch);
  node.live++;
}

/** Adds a step with all its variants, its outcomes under a fault: exploring one of them asks for all. */
export function addSlot(node: Node, slot: string): void {
  for (const [id, step] of node.choices) if (slotOf(step) === slot) addBranch(node, id);
}

/** From now on later siblings sleep for it. */
export function begin(branch: Branch): void {
  branch.state = 'started';
  branch.node.started.push(branch);
}

/** Marks a branch done and forgets the nodes above that have nothing left to do. */
export function finishBranch(branch: Branch): void {
  let at: Branch | null = branch;
  while (at !== null && at.state !== 'done') {
    at.state = 'done';
    at.child = null;
    at.node.live--;
    at = at.node.live === 0 ? at.node.parent : null;
  }
}

/** The branches from the root to this one. */
export function pathTo(branch: Branch): Branch[] {
  const path: Branch[] = [];
  for (let at: Branch | null = branch; at !== null; at = at.node.parent) path.push(at);
  return path.reverse();
}

/** Share of the tree below a node that is done, when every branch known of a node weighs the same. */
export function doneShare(node: Node): number {
  if (node.branches.size === 0) return 1;
  let sum = 0;
  for (const { state, child } of node.branches.values()) {
    if (state === 'done') sum += 1;
    else if (state === 'started' && child !== null) sum += doneShare(child);
  }
  return sum / node.branches.size;
}
