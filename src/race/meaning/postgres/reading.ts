/** What queries and expressions touch: the rows they are about, the locks they take, the functions they call. */
import type {
  A_Expr,
  CommonTableExpr,
  LockingClause,
  Node,
  RangeVar,
  SelectStmt,
  WithClause,
} from 'libpg-query';
import { pgRow, pgTable, rowLock } from '../../explore/footprint.ts';
import { callFunction, callRoutine } from './calls.ts';
import { Level } from './level.ts';
import { parsed } from './parsed.ts';
import type { Relation } from './schema.ts';
import { inside, parts, type Walk } from './walk.ts';
import { writeStatement } from './writing.ts';

const SYSTEM = new Set(['pg_catalog', 'information_schema', 'pg_toast']);

/** What a name in a statement denotes. */
export function resolve(table: RangeVar, walk: Walk): Relation | 'system' | 'cte' | null {
  const { schemaname: schema, relname: name = '' } = table;
  if (schema !== undefined && SYSTEM.has(schema)) return 'system';
  if (schema === undefined && walk.ctes.has(name)) return 'cte';
  const found = walk.schema.relation(schema, name, walk.path);
  return found ?? (schema === undefined && name.startsWith('pg_') ? 'system' : null);
}

/** Reads every row of a relation, or those that are named. */
export function readRelation(relation: Relation, rows: readonly string[] | null, walk: Walk): void {
  const { draft } = walk;
  const { family } = relation;
  if (relation.kind === 'view') {
    readView(relation, walk);
    return;
  }
  if (family.opaque) draft.opaque = true;
  draft.tables.add(family.name);
  if (rows === null) draft.now.read(pgTable(family.name));
  else draft.now.read(...rows.map((row) => pgRow(family.name, row)));
  lockRows(relation, rows, walk);
  if (family.policies.length > 0 && draft.first(`policies ${family.name}`)) {
    for (const text of family.policies) readExpression(text, walk);
  }
}

function lockRows(relation: Relation, rows: readonly string[] | null, { locking, draft }: Walk): void {
  if (locking === null || relation.kind !== 'table') return;
  const { name } = relation.family;
  const resources = rows === null ? [lockTable(name)] : rows.map((row) => rowLock(name, row));
  const into = locking === 'write' ? draft.locks : draft.shares;
  for (const resource of resources) into.add(resource);
  draft.mayFail = true;
}

/** The locks on all rows of a table. */
export function lockTable(name: string): string {
  return pgTable(name).replace(/^pg:/, 'lock:');
}

function readView(view: Relation, walk: Walk): void {
  if (view.family.opaque) walk.draft.opaque = true;
  const within = inside(walk, { behind: true, ctes: new Set(), path: [] });
  if (within === null || !walk.draft.first(`view ${view.name} ${walk.locking}`)) return;
  const statements = view.definition === null ? null : parsed(view.definition);
  // Definitions name every relation with its schema unless it is in the search path of whoever asked.
  if (statements === null) walk.draft.opaque = true;
  else for (const { node } of statements) visit(node, { ...within, path: walk.schema.searchPath });
}

/** An expression of the schema: a policy, a default, a check. */
export function readExpression(text: string, walk: Walk): void {
  const within = inside(walk, { behind: true, ctes: new Set(), path: walk.schema.searchPath, locking: null });
  if (within === null) return;
  const statements = parsed(`SELECT ${text}`);
  if (statements === null) walk.draft.opaque = true;
  else for (const { node } of statements) visit(node, within);
}

/** Operators that cannot fail on values of their types. */
const SAFE_OPERATORS = new Set(['=', '<>', '!=', '<', '>', '<=', '>=', '~~', '!~~', '~~*', '!~~*', '||']);

function visitOperator(expression: A_Expr, walk: Walk): void {
  const name = parts(expression.name).at(-1) ?? '';
  if (!SAFE_OPERATORS.has(name)) walk.draft.mayFail = true;
  for (const routine of walk.schema.operators(name)) callRoutine(routine, walk);
  visit(expression.lexpr, walk);
  visit(expression.rexpr, walk);
}

/** Visits every part of a tree. */
export function visit(value: unknown, walk: Walk): void {
  if (value === null || typeof value !== 'object') return;
  if (Array.isArray(value)) {
    for (const item of value) visit(item, walk);
    return;
  }
  for (const [kind, part] of Object.entries(value)) visitPart(kind, part, value as Node, walk);
}

