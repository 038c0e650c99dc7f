/**
 * Stateless exploration with source-set dynamic partial order reduction and sleep sets: P. A. Abdulla, S. Aronis,
 * B. Jonsson, K. Sagonas, "Source Sets: A Foundation for Optimal Dynamic Partial Order Reduction", JACM 64(4), 2017, the
 * algorithm Source-DPOR. Of all orderings that differ only in steps without conflict at least one is run, and never two
 * are run to their end; some are begun and broken off (`pruned`), because source sets, unlike wakeup trees, do not say how
 * a reversed race goes on after its first step.
 *
 * What is different here, and why it may be:
 *
 * - A "process" of the paper is a single step (actor and ordinal). An actor may so have several steps on offer at once;
 *   the order in which one actor's steps appear is kept by happens-before.
 * - Nothing blocks: waiting for a lock is a step that can be taken (contract.ts, 4). So no step disables another's, which
 *   is the setting in which the algorithm is proved.
 * - A fault with the slot of a step is a nondeterministic outcome of that step: wherever the step is explored, so are its
 *   faults. Any other fault is a step that need not happen: it is explored at the last choice point where it is on offer,
 *   and before every step that conflicts with it; the races found there bring about its earlier places.
 * - Branches are taken in the order of fewest switches, not depth first. A branch sleeps for the siblings that began
 *   before it. What is covered follows from the finished tree, by induction over the order in which siblings began; the
 *   order between subtrees does not enter.
 */
import type { Choice, ChoicePoint, Explorer, Outcome, Plan, Progress } from './contract.ts';
import { type Divergence, differs } from './divergence.ts';
import { Recorder } from './recorder.ts';
import { learnFrom } from './reversal.ts';
import { arriveAt, isRedundant, select } from './selection.ts';
import { Tally } from './tally.ts';
import { createDependence, offeredEvent, traceOf } from './trace.ts';
import { type Branch, begin, doneShare, finishBranch, type Node, type Order, pathTo, Queue } from './tree.ts';

export interface DporOptions {
  /** Executions begun at most, those broken off and those tried again included. */
  readonly executions: number;
  /** Faults per execution at most; 0 explores none. */
  readonly faults: number;
  /** How often a prefix that does not replay is tried again. */
  readonly retries: number;
  readonly order: Order;
  /** False switches the sleep sets off, for checking them: then equivalent orderings are run more than once. */
  readonly sleep: boolean;
}

export const DPOR_DEFAULTS: DporOptions = {
  executions: 20_000,
  faults: 1,
  retries: 3,
  order: 'switches',
  sleep: true,
};

export function createDpor(options: Partial<DporOptions> = {}): Explorer {
  return new Dpor({ ...DPOR_DEFAULTS, ...options });
}

class Dpor implements Explorer {
  readonly #options: DporOptions;
  readonly #queue: Queue;
  readonly #tally = new Tally();
  readonly #dependent = createDependence();
  #root: Node | null = null;
  /** Why no further execution is wanted, or null. */
  #over: 'explored' | 'budget' | 'lost' | null = null;
  #attempt = 0;

  // The execution under way.
  #running = false;
  /** The branch that this execution is to explore; null in the first. */
  #target: Branch | null = null;
  #plan: readonly Branch[] = [];
  #path: Branch[] = [];
  #recorder = new Recorder();
  /** The choice point at which nothing was released. */
  #last: Node | null = null;
  #cut = false;
  #divergence: Divergence | null = null;

  constructor(options: DporOptions) {
    this.#options = options;
    this.#queue = new Queue(options.order);
  }

