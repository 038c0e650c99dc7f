/** What the observers would have written: operations in order of return, with digests in the place of values. */
import { keyParts } from '../../../src/core/keys.ts';
import type { Digest, Operation, Predicate, ResultColumn, WriteEffect } from '../../../src/core/operation.ts';
import type { Unnumbered } from '../../../src/observe/context.ts';
import { createDigester } from '../../../src/observe/payload/index.ts';
import type { Database, Row, Select, TableSpec, Transaction, Update, Value, Where } from './database.ts';
import type { Stored } from './store.ts';

/** Versions of a key's value that the observer remembers; a hit on any other comes with its payload. */
const KNOWN_VALUES = 4;

const encoder = new TextEncoder();

/** As PostgreSQL writes it. */
function sqlText(value: Value): string {
  return value === true ? 't' : value === false ? 'f' : String(value);
}

export class Recorder {
  readonly operations: Operation[] = [];
  readonly digest = createDigester(new Uint8Array(16).map((_, i) => i * 7));
  readonly #named = new Set<string>();
  readonly #known = new Map<string, Digest[]>();

  /** Appends an operation; gives its id. A key's name is written before its first operation. */
  emit(op: Unnumbered<Operation>): number {
    if (op.tier === 'cache' && op.kind !== 'key') {
      const keys = 'key' in op ? [op.key] : 'keys' in op ? op.keys : [];
      for (const key of keys) this.#name(op.db, key, op.invoke, op.session);
    }
    const id = this.operations.length + 1;
    this.operations.push({ id, ...op } as Operation);
    return id;
  }

  table(spec: TableSpec): void {
    this.emit({
      tier: 'source',
      kind: 'table',
      table: spec.name,
      primaryKey: [spec.key],
      columns: spec.columns,
      session: 'pg:1',
      invoke: 0,
      return: 0,
      status: 'ok',
    });
  }

  stream(): void {
    this.emit({
      tier: 'source',
      kind: 'stream',
      state: 'begin',
      plugin: 'test_decoding',
      insertOnly: [],
      tables: null,
      session: 'stream:1',
      invoke: 0,
      return: 0,
      status: 'ok',
    });
  }

  /** A transaction as the change stream tells it. */
  changes(
    database: Database,
    txn: Transaction,
    at: { readonly xid: number; readonly invoke: number; readonly returned: number },
  ): void {
    const rows = [...txn.writes].flatMap(([table, written]) =>
      [...written].map(([key, row]) => ({ table, key, row })),
    );
    for (const [index, { table, key, row }] of rows.entries()) {
      const { key: keyColumn } = database.table(table);
      const old = database.rowAt(table, key, txn.seq - 1);
      const cells = Object.fromEntries(
        Object.entries(row ?? {}).map(([column, value]) => [column, this.value(value)]),
      );
      this.emit({
        tier: 'source',
        kind: 'change',
        table,
        action: row === null ? 'delete' : old === null ? 'insert' : 'update',
        row: { [keyColumn]: this.value(key)! },
        ...(row === null ? {} : { after: cells }),
        xid: at.xid,
        lsn: `0/${at.xid}`,
        committed: '2026-01-01T00:00:00.000000Z',
        index,
        count: rows.length,
        session: 'stream:1',
        invoke: at.invoke,
        return: at.returned,
        status: 'ok',
      });
    }
  }

  #name(db: number, key: string, at: number, session: string): void {
    const id = `${db} ${key}`;
    if (this.#named.has(id)) return;
    this.#named.add(id);
    const parts = keyParts(key).map((part) => [part, this.digest.scalar(part)] as const);
    this.emit({
      tier: 'cache',
      kind: 'key',
      command: '',
      db,
      key,
      parts,
      session,
      invoke: at,
      return: at,
      status: 'ok',
    });
  }

  // Cache -----------------------------------------------------------------------------------------------------------------

  /** A written value; the observer knows it from now on. */
  written(db: number, key: string, value: Stored) {
    const { fields } = value;
    if (fields !== undefined) {
      const bytes = new Map(Object.entries(fields).map(([name, text]) => [name, encoder.encode(text)]));
      return {
        size: value.text.length,
        fields: this.#fields(fields),
        payload: this.digest.inspectFields(bytes),
      };
    }
    const bytes = encoder.encode(value.text);
    const digest = this.digest.identity(bytes);
    this.#know(`${db} ${key}`, digest);
    return { value: digest, size: bytes.length, payload: this.digest.inspect(bytes) };
  }

  /** A value read. */
  read(db: number, key: string, value: Stored | null) {
    if (value === null) return { value: null, size: 0 };
    const digest = this.digest.identity(encoder.encode(value.text));
    const fresh = this.#know(`${db} ${key}`, digest);
    const size = value.text.length;
    if (value.fields === undefined)
      return {
        value: digest,
        size,
        ...(fresh ? { payload: this.digest.inspect(encoder.encode(value.text)) } : {}),
      };
    const bytes = new Map(Object.entries(value.fields).map(([name, text]) => [name, encoder.encode(text)]));
    const payload = fresh ? { payload: this.digest.inspectFields(bytes) } : {};
    return { value: digest, size, fields: this.#fields(value.fields), ...payload };
  }

  /** A script's argument. */
  candidate(text: string) {
    const bytes = encoder.encode(text);
    return { value: this.digest.identity(bytes), size: bytes.length, payload: this.digest.inspect(bytes) };
  }

  #fields(fields: Readonly<Record<string, string>>): Record<string, Digest> {
    return Object.fromEntries(
      Object.entries(fields).map(([name, text]) => [name, this.digest.identity(encoder.encode(text))]),
    );
  }

