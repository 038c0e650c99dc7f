/**
 * The scheduler contract. The runner owns the loop and everything that touches the world; a strategy is an oracle of three
 * questions that sees nothing but what it is shown:
 *
 * ```
 * while ((plan = strategy.next()) !== null) {          // is another execution wanted?
 *   reset the world, start the actors
 *   for (;;) {
 *     wait for quiescence
 *     if no step is enabled: break
 *     choice = strategy.choose({ enabled, pending })   // which step is released?
 *     if choice.kind is not 'release': break           // 'stop': judge as it stands; 'cut': drain and do not judge
 *     release the step
 *   }
 *   strategy.ended({ ending, pending, stale })         // what came of it
 * }
 * ```
 *
 * What a runner must keep for the reduction (dpor.ts) to be sound:
 *
 * 1. *Quiescence.* A choice point is shown only when nothing moves any more: every consequence of the last release that
 *    needs no further release has happened and is in `enabled` and `pending`.
 * 2. *Determinism.* After the same steps the same steps are enabled, with equal labels, footprints and ids; steps that
 *    do not conflict may change places without changing that. Two steps of which each alone would bring about the same
 *    third step must conflict.
 * 3. *Footprints.* A step's footprint covers all that it reads, writes, locks or waits for, and all that its own failure
 *    would undo. When in doubt, the whole store.
 * 4. *Blocking.* A step that waits for a lock is enabled nonetheless. Releasing it is a choice like any other: what it
 *    does at once (its snapshot, its place in the queue) happens there. It then stands in `pending` until another step
 *    lets it go; its effect belongs to the release that woke it, and that release's event is also an event of the woken
 *    actor. So the step that frees a lock must write what the waiting step's footprint names as the lock, and no pending
 *    step completes by itself (a timeout is a fault, offered as one).
 * 5. *No step of one actor takes an enabled step of another away.* Only a fault may, of the actor it strikes.
 * 6. *Faults.* A fault with the actor and ordinal of an enabled step is a variant of that step: it is released in its place.
 *    Any other fault (a key expires; a waiting actor crashes) is offered from the moment it could happen until a
 *    conflicting step takes it away, the end of the execution included: the runner asks once more when only faults are
 *    left, and is told to stop. Faults beyond the budget are ignored by the strategy, so the runner may offer them always.
 */
import type { Footprint } from './footprint.ts';

/** `reader#3`; a fault adds its kind: `reader#3!crash`. Unique within an execution, equal in every execution. */
export type StepId = string;

export const FAULT_KINDS = [
  'crash',
  'reset',
  'reply-lost',
  'error',
  'delay',
  'expire',
  'evict',
  'empty',
] as const;

/** crash: the actor's process is killed. reset: the connection ends before the message took effect. reply-lost: it ends
 * after. error: an error reply. delay: the reply comes after the client's timeout. expire, evict, empty: one key's time to
 * live ends, one key is evicted, Redis loses everything. */
export type FaultKind = (typeof FAULT_KINDS)[number];

/** One thing that can be let happen now. */
export interface Step {
  /** Name of the actor. For a fault of the surroundings the name of what it strikes, e.g. `redis:0:item:1`; no actor has it. */
  readonly actor: string;
  /** Counts the actor's messages from 1. Messages in flight at once are numbered by label, never by time of arrival. */
  readonly ordinal: number;
  /** What a person reads, free of random content: `GET item:1`, `COMMIT`. */
  readonly label: string;
  readonly footprint: Footprint;
  readonly fault?: FaultKind;
  /** Of a fault that keeps a message from its store: what the message would have touched. For people; no order depends on it. */
  readonly meant?: Footprint;
}

export interface ChoicePoint {
  /** Steps that can be released, in any order. */
  readonly enabled: readonly Step[];
  /** Steps that were released and have not completed. */
  readonly pending: readonly StepId[];
}

/** `redundant`: everything from here on is seen elsewhere. `bound`: it lies beyond a bound that was asked for. `diverged`: the
 * prefix did not replay. */
export type CutReason = 'redundant' | 'bound' | 'diverged';

export type Choice =
  | { readonly kind: 'release'; readonly step: StepId }
  | { readonly kind: 'stop' }
  | { readonly kind: 'cut'; readonly reason: CutReason };

/** How an execution ended. `finished`: all steps done, the oracle was asked. `cut`: as the strategy asked. `limit`: the
 * runner gave up (too many steps, too long, stuck): not judged. `failed`: the world broke; it is tried again. */
export type Ending = 'finished' | 'cut' | 'limit' | 'failed';

export interface Outcome {
  readonly ending: Ending;
  /** Steps that were released and have not completed. */
  readonly pending: readonly StepId[];
  /** The oracle's answer; absent when it was not asked. */
  readonly stale?: boolean;
}

/** An execution that is wanted. */
export interface Plan {
  /** Counts from 1. */
  readonly execution: number;
  /** The steps known already; the strategy answers them in this order, then goes on freely. */
  readonly prefix: readonly StepId[];
  /** 0, or how often this prefix diverged or failed before. */
  readonly attempt: number;
}

export interface Strategy {
  /** The next execution, or null when none is wanted. */
  next(): Plan | null;
  /** Which of the enabled steps to release. Called only between `next` and `ended`. */
  choose(point: ChoicePoint): Choice;
  /** Called exactly once for every plan. */
  ended(outcome: Outcome): void;
}

/** What was found so far. */
export interface Progress {
  /** Executions that were run to their end. */
  readonly executions: number;
  /** Executions that were broken off because the rest is seen elsewhere (sleep-set cuts), or lies beyond a bound. */
  readonly pruned: number;
  /** Distinct Mazurkiewicz traces among the executions: orderings that differ in more than steps without conflict. */
  readonly classes: number;
  readonly stale: number;
  /** Executions whose prefix did not replay, retries included. */
  readonly divergences: number;
  /** Executions still to come, at least; null when nothing can be said. See tally.ts for the method. */
  readonly remaining: number | null;
  /** True only when every ordering was explored and judged. */
  readonly complete: boolean;
  /** Why `complete` is false once no execution is wanted; empty otherwise. */
  readonly gaps: readonly string[];
}

export interface Explorer extends Strategy {
  progress(): Progress;
}

export function stepId(step: Pick<Step, 'actor' | 'ordinal' | 'fault'>): StepId {
  const id = `${step.actor}#${step.ordinal}`;
  return step.fault === undefined ? id : `${id}!${step.fault}`;
}

/** The step that this one is, or is a variant of. */
export function slotOf(step: Pick<Step, 'actor' | 'ordinal'>): string {
  return `${step.actor}#${step.ordinal}`;
}

/** By actor, then ordinal, then the step before its faults: an order that does not depend on time of arrival. */
export function byActor(a: Step, b: Step): number {
  if (a.actor !== b.actor) return a.actor < b.actor ? -1 : 1;
  if (a.ordinal !== b.ordinal) return a.ordinal - b.ordinal;
  return (a.fault ?? '') < (b.fault ?? '') ? -1 : 1;
}
