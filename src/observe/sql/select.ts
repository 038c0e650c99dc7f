/** Queries: SELECT, VALUES, set operations, WITH. */
import type { CommonTableExpr, Node, SelectStmt, WithClause } from 'libpg-query';
import { apply, conditions } from './conditions.ts';
import { visit } from './expression.ts';
import type { ValueRef } from './facts.ts';
import { fromItem } from './from.ts';
import type { Gathering } from './gathering.ts';
import {
  nameParts,
  openScope,
  type Relation,
  renamedRelation,
  resolveColumn,
  type Scope,
  sealedRelation,
  type Target,
  unknownRelation,
} from './scope.ts';
import { valueRef } from './values.ts';
import { isWriteNode, nestedWrite } from './write.ts';

export type Strength = 'strong' | 'weak';

function addCte(cte: CommonTableExpr, scope: Scope, into: Gathering, recursive: boolean): void {
  const name = cte.ctename ?? '';
  const renamed = nameParts(cte.aliascolnames) ?? [];
  if (recursive) scope.ctes.set(name, unknownRelation(name));
  const query = cte.ctequery;
  let relation: Relation = unknownRelation(name);
  if (query && 'SelectStmt' in query) relation = select(query.SelectStmt, scope, into, 'weak');
  else if (query && isWriteNode(query)) relation = nestedWrite(query, scope, into);
  // Several references share these rows, so a requirement of one of them must not narrow them.
  scope.ctes.set(name, renamedRelation(sealedRelation(relation), name, renamed));
}

/** Reads a WITH clause into the scope. */
export function addCtes(clause: WithClause | undefined, scope: Scope, into: Gathering): void {
  for (const node of clause?.ctes ?? []) {
    if ('CommonTableExpr' in node) addCte(node.CommonTableExpr, scope, into, clause?.recursive === true);
  }
}

function isConstantNull(node: Node | undefined): boolean {
  return node !== undefined && 'A_Const' in node && node.A_Const.isnull === true;
}

function readLimit(query: SelectStmt, scope: Scope, into: Gathering): boolean {
  // LIMIT ALL is LIMIT NULL.
  const limited = (query.limitCount && !isConstantNull(query.limitCount)) || query.limitOffset;
  visit([query.limitCount, query.limitOffset], scope, into, false);
  if (limited) into.limited = true;
  return Boolean(limited);
}

function valuesRelation(lists: readonly Node[], scope: Scope, into: Gathering): Relation {
  const rows = lists.map((list) => ('List' in list ? (list.List.items ?? []) : []));
  visit(rows, scope, into, false);
  const columns = (rows[0] ?? []).map((_, index) => `column${index + 1}`);
  const targets = columns.map((column, index): Target | null => {
    const values = rows.map((row) => valueRef(row[index], into.whole.constantsKnown));
    const known = values.every((value): value is ValueRef => value !== null);
    return known ? { instance: null, column, pushable: false, values } : null;
  });
  return { alias: '', columns, resolve: (column) => targets[columns.indexOf(column)] ?? null };
}

function setOperation(query: SelectStmt, scope: Scope, into: Gathering): Relation {
  const sides = [query.larg, query.rarg].map((side) => (side ? select(side, scope, into, 'weak') : null));
  into.exact = false;
  visit(query.sortClause, openScope(null), into, false);
  readLimit(query, scope, into);
  return sealedRelation(sides[0] ?? unknownRelation(''));
}

/** The columns that a query gives, by name, with their origin. */
export function outputOf(targets: readonly Node[] | undefined, scope: Scope): Relation {
  const outputs = new Map<string, Target | null>();
  let open: Relation | null = null;
  for (const node of targets ?? []) {
    if (!('ResTarget' in node)) continue;
    const { name, val } = node.ResTarget;
    const fields = val && 'ColumnRef' in val ? val.ColumnRef.fields : undefined;
    const parts = nameParts(fields);
    if (parts) outputs.set(name ?? parts.at(-1) ?? '', resolveColumn(scope, parts)?.target ?? null);
    else if (fields) open = addStar(nameParts(fields.slice(0, -1)) ?? [], scope, outputs) ?? open;
    else outputs.set(name ?? functionName(val), null);
  }
  const resolve = (column: string): Target | null => outputs.get(column) ?? open?.resolve(column) ?? null;
  return { alias: '', columns: open ? null : [...outputs.keys()], resolve };
}

function functionName(node: Node | undefined): string {
  const parts = node && 'FuncCall' in node ? nameParts(node.FuncCall.funcname) : null;
  return parts?.at(-1) ?? '?column?';
}

/** Adds what a star stands for; gives back the relation whose columns are not known. */
function addStar(
  qualifier: readonly string[],
  scope: Scope,
  outputs: Map<string, Target | null>,
): Relation | null {
  const alias = qualifier.at(-1);
  const relations = scope.relations.filter((relation) => alias === undefined || relation.alias === alias);
  for (const relation of relations) {
    for (const column of relation.columns ?? []) {
      if (!outputs.has(column)) outputs.set(column, relation.resolve(column));
    }
  }
  const unknown = relations.filter((relation) => relation.columns === null);
  return unknown.length === 1 ? unknown[0]! : null;
}

function isDistinctOn(clause: readonly Node[] | undefined): boolean {
  return clause?.some((node) => Object.keys(node).length > 0) ?? false;
}

function skipsLocked(query: SelectStmt): boolean {
  return (query.lockingClause ?? []).some(
    (node) => 'LockingClause' in node && node.LockingClause.waitPolicy === 'LockWaitSkip',
  );
}

/** What narrows or folds rows after WHERE. True when the rows given are no longer one-to-one with those read. */
function readTail(query: SelectStmt, scope: Scope, into: Gathering): boolean {
  const grouped = (query.groupClause?.length ?? 0) > 0;
  const distinctOn = isDistinctOn(query.distinctClause);
  visit([query.groupClause, query.havingClause], scope, into, true);
  visit([query.windowClause, query.distinctClause], scope, into, distinctOn);
  const limited = readLimit(query, scope, into);
  // Which rows a limit leaves depends on the order.
  visit(query.sortClause, scope, into, limited);
  if (grouped || query.havingClause || distinctOn || skipsLocked(query)) into.exact = false;
  if (grouped) into.aggregate = true;
  return grouped || distinctOn || limited;
}

/** Reads a query; gives back its result as a relation. `weak`: when it finds no row, the rows around it may remain. */
export function select(
  query: SelectStmt,
  parent: Scope | null,
  into: Gathering,
  strength: Strength,
): Relation {
  const scope = openScope(parent);
  addCtes(query.withClause, scope, into);
  if (query.larg || query.rarg) return setOperation(query, scope, into);
  if (query.valuesLists?.length) {
    const relation = valuesRelation(query.valuesLists, scope, into);
    readLimit(query, scope, into);
    return relation;
  }
  for (const item of query.fromClause ?? []) fromItem(item, scope, into, strength);
  apply(conditions(query.whereClause, scope, into), into, strength);
  const before = into.aggregate;
  into.aggregate = false;
  visit(query.targetList, scope, into, false);
  const aggregated = into.aggregate;
  into.aggregate ||= before;
  const folded = readTail(query, scope, into);
  const output = outputOf(query.targetList, scope);
  return folded || aggregated ? sealedRelation(output) : output;
}
