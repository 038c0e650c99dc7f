/** Views: read as the query that defines them. */
import { type Gathering, MAX_DEPTH, TooLarge } from './gathering.ts';
import type { TableInfo } from './names.ts';
import { type Relation, renamedRelation } from './scope.ts';
import { type Strength, select } from './select.ts';

/** The view's result as a relation over its base tables; null when its query cannot be read. */
export function viewRelation(view: TableInfo, into: Gathering, strength: Strength): Relation | null {
  if (view.definition === undefined) return null;
  const statement = into.whole.parse(view.definition.replace(/;\s*$/, ''));
  if (!statement || !('SelectStmt' in statement.node)) return null;
  const { whole } = into;
  if (whole.viewDepth >= MAX_DEPTH) throw new TooLarge();
  whole.viewDepth++;
  const outside = whole.constantsKnown;
  whole.constantsKnown = statement.constantsKnown;
  // The view's conditions narrow rows beyond what its reader wrote, but they are ordinary conditions: exactness,
  // limits and requirements pass on as from a subquery.
  const relation = select(statement.node.SelectStmt, null, into, strength);
  whole.constantsKnown = outside;
  whole.viewDepth--;
  return renamedRelation(relation, view.name, view.columns);
}
