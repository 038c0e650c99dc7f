/**
 * Messages of a PostgreSQL client, gathered into units: everything up to and including Query, Sync, Flush or FunctionCall.
 *
 * @see https://www.postgresql.org/docs/current/protocol-flow.html
 */
import { Frontend, MessageScanner, UNTYPED } from '../../../wire/postgres/index.ts';
import type { ClientMessage } from '../contract.ts';
import { Cutter } from '../cutter.ts';
import { MESSAGE_BYTES } from '../limits.ts';
import { Message } from '../message.ts';

/** How a unit ends, which says what its answer ends with: Flush asks for answers only, the others for ReadyForQuery. */
export type Terminator = 'query' | 'sync' | 'flush' | 'call';

const TERMINATORS: ReadonlyMap<number, Terminator> = new Map([
  [Frontend.query, 'query'],
  [Frontend.sync, 'sync'],
  [Frontend.flush, 'flush'],
  [Frontend.functionCall, 'call'],
]);

/** Messages of the extended protocol; each has one answer that ends it. */
const ANSWERED = new Set<number>([
  Frontend.parse,
  Frontend.bind,
  Frontend.describe,
  Frontend.execute,
  Frontend.close,
]);

export function terminatorOf(type: number): Terminator | null {
  return TERMINATORS.get(type) ?? null;
}

export class Unit extends Message {
  readonly messages: readonly ClientMessage[];
  terminator: Terminator;
  /** Answers that its messages ask for, ReadyForQuery aside. */
  expected: number;
  /** It carries the end of COPY data. */
  ended = false;

  constructor(
    id: number,
    parts: readonly Uint8Array[],
    messages: readonly ClientMessage[],
    terminator: Terminator,
  ) {
    super(id, parts);
    this.messages = messages;
    this.terminator = terminator;
    this.expected = messages.reduce((sum, { type }) => sum + answersTo(type.charCodeAt(0)), 0);
  }
}

export function answersTo(type: number): number {
  return ANSWERED.has(type) ? 1 : 0;
}

export interface ClientTaker {
  /** One message and all bytes since the last one. {@link UNTYPED}: the startup packet. */
  message(type: number, body: Uint8Array, parts: readonly Uint8Array[]): void;
  /** What follows cannot be framed; see {@link ClientFramer.rest}. */
  lost(code: string, why: string): void;
}

const TYPED_HEADER = 5;
const STARTUP_HEADER = 4;

export class ClientFramer {
  readonly #taker: ClientTaker;
  readonly #scanner: MessageScanner;
  readonly #cutter = new Cutter();
  #stopped = false;
  /** Where the chunk begins in the stream, and where the last message ended. */
  #base = 0;
  #border = 0;

  constructor(taker: ClientTaker) {
    this.#taker = taker;
    this.#scanner = new MessageScanner('client', {
      capture: (type, length) => (type === Frontend.copyData || length > MESSAGE_BYTES ? 0 : length),
      message: (type, bytes, start, end, length) => {
        this.#border += (type === UNTYPED ? STARTUP_HEADER : TYPED_HEADER) + length;
        taker.message(type, bytes.slice(start, end), this.#cutter.cut(this.#border - this.#base));
      },
      answer: () => {},
      damaged: (why) => taker.lost('gate-pg-protocol', `The client speaks no PostgreSQL protocol 3 (${why})`),
    });
  }

  feed(chunk: Uint8Array): void {
    this.#cutter.begin(chunk);
    this.#scanner.push(chunk);
    if (this.#stopped) return;
    this.#cutter.end();
    this.#base += chunk.length;
    if (this.#cutter.carried > MESSAGE_BYTES) this.#taker.lost('gate-long-message', 'A message is too long');
  }

  /** Bytes of which no whole message was made; nothing is scanned afterwards. */
  rest(): readonly Uint8Array[] {
    this.#stopped = true;
    this.#scanner.stop();
    return this.#cutter.rest();
  }
}
