/**
 * One request and its answer. It ends once: with the last byte of the answer, a failure, the time limit, or when it is given up;
 * what the socket says later is not heard.
 *
 * A server may close an idle connection just as a request is written to it. A request that met a kept connection which closed
 * without a byte in return is sent once more on a fresh one, if its method is idempotent (RFC 9112, section 9.3.1), and its time
 * goes on counting.
 */
import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { type Answer, type Reading, readAnswer } from './answer.ts';
import type { Lines } from './lines.ts';
import type { PreparedRequest } from './prepare.ts';
import { codeOf, noAnswerWithin, reasonOf } from './reasons.ts';

const CLOSED: ReadonlySet<string | null> = new Set(['ECONNRESET', 'EPIPE']);

export interface Outcome {
  /** Null: none began. */
  readonly answer: Answer | null;
  /** Null: the answer is whole. */
  readonly failure: string | null;
}

export class Exchange {
  readonly #request: PreparedRequest;
  readonly #lines: Lines;
  readonly #ended: (outcome: Outcome) => void;
  #timer: NodeJS.Timeout | null = null;
  #outgoing: ClientRequest | null = null;
  #reading: Reading | null = null;
  #over = false;

  constructor(request: PreparedRequest, lines: Lines, ended: (outcome: Outcome) => void) {
    this.#request = request;
    this.#lines = lines;
    this.#ended = ended;
  }

  /** Sends it. `ended` may be called before this returns. */
  begin(timeoutMs: number): void {
    this.#timer = setTimeout(() => this.giveUp(noAnswerWithin(timeoutMs)), timeoutMs);
    this.#attempt(false);
  }

  giveUp(reason: string): void {
    this.#end({ answer: this.#reading?.sofar(reason) ?? null, failure: reason });
  }

  #attempt(fresh: boolean): void {
    try {
      const outgoing = this.#lines.open(this.#request, fresh);
      this.#outgoing = outgoing;
      const silent = watchSilence(outgoing, this.#lines.tls);
      outgoing.once('response', (incoming) => this.#respond(outgoing, incoming));
      // Not `once`: a request that is over may fail again.
      outgoing.on('error', (error) => this.#fail(outgoing, error, !fresh && silent()));
      outgoing.once('close', () => this.#fail(outgoing, closedWithoutAnswer(), false));
      outgoing.end(this.#request.body ?? undefined);
    } catch (error) {
      this.#end({ answer: null, failure: reasonOf(error) });
    }
  }

  #respond(outgoing: ClientRequest, incoming: IncomingMessage): void {
    if (this.#over || outgoing !== this.#outgoing) {
      incoming.resume();
      return;
    }
    this.#reading = readAnswer(incoming, (answer) => this.#end({ answer, failure: answer.cut }));
  }

  #fail(outgoing: ClientRequest, error: Error, stale: boolean): void {
    // An answer that has begun tells its own end: a server may answer before it has read the whole request.
    if (this.#over || outgoing !== this.#outgoing || this.#reading !== null) return;
    if (stale && this.#request.repeatable && CLOSED.has(codeOf(error))) this.#attempt(true);
    else this.#end({ answer: null, failure: reasonOf(error) });
  }

  #end(outcome: Outcome): void {
    if (this.#over) return;
    this.#over = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#ended(outcome);
    // A whole answer leaves its connection to the next request.
    if (outcome.failure !== null) this.#outgoing?.destroy();
  }
}

/** Whether a request has met a kept connection and nothing has come back on it. */
function watchSilence(outgoing: ClientRequest, tls: boolean): () => boolean {
  let line: Socket | null = null;
  let before = 0;
  outgoing.once('socket', (socket) => {
    line = socket;
    before = socket.bytesRead;
  });
  // TLS counts the record that closes a connection, too.
  return () => outgoing.reusedSocket && (tls || line === null || line.bytesRead === before);
}

function closedWithoutAnswer(): Error {
  return Object.assign(new Error('closed'), { code: 'ECONNRESET' });
}
