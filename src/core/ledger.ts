/**
 * The ledger of the source: follows sessions and their transactions, remembers the last seen image of rows, and tells
 * what each read saw and what each commit changed.
 */
import { MAX_SCAN, RowImages } from './images.ts';
import type {
  Digest,
  Predicate,
  SourceBorder,
  SourceOperation,
  SourceRead,
  SourceTable,
  SourceWrite,
  WriteEffect,
} from './operation.ts';
import {
  type Cell,
  type Change,
  type Commit,
  cellDigest,
  committedAt,
  type Interval,
  keyOf,
  NO_PREDICATE,
  openTransaction,
  type PendingWrite,
  type ReadFact,
  type ResultRow,
  type RowId,
  type RowImage,
  rowId,
  type Transaction,
} from './source.ts';
import { StandbyImages } from './standby-images.ts';
import { type StreamEvents, StreamLedger } from './stream-ledger.ts';

export interface LedgerEvents extends StreamEvents {
  /** Rows were read (or returned by a write). */
  onRead(read: ReadFact): void;
  onRollback(txn: Transaction, border: SourceBorder): void;
}

export class Ledger {
  readonly #events: LedgerEvents;
  readonly #open = new Map<string, Transaction>();
  readonly #primaryKeys = new Map<string, readonly string[]>();
  readonly #images = new RowImages();
  readonly #standby = new StandbyImages();
  readonly #stream: StreamLedger;

  constructor(events: LedgerEvents) {
    this.#events = events;
    this.#stream = new StreamLedger(this.#images, (table) => this.#primaryKeys.get(table), events);
  }

  /** Whether the change stream was read. */
  get streaming(): boolean {
    return this.#stream.streaming;
  }

  /** Time goes on: decides on changes of the stream that have waited for their COMMIT. */
  settle(now: number): void {
    this.#stream.settle(now);
  }

  /** The last seen committed image of a row. */
  image(id: RowId): ReadonlyMap<string, Digest> | undefined {
    return this.#images.get(id);
  }

  primaryKey(table: string): readonly string[] | undefined {
    return this.#primaryKeys.get(table);
  }

  add(op: SourceOperation): void {
    switch (op.kind) {
      case 'table':
        this.#table(op);
        return;
      case 'change':
        this.#stream.change(op);
        return;
      case 'stream':
        this.#stream.stream(op);
        return;
      case 'begin':
        this.#begin(op);
        return;
      case 'commit':
      case 'rollback':
        this.#end(op);
        return;
      case 'read':
        if (op.status === 'ok') this.#read(op);
        return;
      case 'write':
        if (op.status !== 'fail') this.#write(op);
        return;
      default:
        // A later version's operation: not needed here.
        return;
    }
  }

