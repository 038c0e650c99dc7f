/**
 * Pairs the requests and replies of one connection into statement exchanges. It knows messages, not chunks: see
 * session.ts for the bytes.
 *
 * Source: documentation, "Message Flow" (simple and extended query, function call, COPY, error recovery).
 */
import {
  type ColumnDescription,
  decodeCommandComplete,
  decodeError,
  decodeParameterDescription,
  decodeReadyForQuery,
  decodeRowDescription,
  type ErrorFields,
} from '../../wire/postgres/backend.ts';
import { Backend } from '../../wire/postgres/messages.ts';
import type { StatementExchange } from './exchange.ts';
import { Executions } from './executions.ts';
import { QueryProgress } from './query-progress.ts';
import { RequestQueue } from './request-queue.ts';
import type { Request } from './requests.ts';
import type { ValueRules } from './result.ts';
import { TransactionLog } from './transactions.ts';

export interface ConversationOptions {
  readonly session: string;
  readonly rules: ValueRules;
  readonly emit: (exchange: StatementExchange) => void;
  /** A reply that no request explains; exchanges go on from the next ReadyForQuery. */
  readonly outOfStep: (reply: number) => void;
}

/** A server message: its captured body is `bytes[start, end)`, `length` its length on the wire, `at` its stamp. */
export interface Reply {
  readonly type: number;
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  readonly length: number;
  readonly at: number;
}

/** SQLSTATE "statement completion unknown". */
const COMPLETION_UNKNOWN = '40003';
/** Class of connection exceptions. As the end of a connection it comes from a pooler that lost its server, and nobody
 * knows whether the statement took effect; as a plain error it is a fault in the client's messages. */
const CONNECTION_EXCEPTION = '08';
/** Stands in for an error without a code (XX000: internal error). */
const NO_CODE = 'XX000';

/** How one execution ended. */
interface Outcome {
  readonly tag: string | null;
  readonly sqlstate: string | null;
  readonly return: number | null;
}

const UNKNOWN: Outcome = { tag: null, sqlstate: null, return: null };

/** Replies that confirm a request, and the request they confirm. */
const CONFIRMS = new Map<number, Request['kind']>([
  [Backend.parseComplete, 'parse'],
  [Backend.bindComplete, 'bind'],
  [Backend.closeComplete, 'close'],
]);

export class Conversation {
  readonly #options: ConversationOptions;
  readonly #queue = new RequestQueue();
  readonly #query = new QueryProgress();
  readonly #executions: Executions;
  readonly #log: TransactionLog;

  constructor(options: ConversationOptions) {
    this.#options = options;
    this.#executions = new Executions(options.rules);
    this.#log = new TransactionLog(options.emit);
  }

  /** Whether the client is further ahead of the server than the bounds allow. */
  get overfull(): boolean {
    return this.#queue.overfull;
  }

  /** Bytes worth capturing of the next DataRow. */
  get rowCapture(): number {
    return this.#executions.rowCapture;
  }

  /** The server said how it reads string literals (standard_conforming_strings). */
  set backslash(escapes: boolean) {
    this.#query.backslash = escapes;
  }

  /** The client asked something. */
  request(request: Request): void {
    this.#queue.push(request);
  }

  /** The server said something. A reply that fits no request is told once it is clear that it does not. */
  reply(reply: Reply): void {
    if (!this.#take(reply)) this.#options.outOfStep(reply.type);
  }

  /** The connection ended, or is no longer understood: what is unanswered has an unknown outcome. */
  end(): void {
    for (let request = this.#queue.head; request !== undefined; request = this.#queue.head) {
      if (request.kind === 'execute' || (request.kind === 'query' && !this.#query.over(request))) {
        this.#finish(request, UNKNOWN);
      } else this.#executions.apply(request);
      if (endsWithReady(request)) this.#log.abandon();
      this.#leave(request);
    }
    this.#log.abandon();
  }

  /** Gives false when the reply fits no request. */
  #take(reply: Reply): boolean {
    switch (reply.type) {
      case Backend.dataRow:
        return this.#row(reply);
      case Backend.commandComplete:
        return this.#complete(decodeCommandComplete(reply.bytes, reply.start, reply.end), reply.at);
      case Backend.emptyQueryResponse:
        return this.#complete('', reply.at);
      case Backend.readyForQuery:
        return this.#ready(reply);
      case Backend.errorResponse:
        return this.#error(decodeError(reply.bytes, reply.start, reply.end), reply.at);
      case Backend.rowDescription:
        return this.#describe(decodeRowDescription(reply.bytes, reply.start, reply.end));
      case Backend.parameterDescription:
        return this.#parameterDescription(reply);
      case Backend.noData:
        return this.#describe([]);
      case Backend.portalSuspended:
        return this.#suspend(reply.at);
      case Backend.copyInResponse:
        return this.#copyIn();
      default:
        return this.#confirm(reply.type);
    }
  }

  /** Goes on to the next request. */
  #leave(request: Request): void {
    this.#queue.shift();
    if (request.kind === 'query') this.#query.renew();
  }

