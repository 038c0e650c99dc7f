/**
 * One statement execution as it went over a PostgreSQL connection: the border between the protocol (who said what,
 * in which order) and its meaning (tables, rows, predicates). Text only: binary values are decoded to the text the
 * server would have sent; a value that cannot be decoded is `undefined`.
 */
export interface ExchangeColumn {
  readonly name: string;
  /** Table OID, 0 for computed columns. */
  readonly table: number;
  /** Attribute number within the table, 0 for computed columns. */
  readonly attribute: number;
  readonly type: number;
}

export interface StatementExchange {
  readonly session: string;
  /** The statement's text as the client sent it. A simple query with several statements gives one exchange per
   * statement result; `sql` is then the whole text and `part` the statement's index in it. */
  readonly sql: string;
  readonly part: number;
  /** Parameters as text; null is SQL NULL; undefined could not be decoded. */
  readonly params: readonly (string | null | undefined)[];
  readonly columns: readonly ExchangeColumn[];
  /** Rows as text, cut at `LIMITS.rows` rows and `LIMITS.cell` characters a cell. */
  readonly rows: readonly (readonly (string | null | undefined)[])[];
  /** True when rows or cells were cut, or a portal was suspended. */
  readonly truncated: boolean;
  /** Command tag, e.g. `UPDATE 3`; null when the statement failed or no reply was seen. */
  readonly tag: string | null;
  /** SQLSTATE when the statement failed. */
  readonly sqlstate: string | null;
  /** Transaction state before the statement was run and after it: ReadyForQuery's `I`, `T` or `E`. Within a pipeline, where
   * ReadyForQuery comes only at the end, derived from the statements in between. */
  readonly before: 'I' | 'T' | 'E';
  readonly after: 'I' | 'T' | 'E';
  /** True when the statement shares an implicit transaction with others (pipeline before one Sync, or a multi-statement
   * simple query): it commits only at `return` of the last. */
  readonly implicit: boolean;
  /** True for the last statement of an implicit transaction: `return` is then the moment it committed (or failed to). */
  readonly closes?: boolean;
  /** Number of the transaction on this session, explicit or implicit block; null for a single autocommitted statement. */
  readonly tx: number | null;
  readonly invoke: number;
  /** null when no reply was seen. */
  readonly return: number | null;
}
