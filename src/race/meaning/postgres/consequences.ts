/**
 * What a write brings about beyond its own rows: locks on parents, checks and actions on children, triggers, unique keys,
 * expressions of the table.
 */
import { pgRow, pgTable, rowLock } from '../../explore/footprint.ts';
import { wordsOf } from './bodies.ts';
import { rowsBy } from './bounds.ts';
import { callRoutine } from './calls.ts';
import { lockTable, readExpression } from './reading.ts';
import type { Column, Family, ForeignKey, Trigger, WriteAction } from './schema.ts';
import { inside, type Walk } from './walk.ts';

/** Stands for all unique keys of a table but the one that names its rows. */
const UNIQUE = '#unique';

/** One write on one table. */
export interface Write {
  readonly family: Family;
  readonly action: WriteAction;
  /** Rows by name; null: any. */
  readonly rows: readonly string[] | null;
  /** Columns that get another value; null: any. */
  readonly columns: ReadonlySet<string> | null;
  /** The values that a column may get, null when they are not known; an empty list when it gets NULL only. */
  readonly values: (column: Column) => readonly string[] | null;
}

const unknownValues = (): null => null;

/** A write of which only the table is known. */
export function anyWrite(family: Family, action: WriteAction): Write {
  return { family, action, rows: null, columns: null, values: unknownValues };
}

function changesAny(columns: ReadonlySet<string> | null, of: Iterable<string>): boolean {
  if (columns === null) return true;
  for (const column of of) if (columns.has(column)) return true;
  return false;
}

/** Columns of its own row that a trigger function may set; null: any. */
function assignedBy({ routine }: Trigger): ReadonlySet<string> | null {
  const assigned = new Set<string>();
  // Functions in C (tsvector_update_trigger, moddatetime) set a column that is named in their arguments, never a key.
  if (routine === null || routine.language === 'c' || routine.language === 'internal') return assigned;
  const words = wordsOf(routine.source);
  const selectsInto = words.some((word, at) => word.text === 'into' && words[at - 1]?.text !== 'insert');
  for (const [at, word] of words.entries()) {
    if (word.quoted || word.text !== 'new') continue;
    const column = words[at + 1];
    const returned = words[at - 1]?.text === 'return' && word.next !== '.';
    if (returned) continue;
    if (word.next !== '.' || column === undefined) return null;
    if (selectsInto || column.next === ':=' || column.next === '=') assigned.add(column.text);
  }
  return assigned;
}

/** Columns that the write changes with those that triggers set besides; null: any. */
function changedColumns(write: Write): ReadonlySet<string> | null {
  if (write.columns === null) return null;
  const columns = new Set(write.columns);
  for (const trigger of write.family.triggers) {
    if (!trigger.on.includes(write.action)) continue;
    const assigned = assignedBy(trigger);
    if (assigned === null) return null;
    for (const column of assigned) columns.add(column);
  }
  return columns;
}

/** Whether the write leaves the names of its rows alone. */
function keepsKey(write: Write, changed: ReadonlySet<string> | null): boolean {
  const key = write.family.key?.map((column) => column.name) ?? [];
  // An insert gives the key; what a trigger makes of it is not known.
  if (write.action !== 'insert') return !changesAny(changed, key);
  return write.family.triggers.every((trigger) => {
    const assigned = trigger.on.includes('insert') ? assignedBy(trigger) : new Set<string>();
    return assigned !== null && !key.some((column) => assigned.has(column));
  });
}

/** Notes a write and all that it brings about. */
export function write(one: Write, from: Walk): void {
  const walk = inside(from, { behind: true, locking: null });
  if (walk === null) return;
  const { family, action } = one;
  const { draft } = walk;
  const changed = changedColumns(one);
  const rows = one.rows !== null && keepsKey(one, changed) ? one.rows : null;
  const whole = `write ${family.name} ${action}`;
  if (rows === null && one.columns === null && !draft.first(whole)) return;
  draft.mayFail = true;
  if (family.opaque) draft.opaque = true;
  const { name } = family;
  draft.tables.add(name);
  for (const resource of rows?.map((row) => pgRow(name, row)) ?? [pgTable(name)]) draft.changes.add(resource);
  for (const resource of rows?.map((row) => rowLock(name, row)) ?? [lockTable(name)])
    draft.locks.add(resource);
  if (collides(one, changed)) draft.locks.add(rowLock(name, UNIQUE));
  for (const key of family.parents) referTo(key, one, changed, walk);
  for (const key of family.children) leaveBehind(key, one, changed, walk);
  for (const trigger of family.triggers) if (trigger.on.includes(action)) fire(trigger, walk);
  if (draft.first(`expressions ${name}`)) for (const text of family.expressions) readExpression(text, walk);
}

function collides({ family, action }: Write, changed: ReadonlySet<string> | null): boolean {
  const { unique } = family;
  if (unique === null) return true;
  return unique.size > 0 && (action !== 'update' || changesAny(changed, unique));
}

function fire(trigger: Trigger, walk: Walk): void {
  // A deferred trigger runs at commit, in an order of its own.
  if (trigger.deferrable) walk.draft.runsAnything();
  if (trigger.routine !== null) callRoutine(trigger.routine, walk);
}

/** A row that refers to another locks it against removal, and reads that it is there. */
function referTo(key: ForeignKey, one: Write, changed: ReadonlySet<string> | null, { draft }: Walk): void {
  if (one.action === 'delete' || one.action === 'truncate') return;
  if (one.action === 'update' && !changesAny(changed, key.columns)) return;
  const { parent } = key;
  const given = new Map<string, readonly string[]>();
  for (const column of parent.key ?? []) {
    const own = key.columns[key.referenced.indexOf(column.name)];
    const values = own === undefined ? null : one.values({ ...column, name: own });
    if (values !== null) given.set(column.name, values);
  }
  const byTrigger =
    changed !== null &&
    one.columns !== null &&
    key.columns.some((column) => changed.has(column) && !one.columns!.has(column));
  const rows = byTrigger ? null : rowsBy(parent.key, given);
  const resources = rows?.map((row) => pgRow(parent.name, row)) ?? [pgTable(parent.name)];
  draft.now.read(...resources);
  for (const lock of rows?.map((row) => rowLock(parent.name, row)) ?? [lockTable(parent.name)])
    draft.shares.add(lock);
  if (key.deferrable) for (const resource of resources) draft.deferred.add(resource);
}

/** A row that is removed, or gets another key, is looked for in those that refer to it. */
function leaveBehind(key: ForeignKey, one: Write, changed: ReadonlySet<string> | null, walk: Walk): void {
  const { action } = one;
  if (action === 'insert') return;
  if (action === 'update' && !changesAny(changed, key.referenced)) return;
  const { draft } = walk;
  const { child } = key;
  draft.now.read(pgTable(child.name));
  draft.shares.add(lockTable(child.name));
  if (key.deferrable) draft.deferred.add(pgTable(child.name));
  const rule = action === 'update' ? key.onUpdate : key.onDelete;
  if (action === 'truncate') return;
  if (rule === 'c' && action === 'delete') write(anyWrite(child, 'delete'), walk);
  else if (rule === 'c' || rule === 'n' || rule === 'd') write(anyWrite(child, 'update'), walk);
}
