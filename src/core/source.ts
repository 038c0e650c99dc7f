/**
 * The source's side of the history as the analysis needs it: transactions, what a read saw and when, what a commit
 * changed.
 *
 * A read's snapshot is its statement under READ COMMITTED and the transaction's first statement under REPEATABLE READ and
 * SERIALIZABLE (PostgreSQL manual, 13.2). A read in a transaction that wrote the row before sees that transaction's own
 * version: it is as of that transaction's commit.
 */
import {
  type Digest,
  NULL_DIGEST,
  type OutsideClient,
  type Predicate,
  type SourceChange,
  type SourceRead,
  type SourceWrite,
} from './operation.ts';

export interface Interval {
  readonly invoke: number;
  /** Infinity when the end was not seen. */
  readonly return: number;
}

/** Primary key columns of a table, as far as they are known. */
export type PrimaryKeys = (table: string) => readonly string[] | undefined;

/** A predicate that says nothing. */
export const NO_PREDICATE: Predicate = { equal: [], columns: [], complete: false, limited: false };

/** The rows that feed something are named by table and primary key: `items\u0000h:…`. */
export type RowId = string;

export function rowId(table: string, primaryKey: readonly Digest[]): RowId {
  return `${table}\u0000${primaryKey.join(',')}`;
}

export function tableOf(id: RowId): string {
  return id.slice(0, id.indexOf('\u0000'));
}

/** The primary key values of a row. */
export function keyOf(id: RowId): readonly Digest[] {
  return id.slice(id.indexOf('\u0000') + 1).split(',');
}

/** One table's part of a result row. */
export interface RowImage {
  readonly table: string;
  /** null when the primary key is not known. */
  readonly id: RowId | null;
  readonly cells: ReadonlyMap<string, Digest>;
}

/** A result cell. `table` and `column` are null when it is computed. */
export interface Cell {
  readonly name: string;
  readonly table: string | null;
  readonly column: string | null;
  readonly value: Digest;
}

export interface ResultRow {
  readonly cells: readonly Cell[];
  readonly images: readonly RowImage[];
}

export interface Transaction {
  readonly session: string;
  readonly repeatable: boolean;
  first: Interval | null;
  readonly writes: PendingWrite[];
  /** True when one of its statements called what may write without showing it (a function). */
  mayWrite?: true;
  state: 'open' | 'committed' | 'rolled back' | 'unknown';
  /** The commit's or rollback's interval, once it was seen. */
  end: Interval | null;
  endOp: number | null;
  readonly begin: number;
}

/** A transaction at its beginning. */
export function openTransaction(session: string, begin: number, repeatable = false): Transaction {
  return { session, repeatable, first: null, writes: [], state: 'open', end: null, endOp: null, begin };
}

/** One that committed within an interval and had no block: a statement by itself, or what the stream told. */
export function committedAt(session: string, at: Interval, op: number): Transaction {
  return { ...openTransaction(session, at.invoke), first: at, state: 'committed', end: at, endOp: op };
}

export interface PendingWrite {
  readonly op: SourceWrite;
  readonly rows: readonly ResultRow[];
}

/** A read of the source (or what a write returned), as a possible origin of cached values. */
export interface ReadFact {
  readonly op: SourceRead | SourceWrite;
  readonly txn: Transaction | null;
  /** True when the transaction itself had changed a row of these tables before. */
  readonly own: boolean;
  readonly rows: readonly ResultRow[];
  /** Parameters, literals and required values, and primary keys of the rows. */
  readonly tokens: ReadonlySet<Digest>;
  /** Tables whose rows may be in the result. */
  readonly tables: readonly string[];
}

/** When the snapshot of a read was taken: somewhere in this interval. */
export function asOf(read: ReadFact): Interval {
  const { txn } = read;
  if (txn !== null && read.own)
    return txn.end ?? { invoke: read.op.invoke, return: Number.POSITIVE_INFINITY };
  const { op } = read;
  const taken = txn?.repeatable && txn.first !== null ? txn.first : intervalOf(op);
  return isReplicaRead(read) ? { ...taken, invoke: Math.max(0, taken.invoke - REPLICA_LAG) } : taken;
}

/** A standby's snapshot is older than the statement by its lag, which the wire does not show; ns, at most. */
const REPLICA_LAG = 60e9;

function intervalOf(op: { readonly invoke: number; readonly return: number | null }): Interval {
  return { invoke: op.invoke, return: op.return ?? Number.POSITIVE_INFINITY };
}

