/**
 * Waiting until everything that needs no choice has happened: replies have arrived, instances sleep, the next requests are sent,
 * and what is still unanswered is known to wait for a lock or for another's message.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Gate } from '../gate/contract.ts';
import type { ActorSpec } from '../scenario/contract.ts';
import type { Flight, World } from '../world/contract.ts';

export const SETTLE_LIMITS = {
  /** Time a store has for an answer before it is asked whether the message waits for a lock, ms. */
  answerMs: 2,
  /** Pause between two questions about a message that is neither answered nor waiting, ms. */
  slowMs: 5,
  /** How long an actor may stay without a message on its way before it is taken to wait for others, ms: longer than the pauses that
   * services make between two attempts. */
  timerMs: 500,
  /** How long a client is given to give up on a reply that is held back, ms. */
  delayMs: 6_000,
} as const;

/** Commands that wait in Redis until something comes, or their time is up. */
const BLOCKING = /^(?:B[LRZ]\w*|WAIT|WAITAOF|XREAD\w*)\b/;

export type Settled = 'quiet' | 'limit';

export class Settling {
  readonly #world: World;
  readonly #actors: readonly ActorSpec[];
  readonly #isOver: (actor: string) => boolean;
  readonly #label: (id: number) => string;
  /** Situations in which an actor was found to wait for others: the wait is not made again in the same place. */
  readonly #waiters: Set<string>;
  readonly #goesOn: (last: Flight) => boolean;

  constructor(
    world: World,
    options: {
      /** Actors whose process was killed send nothing more. */
      readonly isOver: (actor: string) => boolean;
      readonly label: (id: number) => string;
      readonly waiters: Set<string>;
      /** Whether the actor may send its next request after this one. */
      readonly goesOn: (last: Flight) => boolean;
    },
  ) {
    this.#world = world;
    this.#actors = world.scenario.actors;
    this.#isOver = options.isOver;
    this.#label = options.label;
    this.#waiters = options.waiters;
    this.#goesOn = options.goesOn;
  }

  /** @param place names what has happened so far, equal in every execution that came here the same way. */
  async settle(until: number, place: (actor: string) => string): Promise<Settled> {
    for (;;) {
      const left = until - performance.now();
      if (left <= 0 || !(await this.#world.quiet(left))) return 'limit';
      if (this.#sendNext()) continue;
      if (!(await this.#allWaiting())) continue;
      const idle = this.#idle().filter((actor) => !this.#waiters.has(`${actor}\n${place(actor)}`));
      if (idle.length === 0) return 'quiet';
      if (await this.#moves(Math.min(SETTLE_LIMITS.timerMs, left))) continue;
      for (const actor of idle) this.#waiters.add(`${actor}\n${place(actor)}`);
    }
  }

  #flightsOf(actor: string): readonly Flight[] {
    return this.#world.flights().filter((flight) => flight.actor === actor);
  }

  /** Sends the next request of every actor whose last one was answered. */
  #sendNext(): boolean {
    let sent = false;
    for (const { name, requests } of this.#actors) {
      const flights = this.#flightsOf(name);
      const underWay = flights.some(({ reply }) => reply === null);
      if (underWay || flights.length >= requests.length || this.#isOver(name)) continue;
      if (!flights.every(this.#goesOn)) continue;
      this.#world.send(name);
      sent = true;
    }
    return sent;
  }

  /** Whether everything unanswered waits for a lock, or for what another actor may do. False: look again. */
  async #allWaiting(): Promise<boolean> {
    const gates = this.#world.gates;
    const open = gates.flatMap((gate) => gate.unanswered());
    if (open.length === 0) return true;
    const before = activity(gates);
    const pids = open.flatMap(({ backendPid }) => (backendPid === null ? [] : [backendPid]));
    const blocked = pids.length === 0 ? new Map() : await this.#world.blocked(pids);
    if (activity(gates) !== before) return false;
    const busy = open.filter(
      ({ id, backendPid }) =>
        !(backendPid === null ? BLOCKING.test(this.#label(id)) : blocked.has(backendPid)),
    );
    if (busy.length === 0) return true;
    await this.#moves(SETTLE_LIMITS.slowMs);
    return false;
  }

  /** Actors with a request on its way and no message that is held or unanswered: a timer of theirs, or another's doing. */
  #idle(): string[] {
    return this.#actors.flatMap(({ name }) => {
      if (!this.#flightsOf(name).some(({ reply }) => reply === null)) return [];
      const own = this.#world.gates.filter(({ actor }) => actor === name);
      const messages = own.flatMap((gate) => [...gate.held(), ...gate.unanswered()]);
      return messages.length === 0 ? [name] : [];
    });
  }

  /** Whether anything moves within the time. */
  async #moves(ms: number): Promise<boolean> {
    const gates = this.#world.gates;
    const seen = activity(gates);
    const replies = () => this.#world.flights().filter(({ reply }) => reply !== null).length;
    const replied = replies();
    const until = performance.now() + ms;
    while (performance.now() < until) {
      await delay(1);
      if (activity(gates) !== seen || replies() !== replied) return true;
    }
    return false;
  }
}

function activity(gates: readonly Gate[]): number {
  return gates.reduce((sum, gate) => sum + gate.activity(), 0);
}
