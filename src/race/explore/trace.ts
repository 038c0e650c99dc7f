/**
 * The happens-before relation of one execution, its races, and its class.
 *
 * An event is a released step together with what it woke. Event i happens before j when i came first and the two share an
 * actor, or conflict, or i is what made j's step appear; and transitively. Executions with the same relation are the same
 * Mazurkiewicz trace: one is the other with steps without conflict exchanged.
 */
import { addBits, type Bits, emptyBits, hasBit, setBit } from './bits.ts';
import type { Step, StepId } from './contract.ts';
import { conflict, type Footprint, footprintKey } from './footprint.ts';

export interface StepEvent {
  readonly id: StepId;
  readonly step: Step;
  /** The step's actor and those of the steps it woke. */
  readonly actors: readonly string[];
  /** The step's footprint and those of the steps it woke. */
  readonly footprint: Footprint;
  /** `footprintKey(footprint)`. */
  readonly touches: string;
  /** Steps of other actors that waited and were let go. */
  readonly woke: readonly StepId[];
  /** Index of the event after which the step was offered without a break until its release; -1: from the start. */
  readonly enabler: number;
  /** True when the step did not complete at its release. */
  readonly blocked: boolean;
}

/** An event of a step as it is offered, before anything is known of what it wakes. */
export function offeredEvent(step: Step, id: StepId): StepEvent {
  const { actor, footprint } = step;
  const touches = footprintKey(footprint);
  return { id, step, actors: [actor], footprint, touches, woke: [], enabler: -1, blocked: false };
}

/** Pairs of footprints remembered at most; then the memory starts anew. */
const REMEMBERED_PAIRS = 200_000;

/** Tells whether two events may not change places; remembers pairs of footprints. */
export type Dependence = (a: StepEvent, b: StepEvent) => boolean;

export function createDependence(): Dependence {
  const conflicts = new Map<string, boolean>();
  return (a, b) => {
    if (a.actors.some((actor) => b.actors.includes(actor))) return true;
    if (a.touches === '' || b.touches === '') return false;
    const pair = a.touches < b.touches ? `${a.touches}\n\n${b.touches}` : `${b.touches}\n\n${a.touches}`;
    let known = conflicts.get(pair);
    if (known === undefined) {
      if (conflicts.size >= REMEMBERED_PAIRS) conflicts.clear();
      known = conflict(a.footprint, b.footprint);
      conflicts.set(pair, known);
    }
    return known;
  };
}

export interface Trace {
  readonly events: readonly StepEvent[];
  /** Row j: all events that happen before event j. */
  readonly before: readonly Bits[];
  /** Row j: those of them with no event in between, latest first. */
  readonly direct: readonly (readonly number[])[];
}

export function traceOf(events: readonly StepEvent[], dependent: Dependence): Trace {
  const before: Bits[] = [];
  const direct: number[][] = [];
  for (const [j, event] of events.entries()) {
    const row = emptyBits(events.length);
    const nearest: number[] = [];
    for (let i = j - 1; i >= 0; i--) {
      if (hasBit(row, i)) continue;
      if (i !== event.enabler && !dependent(events[i]!, event)) continue;
      nearest.push(i);
      setBit(row, i);
      addBits(row, before[i]!);
    }
    before.push(row);
    direct.push(nearest);
  }
  return { events, before, direct };
}

/**
 * The events that race with event j and could as well have come after it: they happen directly before it, and the step of j
 * was on offer without them.
 */
export function racesOf(trace: Trace, j: number): readonly number[] {
  const { enabler } = trace.events[j]!;
  return trace.direct[j]!.filter((i) => i !== enabler);
}

/**
 * For the race of i and j: the events that can come first when i is to come after j, as indices. These are the minimal
 * elements of *notdep(i)·j*, the events after i that do not happen after i, followed by j (Abdulla, Aronis, Jonsson and
 * Sagonas, "Source Sets: A Foundation for Optimal Dynamic Partial Order Reduction", JACM 64(4), 2017: the initials).
 */
export function initialsOf(trace: Trace, i: number, j: number): readonly number[] {
  const sequence: number[] = [];
  for (let k = i + 1; k < j; k++) if (!hasBit(trace.before[k]!, i)) sequence.push(k);
  sequence.push(j);
  return sequence.filter((k) => !sequence.some((earlier) => hasBit(trace.before[k]!, earlier)));
}

/** A text that two executions share exactly when they are the same Mazurkiewicz trace. */
export function classOf(trace: Trace): string {
  const ids = trace.events.map(({ id, blocked }) => (blocked ? `${id}…` : id));
  return trace.direct
    .map(
      (nearest, j) =>
        `${ids[j]}<${nearest
          .map((i) => ids[i])
          .sort()
          .join(',')}`,
    )
    .sort()
    .join(';');
}

/** Places where the actor changes. */
export function switchesOf(actors: readonly string[]): number {
  return actors.reduce((count, actor, at) => (at > 0 && actor !== actors[at - 1] ? count + 1 : count), 0);
}
