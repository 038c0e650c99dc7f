/**
 * What a PostgreSQL server says. Its bytes pass as they come; while an answer is *swallowed* only what belongs to no answer
 * passes (ParameterStatus, NotificationResponse).
 */
import { Backend, MessageScanner, message } from '../../../wire/postgres/index.ts';
import { SHOWN_ROW_BYTES } from '../limits.ts';

const HEADER = 5;
/** Messages whose content is of interest; of the others the border is enough. */
const READ = new Set<number>([
  Backend.readyForQuery,
  Backend.commandComplete,
  Backend.errorResponse,
  Backend.rowDescription,
  Backend.backendKeyData,
]);
/** Messages that answer nothing. */
const UNASKED = new Set<number>([Backend.parameterStatus, Backend.notification]);

export interface ServerTaker {
  wantsRows(): boolean;
  /** A message; its bytes were passed on, unless they are swallowed. The body is valid during the call only. */
  message(type: number, bytes: Uint8Array, start: number, end: number): void;
  pass(bytes: Uint8Array): void;
  /** What follows is no protocol 3; all bytes have passed. */
  lost(code: string, why: string): void;
}

export class ServerFramer {
  /** The answer under way does not reach the client. */
  swallowing = false;
  readonly #taker: ServerTaker;
  readonly #scanner: MessageScanner;
  #chunk: Uint8Array = new Uint8Array(0);
  /** Where the chunk begins in the stream, and where the last message ended. */
  #base = 0;
  #border = 0;
  /** Bytes of the stream that were passed on or swallowed. */
  #done = 0;
  #lost: string | null = null;

  constructor(taker: ServerTaker) {
    this.#taker = taker;
    this.#scanner = new MessageScanner('server', {
      capture: (type, length) => {
        if (type === Backend.dataRow) return taker.wantsRows() ? SHOWN_ROW_BYTES : 0;
        return READ.has(type) || UNASKED.has(type) ? length : 0;
      },
      message: (type, bytes, start, end, length) => this.#message(type, bytes, start, end, length),
      answer: () => {},
      damaged: (why) => {
        this.#lost = why;
      },
    });
  }

  feed(chunk: Uint8Array): void {
    this.#chunk = chunk;
    this.#scanner.push(chunk);
    const end = this.#base + chunk.length;
    if (!this.swallowing || this.#lost !== null) this.#passTo(end);
    this.#base = end;
    if (this.#lost === null) return;
    this.#taker.lost('gate-pg-protocol', `The server speaks no PostgreSQL protocol 3 (${this.#lost})`);
  }

  stop(): void {
    this.#scanner.stop();
  }

  #message(type: number, bytes: Uint8Array, start: number, end: number, length: number): void {
    const from = this.#border;
    this.#border += HEADER + length;
    // A message that passed in part passes whole.
    if (!this.swallowing || this.#done > from) this.#passTo(this.#border);
    else if (UNASKED.has(type)) this.#taker.pass(message(type, bytes.slice(start, end)));
    this.#done = this.#border;
    this.#taker.message(type, bytes, start, end);
  }

  #passTo(position: number): void {
    const from = Math.max(this.#done, this.#base);
    if (position > from) this.#taker.pass(this.#chunk.subarray(from - this.#base, position - this.#base));
    this.#done = Math.max(this.#done, position);
  }
}