  #row({ bytes, start, end, length }: Reply): boolean {
    const head = this.#queue.head;
    if (head?.kind !== 'execute' && head?.kind !== 'query') return false;
    const { result } = this.#executions;
    if (head.kind === 'execute' && result.count === 0) this.#executions.describeResult(head.portal);
    result.row(bytes, start, end, end - start < length);
    return true;
  }

  #complete(tag: string | undefined, at: number): boolean {
    const head = this.#queue.head;
    if (tag === undefined || (head?.kind !== 'query' && head?.kind !== 'execute')) return false;
    this.#finish(head, { tag, sqlstate: null, return: at });
    this.#queue.copyEnded();
    if (head.kind === 'query') this.#query.part++;
    else this.#leave(head);
    return true;
  }

  #suspend(at: number): boolean {
    const head = this.#queue.head;
    if (head?.kind !== 'execute') return false;
    const { result } = this.#executions;
    result.truncated = true;
    // The reply carries no tag: this is what one would say of the rows so far.
    this.#finish(head, { tag: `SELECT ${result.count}`, sqlstate: null, return: at });
    this.#leave(head);
    return true;
  }

  /** Without a request, or in the startup phase, an error is news of the connection and not of a statement. So is a
   * second error for one Query: poolers add their own to the one that ended the server's connection. */
  #error(error: ErrorFields, at: number): boolean {
    const head = this.#queue.head;
    const sqlstate = error.code === '' ? NO_CODE : error.code;
    this.#queue.copyEnded();
    if (head === undefined || head.kind === 'startup' || head.kind === 'call') return true;
    if (head.kind === 'query' && this.#query.failed) return true;
    if (head.kind === 'sync') {
      this.#log.commitFailed(sqlstate, at);
      return true;
    }
    const lost = error.severity !== 'ERROR' && sqlstate.startsWith(CONNECTION_EXCEPTION);
    const unknown = lost || sqlstate === COMPLETION_UNKNOWN;
    this.#finish(head, unknown ? UNKNOWN : { tag: null, sqlstate, return: at });
    if (head.kind === 'query') this.#query.failed = true;
    else this.#queue.skipToSync();
    return true;
  }

  /** Ends what is at the head: an execution, or a step towards one that failed. */
  #finish(head: Request, outcome: Outcome): void {
    const subject = this.#executions.subject(head);
    if (subject === undefined) return;
    if (head.kind === 'execute') this.#executions.describeResult(head.portal);
    const { columns, rows, truncated } = this.#executions.result;
    const finished = {
      session: this.#options.session,
      sql: subject.sql,
      part: head.kind === 'query' ? this.#query.part : 0,
      params: subject.params,
      columns,
      rows,
      truncated,
      ...outcome,
      invoke: head.at,
      extended: head.kind !== 'query',
    };
    if (outcome.tag === '') this.#log.addOutside(finished);
    else this.#log.add(finished, this.#query.verb(head, subject.sql, outcome.tag));
    this.#executions.completed(outcome.tag);
    this.#executions.renew();
  }

  #confirm(type: number): boolean {
    const expected = CONFIRMS.get(type);
    if (expected === undefined) return true; // says nothing about statements
    const head = this.#queue.head;
    if (head?.kind !== expected) return false;
    this.#executions.apply(head);
    this.#leave(head);
    return true;
  }

  /** RowDescription, or NoData as an empty one: the answer to Describe, or the opening of a Query's result. */
  #describe(columns: readonly ColumnDescription[] | undefined): boolean {
    const head = this.#queue.head;
    if (columns === undefined || head === undefined) return false;
    if (head.kind === 'query' || head.kind === 'execute') {
      this.#executions.describeAnswer(columns);
      return true;
    }
    if (head.kind !== 'describe') return false;
    this.#executions.describeTarget(head, columns);
    this.#leave(head);
    return true;
  }

  #parameterDescription({ bytes, start, end }: Reply): boolean {
    const types = decodeParameterDescription(bytes, start, end);
    const head = this.#queue.head;
    if (head?.kind !== 'describe' || types === undefined) return false;
    this.#executions.describeParameters(head, types);
    return true;
  }

  #copyIn(): boolean {
    const head = this.#queue.head;
    if (head?.kind !== 'execute') return head?.kind === 'query';
    this.#queue.copyBegan();
    return true;
  }

  #ready({ bytes, start, end, at }: Reply): boolean {
    const status = decodeReadyForQuery(bytes, start, end);
    if (status === undefined) return false;
    this.#log.ready(status, at);
    if (status === 'I') this.#executions.transactionEnded();
    this.#executions.renew();
    this.#queue.copyEnded();
    let inStep = true;
    for (let request = this.#queue.head; request !== undefined; request = this.#queue.head) {
      this.#leave(request);
      if (endsWithReady(request)) return inStep;
      inStep = false; // its reply went missing; the next request is in step again
    }
    return false;
  }
}

/** Whether ReadyForQuery answers this request. */
function endsWithReady({ kind }: Request): boolean {
  return kind === 'query' || kind === 'sync' || kind === 'call' || kind === 'startup';
}
