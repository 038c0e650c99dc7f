/** What the connections of one gate share. */
import { ANYTHING } from '../explore/footprint.ts';
import type { Gate, GateEvents, GateStore, Meaning } from './contract.ts';

export type Unanswered = ReturnType<Gate['unanswered']>[number];

/** Meaning of a message whose reader failed. */
export const UNREAD: Meaning = {
  silent: false,
  label: 'a message that was not understood',
  footprint: ANYTHING,
};

export interface YardOptions {
  readonly actor: string;
  readonly store: GateStore;
  readonly clock: () => number;
  readonly ids: () => number;
  readonly events: GateEvents;
  readonly degrade: (code: string, text: string) => void;
  readonly holdsReplies: () => boolean;
}

export class Yard {
  readonly actor: string;
  readonly store: GateStore;
  readonly clock: () => number;
  readonly ids: () => number;
  readonly degrade: (code: string, text: string) => void;
  readonly holdsReplies: () => boolean;
  readonly #events: GateEvents;
  holding = false;
  activity = 0;
  #told = false;

  constructor({ actor, store, clock, ids, events, degrade, holdsReplies }: YardOptions) {
    this.actor = actor;
    this.store = store;
    this.clock = clock;
    this.ids = ids;
    this.degrade = degrade;
    this.holdsReplies = holdsReplies;
    this.#events = events;
  }

  /** Something came or went. It is told once the work at hand is done, so that whoever listens finds everything in place. */
  touch(): void {
    this.activity++;
    if (this.#told) return;
    this.#told = true;
    queueMicrotask(() => {
      this.#told = false;
      this.#events.moved();
    });
  }

  answered(id: number, result: string | null): void {
    this.touch();
    this.#events.answered({ id, result });
  }

  reading<T>(session: string, read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.degrade('gate-reader-failed', `A message of ${session} could not be understood (${reason}).`);
      return undefined;
    }
  }
}
