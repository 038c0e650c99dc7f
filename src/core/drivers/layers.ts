/**
 * What makes the statements: an ORM or query builder has a grammar of its own. Each pattern is one library's; what several
 * write alike (`UPDATE "items" SET "price" = $1 WHERE "items"."id" = $2`: Django, ActiveRecord) says nothing.
 */
import type { Layer, Signs } from './stack.ts';

/** How the libraries write SELECTs. */
const SHAPES: readonly (readonly [RegExp, Layer])[] = [
  // SELECT items.id AS items_id, items.name AS items_name FROM items
  [/^SELECT (\w+)\.(\w+) AS \1_\2\b/, 'sqlalchemy'],
  // SELECT items.id, items.price FROM items WHERE items.id = $1::integer
  [/^SELECT (\w+)\.\w+(?:, \1\.\w+)+ FROM \1 WHERE \1\.\w+ = \$\d+(?:::[A-Z]\w*|::[a-z]\w*)/, 'sqlalchemy'],
  // SELECT "shop_item"."id", "shop_item"."price" FROM "shop_item"
  [/^SELECT "(\w+)"\."\w+"(?: AS "\w+")?(?:, "\w+"\."\w+"(?: AS "\w+")?)+ FROM "\1"(?! AS)/, 'django'],
  // SELECT "id", "price" FROM "items" AS "Item"
  [/^SELECT (?:"\w+"(?:\."\w+")?(?: AS "[\w.]+")?, )+.* FROM "\w+" AS "[A-Z]\w*"/, 'sequelize'],
  // select "id", "price" from "items" where "items"."id" = $1
  [/^select (?:"\w+", )+"\w+" from "(\w+)" (?:.* )?where \(?"\1"\."\w+"/, 'drizzle'],
  // select * from "items" where "id" = $1 limit $2
  [/^select (?:\*|"\w+"(?:, "\w+")*) from "\w+" where "\w+" = \$\d+(?: limit \$\d+)?$/, 'knex'],
];

export function layerOfShape(shape: string): Layer | null {
  return SHAPES.find(([pattern]) => pattern.test(shape))?.[1] ?? null;
}

/** What the libraries ask on a fresh connection, as shapes. */
const QUESTIONS: readonly (readonly [RegExp, Layer])[] = [
  [/^select pg_catalog\.version\(\)/, 'sqlalchemy'],
  [/^select version\(\)/, 'knex'],
  [/^SET client_min_messages TO warning$/i, 'sequelize'],
];

/** The layer that a connection's own questions and its spelling of BEGIN tell. */
export function layerOfSigns(signs: Signs): Layer | null {
  for (const question of signs.get('asks') ?? []) {
    const found = QUESTIONS.find(([pattern]) => pattern.test(question.trim()));
    if (found !== undefined) return found[1];
  }
  return null;
}
