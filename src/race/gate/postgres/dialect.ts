/**
 * PostgreSQL on a gated connection: one unit at a time (see unit.ts), with what the protocol allows besides: startup, COPY
 * data, messages that the server passes over after an error.
 *
 * @see https://www.postgresql.org/docs/current/protocol-flow.html
 */
import {
  Backend,
  decodeBackendKey,
  decodeReadyForQuery,
  decodeStartup,
  encodeBackend,
  Frontend,
  type TransactionStatus,
  UNTYPED,
} from '../../../wire/postgres/index.ts';
import type { ClientMessage, Meaning, PostgresAnswer, PostgresReader } from '../contract.ts';
import type { Dialect, Line } from '../dialect.ts';
import { MESSAGE_BYTES } from '../limits.ts';
import { DISCONNECT, SILENT } from '../message.ts';
import { UNREAD } from '../yard.ts';
import { AnswerBuilder } from './answer.ts';
import { CopyIn } from './copy-in.ts';
import { FAILING, type PostgresFault, ROLLBACK } from './fault.ts';
import { ServerFramer } from './server-framer.ts';
import { ClientFramer, terminatorOf, Unit } from './unit.ts';

/** Answers each of which ends that of one message of the extended protocol. */
const ENDS = new Set<number>([
  Backend.parseComplete,
  Backend.bindComplete,
  Backend.closeComplete,
  Backend.rowDescription,
  Backend.noData,
  Backend.commandComplete,
  Backend.portalSuspended,
  Backend.emptyQueryResponse,
]);

/** Values of `replication` that leave a connection an ordinary one. */
const NO_REPLICATION = new Set(['false', 'off', 'no', '0', 'f', 'n']);

export class PostgresDialect implements Dialect<Unit> {
  ready = false;
  readonly endsAtOnce = false;
  readonly #line: Line<Unit>;
  readonly #reader: PostgresReader;
  readonly #fault: PostgresFault;
  readonly #client: ClientFramer;
  readonly #server: ServerFramer;
  readonly #answer = new AnswerBuilder();
  readonly #copy: CopyIn;
  /** The unit that is being gathered. */
  #messages: ClientMessage[] = [];
  #parts: Uint8Array[] = [];
  #size = 0;
  /** Answers that the unit under way still misses; counts when it ends in Flush. */
  #missing = 0;
  /** After an error the server passes over everything up to the next Sync. */
  #skipping = false;
  /** A failed COMMIT is being turned into a rollback. */
  #rollingBack = false;

