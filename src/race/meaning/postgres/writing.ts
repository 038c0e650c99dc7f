/** INSERT, UPDATE, DELETE, MERGE, TRUNCATE: which rows they write. */
import type {
  DeleteStmt,
  InsertStmt,
  MergeStmt,
  Node,
  OnConflictClause,
  RangeVar,
  SelectStmt,
  UpdateStmt,
} from 'libpg-query';
import { pgRow, pgTable } from '../../explore/footprint.ts';
import { MAX_ROWS, type Occurrence, rowsBy, rowsOf } from './bounds.ts';
import { callRoutine } from './calls.ts';
import { anyWrite, type Write, write } from './consequences.ts';
import { parsed } from './parsed.ts';
import { Level, lockTable, readExpression, resolve, touch, visit, withCtes } from './reading.ts';
import type { Column, Family, Relation, WriteAction } from './schema.ts';
import { keyValue } from './values.ts';
import { inside, type Walk } from './walk.ts';

/** The table that a statement names, or null: then it may do anything, or (a view) what lies behind was written. */
function target(table: RangeVar | undefined, level: Level, walk: Walk): Occurrence | null {
  const occurrence = level.addTable(table ?? {});
  const { relation } = occurrence;
  if (relation === null) {
    walk.draft.opaque = true;
    return null;
  }
  if (relation.kind === 'table') return occurrence;
  writeAnything(relation, walk);
  touch(occurrence, walk);
  return null;
}

/** Writes whatever rows of a relation in whatever way; those behind it, for a view. */
export function writeAnything(relation: Relation, from: Walk): void {
  const walk = inside(from, { behind: true, ctes: new Set(), locking: null });
  if (walk === null || !walk.draft.first(`anything ${relation.name}`)) return;
  if (relation.kind === 'sequence') {
    walk.draft.now.write(pgTable(relation.name));
    return;
  }
  if (relation.kind === 'table') {
    walk.draft.now.read(pgTable(relation.family.name));
    for (const action of ['insert', 'update', 'delete'] as const)
      write(anyWrite(relation.family, action), walk);
    for (const column of relation.columns) runDefault(column, walk);
    return;
  }
  for (const trigger of relation.family.triggers)
    if (trigger.routine !== null) callRoutine(trigger.routine, walk);
  if (relation.family.opaque) walk.draft.opaque = true;
  const statements = relation.definition === null ? null : parsed(relation.definition);
  if (statements === null) walk.draft.opaque = true;
  for (const table of tablesIn(statements)) {
    const found = resolve(table, { ...walk, path: walk.schema.searchPath });
    if (found !== null && typeof found === 'object') writeAnything(found, walk);
  }
  visit(
    statements?.map(({ node }) => node),
    { ...walk, path: walk.schema.searchPath },
  );
}

function tablesIn(tree: unknown): RangeVar[] {
  if (tree === null || typeof tree !== 'object') return [];
  const own = 'RangeVar' in tree ? [tree.RangeVar as RangeVar] : [];
  return [...own, ...Object.values(tree).flatMap(tablesIn)];
}

/** What fills a column that is given no value. */
function runDefault(column: Column, walk: Walk): void {
  if (column.sequence !== null) walk.draft.now.write(pgTable(column.sequence));
  if (column.expression !== null && !column.generated) readExpression(column.expression, walk);
}

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

