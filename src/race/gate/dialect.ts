/**
 * The border between a gated connection and the protocol spoken on it. The connection keeps the queue, holds and lets go; a
 * dialect frames both directions, knows what a message means and when it is answered.
 */
import type { Meaning } from './contract.ts';
import type { Message } from './message.ts';
import type { MessageQueue } from './queue.ts';

/** What a dialect may ask of its connection. */
export interface Line<M extends Message> {
  readonly session: string;
  /** The oldest message when it has been sent and not been answered. */
  readonly underWay: M | null;
  readonly queue: MessageQueue<M>;
  nextId(): number;
  /** A message of the client is whole. */
  ask(message: M): void;
  /** The client says that it ends the connection, in these bytes. */
  leave(parts: readonly Uint8Array[]): void;
  /** Sends bytes to the store. `shown`: what the observer is told that the client sent. */
  toStore(bytes: Uint8Array, shown?: Uint8Array): void;
  /** Tells the observer of bytes that the client sent and the store does not get. */
  show(bytes: Uint8Array): void;
  /** Delivers bytes to the client, behind what is held. */
  toClient(bytes: Uint8Array): void;
  /** Something that the server sends by itself. */
  push(bytes: Uint8Array, meaning: Meaning): void;
  /** {@link underWay} is answered as a whole; all bytes of the answer were given to {@link toClient}. */
  answered(result: string | null): void;
  /** The server's process for this connection. */
  served(backendPid: number): void;
  /** The connection cannot be followed any more: everything passes, unframed, from here on. */
  unframed(code: string, why: string): void;
  /** Calls a reader; one that throws is said once, and gives undefined. */
  reading<T>(read: () => T): T | undefined;
}

export interface Dialect<M extends Message> {
  /** False while the connection is being set up: messages wait until then. */
  readonly ready: boolean;
  /** Whether the store takes note of the client's end although a message is unanswered. */
  readonly endsAtOnce: boolean;
  /** Bytes of the client; they are the dialect's from here on. */
  client(chunk: Uint8Array): void;
  /** Bytes of the store; they are the dialect's from here on. */
  server(chunk: Uint8Array): void;
  meaningOf(message: M): Meaning;
  /** What the end of the connection does to others. */
  closing(): Meaning;
  /** Sends the message, or, as a fault, has it fail. When no answer is to come, it calls {@link Line.answered} itself. */
  send(message: M, fails: boolean): void;
  /** Bytes of the client that make no whole message yet; they are given up. */
  rest(): readonly Uint8Array[];
}
