/** FROM clauses: tables, views, joins, subqueries, functions. */
import type { Alias, JoinExpr, Node, RangeVar } from 'libpg-query';
import { apply, conditions } from './conditions.ts';
import { visit } from './expression.ts';
import { addInstance, type Gathering } from './gathering.ts';
import { shownName, type TableInfo } from './names.ts';
import {
  findCte,
  type Instance,
  instanceRelation,
  nameParts,
  type Relation,
  renamedRelation,
  type Scope,
  sealedRelation,
  unknownRelation,
} from './scope.ts';
import { type Strength, select } from './select.ts';
import { viewRelation } from './view.ts';

const SYSTEM_SCHEMAS = new Set(['pg_catalog', 'information_schema', 'pg_toast']);

function isSystem(schema: string | undefined, name: string, info: TableInfo | null): boolean {
  if (schema !== undefined) return SYSTEM_SCHEMAS.has(schema);
  return info === null && name.startsWith('pg_');
}

/** An occurrence of a table by its name in the statement. */
export function instanceOf(table: RangeVar, into: Gathering): Instance {
  const name = table.relname ?? '';
  const info = into.whole.names.table(table.schemaname, name);
  return addInstance(into, {
    table: info?.name ?? shownName(table.schemaname, name),
    info,
    system: isSystem(table.schemaname, name, info),
    required: new Map(),
  });
}

/** The relation that a name in FROM denotes: a CTE, a view's query or a table. */
export function namedRelation(table: RangeVar, scope: Scope, into: Gathering, strength: Strength): Relation {
  const name = table.relname ?? '';
  const alias = table.alias?.aliasname ?? name;
  const renamed = nameParts(table.alias?.colnames) ?? [];
  const cte = table.schemaname === undefined ? findCte(scope, name) : null;
  if (cte) return renamedRelation(cte, alias, renamed);
  const info = into.whole.names.table(table.schemaname, name);
  const view = info?.kind === 'view' ? viewRelation(info, into, strength) : null;
  if (view) return renamedRelation(view, alias, renamed);
  return instanceRelation(instanceOf(table, into), alias, table.schemaname, renamed);
}

function aliased(relation: Relation, alias: Alias | undefined): Relation {
  return renamedRelation(relation, alias?.aliasname ?? '', nameParts(alias?.colnames) ?? []);
}

/** Puts an item of FROM into the scope. */
export function fromItem(item: Node, scope: Scope, into: Gathering, strength: Strength): void {
  if ('RangeVar' in item) scope.relations.push(namedRelation(item.RangeVar, scope, into, strength));
  else if ('JoinExpr' in item) join(item.JoinExpr, scope, into, strength);
  else if ('RangeSubselect' in item) {
    const { subquery, alias, lateral } = item.RangeSubselect;
    if (!subquery || !('SelectStmt' in subquery)) return;
    // Only a lateral subquery sees its neighbours; their names must not be found otherwise.
    const around = lateral ? scope : { ...scope, relations: [] };
    scope.relations.push(aliased(select(subquery.SelectStmt, around, into, strength), alias));
  } else if ('RangeFunction' in item) {
    const { functions, alias } = item.RangeFunction;
    visit(functions, scope, into, false);
    into.exact = false;
    scope.relations.push(unknownRelation(alias?.aliasname ?? ''));
  } else if ('RangeTableSample' in item) {
    into.exact = false;
    if (item.RangeTableSample.relation) fromItem(item.RangeTableSample.relation, scope, into, strength);
  } else {
    into.exact = false;
    visit(item, scope, into, false);
  }
}

/** Columns that both sides of a join are compared by without a condition: USING, NATURAL. */
function sharedColumns(
  expression: JoinExpr,
  left: readonly Relation[],
  right: readonly Relation[],
): string[] {
  if (!expression.isNatural) return nameParts(expression.usingClause) ?? [];
  const names = new Set(left.flatMap((relation) => relation.columns ?? []));
  return right.flatMap((relation) => relation.columns ?? []).filter((name) => names.has(name));
}

function resolveIn(relations: readonly Relation[], column: string): ReturnType<Relation['resolve']> {
  const relation =
    relations.find((one) => one.columns?.includes(column)) ?? relations.find((one) => one.columns === null);
  return relation?.resolve(column) ?? null;
}

function join(expression: JoinExpr, scope: Scope, into: Gathering, strength: Strength): void {
  const { larg, rarg, jointype } = expression;
  const outer = jointype !== 'JOIN_INNER';
  const leftKept = jointype === 'JOIN_INNER' || jointype === 'JOIN_LEFT';
  const rightKept = jointype === 'JOIN_INNER' || jointype === 'JOIN_RIGHT';
  const start = { instance: into.instances.length, relation: scope.relations.length };
  if (larg) fromItem(larg, scope, into, leftKept ? strength : 'weak');
  const middle = { instance: into.instances.length, relation: scope.relations.length };
  if (rarg) fromItem(rarg, scope, into, rightKept ? strength : 'weak');
  const left = scope.relations.slice(start.relation, middle.relation);
  const right = scope.relations.slice(middle.relation);
  const nullable = new Set<Instance>();
  if (outer && leftKept) for (const instance of into.instances.slice(middle.instance)) nullable.add(instance);
  if (outer && rightKept) {
    for (const instance of into.instances.slice(start.instance, middle.instance)) nullable.add(instance);
  }
  into.exact = false;
  const how = outer ? { nullable } : strength;
  apply(conditions(expression.quals, scope, into), into, how);
  const links = sharedColumns(expression, left, right).flatMap((column) => {
    const a = resolveIn(left, column);
    const b = resolveIn(right, column);
    if (a?.instance) into.columns.add(`${a.instance.table}.${a.column}`);
    if (b?.instance) into.columns.add(`${b.instance.table}.${b.column}`);
    return a && b
      ? [
          [
            { target: a, outer: false },
            { target: b, outer: false },
          ] as const,
        ]
      : [];
  });
  apply({ required: [], links, same: [], single: [], exact: false }, into, how);
  if (expression.alias?.aliasname) {
    scope.relations.push(aliased(sealedRelation(unknownRelation('')), expression.alias));
  }
}
