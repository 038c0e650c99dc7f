/**
 * What a logical decoding stream tells, in one form for every output plugin. The decoders of `test_decoding`
 * (`test-decoding.ts`) and of `pgoutput` (`pgoutput.ts`) both speak it.
 *
 * Source: https://www.postgresql.org/docs/current/logicaldecoding-explanation.html
 */

/** Stands for a TOASTed value that the change did not touch, and that the server therefore left out of it. */
export const UNCHANGED: unique symbol = Symbol('unchanged TOASTed value');

/** A column's value in a change. */
export interface DecodedColumn {
  readonly name: string;
  readonly typeOid: number | null;
  /** The type as the server's `format_type` prints it, when the plugin tells no OID. */
  readonly typeName: string | null;
  /** The text as PostgreSQL prints the value, null for SQL NULL, {@link UNCHANGED} for a TOASTed value left out. */
  readonly value: string | null | typeof UNCHANGED;
  /** Whether the column is part of the replica identity, as far as the plugin tells. */
  readonly key: boolean;
}

/** The name of a table, unquoted. */
export interface DecodedTable {
  readonly schema: string;
  readonly table: string;
}

/** The start of a transaction; its changes and its commit follow. */
export interface BeginMessage {
  readonly kind: 'begin';
  /** 0, which no transaction has, when the plugin was told to leave it out. */
  readonly xid: number;
  /** The commit time, in microseconds since 1970; null when not told yet. */
  readonly committed: bigint | null;
}

/** The end of a transaction. */
export interface CommitMessage {
  readonly kind: 'commit';
  readonly xid: number | null;
  /**
   * Where the commit record ends in the write-ahead log, like `0/16B3748`; null when not told. The slot functions show
   * the same position for the commit, and a client may confirm up to it.
   */
  readonly lsn: string | null;
  /** The commit time, in microseconds since 1970; null when not told. */
  readonly committed: bigint | null;
}

/** One changed row. */
export interface RowMessage extends DecodedTable {
  readonly kind: 'row';
  readonly action: 'insert' | 'update' | 'delete';
  /** The row before the change, as far as the replica identity tells; null when it tells nothing. */
  readonly old: readonly DecodedColumn[] | null;
  /** `key`: {@link old} holds only the replica identity's columns; `full`: all columns. */
  readonly oldIs: 'key' | 'full' | null;
  /** The row after the change; null for a delete, and where the server tells no data. */
  readonly now: readonly DecodedColumn[] | null;
}

/** Tables emptied by TRUNCATE. */
export interface TruncateMessage {
  readonly kind: 'truncate';
  readonly tables: readonly DecodedTable[];
}

/** A message that tells no change of a row, or one that is not understood; `what` describes it for a log. */
export interface OtherMessage {
  readonly kind: 'other';
  readonly what: string;
}

/** One message of a logical decoding stream. */
export type LogicalMessage = BeginMessage | CommitMessage | RowMessage | TruncateMessage | OtherMessage;