/** Whether a standby answered. */
export function isReplicaRead({ op }: ReadFact): boolean {
  return op.kind === 'read' && op.replica === true;
}

/** One statement's change of one table, committed. */
export interface Change {
  /** The statement; the first of the rows where the change stream told it. */
  readonly op: SourceWrite | SourceChange;
  readonly table: string;
  readonly action: 'insert' | 'update' | 'delete' | 'truncate';
  readonly where: Predicate;
  /** Rows changed, when their primary keys are known. */
  readonly rows: ReadonlySet<RowId> | null;
  /** New values by column; `?` is an expression that the wire does not show. */
  readonly set: ReadonlyMap<string, Digest | '?'>;
  /** New values by row, where RETURNING or the change stream told; of the stream, those of the changed columns. */
  readonly after: ReadonlyMap<RowId, ReadonlyMap<string, Digest>>;
  /** Whole rows after the change, where the change stream told them. */
  readonly full?: ReadonlyMap<RowId, ReadonlyMap<string, Digest>>;
  /** Values before the change by row, as far as they had been seen. */
  readonly before: ReadonlyMap<RowId, ReadonlyMap<string, Digest>>;
  /** Values that a standby had shown by row when the change began: as old as those before it, or older. */
  readonly shown?: ReadonlyMap<RowId, ReadonlyMap<string, Digest>>;
  /** True once the change stream told the same more exactly: it counts no more. */
  superseded?: true;
}

/** A writer that did not pass the proxies. */
export interface Outside extends OutsideClient {
  readonly xid: number;
}

export interface Commit {
  /** Id of the operation that made it visible: COMMIT, or the autocommitted statement. */
  readonly op: number;
  readonly session: string;
  readonly interval: Interval;
  /** First write statement's invocation: where this write began at the source. */
  readonly began: number;
  /** Ordinal of the HTTP request that it belongs to, where that is certain. */
  readonly request?: number;
  readonly txn: Transaction;
  /** Replaced when the change stream tells them more exactly. */
  changes: readonly Change[];
  /** Statement shapes, joined: what kind of write this is. */
  readonly shape: string;
  /** Parameters, literals and primary keys of its writes. */
  readonly tokens: ReadonlySet<Digest>;
  /** Told by the change stream alone. */
  readonly outside?: Outside;
}

export type Answer = 'yes' | 'no' | 'unknown';

/** Whether a row with these known cells meets a predicate. */
export function meets(where: Predicate, table: string, cells: ReadonlyMap<string, Digest>): Answer {
  let known = true;
  for (const equality of where.equal) {
    if (equality.table !== table) {
      known = false;
      continue;
    }
    const cell = cells.get(equality.column);
    if (cell === undefined) known = false;
    else if (!equality.values.includes(cell)) return 'no';
  }
  return known && where.complete && !where.limited ? 'yes' : 'unknown';
}

/** Whether a row meets at least all equalities of a predicate, whatever else it asks. */
export function meetsEqualities(
  where: Predicate,
  table: string,
  cells: ReadonlyMap<string, Digest>,
): boolean {
  return (
    where.equal.length > 0 &&
    where.equal.every((equality) => {
      const cell = equality.table === table ? cells.get(equality.column) : undefined;
      return cell !== undefined && equality.values.includes(cell);
    })
  );
}

/** Whether a change touched a row. */
export function touches(change: Change, row: RowImage): Answer {
  if (change.table !== row.table) return 'no';
  if (change.action === 'truncate') return 'yes';
  if (change.rows !== null && row.id !== null) return change.rows.has(row.id) ? 'yes' : 'no';
  if (change.action === 'insert') return 'unknown';
  return meets(change.where, change.table, row.cells);
}

/** The value a change gave a column of a row: undefined when it left the column alone. */
export function valueAfter(change: Change, row: RowImage, column: string): Digest | '?' | undefined {
  // RETURNING tells columns that the statement left alone, too.
  if (!change.set.has(column)) return undefined;
  const told = row.id === null ? undefined : change.after.get(row.id);
  return (
    told?.get(column) ??
    (change.full !== undefined && told !== undefined ? undefined : change.set.get(column))
  );
}

/** NULL is a value of its own here. */
export function cellDigest(cell: Digest | null | undefined): Digest {
  return cell ?? NULL_DIGEST;
}
