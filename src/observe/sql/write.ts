/** Statements that change rows: what they set, and which rows they mean. */
import type {
  DeleteStmt,
  InsertStmt,
  MergeStmt,
  MergeWhenClause,
  Node,
  RangeVar,
  ReturningClause,
  UpdateStmt,
} from 'libpg-query';
import { apply, conditions } from './conditions.ts';
import { visit } from './expression.ts';
import { type EffectFacts, NO_PREDICATE, type PredicateFacts, type ValueRef } from './facts.ts';
import { fromItem, namedRelation } from './from.ts';
import { absorbReads, type Gathering, openGathering, predicateOf } from './gathering.ts';
import { insertEffects } from './insert.ts';
import { type Instance, openScope, type Relation, type Scope, sealedRelation } from './scope.ts';
import { addCtes, outputOf } from './select.ts';
import { valueRef } from './values.ts';

type WriteNode =
  | { InsertStmt: InsertStmt }
  | { UpdateStmt: UpdateStmt }
  | { DeleteStmt: DeleteStmt }
  | { MergeStmt: MergeStmt };

export function isWriteNode(node: Node): node is WriteNode {
  return 'InsertStmt' in node || 'UpdateStmt' in node || 'DeleteStmt' in node || 'MergeStmt' in node;
}

/** The table that a statement changes: a table, or the one base table behind a view. */
export interface WriteTarget {
  readonly relation: Relation;
  readonly instance: Instance;
  /** The base table's column for the target's column. */
  readonly column: (name: string) => string;
}

/** Opens the target of a write and puts it into the scope. */
export function openTarget(table: RangeVar, scope: Scope, into: Gathering): WriteTarget {
  const start = into.instances.length;
  const relation = namedRelation(table, { ...scope, ctes: new Map(), parent: null }, into, 'strong');
  scope.relations.push(relation);
  return {
    relation,
    instance: into.instances[start]!,
    column: (name) => relation.resolve(name)?.column ?? name,
  };
}

/** What `SET column = …` assigns, per base column. */
export function assignments(
  targets: readonly Node[] | undefined,
  target: WriteTarget,
  value: (node: Node | undefined) => ValueRef | null,
): Record<string, ValueRef | '?'> {
  const set: Record<string, ValueRef | '?'> = {};
  for (const node of targets ?? []) {
    if (!('ResTarget' in node)) continue;
    const { name, val, indirection } = node.ResTarget;
    const column = target.column(name ?? '');
    // `SET a[1] = …` and `SET a.b = …` change a part of the value.
    set[column] = indirection?.length ? '?' : (value(assigned(val)) ?? '?');
  }
  return set;
}

/** The expression for one column of `SET (a, b) = (x, y)`. */
function assigned(value: Node | undefined): Node | undefined {
  if (!value || !('MultiAssignRef' in value)) return value;
  const { source, colno } = value.MultiAssignRef;
  return source && 'RowExpr' in source ? source.RowExpr.args?.[(colno ?? 1) - 1] : undefined;
}

function update(statement: UpdateStmt, scope: Scope, into: Gathering): WriteTarget {
  const target = openTarget(statement.relation ?? {}, scope, into);
  for (const item of statement.fromClause ?? []) fromItem(item, scope, into, 'strong');
  apply(conditions(statement.whereClause, scope, into), into, 'strong');
  const where = predicateOf(into, target.instance);
  const values = openGathering(into.whole, into.depth + 1);
  visit(statement.targetList, scope, values, false);
  const set = assignments(statement.targetList, target, (node) => valueRef(node, into.whole.constantsKnown));
  emit(into, { table: target.instance.table, action: 'update', set, where, perRow: false });
  into.instances.push(...values.instances);
  return target;
}

function remove(statement: DeleteStmt, scope: Scope, into: Gathering): WriteTarget {
  const target = openTarget(statement.relation ?? {}, scope, into);
  for (const item of statement.usingClause ?? []) fromItem(item, scope, into, 'strong');
  apply(conditions(statement.whereClause, scope, into), into, 'strong');
  const where = predicateOf(into, target.instance);
  emit(into, { table: target.instance.table, action: 'delete', set: {}, where, perRow: false });
  return target;
}

