/**
 * Watches one PostgreSQL connection: two byte streams in, statement exchanges out, in the order in which statements
 * returned.
 *
 * API: {@link observePostgresSession} makes the observers; {@link LIMITS} are their bounds.
 *
 * Stamps. `invoke` is that of the client chunk with the last byte of the Query or Execute; `return` that of the server
 * chunk with the last byte of the answer. An extended statement outside a block commits at Sync: when it is the last
 * of its implicit transaction, `return` is the stamp of ReadyForQuery.
 *
 * What is no longer understood (encryption, replication, damage, a client too far ahead) is passed over in silence
 * after one call of `degrade`; open statements are then reported with an unknown outcome.
 */
import type { ConnectionObserver, ConnectionObserverFactory } from '../../proxy/observer.ts';
import { decodeBackendKey, decodeParameterStatus } from '../../wire/postgres/backend.ts';
import { decodeStartup } from '../../wire/postgres/frontend.ts';
import { Backend, Frontend, UNTYPED } from '../../wire/postgres/messages.ts';
import { MessageScanner } from '../../wire/postgres/scanner.ts';
import { readUtf8, textReader } from '../../wire/postgres/text.ts';
import { Conversation } from './conversation.ts';
import type { StatementExchange } from './exchange.ts';
import { LIMITS } from './limits.ts';
import { type Request, readRequest } from './requests.ts';
import type { BaseType, ValueRules } from './result.ts';
import { PostgresSigns, type Signs } from './signs.ts';

export { LIMITS } from './limits.ts';

/** Whom a connection belongs to, from its startup packet. */
export interface SessionStart {
  readonly session: string;
  /** `user`, `database`, `application_name`, `options` and other run-time parameters. */
  readonly parameters: ReadonlyMap<string, string>;
}

export interface PostgresSessionOptions {
  /** Takes every statement execution, in the order in which they returned on their connection. */
  readonly onExchange: (exchange: StatementExchange) => void;
  /** Says what is no longer seen, and why; may be called again for another connection. */
  readonly degrade: (code: string, text: string) => void;
  /** Called when a session states its user and database. */
  readonly onStart?: (start: SessionStart) => void;
  /** Called when the server names the process that serves a session. */
  readonly onBackend?: (session: string, pid: number) => void;
  /** Called when more is known of the library behind a session; `at`: when, ns. */
  readonly onClient?: (session: string, signs: Signs, at: number) => void;
  /** Called when a session's connection has ended. */
  readonly onEnd?: (session: string) => void;
  /** Which built-in type a type is exchanged as; see {@link BaseType}. Without it binary values of enums, domains and
   * extension types stay undecoded. */
  readonly baseType?: BaseType;
}

/** Makes observers of PostgreSQL connections. */
export function observePostgresSession(options: PostgresSessionOptions): ConnectionObserverFactory {
  return (session) => new SessionObserver(session, options);
}

/** Messages whose content is never looked at: passwords and SASL exchanges, cancel keys, COPY data; and those that say
 * nothing about statements. */
const IGNORED_CLIENT = new Set<number>([
  Frontend.password,
  Frontend.copyData,
  Frontend.copyFail,
  Frontend.functionCall,
]);
const IGNORED_SERVER = new Set<number>([
  Backend.authentication,
  Backend.copyData,
  Backend.functionCallResponse,
  Backend.notification,
  Backend.noticeResponse,
]);

/** Values of `replication` that leave a connection an ordinary one. */
const NO_REPLICATION = new Set(['false', 'off', 'no', '0', 'f', 'n']);
const ENCRYPTED = new Set(['S', 'G']);

class SessionObserver implements ConnectionObserver {
  readonly #session: string;
  readonly #options: PostgresSessionOptions;
  readonly #rules: ValueRules;
  readonly #conversation: Conversation;
  readonly #client: MessageScanner;
  readonly #server: MessageScanner;
  readonly #signs: PostgresSigns;
  #at = 0;
  #passing = false;
  #outOfStep = false;

