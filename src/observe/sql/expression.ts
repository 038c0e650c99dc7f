/** Walk through expressions: columns looked at, functions called, subqueries. */
import type { FuncCall, Node, SelectStmt } from 'libpg-query';
import { countsEveryValue, isHarmless, isKnownAggregate, isTrivialCall } from './functions.ts';
import { type Gathering, lookAt } from './gathering.ts';
import { nameParts, resolveColumn, type Scope } from './scope.ts';
import { select } from './select.ts';

function noteCall(call: FuncCall, scope: Scope, into: Gathering): void {
  const parts = nameParts(call.funcname) ?? [];
  const name = parts.at(-1) ?? '';
  const schema = parts.at(-2);
  const { whole } = into;
  const routine = whole.names.routine(schema, name) ?? (isHarmless(schema, name) ? 'builtin' : 'writes');
  const aggregate = routine === 'aggregate' || (routine === 'builtin' && isKnownAggregate(name));
  if (aggregate || call.over || call.agg_star || call.agg_filter) into.aggregate = true;
  if (aggregate && !call.over && countsEveryValue(name)) noteComputed(call.args, scope, into);
  if (routine === 'writes') whole.opaque = true;
  if (routine !== 'builtin' || !isTrivialCall(name)) whole.trivialCalls = false;
}

/** Columns that stand as they are among the arguments: what an expression makes of one may stay the same. */
function noteComputed(args: readonly Node[] | undefined, scope: Scope, into: Gathering): void {
  for (const arg of args ?? []) {
    const parts = 'ColumnRef' in arg ? nameParts(arg.ColumnRef.fields) : null;
    const target = parts === null ? undefined : resolveColumn(scope, parts)?.target;
    if (target?.instance && !target.instance.system)
      into.computed.add(`${target.instance.table}.${target.column}`);
  }
}

/** Visits every part of an expression. `look`: its columns decide which rows are meant. */
export function visit(node: unknown, scope: Scope, into: Gathering, look: boolean): void {
  if (node === null || typeof node !== 'object') return;
  if (Array.isArray(node)) {
    for (const item of node) visit(item, scope, into, look);
    return;
  }
  for (const [kind, value] of Object.entries(node)) {
    if (kind === 'SelectStmt') visitSubquery(value as SelectStmt, scope, into, look);
    else if (kind === 'ColumnRef') {
      const parts = look ? nameParts((value as { fields?: Node[] }).fields) : null;
      if (parts) lookAt(into, resolveColumn(scope, parts));
    } else {
      if (kind === 'FuncCall') noteCall(value as FuncCall, scope, into);
      visit(value, scope, into, look);
    }
  }
}

function visitSubquery(query: SelectStmt, scope: Scope, into: Gathering, look: boolean): void {
  const { aggregate, limited } = into;
  select(query, scope, into, 'weak');
  into.exact = false;
  // A limit inside a subquery does not cut the statement's own result, and a figure in a condition is no result.
  into.limited = limited;
  if (look) into.aggregate = aggregate;
}