function insert(statement: InsertStmt, scope: Scope, into: Gathering): WriteTarget {
  const target = openTarget(statement.relation ?? {}, scope, into);
  for (const effect of insertEffects(statement, target, scope, into)) emit(into, effect);
  return target;
}

function emit(into: Gathering, effect: EffectFacts): void {
  into.whole.effects.push(effect);
}

const MERGE_ACTIONS: Readonly<Record<string, 'insert' | 'update' | 'delete'>> = {
  CMD_INSERT: 'insert',
  CMD_UPDATE: 'update',
  CMD_DELETE: 'delete',
};

function mergeEffect(
  clause: MergeWhenClause,
  target: WriteTarget,
  where: PredicateFacts,
  into: Gathering,
): EffectFacts | null {
  const action = MERGE_ACTIONS[clause.commandType ?? ''];
  if (!action) return null;
  const value = (node: Node | undefined): ValueRef | null => valueRef(node, into.whole.constantsKnown);
  const table = target.instance.table;
  if (action !== 'insert') {
    const set = assignments(clause.targetList, target, value);
    // Which WHEN a row takes depends on more than its equalities.
    return { table, action, set, where: { ...where, complete: false }, perRow: false };
  }
  const names = (clause.targetList ?? []).flatMap((node) =>
    'ResTarget' in node ? [node.ResTarget.name ?? ''] : [],
  );
  const columns = names.length > 0 ? names : (target.relation.columns ?? []);
  const set: Record<string, ValueRef | '?'> = {};
  columns.forEach((column, index) => {
    set[target.column(column)] = value(clause.values?.[index]) ?? '?';
  });
  return { table, action, set, where: NO_PREDICATE, perRow: false };
}

function merge(statement: MergeStmt, scope: Scope, into: Gathering): WriteTarget {
  const target = openTarget(statement.relation ?? {}, scope, into);
  if (statement.sourceRelation) fromItem(statement.sourceRelation, scope, into, 'strong');
  const clauses = (statement.mergeWhenClauses ?? []).flatMap((node) =>
    'MergeWhenClause' in node ? [node.MergeWhenClause] : [],
  );
  // Rows "not matched by source" fail the join condition, so it then requires nothing of the target.
  const anyRow = clauses.some((clause) => clause.matchKind === 'MERGE_WHEN_NOT_MATCHED_BY_SOURCE');
  const clause = conditions(statement.joinCondition, scope, into);
  if (!anyRow) apply(clause, into, 'strong');
  into.exact = false;
  const where = predicateOf(into, target.instance);
  for (const when of clauses) {
    visit([when.condition, when.targetList, when.values], scope, into, false);
    const effect = mergeEffect(when, target, where, into);
    if (effect) emit(into, effect);
  }
  return target;
}

function returning(clause: ReturningClause | undefined, scope: Scope, into: Gathering): Relation {
  visit(clause?.exprs, scope, into, false);
  return sealedRelation(outputOf(clause?.exprs, scope));
}

/** Reads a statement that changes rows; its effects are added to the whole. Gives back what RETURNING gives. */
export function nestedWrite(node: WriteNode, parent: Scope | null, into: Gathering): Relation {
  const inner = openGathering(into.whole, into.depth + 1);
  const scope = openScope(parent);
  const [statement, read] = reader(node);
  addCtes(statement.withClause, scope, inner);
  const target = read(scope, inner);
  const output = returning(statement.returningClause, scope, inner);
  absorbReads(into, inner, target.instance);
  return output;
}

function reader(
  node: WriteNode,
): [
  { readonly withClause?: InsertStmt['withClause']; readonly returningClause?: ReturningClause },
  (scope: Scope, into: Gathering) => WriteTarget,
] {
  if ('InsertStmt' in node) return [node.InsertStmt, (scope, into) => insert(node.InsertStmt, scope, into)];
  if ('UpdateStmt' in node) return [node.UpdateStmt, (scope, into) => update(node.UpdateStmt, scope, into)];
  if ('DeleteStmt' in node) return [node.DeleteStmt, (scope, into) => remove(node.DeleteStmt, scope, into)];
  return [node.MergeStmt, (scope, into) => merge(node.MergeStmt, scope, into)];
}
