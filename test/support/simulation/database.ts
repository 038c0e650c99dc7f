/**
 * A database with row versions: READ COMMITTED and REPEATABLE READ snapshots, row locks that make writers wait, and every
 * state it ever had, so that the truth about a cached value can be asked for any moment.
 */
import { Gate, type Process } from './engine.ts';

export type Value = string | number | boolean | null;
export type Row = Readonly<Record<string, Value>>;
export type Where = Readonly<Record<string, Value | readonly Value[]>>;

export interface TableSpec {
  readonly name: string;
  readonly key: string;
  readonly columns: readonly string[];
}

export interface Select {
  readonly table: string;
  readonly columns: readonly string[];
  readonly where: Where;
  readonly orderBy?: string;
  readonly limit?: number;
  /** `count`, or the column to sum; the result is one row with one computed cell. */
  readonly aggregate?: 'count' | 'sum';
  /** How long the statement runs after it took its snapshot; ms. */
  readonly takes?: number;
}

/** A function makes an expression that the wire does not show. */
export type Assignment = Value | ((row: Row) => Value);

export interface Update {
  readonly table: string;
  readonly set: Readonly<Record<string, Assignment>>;
  readonly where: Where;
}

interface RowVersion {
  readonly seq: number;
  readonly row: Row | null;
}

interface Table extends TableSpec {
  readonly rows: Map<Value, RowVersion[]>;
}

export class Transaction {
  readonly repeatable: boolean;
  /** Taken by the first statement under REPEATABLE READ. */
  snapshot: number | null = null;
  readonly writes = new Map<string, Map<Value, Row | null>>();
  readonly locks = new Set<string>();
  state: 'open' | 'committed' | 'rolled back' = 'open';
  /** Number of the state that it made. */
  seq = 0;

  constructor(repeatable: boolean) {
    this.repeatable = repeatable;
  }
}

export class Database {
  /** Number of the last committed state. */
  seq = 0;
  /** Told of each transaction that changed something, once it is visible. */
  onCommit: ((txn: Transaction) => void) | null = null;
  readonly #tables = new Map<string, Table>();
  readonly #locks = new Map<string, { owner: Transaction; readonly gate: Gate }>();

  constructor(tables: readonly TableSpec[]) {
    for (const table of tables) this.#tables.set(table.name, { ...table, rows: new Map() });
  }

  table(name: string): TableSpec {
    return this.#table(name);
  }

  /** Puts rows there before the beginning. */
  seed(table: string, rows: readonly Row[]): void {
    const { key, rows: versions } = this.#table(table);
    for (const row of rows) versions.set(row[key]!, [{ seq: 0, row }]);
  }

  /** Rows as of a state, with a transaction's own changes laid over it. */
  select(query: Select, seq: number, txn: Transaction | null = null): readonly Row[] {
    const rows = this.#matching(query.table, query.where, seq, txn);
    const { orderBy, aggregate } = query;
    if (aggregate !== undefined) {
      const sum = rows.reduce((total, row) => total + Number(row[query.columns[0]!]), 0);
      return [{ [aggregate]: aggregate === 'count' ? rows.length : sum }];
    }
    const sorted = [...rows].sort((a, b) => compare(a[orderBy ?? 'id']!, b[orderBy ?? 'id']!));
    return sorted
      .slice(0, query.limit ?? sorted.length)
      .map((row) => Object.fromEntries(query.columns.map((column) => [column, row[column]!])));
  }

  /** The state that a statement of the transaction sees now. */
  snapshotOf(txn: Transaction | null): number {
    if (txn?.repeatable !== true) return this.seq;
    txn.snapshot ??= this.seq;
    return txn.snapshot;
  }

  /** Changes rows after waiting for their locks; gives the new rows. */
  *update(query: Update, txn: Transaction): Process<readonly Row[]> {
    const table = this.#table(query.table);
    const found = this.#matching(query.table, query.where, this.seq, txn).map((row) => row[table.key]!);
    const changed: Row[] = [];
    for (const key of found.sort(compare)) {
      yield* this.#lock(table, key, txn);
      const row = this.#current(table, key, this.seq, txn);
      if (row === null || !meets(row, query.where)) continue;
      const next = { ...row };
      for (const [column, value] of Object.entries(query.set))
        next[column] = typeof value === 'function' ? value(row) : value;
      this.#write(table, key, next, txn);
      changed.push(next);
    }
    return changed;
  }

