/**
 * The history: what was seen, one operation a record, on one monotonic clock.
 *
 * Everything whystale concludes is concluded from these records, live or from a recording, so a
 * conclusion drawn while watching and one drawn later from the file are the same by construction.
 *
 * Times are integer nanoseconds since the recording started. `invoke` is read before the last byte of
 * a message was forwarded; `return` after its reply arrived. Operation a precedes b only if
 * `a.return < b.invoke`; otherwise the two are concurrent (Herlihy and Wing 1990, real-time order).
 *
 * Values never stand here in the clear. A scalar is carried as its {@link Digest}: a keyed hash of its
 * canonical text (see observe/payload), so that a database cell and a field of a cached document are
 * equal exactly when their digests are.
 */
import type { ClientSession, HttpRequest, LogLine, TraceSpan } from './operation-request.ts';

export type * from './operation-request.ts';

/** `h:` and 12 hex digits; a trailing `~` marks a value that carries little information (null, booleans,
 * integers below 1000, texts of one or two characters): equal digests of such values prove little. */
export type Digest = string;

/** The digest of "no value": SQL NULL, JSON null, None. A constant, so that a NULL cell and a null in a document compare. */
export const NULL_DIGEST: Digest = 'h:000000000000~';

/** Whether equal digests of this value prove little by themselves. */
export function saysLittle(value: Digest): boolean {
  return value.endsWith('~');
}

/** Outcome of an operation; `info` means that the outcome is unknown (no reply was seen). */
export type Status = 'ok' | 'fail' | 'info';

export interface OperationBase {
  readonly id: number;
  /** Connection or client, e.g. `redis:3`, `pg:1`, `http:7`, `child`. Operations of one session never overlap
   * unless the client pipelines. */
  readonly session: string;
  /** Integer nanoseconds since the recording started. */
  readonly invoke: number;
  /** null exactly when `status` is `info`. */
  readonly return: number | null;
  readonly status: Status;
  /** Ordinal ({@link HttpRequest.request}) of the HTTP request this belongs to, when that is certain: it alone was in
   * flight from `invoke` to `return`. */
  readonly request?: number;
  /** The store's error reply, without values; only when `status` is `fail`. */
  readonly error?: string;
}

/** What could be read inside a payload. Present on writes, and on the first read of a value that no observed write
 * produced. */
export interface Payload {
  /** Decoders that were applied, outermost first: `json`, `gzip+json`, `msgpack`, `text`, `binary`, `hash`… */
  readonly format: string;
  /** Scalar leaves with their path: `price`, `items.0.price`, `` (the payload is itself a scalar). Array indices are
   * decimal segments. */
  readonly leaves: readonly (readonly [path: string, value: Digest])[];
  /** Objects and lists near the top, each as a whole in canonical form: a `jsonb` column or an array is one cell. */
  readonly containers?: readonly (readonly [path: string, value: Digest])[];
  /** Words, numbers and short word runs inside text leaves, for documents that embed values in text (HTML…). */
  readonly words?: readonly Digest[];
  /** True when limits cut the leaves short. Absence of a value then proves nothing. */
  readonly truncated?: boolean;
  /** True when the document says "there is nothing": JSON null, an empty list or document, an empty string. */
  readonly empty?: boolean;
  /** Credentials and card numbers that the payload holds: what and where, never the value. */
  readonly secrets?: readonly SecretFound[];
}

/** What a secret is, as its form tells, or else the name it stands under. */
export type SecretKind =
  | 'api-key'
  | 'bearer-token'
  | 'card-number'
  | 'jwt'
  | 'password'
  | 'password-hash'
  | 'private-key'
  | 'secret'
  | 'session-secret';

/** A secret found at capture, where values are still in the clear. */
export interface SecretFound {
  readonly kind: SecretKind;
  /** In a payload the path of its leaf, `*` in place of list indices and ids (`users.*.password_hash`); in a key's name the
   * segment before it. Empty when there is none. */
  readonly place: string;
  /** True when the value's form decides (a JWT that decodes, a known hash format, a card number in a field for such);
   * false when the name it stands under is the evidence. */
  readonly certain: boolean;
}

interface CacheBase extends OperationBase {
  readonly tier: 'cache';
  /** Command name in upper case. */
  readonly command: string;
  /** Redis database number. */
  readonly db: number;
  /** Commands of one MULTI, and the keys of one DEL or UNLINK, carry the same number, unique within their session. */
  readonly group?: number;
}

/** A read of one key. A multi-key command gives one operation per key, with equal stamps. */
export interface CacheRead extends CacheBase {
  readonly kind: 'read';
  readonly key: string;
  /** Digest of the whole value; null is a miss. */
  readonly value: Digest | null;
  /** Bytes of the value. */
  readonly size: number;
  /** Fields read when the key is a Redis hash: field → digest of its value, null for absent. */
  readonly fields?: Readonly<Record<string, Digest | null>>;
  readonly payload?: Payload;
  /** True when the server that answered is a replica: it may lag behind what its primary was told. */
  readonly replica?: boolean;
}

