/** INSERT: the rows that are given, the defaults that fill them, and those they conflict with. */
import type { InsertStmt, Node, OnConflictClause, SelectStmt } from 'libpg-query';
import { pgRow, pgTable } from '../../explore/footprint.ts';
import { MAX_ROWS, type Occurrence, rowsBy } from './bounds.ts';
import { write } from './consequences.ts';
import { type Level, touch } from './level.ts';
import { visit } from './reading.ts';
import type { Column, Relation } from './schema.ts';
import { keyValue } from './values.ts';
import type { Walk } from './walk.ts';
import { assigned, runDefault, target } from './writing.ts';

type Row = ReadonlyMap<string, Node>;

/** The rows of VALUES, by column; null when they come from a query. */
function givenRows(statement: InsertStmt, relation: Relation): readonly Row[] | null {
  const query: SelectStmt | undefined =
    statement.selectStmt && 'SelectStmt' in statement.selectStmt
      ? statement.selectStmt.SelectStmt
      : undefined;
  if (query === undefined) return [new Map()];
  const lists = query.valuesLists?.length
    ? query.valuesLists.map((list) => ('List' in list ? (list.List.items ?? []) : []))
    : null;
  if (lists === null) return null;
  const names = insertedColumns(statement, relation);
  return lists.map(
    (items) => new Map(items.flatMap((item, i) => (names[i] === undefined ? [] : [[names[i], item]]))),
  );
}

function insertedColumns(statement: InsertStmt, relation: Relation): readonly string[] {
  const named = (statement.cols ?? []).flatMap((node) =>
    'ResTarget' in node && !node.ResTarget.indirection?.length ? [node.ResTarget.name ?? ''] : [],
  );
  return named.length > 0 ? named : relation.columns.map((column) => column.name);
}

/** Whether a value is NULL for certain. */
export function isNull(node: Node | undefined, walk: Walk): boolean {
  if (node === undefined) return false;
  if ('A_Const' in node) return node.A_Const.isnull === true;
  return 'ParamRef' in node && walk.parameters.value(node.ParamRef.number ?? 0) === null;
}

/** Values that rows give a column: null when one of them is not known; those that are NULL left out. */
function valuesIn(
  rows: readonly Row[] | null,
  column: Column,
  relation: Relation,
  walk: Walk,
): readonly string[] | null {
  if (rows === null || rows.length > MAX_ROWS) return null;
  const values: string[] = [];
  for (const row of rows) {
    const node = row.get(column.name);
    if (isNull(node, walk)) continue;
    const missing = node === undefined || 'SetToDefault' in node;
    const own = relation.columns.find((one) => one.name === column.name);
    if (missing && own?.expression === null && own.sequence === null) continue;
    const value = missing ? null : keyValue(node, column.type, walk.parameters);
    if (value === null) return null;
    values.push(value);
  }
  return [...new Set(values)];
}

/** Names of the rows that are inserted; null when they are not known. */
function insertedRows(rows: readonly Row[] | null, relation: Relation, walk: Walk): readonly string[] | null {
  const { key } = relation.family;
  if (rows === null || key === null || rows.length > MAX_ROWS) return null;
  const names = rows.map((row) => {
    const given = new Map<string, readonly string[]>();
    for (const column of key) {
      const value = keyValue(row.get(column.name), column.type, walk.parameters);
      if (value !== null) given.set(column.name, [value]);
    }
    return rowsBy(key, given)?.[0] ?? null;
  });
  return names.every((name) => name !== null) ? names : null;
}

/** Reads an INSERT. */
export function insert(statement: InsertStmt, level: Level, walk: Walk): void {
  // A query's rows are read as of any query; its own locks do not reach here.
  visit([statement.selectStmt, statement.returningClause], walk);
  const occurrence = target(statement.relation, level, walk);
  if (occurrence === null) return;
  const relation = occurrence.relation!;
  const rows = givenRows(statement, relation);
  const names = insertedRows(rows, relation, walk);
  const given = insertedColumns(statement, relation);
  for (const column of relation.columns) {
    const always = given.includes(column.name) && (rows ?? []).every((row) => isGiven(row.get(column.name)));
    if (!always) runDefault(column, walk);
  }
  const columns = new Set(given);
  const values = (column: Column): readonly string[] | null => valuesIn(rows, column, relation, walk);
  write({ family: relation.family, action: 'insert', rows: names, columns, values }, walk);
  noteKey(occurrence, rows, names, walk);
  if (statement.onConflictClause) conflict(statement.onConflictClause, relation, names, walk);
}

function isGiven(node: Node | undefined): boolean {
  return node !== undefined && !('SetToDefault' in node);
}

/** For the label: the key of the one row that is inserted. */
function noteKey(
  occurrence: Occurrence,
  rows: readonly Row[] | null,
  names: readonly string[] | null,
  walk: Walk,
): void {
  if (names?.length === 1) {
    for (const column of occurrence.relation!.family.key ?? []) {
      const value = keyValue(rows?.[0]?.get(column.name), column.type, walk.parameters);
      if (value !== null) occurrence.bounds.set(column.name, [value]);
    }
  }
  touch(occurrence, walk);
}

/** ON CONFLICT: the row that is there may be read and written in place of the new one. */
function conflict(
  clause: OnConflictClause,
  relation: Relation,
  names: readonly string[] | null,
  walk: Walk,
): void {
  const { family } = relation;
  visit([clause.whereClause, clause.targetList], walk);
  const elements = (clause.infer?.indexElems ?? []).map((node) =>
    'IndexElem' in node ? node.IndexElem.name : undefined,
  );
  const key = family.key?.map((column) => column.name) ?? [];
  const byKey =
    key.length > 0 && elements.length === key.length && key.every((column) => elements.includes(column));
  const rows = byKey ? names : null;
  walk.draft.now.read(...(rows?.map((row) => pgRow(family.name, row)) ?? [pgTable(family.name)]));
  if (clause.action !== 'ONCONFLICT_UPDATE') return;
  write({ ...assigned(clause.targetList, family, walk), rows }, walk);
}
