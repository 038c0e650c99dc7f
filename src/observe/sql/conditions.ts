/**
 * What a condition requires of columns. Only necessary conditions are kept: whatever is not understood makes the predicate
 * inexact, never wrong.
 */
import type { A_Expr, Node } from 'libpg-query';
import { visit } from './expression.ts';
import type { ValueRef } from './facts.ts';
import { demand, type Gathering, type Link, lookAt } from './gathering.ts';
import { nameParts, type Resolved, resolveColumn, type Scope, type Target } from './scope.ts';
import { arrayRefs, stripCasts, valueRef } from './values.ts';

interface Required {
  readonly target: Target;
  readonly values: readonly ValueRef[];
}

/** A condition as far as it is understood: a conjunction. */
export interface Clause {
  readonly required: readonly Required[];
  readonly links: readonly (readonly [Resolved, Resolved])[];
  readonly same: readonly (readonly [ValueRef, ValueRef])[];
  readonly single: readonly number[];
  /** Whether nothing else is required. */
  readonly exact: boolean;
}

const NOTHING: Clause = { required: [], links: [], same: [], single: [], exact: true };
const UNKNOWN: Clause = { ...NOTHING, exact: false };

function both(a: Clause, b: Clause): Clause {
  const clash = a.required.some((one) => b.required.some((two) => sameTarget(one.target, two.target)));
  return {
    required: [...a.required, ...b.required],
    links: [...a.links, ...b.links],
    same: [...a.same, ...b.same],
    single: [...a.single, ...b.single],
    exact: a.exact && b.exact && !clash,
  };
}

function sameTarget(a: Target, b: Target): boolean {
  return a.instance === b.instance && a.column === b.column;
}

/** What every branch of OR requires. Exact when all branches say only that one column has one of some values. */
function either(branches: readonly Clause[]): Clause {
  const [first, ...others] = branches;
  if (!first) return UNKNOWN;
  const required: Required[] = [];
  for (const one of first.required) {
    const values = [...one.values];
    const inAll = others.every((other) => {
      const match = other.required.find((two) => sameTarget(one.target, two.target));
      if (match) values.push(...match.values);
      return match !== undefined;
    });
    if (inAll) required.push({ target: one.target, values });
  }
  const simple = branches.every(
    (branch) =>
      branch.exact && branch.required.length === 1 && branch.links.length + branch.same.length === 0,
  );
  const single = branches.flatMap((branch) => branch.single);
  return { ...NOTHING, required, single, exact: simple && required.length === 1 };
}

/** A column, or a column cast to text, which compares alike. */
function columnOf(node: Node | undefined, scope: Scope, into: Gathering): Resolved | null {
  if (!node) return null;
  if ('TypeCast' in node) {
    const type = nameParts(node.TypeCast.typeName?.names)?.at(-1);
    const asText = type === 'text' || type === 'varchar' || type === 'bpchar';
    return asText ? columnOf(node.TypeCast.arg, scope, into) : null;
  }
  if (!('ColumnRef' in node)) return null;
  const parts = nameParts(node.ColumnRef.fields);
  const resolved = parts ? resolveColumn(scope, parts) : null;
  lookAt(into, resolved);
  return resolved;
}

function requireValues(resolved: Resolved, values: readonly ValueRef[]): Clause {
  if (resolved.outer || !resolved.target.instance || !resolved.target.pushable) return UNKNOWN;
  return { ...NOTHING, required: [{ target: resolved.target, values }] };
}

function rowOf(node: Node | undefined): readonly Node[] | null {
  return node && 'RowExpr' in node ? (node.RowExpr.args ?? []) : null;
}

function equals(left: Node | undefined, right: Node | undefined, scope: Scope, into: Gathering): Clause {
  const leftRow = rowOf(left);
  const rightRow = rowOf(right);
  if (leftRow && rightRow && leftRow.length === rightRow.length) {
    return leftRow.map((item, index) => equals(item, rightRow[index], scope, into)).reduce(both, NOTHING);
  }
  const known = into.whole.constantsKnown;
  const leftValue = valueRef(left, known);
  const rightValue = valueRef(right, known);
  if (leftValue && rightValue) return { ...NOTHING, same: [[leftValue, rightValue]] };
  const leftColumn = columnOf(left, scope, into);
  const rightColumn = columnOf(right, scope, into);
  if (leftColumn && rightColumn) return { ...UNKNOWN, links: [[leftColumn, rightColumn]] };
  if (leftColumn && rightValue) return requireValues(leftColumn, [rightValue]);
  if (rightColumn && leftValue) return requireValues(rightColumn, [leftValue]);
  visitSides(left, right, scope, into);
  return UNKNOWN;
}

function visitSides(left: Node | undefined, right: Node | undefined, scope: Scope, into: Gathering): void {
  visit(left, scope, into, true);
  visit(right, scope, into, true);
}