  /** True when the value was not known. */
  #know(id: string, digest: Digest): boolean {
    const known = this.#known.get(id) ?? [];
    if (known.includes(digest)) return false;
    this.#known.set(id, [digest, ...known].slice(0, KNOWN_VALUES));
    return true;
  }

  // Source ----------------------------------------------------------------------------------------------------------------

  value(value: Value): Digest | null {
    return value === null ? null : this.digest.scalar(sqlText(value));
  }

  where(table: string, where: Where, limited = false): Predicate {
    const equal = Object.entries(where).map(([column, values]) => ({
      table,
      column,
      values: [values].flat().map((value) => this.value(value as Value)!),
    }));
    const columns = Object.keys(where).map((column) => `${table}.${column}`);
    return { equal, columns, complete: !limited, limited };
  }

  select(query: Select, rows: readonly Row[]) {
    const { table, aggregate } = query;
    const names = aggregate === undefined ? query.columns : [aggregate];
    const columns: ResultColumn[] = names.map((name) =>
      aggregate === undefined ? { name, table, column: name } : { name, table: null, column: null },
    );
    const shown = aggregate === undefined ? names.join(', ') : `${aggregate}(${query.columns[0]})`;
    const limit =
      query.limit === undefined
        ? ''
        : ` ORDER BY ${query.orderBy ?? 'id'} LIMIT $${Object.keys(query.where).length + 1}`;
    const where = this.where(table, query.where, query.limit !== undefined);
    return {
      kind: 'read' as const,
      shape: `SELECT ${shown} FROM ${table}${conditions(query.where, 1)}${limit}`,
      params: [
        ...where.equal.flatMap((one) => one.values),
        ...(query.limit === undefined ? [] : [this.value(query.limit)]),
      ],
      columns,
      rows: rows.map((row) => names.map((name) => this.value(row[name]!))),
      rowCount: rows.length,
      tables: [table],
      where,
      aggregate: aggregate !== undefined,
      ...(rows.length === 1 && 'id' in query.where ? { key: `${table}/${query.where.id}` } : {}),
    };
  }

  /** `returning`: columns given back. */
  update(query: Update, rows: readonly Row[], returning: readonly string[] | undefined) {
    const set: Record<string, Digest | null | '?'> = {};
    const params: (Digest | null)[] = [];
    const assignments: string[] = [];
    for (const [column, value] of Object.entries(query.set)) {
      set[column] = typeof value === 'function' ? '?' : this.value(value);
      if (typeof value !== 'function') params.push(this.value(value));
      assignments.push(
        typeof value === 'function' ? `${column} = ${column} + 1` : `${column} = $${params.length}`,
      );
    }
    const where = this.where(query.table, query.where);
    const shape = `UPDATE ${query.table} SET ${assignments.join(', ')}${conditions(query.where, params.length + 1)}`;
    params.push(...where.equal.flatMap((one) => one.values));
    return this.#write({ table: query.table, action: 'update', set, where }, shape, params, rows, returning);
  }

  insert(table: string, row: Row, returning: readonly string[] | undefined) {
    const set = Object.fromEntries(Object.entries(row).map(([column, value]) => [column, this.value(value)]));
    const names = Object.keys(row);
    const shape = `INSERT INTO ${table} (${names.join(', ')}) VALUES (${names.map((_, i) => `$${i + 1}`).join(', ')})`;
    const where: Predicate = { equal: [], columns: [], complete: false, limited: false };
    return this.#write({ table, action: 'insert', set, where }, shape, Object.values(set), [row], returning);
  }

  delete(table: string, where: Where, count: number) {
    const predicate = this.where(table, where);
    const shape = `DELETE FROM ${table}${conditions(where, 1)}`;
    const params = predicate.equal.flatMap((one) => one.values);
    const effect: WriteEffect = { table, action: 'delete', set: {}, where: predicate };
    return { ...this.#write(effect, shape, params, [], undefined), rowCount: count };
  }

  #write(
    effect: WriteEffect,
    shape: string,
    params: readonly (Digest | null)[],
    rows: readonly Row[],
    returning: readonly string[] | undefined,
  ) {
    const names = returning ?? [];
    return {
      kind: 'write' as const,
      shape: names.length > 0 ? `${shape} RETURNING ${names.join(', ')}` : shape,
      params,
      columns: names.map((name) => ({ name, table: effect.table, column: name })),
      rows: names.length > 0 ? rows.map((row) => names.map((name) => this.value(row[name]!))) : [],
      rowCount: rows.length,
      effects: [effect],
    };
  }
}

function conditions(where: Where, from: number): string {
  const parts = Object.entries(where).map(([column, value], i) =>
    Array.isArray(value) ? `${column} IN ($${from + i})` : `${column} = $${from + i}`,
  );
  return parts.length === 0 ? '' : ` WHERE ${parts.join(' AND ')}`;
}