  constructor(line: Line<Unit>, reader: PostgresReader, fault: PostgresFault) {
    this.#line = line;
    this.#reader = reader;
    this.#fault = fault;
    this.#copy = new CopyIn(line, (count) => (this.#missing += count));
    this.#client = new ClientFramer({
      message: (type, body, parts) => this.#fromClient(type, body, parts),
      lost: (code, why) => line.unframed(code, why),
    });
    this.#server = new ServerFramer({
      wantsRows: () => this.#answer.wantsRows,
      pass: (bytes) => line.toClient(bytes),
      message: (type, bytes, start, end) => this.#fromServer(type, bytes, start, end),
      lost: (code, why) => line.unframed(code, why),
    });
  }

  client(chunk: Uint8Array): void {
    this.#client.feed(chunk);
  }

  server(chunk: Uint8Array): void {
    this.#server.feed(chunk);
  }

  meaningOf(unit: Unit): Meaning {
    // What the server passes over does nothing, and asks nothing of a reader that follows what is done.
    if (this.#passedOver(unit)) return SILENT;
    return this.#line.reading(() => this.#reader.request(unit.messages)) ?? UNREAD;
  }

  closing(): Meaning {
    if (!this.ready) return DISCONNECT;
    return this.#line.reading(() => this.#reader.closing()) ?? UNREAD;
  }

  send(unit: Unit, fails: boolean): void {
    this.#answer.begin(unit);
    this.#missing = unit.expected;
    if (fails) {
      this.#server.swallowing = true;
      this.#line.toStore(FAILING[unit.terminator === 'flush' ? 'flush' : 'sync'], unit.bytes);
      return;
    }
    const over = this.#passedOver(unit) || (unit.terminator === 'flush' && unit.expected === 0);
    this.#line.toStore(unit.bytes);
    if (over) this.#line.answered(null);
  }

  rest(): readonly Uint8Array[] {
    const parts = this.#parts;
    this.#parts = [];
    this.#server.stop();
    return [...parts, ...this.#client.rest()];
  }

  #passedOver(unit: Unit): boolean {
    return this.#skipping && unit.terminator !== 'sync';
  }

  // The client.

  #fromClient(type: number, body: Uint8Array, parts: readonly Uint8Array[]): void {
    if (type === UNTYPED) this.#startup(body, parts);
    else if (type === Frontend.password) for (const part of parts) this.#line.toStore(part);
    else if (type === Frontend.terminate) this.#line.leave([...this.#taken().parts, ...parts]);
    else if (this.#messages.length > 0 || !this.#copy.takes(type, parts)) this.#gather(type, body, parts);
  }

  #startup(body: Uint8Array, parts: readonly Uint8Array[]): void {
    for (const part of parts) this.#line.toStore(part);
    const packet = decodeStartup(body, 0, body.length);
    if (packet?.kind !== 'startup') return;
    const replication = packet.parameters.get('replication');
    if (replication !== undefined && !NO_REPLICATION.has(replication.toLowerCase())) {
      this.#line.unframed('gate-pg-replication', 'A client replicates from PostgreSQL');
      return;
    }
    this.#line.reading(() => this.#reader.started(packet.parameters));
  }

  #gather(type: number, body: Uint8Array, parts: readonly Uint8Array[]): void {
    this.#messages.push({ type: String.fromCharCode(type), body });
    this.#parts.push(...parts);
    for (const part of parts) this.#size += part.length;
    const terminator = terminatorOf(type);
    if (terminator === null) {
      if (this.#size > MESSAGE_BYTES) this.#line.unframed('gate-long-message', 'A pipeline is too long');
      return;
    }
    const unit = this.#taken();
    this.#line.ask(new Unit(this.#line.nextId(), unit.parts, unit.messages, terminator));
  }

  #taken(): { readonly messages: readonly ClientMessage[]; readonly parts: readonly Uint8Array[] } {
    const taken = { messages: this.#messages, parts: this.#parts };
    this.#messages = [];
    this.#parts = [];
    this.#size = 0;
    return taken;
  }

  // The server.

  #fromServer(type: number, bytes: Uint8Array, start: number, end: number): void {
    if (type === Backend.backendKeyData) {
      const key = decodeBackendKey(bytes, start, end);
      if (key !== undefined) this.#line.served(key.process);
      return;
    }
    if (type === Backend.copyBothResponse) {
      this.#line.unframed('gate-pg-replication', 'A client replicates from PostgreSQL');
      return;
    }
    this.#answer.take(type, bytes, start, end);
    if (type === Backend.copyInResponse) this.#copy.begin();
    if (type === Backend.errorResponse) this.#failed();
    else if (type === Backend.readyForQuery) this.#readyAgain(decodeReadyForQuery(bytes, start, end) ?? 'I');
    else if (ENDS.has(type)) this.#ended();
  }

  #ended(): void {
    this.#missing--;
    const { underWay } = this.#line;
    if (underWay?.terminator === 'flush' && this.#missing <= 0) this.#answered(null);
  }

  #failed(): void {
    this.#copy.end();
    const { underWay } = this.#line;
    if (underWay?.terminator !== 'flush') return;
    this.#skipping = true;
    if (this.#copy.swallowsSync) return;
    this.#answered(null);
  }

  #readyAgain(status: TransactionStatus): void {
    this.ready = true;
    this.#skipping = false;
    this.#copy.over();
    const { underWay } = this.#line;
    if (underWay === null) return;
    if (underWay.fate === 'error' && status === 'E' && !this.#rollingBack && isCommit(underWay)) {
      this.#rollingBack = true;
      this.#line.toStore(ROLLBACK, new Uint8Array(0));
      return;
    }
    this.#rollingBack = false;
    this.#answered(status);
  }

  /** The unit under way has its whole answer. */
  #answered(status: TransactionStatus | null): void {
    let answer: PostgresAnswer = this.#answer.build(status);
    if (this.#line.underWay?.fate === 'error') {
      const { code, text } = this.#fault;
      this.#server.swallowing = false;
      this.#line.toClient(encodeBackend.errorResponse(code, text));
      if (status !== null) this.#line.toClient(encodeBackend.readyForQuery(status));
      answer = { status, tags: [], error: { code, message: text }, columns: [], rows: [] };
    }
    this.#line.answered(this.#line.reading(() => this.#reader.answered(answer)) ?? null);
  }
}

/** A COMMIT that fails ends its transaction; any other statement leaves it failed. */
function isCommit(unit: Unit): boolean {
  return /^(?:COMMIT|END)\b/i.test(unit.meaning.label);
}