  #table(op: SourceTable): void {
    if (op.primaryKey.length > 0) this.#primaryKeys.set(op.table, op.primaryKey);
  }

  #begin(op: SourceBorder): void {
    const repeatable = op.isolation === 'repeatable read' || op.isolation === 'serializable';
    this.#open.set(op.session, openTransaction(op.session, op.invoke, repeatable));
  }

  #transaction(op: SourceRead | SourceWrite): Transaction | null {
    if (op.tx === null) return null;
    let txn = this.#open.get(op.session);
    if (txn === undefined) {
      // Its BEGIN was not seen (watching began later).
      txn = openTransaction(op.session, op.invoke);
      this.#open.set(op.session, txn);
    }
    txn.first ??= interval(op);
    return txn;
  }

  #read(op: SourceRead): void {
    const txn = this.#transaction(op);
    const rows = this.#rows(op, op.where);
    const own =
      txn?.writes.some((write) => write.op.effects.some((e) => op.tables.includes(e.table))) ?? false;
    // What a standby shows may have been changed already.
    if (op.replica === true) this.#standby.see(rows, op.return ?? op.invoke);
    else if (!own) {
      const at = txn?.repeatable ? (txn.first?.invoke ?? op.invoke) : op.invoke;
      for (const row of rows)
        for (const image of row.images) this.#images.remember(image.id, image.cells, at);
    }
    this.#events.onRead({ op, txn, own, rows, tokens: tokensOf(op, [op.where], rows), tables: op.tables });
    if (op.opaque !== true) return;
    if (txn !== null) txn.mayWrite = true;
    else this.#mayHaveWritten(interval(op), op, autocommitted(op));
  }

  /** What the change stream tells within its time may be a function's doing. */
  #mayHaveWritten(at: Interval, op: SourceRead | SourceBorder, txn: Transaction): void {
    const shape = op.kind === 'read' ? op.shape : 'a function';
    const tokens = new Set<Digest>(op.kind === 'read' ? op.params.filter((param) => param !== null) : []);
    const commit = { op: op.id, session: op.session, interval: at, began: txn.begin, txn, shape, tokens };
    this.#stream.committed({ ...commit, changes: [] }, false);
  }

  #write(op: SourceWrite): void {
    const block = this.#transaction(op);
    const where = op.effects[0]?.where ?? NO_PREDICATE;
    const pending: PendingWrite = { op, rows: this.#rows(op, where) };
    const txn = block ?? autocommitted(op);
    if (op.status === 'ok') this.#announceWritten(pending, txn);
    if (block !== null) block.writes.push(pending);
    else if (op.status === 'ok') this.#commit([pending], interval(op), op.id, txn);
  }

  /** What a write returned, or the values it was given, may feed a write-through. */
  #announceWritten(pending: PendingWrite, txn: Transaction): void {
    const { op } = pending;
    const rows = pending.rows.length > 0 ? pending.rows : op.effects.map((effect) => this.#given(effect));
    const wheres = op.effects.map((effect) => effect.where);
    this.#events.onRead({
      op,
      txn,
      own: true,
      rows,
      tokens: tokensOf(op, wheres, rows),
      tables: op.effects.map((effect) => effect.table),
    });
  }

  #given(effect: WriteEffect): ResultRow {
    const cells: Cell[] = [];
    for (const [column, value] of Object.entries(effect.set)) {
      if (value === '?') continue;
      cells.push({ name: column, table: effect.table, column, value: cellDigest(value) });
    }
    for (const equality of effect.where.equal) {
      const [value] = equality.values;
      if (equality.values.length !== 1 || value === undefined || equality.table !== effect.table) continue;
      cells.push({ name: equality.column, table: effect.table, column: equality.column, value });
    }
    return { cells, images: this.#imagesOf(cells, effect.where) };
  }

  #end(op: SourceBorder): void {
    const txn = this.#open.get(op.session);
    if (txn === undefined) return;
    this.#open.delete(op.session);
    txn.end = interval(op);
    txn.endOp = op.id;
    txn.state =
      op.status === 'info'
        ? 'unknown'
        : op.kind === 'commit' && op.status === 'ok'
          ? 'committed'
          : 'rolled back';
    if (txn.state === 'committed' && txn.writes.length > 0) {
      this.#commit(txn.writes, txn.end, op.id, txn);
    } else if (txn.state === 'committed' && txn.mayWrite === true) this.#mayHaveWritten(txn.end, op, txn);
    else if (txn.state === 'rolled back') this.#events.onRollback(txn, op);
  }

  #commit(writes: readonly PendingWrite[], at: Interval, id: number, txn: Transaction): void {
    const changes = writes
      .filter((write) => write.op.rowCount > 0)
      .flatMap((write) => this.#changes(write, at));
    const tokens = new Set<Digest>();
    for (const write of writes) {
      for (const token of tokensOf(
        write.op,
        write.op.effects.map((e) => e.where),
        write.rows,
      ))
        tokens.add(token);
    }
    const shape = [...new Set(writes.map((write) => write.op.shape))].join('; ');
    const began = writes[0]?.op.invoke ?? at.invoke;
    const request = writes[0]?.op.request;
    const commit: Commit = {
      ...{ op: id, session: txn.session, interval: at, began, txn, changes, shape, tokens },
      ...(request === undefined ? {} : { request }),
    };
    this.#events.onCommit(commit);
    for (const change of changes) this.#apply(change, at);
    if (changes.length > 0) this.#stream.committed(commit, true);
  }

  #changes(write: PendingWrite, at: Interval): Change[] {
    return write.op.effects.map((effect) => {
      const rows = this.#rowsTouched(effect, write);
      const before = new Map<RowId, ReadonlyMap<string, Digest>>();
      for (const id of rows ?? []) {
        const image = this.#images.get(id);
        // Of commits that overlap, the one that returns first need not be the first.
        const isKnown = (this.#images.lastChange(id)?.return ?? -1) < at.invoke;
        if (image !== undefined && isKnown) before.set(id, new Map(image));
      }
      const after = new Map<RowId, ReadonlyMap<string, Digest>>();
      for (const row of write.rows) {
        for (const image of row.images) {
          if (image.table === effect.table && image.id !== null && effect.action !== 'delete')
            after.set(image.id, image.cells);
        }
      }
      const set = new Map<string, Digest | '?'>();
      for (const [column, value] of Object.entries(effect.set))
        set.set(column, value === '?' ? '?' : cellDigest(value));
      const { table, action, where } = effect;
      const shown = this.#standby.before(rows ?? [], write.op.invoke);
      return { op: write.op, table, action, where, rows, set, after, before, shown };
    });
  }

  /** Primary keys of the rows that an effect touched, or null when they cannot be told. */
  #rowsTouched(effect: WriteEffect, write: PendingWrite): ReadonlySet<RowId> | null {
    if (effect.action === 'truncate') return null;
    const returned = write.rows.flatMap((row) => row.images.filter((image) => image.table === effect.table));
    if (returned.length > 0 && !write.op.truncated && returned.every((image) => image.id !== null)) {
      return new Set(returned.map((image) => image.id!));
    }
    const key = this.#primaryKeys.get(effect.table);
    if (key === undefined) return null;
    if (effect.action === 'insert') {
      const values = key.map((column) => effect.set[column]);
      if (values.every((value) => typeof value === 'string' && value !== '?')) {
        return new Set([rowId(effect.table, values as Digest[])]);
      }
      return null;
    }
    return keysOf(effect.table, key, effect.where) ?? this.#images.scan(effect);
  }

  #apply(change: Change, at: Interval): void {
    for (const id of change.rows ?? []) {
      // The row was locked until this commit: one that began after its statement had returned is the later one.
      const last = this.#images.lastChange(id);
      if (last !== undefined && change.op.return !== null && last.invoke > change.op.return) continue;
      if (change.action === 'delete') {
        this.#images.deleted(id);
        continue;
      }
      const cells = new Map<string, Digest>();
      for (const [column, value] of change.set) if (value !== '?') cells.set(column, value);
      const image = this.#images.get(id);
      for (const [column, value] of change.set) if (value === '?') image?.delete(column);
      for (const [column, value] of change.after.get(id) ?? []) cells.set(column, value);
      this.#images.remember(id, cells, at.return);
      this.#images.changed(id, at);
    }
  }

  #rows(op: SourceRead | SourceWrite, where: Predicate): ResultRow[] {
    return op.rows.map((values) => {
      const cells = op.columns.map((column, i) => ({ ...column, value: cellDigest(values[i]) }));
      return { cells, images: this.#imagesOf(cells, where) };
    });
  }

  #imagesOf(cells: readonly Cell[], where: Predicate): RowImage[] {
    const byTable = new Map<string, Map<string, Digest>>();
    for (const cell of cells) {
      if (cell.table === null || cell.column === null) continue;
      const row = byTable.get(cell.table) ?? new Map<string, Digest>();
      row.set(cell.column, cell.value);
      byTable.set(cell.table, row);
    }
    return [...byTable].map(([table, row]) => {
      // What the predicate requires, the row has: `select name from items where id = $1` is a read of that row.
      for (const equality of where.equal) {
        const [value] = equality.values;
        if (
          equality.table === table &&
          equality.values.length === 1 &&
          value !== undefined &&
          !row.has(equality.column)
        ) {
          row.set(equality.column, value);
        }
      }
      const key = this.#primaryKeys.get(table);
      const id = key?.every((column) => row.has(column))
        ? rowId(
            table,
            key.map((column) => row.get(column)!),
          )
        : null;
      return { table, id, cells: row };
    });
  }
}

