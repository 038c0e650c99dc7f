/**
 * From the rows of a stream's transaction to changes as the analysis knows them: one for all rows that were updated or
 * deleted in a table, one for each inserted row, because what enters a list is decided row by row.
 */
import { append } from './multimap.ts';
import type { Digest, Predicate, SourceChange } from './operation.ts';
import { type Change, cellDigest, NO_PREDICATE, type PrimaryKeys, type RowId } from './source.ts';
import { rowOfChange } from './stream.ts';

/** Inserted rows of one table that are told apart; the rest is one change whose rows are known by key only. */
const MAX_INSERTS = 256;

export type Cells = ReadonlyMap<string, Digest>;

/** What is known of a row's part in a transaction from elsewhere. */
export interface KnownRow {
  /** Its values before, as far as they were seen. */
  readonly before: Cells;
  /** Columns that the statements on the wire set; null for an outside write of a row that was never seen. */
  readonly columns: ReadonlySet<string> | null;
}

export type Known = (row: SourceChange, id: RowId | null) => KnownRow;

export function changesOf(rows: readonly SourceChange[], primaryKey: PrimaryKeys, known: Known): Change[] {
  const groups = new Map<string, SourceChange[]>();
  const changes: Change[] = [];
  let inserts = 0;
  for (const row of rows) {
    if (row.action === 'insert' && !row.truncated && ++inserts <= MAX_INSERTS) {
      changes.push(groupChange([row], primaryKey, known));
      continue;
    }
    const group = `${row.table}\u0000${row.action}`;
    append(groups, group, row);
  }
  for (const group of groups.values()) changes.push(groupChange(group, primaryKey, known));
  return changes;
}

/** Rows of one table that had the same done to them. */
function groupChange(group: readonly SourceChange[], primaryKey: PrimaryKeys, known: Known): Change {
  const first = group[0]!;
  const rows = new Set<RowId>();
  const after = new Map<RowId, Cells>();
  const full = new Map<RowId, Cells>();
  const before = new Map<RowId, Cells>();
  const set = new Map<string, Digest | '?'>();
  let named = true;
  for (const row of group) {
    const id = rowOfChange(row, primaryKey);
    named &&= id !== null && row.truncated !== true;
    const { old, now, changed } = rowChange(row, known(row, id));
    for (const [column, value] of changed)
      set.set(column, set.has(column) && set.get(column) !== value ? '?' : value);
    if (id === null) continue;
    for (const one of [id, movedFrom(row, primaryKey)]) {
      if (one === null) continue;
      rows.add(one);
      if (old.size > 0) before.set(one, old);
      if (row.action === 'delete') continue;
      after.set(one, changed);
      full.set(one, now);
    }
  }
  const { table, action } = first;
  const told = action === 'truncate' || !named ? null : rows;
  return { op: first, table, action, where: whereOf(group, named), rows: told, set, after, full, before };
}

/** The key that the row had, when the change moved it. */
function movedFrom(row: SourceChange, primaryKey: PrimaryKeys): RowId | null {
  const { before } = row;
  if (before === undefined || row.row === undefined || row.action !== 'update') return null;
  const key = primaryKey(row.table) ?? Object.keys(row.row);
  const old = Object.fromEntries(key.map((column) => [column, before[column] ?? row.row![column]!]));
  return rowOfChange({ ...row, row: old as Readonly<Record<string, Digest>> }, primaryKey);
}

/** A row's part: only what this transaction changed may be held against a cached value, not what others changed before. */
function rowChange(
  row: SourceChange,
  { before, columns }: KnownRow,
): Record<'old' | 'now' | 'changed', Cells> {
  const old = new Map([...before, ...cellsOf(row.before)]);
  const now = cellsOf(row.after);
  const isChanged = (column: string, value: Digest): boolean => {
    if (row.action === 'insert' || columns?.has(column) === true) return true;
    if (row.changed !== undefined) return row.changed.includes(column);
    const was = old.get(column);
    return was === undefined ? columns === null : was !== value;
  };
  return { old, now, changed: new Map([...now].filter(([column, value]) => isChanged(column, value))) };
}

/** A single row is asked for by its key, as a statement would. */
function whereOf(group: readonly SourceChange[], named: boolean): Predicate {
  const [only] = group;
  if (!named || group.length !== 1 || only?.row === undefined) return NO_PREDICATE;
  const equal = Object.entries(only.row).map(([column, value]) => ({
    table: only.table,
    column,
    values: [value],
  }));
  return { equal, columns: equal.map((e) => `${e.table}.${e.column}`), complete: true, limited: false };
}

export function cellsOf(record: Readonly<Record<string, Digest | null>> | undefined): Cells {
  const cells = new Map<string, Digest>();
  for (const [column, value] of Object.entries(record ?? {})) cells.set(column, cellDigest(value));
  return cells;
}

/** Whether the stream tells nothing of a table's part in a commit that the wire had not told. */
export function addsNothing(wire: readonly Change[], stream: readonly Change[]): boolean {
  const rows = new Set<RowId>();
  for (const change of wire) {
    if (change.rows === null || change.action === 'truncate') return false;
    for (const id of change.rows) rows.add(id);
    for (const value of change.set.values()) if (value === '?') return false;
  }
  return (
    stream.every(
      (change) =>
        change.action === 'delete' &&
        wire.every((one) => one.action === 'delete') &&
        change.rows !== null &&
        change.rows.size === rows.size &&
        [...change.rows].every((id) => rows.has(id)),
    ) || stream.every((change) => change.action === 'update' && sameUpdate(wire, change, rows))
  );
}

function sameUpdate(wire: readonly Change[], stream: Change, rows: ReadonlySet<RowId>): boolean {
  if (stream.rows === null || stream.rows.size !== rows.size) return false;
  // Of a row that nobody had read the stream tells what else stands in it: by that a result without its key is known to show it.
  if ([...rows].some((id) => wire.every(({ before }) => before.get(id) === undefined))) return false;
  if (wire.some((change) => change.action !== 'update')) return false;
  const columns = new Set(wire.flatMap((change) => [...change.set.keys()]));
  for (const id of stream.rows) {
    if (!rows.has(id)) return false;
    const now = stream.after.get(id);
    for (const change of wire) {
      if (change.rows?.has(id) !== true) continue;
      for (const [column, value] of change.set) if (now?.get(column) !== cellDigest(value)) return false;
    }
  }
  return [...stream.set.keys()].every((column) => columns.has(column));
}
