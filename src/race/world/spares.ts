/**
 * Instances that stand ready for those that a fault will kill: to start a service takes far longer than an execution. A spare is
 * started, behind gates of its own, while executions go on. That changes nothing only where a start touches nothing in the stores.
 * So what a spare says is held; one that wants to say what is not silent is given up, and its actor gets none any more.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Gate } from '../gate/contract.ts';
import type { ActorSpec } from '../scenario/contract.ts';
import type { Instance } from './instance.ts';

/** Pause between two looks whether a spare that starts touches the stores, ms. */
const LOOK_MS = 15;

interface Spare {
  /** Null until its gates are open. */
  instance: Instance | null;
  /** Whether it is of use; never rejects. */
  readonly ready: Promise<boolean>;
}

export class Spares {
  readonly #open: (actor: ActorSpec) => Promise<Instance>;
  readonly #spares = new Map<string, Spare>();
  /** Actors whose service cannot be started beforehand. */
  readonly #refused = new Set<string>();
  #closed = false;

  /** @param open makes an instance that is not started yet, behind gates of its own. */
  constructor(open: (actor: ActorSpec) => Promise<Instance>) {
    this.#open = open;
  }

  /** Gates in front of spares. */
  gates(): readonly Gate[] {
    return [...this.#spares.values()].flatMap(({ instance }) => instance?.gates ?? []);
  }

  /** Begins to start a spare, where there is none and one may be had. */
  prepare(actor: ActorSpec): void {
    const { name } = actor;
    if (this.#closed || this.#refused.has(name) || this.#spares.has(name)) return;
    const spare: Spare = { instance: null, ready: Promise.resolve().then(() => this.#start(actor, spare)) };
    this.#spares.set(name, spare);
  }

  /** An instance of the actor that is ready, its gates open; null: there is none. */
  async take({ name }: ActorSpec): Promise<Instance | null> {
    const spare = this.#spares.get(name);
    if (spare === undefined) return null;
    const ready = await spare.ready;
    const { instance } = spare;
    if (!ready || instance === null || touches(instance) || !instance.running) {
      await this.#refuse(name, spare);
      return null;
    }
    this.#spares.delete(name);
    for (const gate of instance.gates) gate.hold(false);
    return instance;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#spares].map(([name, spare]) => this.#refuse(name, spare)));
  }

  async #refuse(name: string, spare: Spare): Promise<void> {
    this.#refused.add(name);
    await spare.instance?.kill();
    await spare.ready;
    await spare.instance?.kill();
    await Promise.allSettled((spare.instance?.gates ?? []).map((gate) => gate.close()));
    this.#spares.delete(name);
  }

  async #start(actor: ActorSpec, spare: Spare): Promise<boolean> {
    try {
      const instance = await this.#open(actor);
      spare.instance = instance;
      for (const gate of instance.gates) gate.hold(true);
      if (this.#closed) return false;
      const started = instance.start().then(
        () => true,
        () => false,
      );
      for (;;) {
        const done = await Promise.race([started, delay(LOOK_MS, null)]);
        if (touches(instance)) await instance.kill();
        if (done !== null) return done && !touches(instance);
      }
    } catch {
      return false;
    }
  }
}

function touches({ gates }: Instance): boolean {
  return gates.some((gate) => gate.held().length > 0);
}
