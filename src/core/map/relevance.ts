/** Whether a commit changes what feeds a template, in which columns, and how sure that is. */
import type { Digest } from '../operation.ts';
import type { PrimaryKeys } from '../source.ts';
import { type Change, type Commit, keyOf, type RowId } from '../source.ts';
import { type Feed, insertsMatter, mentions, type TableLineage } from './lineage.ts';

export interface Relevance {
  /** `items.price`, `insert items`, `delete items`: what this kind of write may change of the sources. */
  readonly changes: ReadonlySet<string>;
  /** Statements that do. */
  readonly statements: ReadonlySet<string>;
  /** It did change a value or row that is certainly part of what is cached. */
  readonly certain: boolean;
}

/** What a template is fed by. */
export interface Lineage {
  readonly tables: ReadonlyMap<string, TableLineage>;
  readonly primaryKey: PrimaryKeys;
}

type Difference = 'changed' | 'unchanged' | 'unknown';

/** null: nothing that feeds the template was changed. */
export function relevanceOf({ changes: all, shape, outside }: Commit, lineage: Lineage): Relevance | null {
  const changes = new Set<string>();
  const statements = new Set<string>();
  let certain = false;
  for (const change of all) {
    const table = lineage.tables.get(change.table);
    const found = table === undefined ? null : changeRelevance(change, table, lineage.primaryKey);
    if (found === null) continue;
    for (const label of found.changes) changes.add(label);
    certain ||= found.certain;
    if (change.op.kind === 'write') statements.add(change.op.shape);
  }
  // What a trigger or a function changed goes by the statement that set it off.
  if (statements.size === 0 && outside === undefined) statements.add(shape);
  return changes.size === 0 ? null : { changes, statements, certain };
}

interface Found {
  readonly changes: readonly string[];
  readonly certain: boolean;
}

function changeRelevance(change: Change, table: TableLineage, primaryKey: PrimaryKeys): Found | null {
  switch (change.action) {
    case 'truncate':
      return { changes: [`delete ${change.table}`], certain: table.certain };
    case 'delete':
      if (table.deletes === 'no') return null;
      return { changes: [`delete ${change.table}`], certain: table.deletes === 'certain' };
    case 'insert':
      return inserted(change, table, primaryKey);
    default:
      return updated(change, table);
  }
}

function inserted(change: Change, table: TableLineage, primaryKey: PrimaryKeys): Found | null {
  // The other half of an upsert: the row was there before.
  if (change.before.size > 0) return null;
  const how = table.feeds
    .filter((feed) => !contradicts(feed, change))
    .map((feed) => insertsMatter(feed, table.table, primaryKey));
  if (how.every((one) => one === 'no')) return null;
  return { changes: [`insert ${change.table}`], certain: how.includes('certain') };
}

/** A new row that does not meet what the statement always requires. */
function contradicts({ constants }: Feed, change: Change): boolean {
  for (const [name, value] of constants) {
    const column = name.startsWith(`${change.table}.`) ? name.slice(change.table.length + 1) : null;
    if (column === null) continue;
    const now = change.set.get(column);
    if (now !== undefined && now !== '?' && now !== value) return true;
  }
  return false;
}

function updated(change: Change, table: TableLineage): Found | null {
  const may = columnsSet(change).filter((column) => isFed(column, table));
  const found = may.filter((column) => change.set.has(column) && difference(change, column) !== 'unchanged');
  if (found.length === 0) return null;
  const certain =
    table.certain &&
    found.some(
      (column) =>
        table.found.has(column) &&
        (change.set.get(column) === '?' || difference(change, column) === 'changed'),
    );
  return { changes: may.map((column) => `${change.table}.${column}`), certain };
}

/** All that the statement sets, whether or not this execution changed it: the kind of write is always the same. */
function columnsSet({ op, table, set }: Change): readonly string[] {
  const columns = new Set(set.keys());
  if (op.kind === 'write')
    for (const effect of op.effects)
      if (effect.table === table && effect.action === 'update')
        for (const column of Object.keys(effect.set)) columns.add(column);
  return [...columns];
}

function isFed(column: string, table: TableLineage): boolean {
  if (table.found.has(column) || table.chooses.has(column) || table.unreadable.has(column)) return true;
  return table.feeds.some((feed) => isComputed(feed) && mentions(feed.op.shape, table.table, column));
}

/** Some of its result is computed: from which columns, the wire does not say. */
function isComputed({ op }: Feed): boolean {
  return op.kind === 'read' && (op.aggregate || op.columns.some((column) => column.table === null));
}

/** Whether a column of the changed rows has another value than before. */
function difference(change: Change, column: string): Difference {
  if (change.rows === null || change.rows.size === 0) return 'unknown';
  let all: Difference = 'unchanged';
  for (const id of change.rows) {
    const old = change.before.get(id)?.get(column);
    const now = valueNow(change, id, column);
    if (old === undefined || now === undefined || now === '?') all = 'unknown';
    else if (old !== now) return 'changed';
  }
  return all;
}

function valueNow(change: Change, id: RowId, column: string): Digest | '?' | undefined {
  return change.after.get(id)?.get(column) ?? change.set.get(column);
}

/** Values of a column in the rows that a commit changed, before and after; empty when none is known. */
export function rowValues(
  changes: readonly Change[],
  table: string,
  column: string,
  primaryKey: PrimaryKeys,
): ReadonlySet<Digest> {
  const values = new Set<Digest>();
  const at = primaryKey(table)?.indexOf(column) ?? -1;
  for (const change of changes) {
    if (change.table !== table) continue;
    for (const id of change.rows ?? []) {
      const key = at < 0 ? undefined : keyOf(id)[at];
      if (key !== undefined) values.add(key);
      for (const value of [change.before.get(id)?.get(column), change.after.get(id)?.get(column)])
        if (value !== undefined) values.add(value);
    }
    for (const equality of change.where.equal)
      if (equality.table === table && equality.column === column)
        for (const value of equality.values) values.add(value);
    const set = change.set.get(column);
    if (set !== undefined && set !== '?') values.add(set);
  }
  return values;
}
