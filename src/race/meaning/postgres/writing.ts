/** INSERT, UPDATE, DELETE, MERGE, TRUNCATE: which rows they write. */
import type { DeleteStmt, MergeStmt, Node, RangeVar, UpdateStmt } from 'libpg-query';
import { pgRow, pgTable } from '../../explore/footprint.ts';
import { type Occurrence, rowsOf } from './bounds.ts';
import { callRoutine } from './calls.ts';
import { anyWrite, type Write, write } from './consequences.ts';
import { insert, isNull } from './inserting.ts';
import { Level, touch } from './level.ts';
import { parsed } from './parsed.ts';
import { lockTable, readExpression, resolve, visit, withCtes } from './reading.ts';
import type { Column, Family, Relation, WriteAction } from './schema.ts';
import { keyValue } from './values.ts';
import { inside, type Walk } from './walk.ts';

/** The table that a statement names, or null: then it may do anything, or (a view) what lies behind was written. */
export function target(table: RangeVar | undefined, level: Level, walk: Walk): Occurrence | null {
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
export function runDefault(column: Column, walk: Walk): void {
  if (column.sequence !== null) walk.draft.now.write(pgTable(column.sequence));
  if (column.expression !== null && !column.generated) readExpression(column.expression, walk);
}

/** An update of any row that sets these targets. */
export function assigned(targets: readonly Node[] | undefined, family: Family, walk: Walk): Write {
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