/** A write of one key. */
export interface CacheWrite extends CacheBase {
  readonly kind: 'write';
  readonly key: string;
  /** Digest of the whole value afterwards; absent when the command does not tell (APPEND, INCR, ZADD…). */
  readonly value?: Digest;
  readonly size: number;
  /** Milliseconds to live from now; null: none; `keep`: as before (KEEPTTL, and every in-place update). */
  readonly ttl: number | null | 'keep';
  /** False when a condition (NX, XX, a failed EXEC) kept the write from happening. */
  readonly applied: boolean;
  readonly condition?: 'nx' | 'xx';
  /** Fields written when the key is a Redis hash (`ttl` is then `keep`). */
  readonly fields?: Readonly<Record<string, Digest>>;
  readonly payload?: Payload;
}

/** A removal of one key: DEL, UNLINK, GETDEL, an expiry in the past, RENAME away. */
export interface CacheDelete extends CacheBase {
  readonly kind: 'delete';
  readonly key: string;
  /** 1 or 0 when the reply tells; null when it does not (several keys, some removed). */
  readonly removed: 0 | 1 | null;
  readonly value: null;
}

/** FLUSHDB and FLUSHALL. */
export interface CacheFlush extends CacheBase {
  readonly kind: 'flush';
  /** True for FLUSHALL. */
  readonly all: boolean;
}

/** A change of a key's time to live only. */
export interface CacheExpire extends CacheBase {
  readonly kind: 'expire';
  readonly key: string;
  /** Milliseconds to live from now; null: made persistent. */
  readonly ttl: number | null;
  readonly applied: boolean;
}

/** A script or function call (EVAL, EVALSHA, FCALL): which of its keys it read, wrote or removed is not on the wire. */
export interface CacheScript extends CacheBase {
  readonly kind: 'script';
  readonly keys: readonly string[];
  /** Its arguments as possible payloads; one counts as written once a later read of one of the keys returns it. */
  readonly candidates: readonly {
    readonly value: Digest;
    readonly size: number;
    readonly payload?: Payload;
    /** When the arguments may be the fields of a Redis hash: field to digest of its value. */
    readonly fields?: Readonly<Record<string, Digest>>;
  }[];
}

/** What a key's name is made of, written when the key is first met: its candidate segments (see core/keys.ts) and their
 * digests, so that segments can be compared with parameters and cells. */
export interface CacheKey extends CacheBase {
  readonly kind: 'key';
  readonly key: string;
  readonly parts: readonly (readonly [text: string, value: Digest])[];
  /** Secrets among the segments, which are masked in `key`. */
  readonly secrets?: readonly SecretFound[];
}

/** An equality that a statement's WHERE clause requires: column = one of the values. */
export interface Equality {
  readonly table: string;
  readonly column: string;
  readonly values: readonly Digest[];
}

/** What a WHERE clause says about rows, as far as it is understood. */
export interface Predicate {
  readonly equal: readonly Equality[];
  /** Columns the clause looks at, `table.column`, understood or not. */
  readonly columns: readonly string[];
  /** True when the clause is exactly the conjunction of `equal` (and no LIMIT, OFFSET, GROUP BY or subquery narrows the
   * rows): a row that meets all equalities is certainly selected. */
  readonly complete: boolean;
  /** True when LIMIT, OFFSET or FETCH cuts the result. */
  readonly limited: boolean;
}

/** One column of a result set. `table` and `column` come from RowDescription's table OID and attribute number; they
 * are null for computed columns. */
export interface ResultColumn {
  readonly name: string;
  readonly table: string | null;
  readonly column: string | null;
}

interface SourceBase extends OperationBase {
  readonly tier: 'source';
}

/** What every statement says of itself. */
export interface StatementFields {
  /** The statement with its literals replaced by `$1`, `$2`…; whitespace folded; keywords as written. */
  readonly shape: string;
  /** Number of the transaction on this session (counts up); null outside a transaction block. */
  readonly tx: number | null;
  /** Parameters and literals, in order. */
  readonly params: readonly (Digest | null)[];
  /** Result columns and rows (also of RETURNING); rows are cut at a limit, see `truncated`. */
  readonly columns: readonly ResultColumn[];
  readonly rows: readonly (readonly (Digest | null)[])[];
  /** Rows selected or affected, from the command tag. */
  readonly rowCount: number;
  readonly truncated?: boolean;
  /** True when SQL could not be analysed: tables and predicates are unknown. */
  readonly opaque?: boolean;
}