  constructor(session: string, options: PostgresSessionOptions) {
    this.#session = session;
    this.#options = options;
    this.#rules = { text: readUtf8, baseType: options.baseType ?? (() => undefined) };
    this.#conversation = new Conversation({
      session,
      rules: this.#rules,
      emit: options.onExchange,
      outOfStep: (reply) => this.#lose(reply),
    });
    this.#signs = new PostgresSigns((signs) => options.onClient?.(session, signs, this.#at));
    const damaged = (reason: string) => this.#unknown(reason);
    this.#client = new MessageScanner('client', {
      capture: (type) => (IGNORED_CLIENT.has(type) ? 0 : LIMITS.message),
      message: (type, bytes, start, end) => this.#fromClient(type, bytes, start, end),
      answer: () => {},
      damaged,
    });
    this.#server = new MessageScanner('server', {
      capture: (type) => this.#serverCapture(type),
      message: (type, bytes, start, end, length) => this.#fromServer(type, bytes, start, end, length),
      answer: (byte) => this.#answered(byte),
      damaged,
    });
  }

  client(chunk: Uint8Array, at: number): void {
    this.#observe(this.#client, chunk, at);
  }

  server(chunk: Uint8Array, at: number): void {
    this.#observe(this.#server, chunk, at);
  }

  end(_at: number): void {
    this.#options.onEnd?.(this.#session);
    if (this.#passing) return;
    this.#passing = true;
    this.#guarded(() => this.#conversation.end());
  }

  #observe(scanner: MessageScanner, chunk: Uint8Array, at: number): void {
    if (this.#passing) return;
    this.#at = at;
    this.#guarded(() => scanner.push(chunk));
  }

  /** A fault of ours must not reach the relay, which carries the service's bytes. */
  #guarded(work: () => void): void {
    try {
      work();
    } catch (cause) {
      this.#passing = true;
      const reason = cause instanceof Error ? cause.message : String(cause);
      this.#options.degrade('pg-observer-failed', `${this.#session} is no longer observed: ${reason}`);
    }
  }

  #serverCapture(type: number): number {
    if (type === Backend.dataRow) return this.#conversation.rowCapture;
    return IGNORED_SERVER.has(type) ? 0 : LIMITS.message;
  }

  #fromClient(type: number, bytes: Uint8Array, start: number, end: number): void {
    if (type === UNTYPED) this.#startup(bytes, start, end);
    else this.#request(type, bytes, start, end);
  }

  #request(type: number, bytes: Uint8Array, start: number, end: number): void {
    const request = readRequest(type, bytes, start, end, { at: this.#at, text: this.#rules.text });
    if (request === null) this.#unknown(`message body of type ${type}`);
    else if (request !== undefined) {
      this.#signs.request(request);
      this.#ask(request);
    }
  }

  #ask(request: Request): void {
    this.#conversation.request(request);
    if (this.#conversation.overfull) {
      this.#pass('pg-too-far-ahead', 'the client sent more unanswered requests than are kept track of');
    }
  }

  #startup(bytes: Uint8Array, start: number, end: number): void {
    const packet = decodeStartup(bytes, start, end);
    if (packet === undefined) this.#unknown('startup packet');
    else if (packet.kind === 'cancel') this.#server.stop();
    else if (packet.kind === 'startup') this.#start(packet.parameters);
    else this.#server.expectAnswer();
  }

  #start(parameters: ReadonlyMap<string, string>): void {
    const replication = parameters.get('replication');
    if (replication !== undefined && !NO_REPLICATION.has(replication.toLowerCase())) {
      this.#pass('pg-replication', 'it is a replication connection');
      return;
    }
    this.#signs.started(parameters);
    this.#options.onStart?.({ session: this.#session, parameters });
    this.#conversation.request({ kind: 'startup', at: this.#at, weight: 0 });
  }

  #answered(byte: number): void {
    if (ENCRYPTED.has(String.fromCharCode(byte))) {
      this.#pass('pg-encrypted', 'it is encrypted between the client and the server');
    }
  }

  #fromServer(type: number, bytes: Uint8Array, start: number, end: number, length: number): void {
    if (type === Backend.parameterStatus) this.#parameterStatus(bytes, start, end);
    else if (type === Backend.backendKeyData) this.#backend(bytes, start, end);
    else if (type === Backend.copyBothResponse) this.#pass('pg-replication', 'it streams replication data');
    else this.#conversation.reply({ type, bytes, start, end, length, at: this.#at });
  }

  #backend(bytes: Uint8Array, start: number, end: number): void {
    const key = decodeBackendKey(bytes, start, end);
    if (key !== undefined) this.#options.onBackend?.(this.#session, key.process);
  }

  #parameterStatus(bytes: Uint8Array, start: number, end: number): void {
    const status = decodeParameterStatus(bytes, start, end);
    if (status?.name === 'client_encoding') this.#rules.text = textReader(status.value);
    else if (status?.name === 'standard_conforming_strings') {
      this.#conversation.backslash = status.value === 'off';
    }
  }

  /** A reply came that answers nothing known; said once per connection. */
  #lose(reply: number): void {
    if (this.#outOfStep) return;
    this.#outOfStep = true;
    const letter = String.fromCharCode(reply);
    this.#options.degrade(
      'pg-out-of-step',
      `${this.#session}: a reply of type ${letter} fits no request; statements around it may be missing`,
    );
  }

  #unknown(reason: string): void {
    this.#pass('pg-unknown-protocol', `it does not speak PostgreSQL protocol 3 (${reason})`);
  }

  /** Looks no further at this connection. */
  #pass(code: string, reason: string): void {
    if (this.#passing) return;
    this.#passing = true;
    this.#client.stop();
    this.#server.stop();
    this.#options.degrade(code, `${this.#session} is no longer observed: ${reason}`);
    this.#conversation.end();
  }
}