function interval(op: { readonly invoke: number; readonly return: number | null }): Interval {
  return { invoke: op.invoke, return: op.return ?? Number.POSITIVE_INFINITY };
}

/** An autocommitted write as a transaction of its own, so that what it returned is as of its commit. */
function autocommitted(op: SourceWrite | SourceRead): Transaction {
  return committedAt(op.session, interval(op), op.id);
}

/** Primary keys that equalities on all key columns require: the product of their values. */
function keysOf(table: string, key: readonly string[], where: Predicate): ReadonlySet<RowId> | null {
  let tuples: Digest[][] = [[]];
  for (const column of key) {
    const equality = where.equal.find((e) => e.table === table && e.column === column);
    if (equality === undefined || equality.values.length * tuples.length > MAX_SCAN) return null;
    tuples = tuples.flatMap((tuple) => equality.values.map((value) => [...tuple, value]));
  }
  return new Set(tuples.map((tuple) => rowId(table, tuple)));
}

function tokensOf(
  op: SourceRead | SourceWrite,
  wheres: readonly Predicate[],
  rows: readonly ResultRow[],
): ReadonlySet<Digest> {
  const tokens = new Set<Digest>();
  for (const param of op.params) if (param !== null) tokens.add(param);
  for (const where of wheres) for (const e of where.equal) for (const value of e.values) tokens.add(value);
  // The primary keys in a list are not what it was asked for.
  for (const row of rows.length === 1 ? rows : []) {
    for (const image of row.images) {
      if (image.id === null) continue;
      for (const value of keyOf(image.id)) tokens.add(value);
    }
  }
  return tokens;
}