  *delete(table: string, where: Where, txn: Transaction): Process<number> {
    const spec = this.#table(table);
    let count = 0;
    for (const row of this.#matching(table, where, this.seq, txn)) {
      yield* this.#lock(spec, row[spec.key]!, txn);
      if (this.#current(spec, row[spec.key]!, this.seq, txn) === null) continue;
      this.#write(spec, row[spec.key]!, null, txn);
      count++;
    }
    return count;
  }

  insert(table: string, row: Row, txn: Transaction): void {
    const spec = this.#table(table);
    this.#write(spec, row[spec.key]!, row, txn);
  }

  /** A row as of a state. */
  rowAt(table: string, key: Value, seq: number): Row | null {
    return this.#current(this.#table(table), key, seq, null);
  }

  exists(table: string, key: Value): boolean {
    return this.#current(this.#table(table), key, this.seq, null) !== null;
  }

  commit(txn: Transaction): void {
    txn.state = 'committed';
    txn.seq = txn.writes.size > 0 ? ++this.seq : this.seq;
    for (const [name, rows] of txn.writes) {
      const table = this.#table(name);
      for (const [key, row] of rows) {
        const versions = table.rows.get(key);
        if (versions === undefined) table.rows.set(key, [{ seq: this.seq, row }]);
        else versions.push({ seq: this.seq, row });
      }
    }
    if (txn.writes.size > 0) this.onCommit?.(txn);
    this.#release(txn);
  }

  rollback(txn: Transaction): void {
    txn.state = 'rolled back';
    this.#release(txn);
  }

  #release(txn: Transaction): void {
    for (const name of txn.locks) {
      const lock = this.#locks.get(name);
      this.#locks.delete(name);
      lock?.gate.open();
    }
  }

  *#lock(table: Table, key: Value, txn: Transaction): Process {
    const name = `${table.name}/${key}`;
    for (let held = this.#locks.get(name); held !== undefined; held = this.#locks.get(name)) {
      if (held.owner === txn) return;
      yield held.gate;
    }
    this.#locks.set(name, { owner: txn, gate: new Gate() });
    txn.locks.add(name);
  }

  #table(name: string): Table {
    const table = this.#tables.get(name);
    if (table === undefined) throw new Error(`simulation: no table ${name}`);
    return table;
  }

  #write(table: Table, key: Value, row: Row | null, txn: Transaction): void {
    const rows = txn.writes.get(table.name);
    if (rows === undefined) txn.writes.set(table.name, new Map([[key, row]]));
    else rows.set(key, row);
  }

  #current(table: Table, key: Value, seq: number, txn: Transaction | null): Row | null {
    const own = txn?.writes.get(table.name)?.get(key);
    if (own !== undefined) return own;
    const versions = table.rows.get(key) ?? [];
    for (let i = versions.length - 1; i >= 0; i--) if (versions[i]!.seq <= seq) return versions[i]!.row;
    return null;
  }

  #matching(name: string, where: Where, seq: number, txn: Transaction | null): Row[] {
    const table = this.#table(name);
    const wanted = where[table.key];
    const own = [...(txn?.writes.get(name)?.keys() ?? [])].filter((key) => !table.rows.has(key));
    const keys = wanted === undefined ? [...table.rows.keys(), ...own] : [wanted].flat();
    const rows: Row[] = [];
    for (const key of keys) {
      const row = this.#current(table, key as Value, seq, txn);
      if (row !== null && meets(row, where)) rows.push(row);
    }
    return rows;
  }
}

function compare(a: Value, b: Value): number {
  return typeof a === 'number' && typeof b === 'number' ? a - b : String(a) < String(b) ? -1 : 1;
}

function meets(row: Row, where: Where): boolean {
  return Object.entries(where).every(([column, wanted]) =>
    Array.isArray(wanted) ? wanted.includes(row[column]) : row[column] === wanted,
  );
}
