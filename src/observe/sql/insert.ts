/**
 * INSERT. A row gives one `insert` effect. ON CONFLICT DO UPDATE gives a second effect per row: an `update` with what DO
 * UPDATE sets (EXCLUDED.column is the row's own value), of the row whose conflict columns equal the inserted ones. Either
 * of the two took place; the wire does not show which.
 */
import type { InsertStmt, Node, OnConflictClause, SelectStmt } from 'libpg-query';
import { conditions } from './conditions.ts';
import { visit } from './expression.ts';
import { type EffectFacts, NO_PREDICATE, type PredicateFacts, type ValueRef } from './facts.ts';
import { type Gathering, openGathering } from './gathering.ts';
import { nameParts, openScope, type Scope } from './scope.ts';
import { select } from './select.ts';
import { valueRef } from './values.ts';
import { assignments, type WriteTarget } from './write.ts';

type Row = readonly (Node | undefined)[];

/** The rows of VALUES, or of a SELECT without FROM; null when they come from elsewhere. */
function literalRows(query: SelectStmt | undefined): Row[] | null {
  if (!query) return [[]];
  if (query.valuesLists?.length) {
    return query.valuesLists.map((list) => ('List' in list ? (list.List.items ?? []) : []));
  }
  if (query.fromClause?.length || query.larg || !query.targetList) return null;
  return [query.targetList.map((node) => ('ResTarget' in node ? node.ResTarget.val : undefined))];
}

function columnNames(statement: InsertStmt, target: WriteTarget): string[] {
  const named = (statement.cols ?? []).flatMap((node) =>
    'ResTarget' in node ? [node.ResTarget.name ?? ''] : [],
  );
  return named.length > 0 ? named : [...(target.relation.columns ?? [])];
}

function hasIndirection(statement: InsertStmt, index: number): boolean {
  const node = statement.cols?.[index];
  return node !== undefined && 'ResTarget' in node && (node.ResTarget.indirection?.length ?? 0) > 0;
}

function rowSet(
  statement: InsertStmt,
  target: WriteTarget,
  row: Row | null,
  known: boolean,
): Record<string, ValueRef | '?'> {
  const set: Record<string, ValueRef | '?'> = {};
  const columns = columnNames(statement, target);
  const named = (statement.cols?.length ?? 0) > 0;
  columns.forEach((column, index) => {
    // Without a column list, VALUES may give fewer values than there are columns.
    if (!named && row && index >= row.length) return;
    const value = row && !hasIndirection(statement, index) ? valueRef(row[index], known) : null;
    set[target.column(column)] = value ?? '?';
  });
  return set;
}

function conflictColumns(clause: OnConflictClause, target: WriteTarget): string[] {
  const { infer } = clause;
  const info = target.instance.info;
  if (infer?.conname) return [...(info?.uniqueKeys.find((key) => key.name === infer.conname)?.columns ?? [])];
  const names = (infer?.indexElems ?? []).map((node) =>
    'IndexElem' in node ? (node.IndexElem.name ?? '') : '',
  );
  return names.includes('') || infer?.whereClause ? [] : names.map((name) => target.column(name));
}

function conflictPredicate(
  clause: OnConflictClause,
  target: WriteTarget,
  set: Readonly<Record<string, ValueRef | '?'>>,
): PredicateFacts {
  const table = target.instance.table;
  const columns = conflictColumns(clause, target);
  const equal = columns.flatMap((column) => {
    const value = set[column];
    return value === undefined || value === '?' ? [] : [{ table, column, values: [value] }];
  });
  const complete = columns.length > 0 && equal.length === columns.length && !clause.whereClause;
  return { ...NO_PREDICATE, equal, columns: columns.map((column) => `${table}.${column}`), complete };
}

function updateEffect(
  clause: OnConflictClause,
  target: WriteTarget,
  set: Readonly<Record<string, ValueRef | '?'>>,
  known: boolean,
): EffectFacts {
  const value = (node: Node | undefined): ValueRef | null => {
    const parts = node && 'ColumnRef' in node ? nameParts(node.ColumnRef.fields) : null;
    if (!parts) return valueRef(node, known);
    const excluded =
      parts.length === 2 && parts[0] === 'excluded' ? set[target.column(parts[1]!)] : undefined;
    return excluded === undefined || excluded === '?' ? null : excluded;
  };
  return {
    table: target.instance.table,
    action: 'update',
    set: assignments(clause.targetList, target, value),
    where: conflictPredicate(clause, target, set),
    perRow: true,
  };
}

/** Effects of an INSERT; its query's reads are gathered. */
export function insertEffects(
  statement: InsertStmt,
  target: WriteTarget,
  scope: Scope,
  into: Gathering,
): EffectFacts[] {
  const query =
    statement.selectStmt && 'SelectStmt' in statement.selectStmt
      ? statement.selectStmt.SelectStmt
      : undefined;
  const rows = literalRows(query);
  if (query) select(query, openScope({ ...scope, relations: [] }), into, 'weak');
  const conflict = statement.onConflictClause;
  if (conflict) readConflict(conflict, scope, into);
  const known = into.whole.constantsKnown;
  const effects: EffectFacts[] = [];
  for (const row of rows ?? [null]) {
    const set = rowSet(statement, target, row, known);
    effects.push({
      table: target.instance.table,
      action: 'insert',
      set,
      where: NO_PREDICATE,
      perRow: row !== null,
    });
    if (conflict?.action === 'ONCONFLICT_UPDATE') effects.push(updateEffect(conflict, target, set, known));
  }
  return effects;
}

function readConflict(clause: OnConflictClause, scope: Scope, into: Gathering): void {
  const aside = openGathering(into.whole, into.depth + 1);
  visit(clause.targetList, scope, aside, false);
  conditions(clause.whereClause, scope, aside);
  into.instances.push(...aside.instances);
}