function visitPart(kind: string, part: unknown, node: Node, walk: Walk): void {
  switch (kind) {
    case 'SelectStmt':
      select(part as SelectStmt, walk);
      return;
    case 'InsertStmt':
    case 'UpdateStmt':
    case 'DeleteStmt':
    case 'MergeStmt':
      writeStatement(node, walk);
      return;
    case 'RangeVar':
      readNamed(part as RangeVar, walk);
      return;
    case 'A_Expr':
      visitOperator(part as A_Expr, walk);
      return;
    case 'FuncCall':
      if ('FuncCall' in node) callFunction(node.FuncCall, walk);
      break;
    case 'TypeCast': {
      const arg = 'TypeCast' in node ? node.TypeCast.arg : undefined;
      if (arg !== undefined && !('A_Const' in arg) && !('ParamRef' in arg)) walk.draft.mayFail = true;
      break;
    }
    case 'SubLink':
      if ('SubLink' in node && node.SubLink.subLinkType === 'EXPR_SUBLINK') walk.draft.mayFail = true;
      break;
    default:
  }
  visit(part, walk);
}

function readNamed(table: RangeVar, walk: Walk): void {
  const found = resolve(table, walk);
  if (found === null) walk.draft.opaque = true;
  else if (typeof found === 'object') readRelation(found, null, walk);
}

/** The walk with the names of a WITH clause in sight, whose queries are visited. */
export function withCtes(clause: WithClause | undefined, walk: Walk): Walk {
  const ctes = new Set(walk.ctes);
  const list = (clause?.ctes ?? []).flatMap((node): CommonTableExpr[] =>
    'CommonTableExpr' in node ? [node.CommonTableExpr] : [],
  );
  if (clause?.recursive) for (const cte of list) ctes.add(cte.ctename ?? '');
  for (const cte of list) {
    // A locking clause around does not reach into WITH.
    const within = inside(walk, { ctes: new Set(ctes), locking: null });
    if (within !== null) visit(cte.ctequery, within);
    ctes.add(cte.ctename ?? '');
  }
  return { ...walk, ctes };
}

/** Locking clauses as they are written (postgresql.org, SELECT, "The Locking Clause"). */
const CLAUSES: Readonly<Record<string, string>> = {
  LCS_FORUPDATE: 'FOR UPDATE',
  LCS_FORNOKEYUPDATE: 'FOR NO KEY UPDATE',
  LCS_FORSHARE: 'FOR SHARE',
  LCS_FORKEYSHARE: 'FOR KEY SHARE',
};

function lockings(query: SelectStmt, walk: Walk): (alias: string) => Walk['locking'] {
  const clauses = (query.lockingClause ?? []).flatMap((node): LockingClause[] =>
    'LockingClause' in node ? [node.LockingClause] : [],
  );
  const [first] = clauses;
  if (first !== undefined && !walk.behind) walk.draft.clause = CLAUSES[first.strength ?? ''] ?? 'FOR UPDATE';
  return (alias) => {
    let strongest = walk.locking;
    for (const { strength, lockedRels } of clauses) {
      const names = (lockedRels ?? []).flatMap((node) => ('RangeVar' in node ? [node.RangeVar.relname] : []));
      if (names.length > 0 && !names.includes(alias)) continue;
      const share = strength === 'LCS_FORSHARE' || strength === 'LCS_FORKEYSHARE';
      if (!share || strongest === null) strongest = share ? 'share' : 'write';
    }
    return strongest;
  };
}

/** Reads a query. */
export function select(query: SelectStmt, from: Walk): void {
  const within = inside(from);
  if (within === null) return;
  const walk = withCtes(query.withClause, within);
  if (query.larg || query.rarg) {
    if (query.larg) select(query.larg, walk);
    if (query.rarg) select(query.rarg, walk);
    visit([query.sortClause, query.limitCount, query.limitOffset], { ...walk, locking: null });
    return;
  }
  // Expressions are not reached by a locking clause.
  const plain = { ...walk, locking: null };
  const level = new Level(plain, lockings(query, walk));
  for (const item of query.fromClause ?? []) level.add(item);
  level.where(query.whereClause);
  level.bind();
  level.read();
  const { valuesLists, targetList, groupClause, havingClause, windowClause, distinctClause, sortClause } =
    query;
  visit(
    [valuesLists, targetList, groupClause, havingClause, windowClause, distinctClause, sortClause],
    plain,
  );
  visit([query.limitCount, query.limitOffset], plain);
}