/** A statement that reads rows and changes none. */
export interface SourceRead extends SourceBase, StatementFields {
  readonly kind: 'read';
  /** Tables read, schema-qualified unless in `public`. */
  readonly tables: readonly string[];
  readonly where: Predicate;
  /** True when a column is computed over rows (count, sum…) rather than taken from one. */
  readonly aggregate: boolean;
  /** Columns whose every value counts for such a column (`orders.amount` for its sum). */
  readonly computed?: readonly string[];
  /** `items/1` when exactly one row of one table was read by primary key. */
  readonly key?: string;
  /** True when the server that answered is a standby: it may lag behind what was committed. */
  readonly replica?: boolean;
}

/** One table's change within a statement. */
export interface WriteEffect {
  readonly table: string;
  readonly action: 'insert' | 'update' | 'delete' | 'truncate';
  /** Columns set, with the new value's digest; `?` when it is an expression the wire does not show. For multi-row
   * INSERT one effect per row. */
  readonly set: Readonly<Record<string, Digest | null | '?'>>;
  readonly where: Predicate;
}

/** A statement that changes rows: INSERT, UPDATE, DELETE, MERGE, TRUNCATE, or a query with such a CTE. Outside a
 * transaction block it commits itself within [invoke, return]. */
export interface SourceWrite extends SourceBase, StatementFields {
  readonly kind: 'write';
  readonly effects: readonly WriteEffect[];
  readonly key?: string;
}

/** The border of a transaction block. `commit` is the moment the source changes. A COMMIT answered by ROLLBACK is a
 * `rollback`. */
export interface SourceBorder extends SourceBase {
  readonly kind: 'begin' | 'commit' | 'rollback';
  readonly tx: number;
  /** Isolation level of the transaction, where it was stated on the wire; absent means the default. */
  readonly isolation?: 'read committed' | 'repeatable read' | 'serializable';
}

/** A table's identity, written when the table is first met. */
export interface SourceTable extends SourceBase {
  readonly kind: 'table';
  readonly table: string;
  readonly primaryKey: readonly string[];
  readonly columns: readonly string[];
}

/** Who made a change that did not pass the proxies, as far as the server told. */
export interface OutsideClient {
  readonly application: string | null;
  readonly user: string | null;
}

/**
 * One row's committed change, from the database's change stream (logical decoding). All changes of a transaction carry
 * its `xid`, come one after another, and have equal stamps: `invoke` is the commit time less the clock error, `return` the
 * moment by which the transaction was seen to be visible (`pg_current_snapshot()` on a connection of our own).
 */
export interface SourceChange extends SourceBase {
  readonly kind: 'change';
  readonly table: string;
  readonly action: 'insert' | 'update' | 'delete' | 'truncate';
  /** Primary key of the row (after the change; before it, for a delete), column to digest; absent when the table has none
   * or the stream does not tell. */
  readonly row?: Readonly<Record<string, Digest>>;
  /** Columns as the replica identity gives them before the change. */
  readonly before?: Readonly<Record<string, Digest | null>>;
  /** Columns after the change; those that the stream leaves out (unchanged TOAST values) are not there. */
  readonly after?: Readonly<Record<string, Digest | null>>;
  /** Columns that differ, where both sides are known in full. */
  readonly changed?: readonly string[];
  readonly xid: number;
  /** LSN of the commit, as PostgreSQL writes it: `0/16B3748`. */
  readonly lsn: string;
  /** Commit time by the server's clock, ISO 8601 with microseconds. */
  readonly committed: string;
  /** Place within the transaction: 0 … `count - 1`. */
  readonly index: number;
  readonly count: number;
  /** On the last change of a transaction that had more rows than are kept: any row of `table` may have changed. */
  readonly truncated?: boolean;
  /** Session of the proxied connection whose server process committed it, when the server's activity told. */
  readonly proxied?: string;
  /** The one client past the proxies whose activity fits the commit. */
  readonly client?: OutsideClient;
}

/**
 * Says from when on the change stream tells every committed change of a table (`null`: of all tables), and up to when.
 * Written when the stream begins and when it ends early; `invoke` equals `return`.
 */
export interface SourceStream extends SourceBase {
  readonly kind: 'stream';
  readonly state: 'begin' | 'end';
  readonly plugin: string;
  /** Tables of which only INSERT is told, because they lack a usable replica identity. */
  readonly insertOnly: readonly string[];
  /** Tables that are told; null: all. */
  readonly tables: readonly string[] | null;
}

export type CacheOperation =
  | CacheRead
  | CacheWrite
  | CacheDelete
  | CacheFlush
  | CacheExpire
  | CacheScript
  | CacheKey;
export type SourceOperation =
  | SourceRead
  | SourceWrite
  | SourceBorder
  | SourceTable
  | SourceChange
  | SourceStream;
export type ClientOperation = ClientSession | LogLine | TraceSpan;
export type Operation = CacheOperation | SourceOperation | HttpRequest | ClientOperation;

/** Whether `a` ended before `b` began: real-time order. Equal stamps overlap; an unknown outcome precedes nothing. */
export function precedes(a: { readonly return: number | null }, b: { readonly invoke: number }): boolean {
  return a.return !== null && a.return < b.invoke;
}
