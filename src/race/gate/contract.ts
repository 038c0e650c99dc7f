/**
 * Gates. A gate stands between one actor's instance and one store, holds every message of the client that could matter to
 * others, and lets it go when told. A *message* is one Redis command, or everything a PostgreSQL client sends up to and
 * including Query, Sync, Flush or FunctionCall. Of each connection only the oldest message that has not been answered is on
 * offer. What the server sends by itself (pub/sub, client tracking) is held as well, and so are the replies to a client that is sent
 * such messages: on the network, one connection may overtake another.
 *
 * A gate frames and forwards; what a message *means* it asks a reader (src/race/meaning), which follows one connection.
 */
import type { FaultKind } from '../explore/contract.ts';
import type { Footprint } from '../explore/footprint.ts';

export type GateStore = 'redis' | 'postgres';

/** What a message means to others. */
export interface Meaning {
  /** Nobody else can tell when it happens: it passes at once. */
  readonly silent: boolean;
  /** What a person reads, free of random content: `GET item:1`, `UPDATE items id=1`, `COMMIT`. */
  readonly label: string;
  readonly footprint: Footprint;
}

/** Follows one Redis connection. */
export interface RedisReader {
  /** Called for each command when it becomes the oldest unanswered one of its connection. */
  command(args: readonly Uint8Array[]): Meaning;
  /** The reply of that command, as its first 64 KiB. Gives what a person reads (`miss`, `1 removed`), or null. */
  replied(reply: Uint8Array): string | null;
  /** A message that the server sends by itself, whole. */
  push(message: Uint8Array): Meaning;
}

/** A PostgreSQL message of the client: type letter and body without its length. */
export interface ClientMessage {
  readonly type: string;
  readonly body: Uint8Array;
}

/** A PostgreSQL message of the server that bears on meaning. */
export interface PostgresAnswer {
  /** Transaction status of ReadyForQuery; null when the message ended in Flush. */
  readonly status: 'I' | 'T' | 'E' | null;
  /** Of CommandComplete, in order: `UPDATE 1`. */
  readonly tags: readonly string[];
  /** SQLSTATE and text of an ErrorResponse. */
  readonly error: { readonly code: string; readonly message: string } | null;
  /** Columns and first rows, for people: at most {@link SHOWN_ROWS} rows of text cells; null is SQL NULL. */
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | null)[])[];
}

export const SHOWN_ROWS = 3;

/** Follows one PostgreSQL connection. */
export interface PostgresReader {
  /** Parameters of the startup message. */
  started(parameters: ReadonlyMap<string, string>): void;
  /** Called when the message becomes the oldest unanswered one of its connection. Messages that the server passes over (after an
   * error, up to Sync) are not shown. */
  request(messages: readonly ClientMessage[]): Meaning;
  /** Gives what a person reads (`price 10`, `0 rows`), or null. */
  answered(answer: PostgresAnswer): string | null;
  /** What the end of the connection does to others now: an open transaction is rolled back, its locks are freed. */
  closing(): Meaning;
}

export interface HeldMessage {
  /** Unique among all gates of an exploration. */
  readonly id: number;
  readonly actor: string;
  readonly store: GateStore;
  /** The connection, e.g. `redis:3`. */
  readonly session: string;
  /** `push`: from the server; `reply`: the whole answer to a message that was released before; `close`: the client ends a connection
   * with an open transaction. */
  readonly kind: 'message' | 'push' | 'reply' | 'close';
  readonly meaning: Meaning;
}

/** What became of a message. */
export interface Answered {
  readonly id: number;
  readonly result: string | null;
}

/** How a message is let go. `forward` as it is; else a fault strikes it:
 * reset: its connection breaks before it is sent · reply-lost: it is sent, its reply awaited, and the connection broken in its
 * place · error: it is not sent, an error reply is given · delay: it is sent, and its reply held until {@link Gate.deliver}. */
export type Release = 'forward' | Extract<FaultKind, 'reset' | 'reply-lost' | 'error' | 'delay'>;

export interface Gate {
  readonly actor: string;
  readonly store: GateStore;
  /** Where the instance connects. */
  readonly endpoint: { readonly host: string; readonly port: number };
  /** While open (at the beginning) everything passes, and readers still follow. Closing it holds what is not yet sent; opening
   * it lets everything go. */
  hold(on: boolean): void;
  /** What waits to be released, in no particular order. */
  held(): readonly HeldMessage[];
  /** Messages that were released, or passed, and that the store has not answered. Blocking commands (BLPOP, an UPDATE that waits
   * for a row lock) stay here. So do, as silent, the opening of a connection and its end until the store has noticed it. An
   * answer that has come and is held (by `delay`, or behind a held push) is an answer. */
  unanswered(): readonly {
    readonly id: number;
    readonly session: string;
    readonly label: string;
    readonly silent: boolean;
    readonly backendPid: number | null;
  }[];
  /** Counts up whenever a byte comes from either side or a connection begins or ends. */
  activity(): number;
  /** Open connections. */
  connections(): number;
  /** What it does to others when connections break now, as their readers say (`closing`): of one connection, or of all. */
  closing(session?: string): Footprint;
  /** Nothing happens when the message is no longer there. */
  release(id: number, how: Release): void;
  /** Delivers a reply held by `delay`. */
  deliver(id: number): void;
  /** Breaks all connections, as when the process at the other end was killed: what was sent takes effect, what is held is lost. */
  reset(): void;
  close(): Promise<void>;
}

export interface GateEvents {
  /** Something came or went: look again. Called once the gate's own work is done. */
  moved(): void;
  answered(answer: Answered): void;
  /** Said once per code. */
  degrade(code: string, text: string): void;
}