/** `column IN (list)` and `(a, b) IN ((1, 2), …)`. */
function isIn(expression: A_Expr, scope: Scope, into: Gathering): Clause {
  const list = expression.rexpr && 'List' in expression.rexpr ? (expression.rexpr.List.items ?? []) : [];
  const row = rowOf(expression.lexpr);
  const columns = row ?? (expression.lexpr ? [expression.lexpr] : []);
  const clauses = columns.map((column, index): Clause => {
    const items = row ? list.map((item) => rowOf(item)?.[index]) : list;
    const values = items.map((item) => valueRef(item, into.whole.constantsKnown));
    const resolved = columnOf(column, scope, into);
    if (resolved && values.every((value) => value !== null)) return requireValues(resolved, values);
    visit(column, scope, into, true);
    for (const item of items) visit(item, scope, into, true);
    return UNKNOWN;
  });
  const clause = clauses.reduce(both, NOTHING);
  if (!row || row.length < 2) return clause;
  const single = clause.required.flatMap((one) =>
    one.values.flatMap((value) => ('slot' in value ? [value.slot] : [])),
  );
  return { ...clause, single, exact: clause.exact && list.length === 1 };
}

function isAny(expression: A_Expr, scope: Scope, into: Gathering): Clause {
  const resolved = columnOf(expression.lexpr, scope, into);
  const values = arrayRefs(expression.rexpr, into.whole.constantsKnown);
  if (resolved && values) return requireValues(resolved, values);
  visitSides(expression.lexpr, expression.rexpr, scope, into);
  return UNKNOWN;
}

function comparison(expression: A_Expr, scope: Scope, into: Gathering): Clause {
  if (nameParts(expression.name)?.at(-1) === '=') {
    switch (expression.kind) {
      case 'AEXPR_OP':
        return equals(expression.lexpr, expression.rexpr, scope, into);
      case 'AEXPR_IN':
        return isIn(expression, scope, into);
      case 'AEXPR_OP_ANY':
        return isAny(expression, scope, into);
      default:
    }
  }
  visitSides(expression.lexpr, expression.rexpr, scope, into);
  return UNKNOWN;
}

function isTruth(node: Node | undefined, truth: 'true' | 'false', scope: Scope, into: Gathering): Clause {
  const resolved = columnOf(node, scope, into);
  if (resolved) return requireValues(resolved, [{ constant: truth }]);
  visit(node, scope, into, true);
  return UNKNOWN;
}

/** Reads a condition. */
export function conditions(node: Node | undefined, scope: Scope, into: Gathering): Clause {
  if (!node) return NOTHING;
  if ('BoolExpr' in node) {
    const args = node.BoolExpr.args ?? [];
    if (node.BoolExpr.boolop === 'NOT_EXPR') {
      const arg = stripCasts(args[0]);
      if (arg && 'ColumnRef' in arg) return isTruth(arg, 'false', scope, into);
      visit(args[0], scope, into, true);
      return UNKNOWN;
    }
    const clauses = args.map((arg) => conditions(arg, scope, into));
    return node.BoolExpr.boolop === 'AND_EXPR' ? clauses.reduce(both, NOTHING) : either(clauses);
  }
  if ('A_Expr' in node) return comparison(node.A_Expr, scope, into);
  if ('ColumnRef' in node) return isTruth(node, 'true', scope, into);
  if ('BooleanTest' in node) {
    const { arg, booltesttype } = node.BooleanTest;
    if (booltesttype === 'IS_TRUE') return isTruth(arg, 'true', scope, into);
    if (booltesttype === 'IS_FALSE') return isTruth(arg, 'false', scope, into);
  }
  const constant = stripCasts(node);
  if (constant && 'A_Const' in constant && constant.A_Const.boolval) {
    return constant.A_Const.boolval.boolval === true ? NOTHING : UNKNOWN;
  }
  visit(node, scope, into, true);
  return UNKNOWN;
}

/** How the rows that fail a condition are lost: `strong`, all of them; `weak`, those of an inner query or of the nullable
 * side of an outer join. */
export function apply(
  clause: Clause,
  into: Gathering,
  strength: 'strong' | 'weak' | { readonly nullable: ReadonlySet<unknown> },
): void {
  const nullable = typeof strength === 'object' ? strength.nullable : null;
  for (const { target, values } of clause.required) {
    if (nullable && !nullable.has(target.instance)) continue;
    demand(target, values, strength === 'strong');
  }
  for (const [a, b] of clause.links) {
    const link = linkOf(a, b, nullable);
    if (link) into.links.push(link);
  }
  into.same.push(...clause.same);
  into.single.push(...clause.single);
  into.exact &&= clause.exact && nullable === null;
}

function linkOf(a: Resolved, b: Resolved, nullable: ReadonlySet<unknown> | null): Link | null {
  if (a.outer && b.outer) return null;
  if (a.outer) return { a: a.target, b: b.target, kind: 'inward' };
  if (b.outer) return { a: b.target, b: a.target, kind: 'inward' };
  if (!nullable) return { a: a.target, b: b.target, kind: 'both' };
  const aInside = nullable.has(a.target.instance);
  const bInside = nullable.has(b.target.instance);
  if (aInside === bInside) return aInside ? { a: a.target, b: b.target, kind: 'both' } : null;
  return aInside
    ? { a: b.target, b: a.target, kind: 'outer-join' }
    : { a: a.target, b: b.target, kind: 'outer-join' };
}