  next(): Plan | null {
    if (this.#running) throw new Error('the execution under way has not ended');
    if (this.#over !== null) return null;
    const fresh = this.#attempt === 0 && this.#root !== null;
    if (fresh) this.#passOverRedundant();
    if (fresh && this.#queue.empty) this.#over = 'explored';
    else if (this.#tally.runs >= this.#options.executions) this.#over = 'budget';
    if (this.#over !== null) return null;
    if (fresh) this.#begin(this.#queue.pop());
    this.#running = true;
    this.#path = [];
    this.#recorder = new Recorder();
    this.#last = null;
    this.#cut = false;
    this.#divergence = null;
    return {
      execution: this.#tally.runs + 1,
      prefix: this.#plan.map(({ id }) => id),
      attempt: this.#attempt,
    };
  }

  choose(point: ChoicePoint): Choice {
    this.#recorder.observe(point);
    const node = this.#arrive(point);
    if (node === null) return { kind: 'cut', reason: 'diverged' };
    const branch = this.#plan[this.#path.length] ?? this.#first(node);
    if (branch === null) {
      this.#last = node;
      this.#cut = [...node.choices.values()].some((step) => step.fault === undefined);
      return this.#cut ? { kind: 'cut', reason: 'redundant' } : { kind: 'stop' };
    }
    this.#path.push(branch);
    this.#recorder.release(branch.id);
    return { kind: 'release', step: branch.id };
  }

  ended(outcome: Outcome): void {
    this.#running = false;
    this.#recorder.finish(outcome.pending);
    this.#noteEvent();
    const short = this.#path.length < this.#plan.length;
    if (this.#divergence === null && (short || outcome.ending === 'failed')) {
      const known = this.#plan[this.#path.length]?.node.sighting;
      const missing = short && known ? [...known.steps].map(([id, step]) => `${id} ${step.label}`) : [];
      const failed = outcome.ending === 'failed';
      const prefix = this.#path.map(({ id }) => id);
      this.#divergence = { prefix, missing, unexpected: [], changed: [], pendingDiffers: false, failed };
    }
    if (this.#divergence !== null) this.#failed(this.#divergence);
    else this.#succeeded(outcome);
  }

  progress(): Progress {
    const explored = this.#over === 'explored';
    const waiting =
      this.#over === 'budget'
        ? `the budget of ${this.#options.executions} executions is spent`
        : 'the exploration was ended early';
    const share = explored ? 1 : this.#root === null ? null : doneShare(this.#root);
    return this.#tally.progress(share, explored, waiting);
  }

  /** Takes branches out of the queue of which it is known, without running them, that they would be broken off at once. */
  #passOverRedundant(): void {
    for (;;) {
      const branch = this.#queue.first;
      if (branch === null || !isRedundant(branch, this.#options, this.#dependent)) return;
      this.#queue.pop();
      begin(branch);
      branch.event = offeredEvent(branch.step, branch.id);
      this.#tally.pruned++;
      finishBranch(branch);
    }
  }

  #begin(branch: Branch | null): void {
    this.#target = branch;
    this.#plan = branch === null ? [] : pathTo(branch);
    if (branch !== null) begin(branch);
  }

  /** The node of this choice point, known or new; null when it is not what it was before. */
  #arrive(point: ChoicePoint): Node | null {
    this.#noteEvent();
    const parent = this.#path.at(-1) ?? null;
    const known = parent === null ? this.#root : parent.child;
    if (known !== null) {
      this.#divergence = differs(
        this.#path.map(({ id }) => id),
        known.sighting,
        point,
      );
      return this.#divergence === null ? known : null;
    }
    const node = arriveAt(parent, point, this.#options, this.#dependent);
    if (parent === null) this.#root = node;
    else parent.child = node;
    return node;
  }

  #first(node: Node): Branch | null {
    const branch = select(node);
    if (branch !== null) begin(branch);
    return branch;
  }

  #noteEvent(): void {
    const branch = this.#path.at(-1);
    const event = this.#recorder.events[this.#path.length - 1];
    if (branch !== undefined && event !== undefined) branch.event ??= event;
  }

  #succeeded(outcome: Outcome): void {
    this.#attempt = 0;
    if (this.#root === null) this.#over = 'explored'; // nothing was ever on offer
    const trace = traceOf(this.#recorder.events, this.#dependent);
    if (this.#cut) this.#tally.pruned++;
    else this.#tally.finished(outcome, trace);
    if (outcome.ending === 'cut' && !this.#cut) this.#tally.gap('executions were broken off by the runner');
    const from = Math.max(this.#plan.length - 1, 0);
    const { faults } = this.#options;
    learnFrom({ trace, path: this.#path, last: this.#last, from, faults }, this.#dependent, this.#tally);
    this.#enqueue();
    const leaf = this.#path.at(-1);
    if (leaf !== undefined && (leaf.child === null || leaf.child.live === 0)) finishBranch(leaf);
  }

  /** Queues what was added along the path. Only now: what a failed execution adds below its target is forgotten. */
  #enqueue(): void {
    const nodes = this.#path.map(({ node }) => node);
    if (this.#last !== null) nodes.push(this.#last);
    for (const node of nodes) {
      for (const branch of node.branches.values()) {
        if (branch.state !== 'new') continue;
        branch.state = 'waiting';
        this.#queue.push(branch);
      }
    }
  }

  #failed(divergence: Divergence): void {
    this.#tally.diverged(divergence);
    const target = this.#target;
    if (target === null) this.#root = null;
    else {
      target.child = null;
      target.event = null;
    }
    if (this.#attempt++ < this.#options.retries) return;
    this.#attempt = 0;
    this.#tally.unresolved(divergence);
    if (target === null) this.#over = 'lost';
    else finishBranch(target);
  }
}