function isNull(node: Node | undefined, walk: Walk): boolean {
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

function insert(statement: InsertStmt, level: Level, walk: Walk): void {
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

/** An update of any row that sets these targets. */
function assigned(targets: readonly Node[] | undefined, family: Family, walk: Walk): Write {
  const set = new Map<string, Node | undefined>();
  for (const node of targets ?? []) {
    if (!('ResTarget' in node)) continue;
    const { name = '', val, indirection } = node.ResTarget;
    set.set(name, indirection?.length ? undefined : val);
  }
  const values = (column: Column): readonly string[] | null => {
    const node = set.get(column.name);
    if (isNull(node, walk)) return [];
    const value = keyValue(node, column.type, walk.parameters);
    return value === null ? null : [value];
  };
  return { family, action: 'update', rows: null, columns: new Set(set.keys()), values };
}

function runGivenDefaults(targets: readonly Node[] | undefined, relation: Relation, walk: Walk): void {
  for (const node of targets ?? []) {
    if (!('ResTarget' in node) || !node.ResTarget.val || !('SetToDefault' in node.ResTarget.val)) continue;
    const column = relation.columns.find((one) => one.name === node.ResTarget.name);
    if (column !== undefined) runDefault(column, walk);
  }
}

/** Reads the rows that are written as they are committed, and the other tables of the statement. */
function readAround(level: Level, occurrence: Occurrence | null, walk: Walk): readonly string[] | null {
  level.bind();
  const rows = occurrence === null ? null : rowsOf(occurrence);
  if (occurrence !== null) {
    const { name } = occurrence.relation!.family;
    walk.draft.now.read(...(rows?.map((row) => pgRow(name, row)) ?? [pgTable(name)]));
    touch(occurrence, walk);
    for (const text of occurrence.relation!.family.policies) readExpression(text, walk);
  }
  level.read(occurrence);
  return rows;
}

function update(statement: UpdateStmt, level: Level, walk: Walk): void {
  const occurrence = target(statement.relation, level, walk);
  for (const item of statement.fromClause ?? []) level.add(item);
  level.where(statement.whereClause);
  visit([statement.targetList, statement.returningClause], walk);
  const rows = readAround(level, occurrence, walk);
  if (occurrence === null) return;
  const relation = occurrence.relation!;
  runGivenDefaults(statement.targetList, relation, walk);
  write({ ...assigned(statement.targetList, relation.family, walk), rows }, walk);
}

function remove(statement: DeleteStmt, level: Level, walk: Walk): void {
  const occurrence = target(statement.relation, level, walk);
  for (const item of statement.usingClause ?? []) level.add(item);
  level.where(statement.whereClause);
  visit(statement.returningClause, walk);
  const rows = readAround(level, occurrence, walk);
  if (occurrence === null) return;
  write({ ...anyWrite(occurrence.relation!.family, 'delete'), rows, columns: new Set() }, walk);
}

function merge(statement: MergeStmt, level: Level, walk: Walk): void {
  const occurrence = target(statement.relation, level, walk);
  if (statement.sourceRelation) level.add(statement.sourceRelation);
  visit([statement.joinCondition, statement.mergeWhenClauses, statement.returningClause], walk);
  readAround(level, occurrence, walk);
  if (occurrence !== null) writeAnything(occurrence.relation!, walk);
}

/** Reads a statement that writes rows. */
export function writeStatement(node: Node, from: Walk): void {
  const within = inside(from, { locking: null });
  if (within === null) return;
  const { draft } = from;
  draft.mayFail = true;
  if ('InsertStmt' in node) {
    const walk = withCtes(node.InsertStmt.withClause, within);
    insert(node.InsertStmt, new Level(walk), walk);
  } else if ('UpdateStmt' in node) {
    const walk = withCtes(node.UpdateStmt.withClause, within);
    update(node.UpdateStmt, new Level(walk), walk);
  } else if ('DeleteStmt' in node) {
    const walk = withCtes(node.DeleteStmt.withClause, within);
    remove(node.DeleteStmt, new Level(walk), walk);
  } else if ('MergeStmt' in node) {
    const walk = withCtes(node.MergeStmt.withClause, within);
    merge(node.MergeStmt, new Level(walk), walk);
  } else draft.opaque = true;
}

/** Locks a whole table until the transaction ends; `exclusive`: against readers too. */
export function lockWhole(family: Family, exclusive: boolean, { draft }: Walk): void {
  draft.mayFail = true;
  draft.exclusive ||= exclusive;
  draft.locks.add(lockTable(family.name));
  // Readers wait for it as well, and name no lock.
  if (exclusive) draft.locks.add(pgTable(family.name));
}

/** TRUNCATE of one table; those that refer to it too, with CASCADE. */
export function truncate(relation: Relation, cascade: boolean, walk: Walk): void {
  const done = new Set<Family>();
  const empty = (family: Family): void => {
    if (done.has(family)) return;
    done.add(family);
    lockWhole(family, true, walk);
    write(anyWrite(family, 'truncate' satisfies WriteAction), walk);
    for (const key of family.children) {
      if (cascade) empty(key.child);
      else walk.draft.now.read(pgTable(key.child.name));
    }
  };
  empty(relation.family);
}
