/** What a client has said and the store has not yet answered, as it waits in its connection's queue. */
import { REPLY_TO } from '../result.ts';
import type { Meaning, Release } from './contract.ts';

/** `waiting`: not yet looked at. `held`: the oldest of its connection, on offer. `sent`: on its way, or answered in part. */
export type MessageState = 'waiting' | 'held' | 'sent';

export const SILENT: Meaning = { silent: true, label: '', footprint: [] };

/** The end of a connection that had nothing open. */
export const DISCONNECT: Meaning = { silent: true, label: 'disconnect', footprint: [] };

/** That an answer reaches its client touches nothing that others see; what the client does next has a step of its own. */
export function replyTo({ label }: Meaning): Meaning {
  return { silent: false, label: `${REPLY_TO}${label}`, footprint: [] };
}

/** One message, whole, with the bytes it came in. */
export class Message {
  readonly id: number;
  state: MessageState = 'waiting';
  /** Known once it is the oldest of its connection. */
  meaning: Meaning = SILENT;
  /** How it was let go. */
  fate: Release = 'forward';
  /** Number of its reply, where that is held by itself; null: it is not. */
  reply: number | null = null;
  readonly #parts: Uint8Array[];
  #size = 0;

  constructor(id: number, parts: readonly Uint8Array[]) {
    this.id = id;
    this.#parts = [...parts];
    for (const part of parts) this.#size += part.length;
  }

  get size(): number {
    return this.#size;
  }

  get bytes(): Uint8Array {
    return this.#parts.length === 1 ? this.#parts[0]! : Buffer.concat(this.#parts);
  }

  /** Adds bytes that belong to it although they came after its end (COPY data). */
  append(bytes: Uint8Array): void {
    this.#parts.push(bytes);
    this.#size += bytes.length;
  }
}

/** The client's end of the connection, in its place behind what the client said before. */
export class Closing extends Message {}
