/**
 * What is on offer: held messages become numbered steps, with the faults that can strike them. Numbers depend on what an
 * actor did and on nothing else: messages that are seen first at the same choice point are numbered by label, never by time
 * of arrival.
 */
import { type FaultKind, type Step, type StepId, stepId } from '../explore/contract.ts';
import { type Footprint, footprintKey } from '../explore/footprint.ts';
import type { Gate, HeldMessage, Release } from '../gate/contract.ts';
import { coarsened } from '../meaning/mask.ts';

/** Faults that strike a message of an actor. */
const OF_MESSAGES: readonly FaultKind[] = ['crash', 'reset', 'reply-lost', 'error', 'delay'];

/** Of these, the ones under which the message reaches its store. */
const SENT: readonly FaultKind[] = ['reply-lost', 'delay'];

/** A step with the message it stands for. */
export interface Offer {
  readonly step: Step;
  readonly gate: Gate;
  readonly message: HeldMessage;
}

export class Board {
  readonly #gates: () => readonly Gate[];
  readonly #faults: readonly FaultKind[];
  readonly #numbers = new Map<number, Step>();
  readonly #others = new Map<object, Step>();
  readonly #counts = new Map<string, number>();

  constructor(gates: () => readonly Gate[], faults: readonly FaultKind[]) {
    this.#gates = gates;
    this.#faults = faults.filter((kind) => OF_MESSAGES.includes(kind));
  }

  /** Everything that is held now. To be called when nothing moves. */
  offers(): readonly Offer[] {
    const held = this.#gates().flatMap((gate) => gate.held().map((message) => ({ gate, message })));
    this.#number(held.map(({ message }) => message));
    return held.flatMap(({ gate, message }) => {
      const step = this.#numbers.get(message.id)!;
      return [{ step, gate, message }, ...this.#struck(step, gate, message)];
    });
  }

  /** A step of the actor that is no message, e.g. that its response came. `of` tells it from others. */
  other(of: object, actor: string, label: string, footprint: Footprint): Step {
    const known = this.#others.get(of);
    if (known !== undefined) return known;
    const step: Step = { actor, ordinal: this.#next(actor), label, footprint };
    this.#others.set(of, step);
    return step;
  }

  #next(actor: string): number {
    const ordinal = (this.#counts.get(actor) ?? 0) + 1;
    this.#counts.set(actor, ordinal);
    return ordinal;
  }

  /** Steps that were released and have not been answered. */
  pending(): readonly StepId[] {
    return this.#gates()
      .flatMap((gate) => gate.unanswered())
      .flatMap(({ id }) => {
        const step = this.#numbers.get(id);
        return step === undefined ? [] : [stepId(step)];
      })
      .sort();
  }

  #number(messages: readonly HeldMessage[]): void {
    const fresh = messages.filter(({ id }) => !this.#numbers.has(id));
    const text = ({ meaning }: HeldMessage) => `${meaning.label}\n${footprintKey(meaning.footprint)}`;
    const sorted = fresh
      .map((message) => ({ message, text: text(message) }))
      .sort((a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : a.message.id - b.message.id));
    for (const { message } of sorted) {
      const { actor, meaning } = message;
      this.#numbers.set(message.id, {
        actor,
        ordinal: this.#next(actor),
        label: meaning.label,
        // Names with random parts differ from execution to execution; what stands for them covers them.
        footprint: coarsened(meaning.footprint),
      });
    }
  }

  /** A message of the server, and the end of a connection, are struck by nothing but the end of the process; a reply is not even by
   * that: a process that ends before its next message has lost what it did with the reply. */
  #struck(step: Step, gate: Gate, message: HeldMessage): Offer[] {
    if (message.kind === 'reply') return [];
    const kinds = message.kind === 'message' ? this.#faults : this.#faults.filter((kind) => kind === 'crash');
    return kinds.map((fault) => ({
      gate,
      message,
      step: {
        ...step,
        fault,
        meant: step.footprint,
        footprint: [
          ...(SENT.includes(fault) ? step.footprint : []),
          ...coarsened(this.#brokenBy(fault, gate, message)),
        ],
      },
    }));
  }

  /** What breaks along with the message: transactions are rolled back, their locks freed. */
  #brokenBy(fault: FaultKind, gate: Gate, message: HeldMessage): Footprint {
    if (fault === 'crash') {
      return this.#gates()
        .filter(({ actor }) => actor === gate.actor)
        .flatMap((each) => each.closing());
    }
    return fault === 'reset' || fault === 'reply-lost' ? gate.closing(message.session) : [];
  }
}

/** How the gate lets a message go that this fault strikes. */
export function releaseOf(fault: FaultKind | undefined): Release {
  switch (fault) {
    case 'reset':
    case 'reply-lost':
    case 'error':
    case 'delay':
      return fault;
    default:
      return 'forward';
  }
}
