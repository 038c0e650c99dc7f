/** Follows one execution through its choice points and makes events of it. */
import { type ChoicePoint, type Step, type StepId, stepId } from './contract.ts';
import { footprintKey } from './footprint.ts';
import type { StepEvent } from './trace.ts';

interface Released {
  readonly step: Step;
  readonly id: StepId;
  readonly enabler: number;
}

export class Recorder {
  readonly events: StepEvent[] = [];
  /** Of each step on offer, the event after which it appeared. */
  #offered = new Map<StepId, number>();
  #steps = new Map<StepId, Step>();
  #pending: readonly StepId[] = [];
  #last: Released | null = null;

  /** To be called with every choice point, before the choice. */
  observe(point: ChoicePoint): void {
    this.#complete(point.pending);
    const offered = new Map<StepId, number>();
    for (const step of point.enabled) {
      const id = stepId(step);
      offered.set(id, this.#offered.get(id) ?? this.events.length - 1);
      this.#steps.set(id, step);
    }
    this.#offered = offered;
  }

  /** To be called with the choice; the step is one of those shown last. */
  release(id: StepId): void {
    const step = this.#steps.get(id);
    if (step === undefined) throw new RangeError(`${id} was never offered`);
    this.#last = { step, id, enabler: this.#offered.get(id) ?? -1 };
  }

  /** To be called when the execution ended. */
  finish(pending: readonly StepId[]): void {
    this.#complete(pending);
  }

  #complete(pending: readonly StepId[]): void {
    const last = this.#last;
    if (last !== null) {
      const woken = this.#pending.filter((id) => !pending.includes(id)).map((id) => this.#steps.get(id)!);
      const others = woken.filter((step) => step.actor !== last.step.actor);
      const footprint = [last.step.footprint, ...woken.map((step) => step.footprint)].flat();
      this.events.push({
        id: last.id,
        step: last.step,
        actors: [...new Set([last.step.actor, ...woken.map((step) => step.actor)])],
        footprint,
        touches: footprintKey(footprint),
        woke: others.map((step) => stepId(step)),
        enabler: last.enabler,
        blocked: pending.includes(last.id),
      });
    }
    this.#last = null;
    this.#pending = pending;
  }
}
