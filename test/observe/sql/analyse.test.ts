import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Analyser, openAnalyser } from '../../../src/observe/sql/analyse.ts';
import type { PredicateFacts, StatementFacts, ValueRef } from '../../../src/observe/sql/facts.ts';
import { NO_NAMES } from '../../../src/observe/sql/names.ts';
import { shapeOf } from '../../../src/observe/sql/shape.ts';
import { SHOP } from './names.ts';

let analyser: Analyser;
beforeAll(async () => {
  analyser = await openAnalyser();
});

function facts(sql: string, names = SHOP): StatementFacts {
  return analyser.analyse(shapeOf(sql).shape, names);
}

function ref(value: ValueRef | '?'): string {
  if (value === '?') return '?';
  if ('slot' in value) return `$${value.slot}`;
  return 'array' in value ? `any $${value.array}` : String(value.constant);
}

/** `items.id=$1,$2 complete` */
function where(predicate: PredicateFacts): string {
  const equal = predicate.equal.map((one) => `${one.table}.${one.column}=${one.values.map(ref).join(',')}`);
  return [
    ...equal.sort(),
    ...(predicate.complete ? ['complete'] : []),
    ...(predicate.limited ? ['limited'] : []),
  ].join(' ');
}

function effects(sql: string, names = SHOP): string[] {
  return facts(sql, names).effects.map((effect) => {
    const set = Object.entries(effect.set).map(([column, value]) => `${column}=${ref(value)}`);
    return `${effect.action} ${effect.table} {${set.join(' ')}} ${where(effect.where)}`.trim();
  });
}

describe('reads of ORMs', () => {
  test.each([
    [
      'SQLAlchemy',
      'SELECT items.id, items.name AS items_name FROM items WHERE items.id = $1::INTEGER',
      ['items'],
      'items.id=$1 complete',
    ],
    [
      'SQLAlchemy, eager',
      'SELECT items.id, shops_1.id AS id_1 FROM items LEFT OUTER JOIN shops AS shops_1 ON shops_1.id = items.shop_id WHERE items.id = %s',
      ['items', 'shops'],
      'items.id=$1',
    ],
    [
      'Django',
      'SELECT "items"."id", "items"."name" FROM "items" WHERE ("items"."active" AND "items"."shop_id" = 7) ORDER BY "items"."name" ASC LIMIT 21',
      ['items'],
      'items.active=true items.shop_id=$1 limited',
    ],
    [
      'Prisma',
      'SELECT "public"."User"."id", "public"."User"."email" FROM "public"."User" WHERE ("public"."User"."id" = $1 AND 1=1) LIMIT $2 OFFSET $3',
      ['User'],
      'User.id=$1 limited',
    ],
    [
      'Prisma, a list',
      'SELECT "public"."items"."id" FROM "public"."items" WHERE "public"."items"."id" IN ($1,$2,$3) OFFSET $4',
      ['items'],
      'items.id=$1 limited',
    ],
    [
      'TypeORM',
      'SELECT "Item"."id" AS "Item_id" FROM "items" "Item" WHERE (("Item"."id" = $1)) LIMIT 1',
      ['items'],
      'items.id=$1 limited',
    ],
    [
      'TypeORM, first of a join',
      'SELECT DISTINCT "distinctAlias"."Item_id" AS "ids_Item_id" FROM (SELECT "Item"."id" AS "Item_id", "s"."title" AS "s_title" FROM "items" "Item" LEFT JOIN "shops" "s" ON "s"."id"="Item"."shop_id" WHERE ("Item"."id" = $1)) "distinctAlias" ORDER BY "Item_id" ASC LIMIT 1',
      ['items', 'shops'],
      'items.id=$1 limited',
    ],
    [
      'Knex',
      'select * from "items" where "id" = $1 and "name" in ($2, $3)',
      ['items'],
      'items.id=$1 items.name=$2 complete',
    ],
    [
      'ActiveRecord',
      'SELECT "items".* FROM "items" WHERE "items"."id" = $1 LIMIT $2 /*application:Shop*/',
      ['items'],
      'items.id=$1 limited',
    ],
    [
      'asyncpg, a list',
      'SELECT * FROM items WHERE id = ANY($1::int[])',
      ['items'],
      'items.id=any $1 complete',
    ],
    [
      'psycopg2, a list',
      'SELECT * FROM items WHERE id = ANY(ARRAY[1,2,3])',
      ['items'],
      'items.id=$1 complete',
    ],
  ])('%s', (_, sql, tables, predicate) => {
    const found = facts(sql.replaceAll('%s', '5'));
    expect(found).toMatchObject({ kind: 'read', trivial: false, opaque: false, tables });
    expect(where(found.where)).toBe(predicate);
  });
});

describe('predicates', () => {
  test.each([
    ['no condition selects every row', 'SELECT * FROM items', 'complete'],
    [
      'a join is not complete',
      'SELECT * FROM items i JOIN shops s ON s.id = i.shop_id WHERE s.id = 1',
      'items.shop_id=$1 shops.id=$1',
    ],
    [
      'an outer join narrows its nullable side only',
      'SELECT * FROM items i LEFT JOIN reviews r ON r.item_id = i.id AND r.stars = 5 AND i.price = 3 WHERE i.id = 1',
      'items.id=$3 reviews.item_id=$3 reviews.stars=$1',
    ],
    [
      'a requirement of the nullable side does not come back',
      'SELECT * FROM items i LEFT JOIN (SELECT * FROM reviews WHERE item_id = 1) r ON r.item_id = i.id',
      'reviews.item_id=$1',
    ],
    [
      'unless WHERE makes it',
      'SELECT * FROM items i LEFT JOIN reviews r ON r.item_id = i.id WHERE r.item_id = 1',
      'items.id=$1 reviews.item_id=$1',
    ],
    [
      'a full join narrows neither',
      'SELECT * FROM items i FULL JOIN reviews r ON r.item_id = i.id AND i.id = 1',
      '',
    ],
    [
      'USING links both',
      'SELECT * FROM reviews JOIN sales.orders USING (item_id) WHERE reviews.item_id = 1',
      'reviews.item_id=$1 sales.orders.item_id=$1',
    ],
    [
      'a comparison is not an equality',
      'SELECT * FROM items WHERE price > 5 AND shop_id = 1',
      'items.shop_id=$2',
    ],
    ['OR over one column', 'SELECT * FROM items WHERE id = 1 OR id = 2', 'items.id=$1,$2 complete'],
    ['OR over two columns', 'SELECT * FROM items WHERE id = 1 OR price = 2', ''],
    [
      'what all branches of OR require',
      "SELECT * FROM items WHERE (shop_id = 1 AND name = 'a') OR (shop_id = 2 AND price = 3)",
      'items.shop_id=$1,$3',
    ],
    ['a truth', 'SELECT * FROM items WHERE active', 'items.active=true complete'],
    ['a falsehood', 'SELECT * FROM items WHERE NOT active', 'items.active=false complete'],
    ['IS TRUE', 'SELECT * FROM items WHERE active IS TRUE', 'items.active=true complete'],
    ['IS NULL', 'SELECT * FROM items WHERE name IS NULL AND id = 1', 'items.id=$1'],
    ['NOT', 'SELECT * FROM items WHERE NOT (id = 1)', ''],
    ['<>', 'SELECT * FROM items WHERE id <> 1', ''],
    ['NOT IN', 'SELECT * FROM items WHERE id NOT IN (1, 2)', ''],
    ['a function of the column', "SELECT * FROM items WHERE lower(name) = 'x'", ''],
    ['a cast of the column', "SELECT * FROM items WHERE name::text = 'x'", 'items.name=$1 complete'],
    ['the value first', 'SELECT * FROM items WHERE 1 = id', 'items.id=$1 complete'],
    [
      'a row',
      "SELECT * FROM items WHERE (shop_id, name) = (1, 'x')",
      'items.name=$2 items.shop_id=$1 complete',
    ],
    [
      'rows',
      "SELECT * FROM items WHERE (shop_id, name) IN ((1, 'x'), (2, 'y'))",
      'items.name=$2 items.shop_id=$1 complete',
    ],
    ['a tautology', 'SELECT * FROM items WHERE 1 = 1 AND id = 2', 'items.id=$3 complete'],
    ['WHERE false', 'SELECT * FROM items WHERE false', ''],
    ['two demands on one column', 'SELECT * FROM items WHERE id = 1 AND id = 2', 'items.id=$1'],
    [
      'a subquery',
      'SELECT * FROM items WHERE shop_id = 1 AND id IN (SELECT item_id FROM reviews WHERE stars = 5)',
      'items.shop_id=$1 reviews.stars=$2',
    ],
    [
      'a correlated subquery',
      'SELECT * FROM items i WHERE i.id = 1 AND EXISTS (SELECT 1 FROM reviews r WHERE r.item_id = i.id)',
      'items.id=$1 reviews.item_id=$1',
    ],
    [
      'a condition of the outer query inside',
      'SELECT * FROM shops WHERE EXISTS (SELECT 1 FROM items WHERE shops.id = 1)',
      '',
    ],
    [
      'a union',
      'SELECT name FROM items WHERE id = 1 UNION SELECT name FROM items WHERE id = 2',
      'items.id=$1,$2',
    ],
    ['a union that requires it once', 'SELECT name FROM items WHERE id = 1 UNION SELECT name FROM items', ''],
    ['a self join', 'SELECT * FROM items a JOIN items b ON b.shop_id = a.shop_id WHERE a.id = 1', ''],
    ['grouping', 'SELECT shop_id, count(*) FROM items WHERE active GROUP BY shop_id', 'items.active=true'],
    ['LIMIT', 'SELECT * FROM items WHERE shop_id = 1 ORDER BY price LIMIT 5', 'items.shop_id=$1 limited'],
    ['LIMIT ALL', 'SELECT * FROM items WHERE shop_id = 1 LIMIT ALL', 'items.shop_id=$1 complete'],
    ['FETCH FIRST', 'SELECT * FROM items FETCH FIRST 5 ROWS ONLY', 'limited'],
    ['DISTINCT ON', 'SELECT DISTINCT ON (shop_id) * FROM items', ''],
    ['FOR UPDATE', 'SELECT * FROM items WHERE id = 1 FOR UPDATE', 'items.id=$1 complete'],
    ['SKIP LOCKED', 'SELECT * FROM items WHERE id = 1 FOR UPDATE SKIP LOCKED', 'items.id=$1'],
    ['TABLESAMPLE', 'SELECT * FROM items TABLESAMPLE bernoulli (10)', ''],
    [
      'through a subquery',
      'SELECT * FROM (SELECT id, name AS title FROM items) t WHERE t.title = $1',
      'items.name=$1 complete',
    ],
    ['not through a limited one', 'SELECT * FROM (SELECT * FROM items LIMIT 5) t WHERE t.id = $1', 'limited'],
    ['not through a CTE', 'WITH t AS (SELECT * FROM items) SELECT * FROM t WHERE id = 1', ''],
    [
      'inside a CTE',
      'WITH t AS (SELECT * FROM items WHERE id = 1) SELECT name FROM t',
      'items.id=$1 complete',
    ],
    ['through a view', 'SELECT name FROM active_items WHERE id = 1', 'items.active=true items.id=$1'],
    [
      'a list of VALUES',
      'SELECT * FROM items JOIN (VALUES (1), (2)) v(id) ON v.id = items.id',
      'items.id=$1',
    ],
  ])('%s: %s', (_, sql, predicate) => {
    expect(where(facts(sql).where)).toBe(predicate);
  });

  test('columns looked at are named, understood or not', () => {
    expect(
      facts('SELECT name FROM items WHERE lower(name) LIKE $1 AND price > 3 ORDER BY updated_at').where
        .columns,
    ).toEqual(['items.name', 'items.price']);
    expect(facts('SELECT * FROM items WHERE shop_id = 1 ORDER BY price LIMIT 3').where.columns).toEqual([
      'items.shop_id',
      'items.price',
    ]);
  });

  test('unqualified columns belong to the table that has them', () => {
    expect(where(facts('SELECT * FROM items, shops WHERE city = 1 AND price = 2').where)).toBe(
      'items.price=$2 shops.city=$1',
    );
    expect(where(facts('SELECT * FROM items, shops WHERE city = 1', NO_NAMES).where)).toBe('');
    expect(where(facts('SELECT * FROM items WHERE city = 1', NO_NAMES).where)).toBe('items.city=$1 complete');
  });
});

describe('tables', () => {
  test.each([
    ['SELECT * FROM sales.orders', ['sales.orders']],
    ['SELECT * FROM public.items', ['items']],
    ['SELECT * FROM "User"', ['User']],
    ['SELECT * FROM ITEMS', ['items']],
    ['SELECT (SELECT max(stars) FROM reviews) FROM items', ['items', 'reviews']],
    ['SELECT * FROM items JOIN pg_class ON true', ['items']],
    ['SELECT * FROM active_items', ['items']],
    ['WITH items AS (SELECT * FROM shops) SELECT * FROM items', ['shops']],
    [
      'WITH RECURSIVE t AS (SELECT id FROM items UNION ALL SELECT item_id FROM reviews JOIN t USING (id)) SELECT * FROM t',
      ['items', 'reviews'],
    ],
    ['SELECT * FROM shops s, LATERAL (SELECT * FROM items i WHERE i.shop_id = s.id) x', ['shops', 'items']],
    ['TABLE items', ['items']],
    ['COPY items TO STDOUT', ['items']],
    ['COPY (SELECT * FROM shops) TO STDOUT WITH (FORMAT csv)', ['shops']],
  ])('%s', (sql, tables) => {
    expect([...facts(sql).tables].sort()).toEqual([...tables].sort());
  });
});

describe('aggregates', () => {
  test.each([
    ['SELECT count(*) FROM items', true],
    ['SELECT sum(price) FROM items', true],
    ['SELECT name, row_number() OVER (ORDER BY id) FROM items', true],
    ['SELECT shop_id FROM items GROUP BY shop_id', true],
    ['SELECT (SELECT count(*) FROM reviews) FROM items', true],
    ['SELECT count(*) FROM (SELECT 1 FROM items) t', true],
    ['SELECT * FROM items WHERE price > (SELECT avg(price) FROM items)', false],
    ['SELECT lower(name) FROM items', false],
  ])('%s', (sql, aggregate) => {
    expect(facts(sql).aggregate).toBe(aggregate);
  });
});

describe('writes', () => {
  test.each([
    ['UPDATE items SET price = $1 WHERE id = $2', ['update items {price=$1} items.id=$2 complete']],
    [
      'UPDATE items SET price = price + 1, name = NULL, active = true',
      ['update items {price=? name=null active=true} complete'],
    ],
    [
      'UPDATE items SET (price, name) = (5, lower($1)) WHERE id = 2',
      ['update items {price=$1 name=?} items.id=$3 complete'],
    ],
    [
      'UPDATE items SET (price, name) = (SELECT 1, 2) WHERE id = 3',
      ['update items {price=? name=?} items.id=$3 complete'],
    ],
    [
      'UPDATE "items" AS i SET "price" = 5 WHERE "i"."id" = 1',
      ['update items {price=$1} items.id=$2 complete'],
    ],
    [
      'UPDATE items SET price = s.id FROM shops s WHERE s.id = items.shop_id AND s.id = 1',
      ['update items {price=?} items.shop_id=$1'],
    ],
    [
      "UPDATE items SET name = v.n FROM (VALUES (1,'a'),(2,'b')) v(i, n) WHERE items.id = v.i",
      ['update items {name=?} items.id=$1'],
    ],
    [
      'UPDATE items SET price = 1 WHERE id IN (SELECT id FROM items WHERE active LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING *',
      ['update items {price=$1}'],
    ],
    [
      'UPDATE active_items SET cost = 5 WHERE id = 1',
      ['update items {price=$1} items.active=true items.id=$2'],
    ],
    ['DELETE FROM items WHERE id = 1', ['delete items {} items.id=$1 complete']],
    [
      'DELETE FROM items USING shops WHERE shops.id = items.shop_id AND shops.id = 4',
      ['delete items {} items.shop_id=$1'],
    ],
    ['DELETE FROM items', ['delete items {} complete']],
    ['TRUNCATE items, shops', ['truncate items {} complete', 'truncate shops {} complete']],
    ["INSERT INTO items (id, name) VALUES (1, 'a')", ['insert items {id=$1 name=$2}']],
    ["INSERT INTO items VALUES (1, 'a', now())", ['insert items {id=$1 name=$2 price=?}']],
    [
      'INSERT INTO items (id, price) VALUES (1, DEFAULT), (2, 3)',
      ['insert items {id=$1 price=?}', 'insert items {id=$2 price=$3}'],
    ],
    ['INSERT INTO items DEFAULT VALUES', ['insert items {}']],
    ['INSERT INTO items (id, price) SELECT id, 5 FROM shops', ['insert items {id=? price=?}']],
    [
      'INSERT INTO items (id, name) SELECT $1, $2 WHERE NOT EXISTS (SELECT 1 FROM items WHERE id = $1)',
      ['insert items {id=$1 name=$2}'],
    ],
    [
      'INSERT INTO items (id, price) VALUES ($1, $2) ON CONFLICT DO NOTHING',
      ['insert items {id=$1 price=$2}'],
    ],
    [
      'INSERT INTO items (id, price) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET price = EXCLUDED.price, updated_at = now()',
      ['insert items {id=$1 price=$2}', 'update items {price=$2 updated_at=?} items.id=$1 complete'],
    ],
    [
      'INSERT INTO items AS i (shop_id, name, price) VALUES (1, $1, $2) ON CONFLICT ON CONSTRAINT items_name_key DO UPDATE SET price = $2 WHERE i.active',
      [
        'insert items {shop_id=$1 name=$2 price=$3}',
        'update items {price=$4} items.name=$2 items.shop_id=$1',
      ],
    ],
    [
      'MERGE INTO items t USING (VALUES ($1, $2)) s(id, price) ON t.id = s.id WHEN MATCHED THEN UPDATE SET price = 5 WHEN NOT MATCHED THEN INSERT (id, price) VALUES (s.id, 7)',
      ['update items {price=$3} items.id=$1', 'insert items {id=? price=$4}'],
    ],
    [
      'MERGE INTO items t USING shops s ON t.id = s.id AND t.id = 1 WHEN NOT MATCHED BY SOURCE THEN DELETE',
      ['delete items {}'],
    ],
    [
      'WITH gone AS (DELETE FROM items WHERE id = $1 RETURNING *) INSERT INTO reviews (item_id) SELECT id FROM gone',
      ['delete items {} items.id=$1 complete', 'insert reviews {item_id=?}'],
    ],
    [
      'WITH u AS (UPDATE items SET price = 1 RETURNING id) SELECT * FROM u',
      ['update items {price=$1} complete'],
    ],
    ['COPY items (id, name) FROM STDIN', ['insert items {id=? name=?}']],
    ["COPY reviews FROM '/tmp/x' WITH (FORMAT csv)", ['insert reviews {id=? item_id=? stars=? body=?}']],
    ['EXPLAIN ANALYZE DELETE FROM items', ['delete items {} complete']],
  ])('%s', (sql, expected) => {
    expect(effects(sql)).toEqual(expected);
    expect(['write', 'copy']).toContain(facts(sql).kind);
    expect(facts(sql).opaque).toBe(false);
  });
});

describe('kinds', () => {
  test.each([
    ['BEGIN', 'begin', {}],
    [
      'START TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY',
      'begin',
      { modes: { isolation: 'repeatable read', readOnly: true } },
    ],
    ['BEGIN ISOLATION LEVEL READ UNCOMMITTED', 'begin', { modes: { isolation: 'read committed' } }],
    ['COMMIT', 'commit', {}],
    ['END', 'commit', {}],
    ['COMMIT AND CHAIN', 'commit', { chain: true }],
    ['ROLLBACK', 'rollback', {}],
    ['ABORT', 'rollback', {}],
    ['ROLLBACK TO SAVEPOINT a', 'savepoint', {}],
    ['SAVEPOINT "sa_savepoint_1"', 'savepoint', {}],
    [
      'SET TRANSACTION ISOLATION LEVEL SERIALIZABLE',
      'set',
      {
        setting: {
          name: 'transaction_isolation',
          scope: 'transaction',
          values: [{ constant: 'serializable' }],
        },
      },
    ],
    [
      'SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE',
      'set',
      {
        setting: {
          name: 'default_transaction_isolation',
          scope: 'session',
          values: [{ constant: 'serializable' }],
        },
      },
    ],
    [
      "SET default_transaction_isolation TO 'repeatable read'",
      'set',
      { setting: { name: 'default_transaction_isolation', scope: 'session', values: [{ slot: 1 }] } },
    ],
    [
      'SET LOCAL search_path TO tenant_1, public',
      'set',
      { setting: { name: 'search_path', scope: 'transaction' } },
    ],
    ['RESET ALL', 'set', { setting: { name: '*' } }],
    ['DISCARD ALL', 'set', { setting: { name: '*' } }],
    ['CREATE TABLE t (a int)', 'ddl', {}],
    ['CREATE TABLE t AS SELECT * FROM items', 'ddl', {}],
    ['SELECT * INTO t FROM items', 'ddl', {}],
    ["CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'", 'ddl', {}],
    ['ALTER TABLE items ADD COLUMN x varchar(10)', 'ddl', {}],
    ['DROP TABLE items', 'ddl', {}],
    ['LISTEN changes', 'other', { trivial: true }],
    ["NOTIFY changes, 'x'", 'other', { trivial: true }],
    ['VACUUM items', 'other', { trivial: true }],
    ['EXPLAIN SELECT * FROM items', 'other', { trivial: true }],
    ['COPY items FROM STDIN', 'copy', {}],
    ['DO $$ BEGIN DELETE FROM items; END $$', 'write', { opaque: true, effects: [] }],
    ['CALL restock(1)', 'write', { opaque: true }],
    ['PREPARE p AS SELECT * FROM items WHERE id = $1', 'other', { named: { role: 'prepare', name: 'p' } }],
    ['EXECUTE p(5)', 'other', { named: { role: 'execute', name: 'p', args: [{ slot: 1 }] } }],
    ['DECLARE c CURSOR FOR SELECT * FROM items', 'other', { named: { role: 'declare', name: 'c' } }],
    ['FETCH FORWARD 100 FROM c', 'other', { named: { role: 'fetch', name: 'c' } }],
  ])('%s', (sql, kind, more) => {
    expect(facts(sql)).toMatchObject({ kind, ...more });
  });
});

describe('trivial statements', () => {
  test.each([
    ['SELECT 1', true],
    ['SELECT $1', true],
    ['select version()', true],
    ['SHOW transaction_isolation', true],
    ['SELECT current_schema()', true],
    ["SELECT pg_catalog.set_config('search_path', '', false)", true],
    [
      "SELECT t.oid, typarray FROM pg_type t JOIN pg_namespace ns ON typnamespace = ns.oid WHERE typname = 'hstore'",
      true,
    ],
    ["SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'", true],
    ['SELECT pg_is_in_recovery()', true],
    ["SELECT nextval('items_id_seq')", false],
    ['SELECT pg_advisory_lock(1)', false],
    ['SELECT touch_item(1)', false],
    ['SELECT item_title(1)', false],
    ['SELECT * FROM items', false],
    ['SELECT 1 FROM items WHERE id = 1', false],
  ])('%s: %s', (sql, trivial) => {
    expect(facts(sql).trivial).toBe(trivial);
  });
});

describe('functions', () => {
  test.each([
    ['SELECT touch_item(1)', true],
    ['SELECT item_title(1)', false],
    ['SELECT * FROM items WHERE id = 1 AND touch_item(id)', true],
    ['INSERT INTO items (id) VALUES (touch_item(1))', true],
    ['UPDATE items SET name = lower(name), updated_at = now() WHERE id = 1', false],
    ['SELECT * FROM touch_item(1)', true],
  ])('with a catalog: %s is opaque: %s', (sql, opaque) => {
    expect(facts(sql).opaque).toBe(opaque);
  });

  test.each([
    ['SELECT somebodys(1)', true],
    ['SELECT pg_catalog.whatever(1)', false],
    ["SELECT coalesce(max(price), 0), to_char(now(), 'YYYY') FROM items", false],
    ['INSERT INTO items (id) VALUES (uuid_generate_v4())', false],
  ])('without one: %s is opaque: %s', (sql, opaque) => {
    expect(facts(sql, NO_NAMES).opaque).toBe(opaque);
  });
});

describe('what cannot be read', () => {
  test.each([
    ['SELEC * FROM items', 'other'],
    ['SELECT * FROM', 'read'],
    [`SELECT ${'('.repeat(20_000)}`, 'read'],
    [`SELECT 1${'+1'.repeat(20_000)}`, 'read'],
    ['UPDATE "items" SET', 'write'],
    ['INSERT INTO items (id) VALUES (1), (2', 'write'],
  ])('%.30s is opaque', (sql, kind) => {
    expect(facts(sql)).toMatchObject({ kind, opaque: true });
  });

  test.each([
    ['operators', (n: number) => `SELECT a${' + b'.repeat(n)}`],
    ['casts', (n: number) => `SELECT a${'::int'.repeat(n)}`],
    ['negations', (n: number) => `SELECT ${'NOT '.repeat(n)}a`],
    ['signs', (n: number) => `SELECT ${'- '.repeat(n)}a`],
    ['brackets', (n: number) => `SELECT ${'('.repeat(n)}a${')'.repeat(n)}`],
    ['calls', (n: number) => `SELECT ${'f('.repeat(n)}a${')'.repeat(n)}`],
    ['subscripts', (n: number) => `SELECT ${'a['.repeat(n)}1${']'.repeat(n)}`],
    ['unions', (n: number) => `SELECT 1${' UNION SELECT 1'.repeat(n)}`],
    ['joins', (n: number) => `SELECT 1 FROM a${' JOIN b ON true'.repeat(n)}`],
    ['natural joins', (n: number) => `SELECT 1 FROM a${' NATURAL JOIN b'.repeat(n)}`],
    ['subqueries', (n: number) => `${'SELECT * FROM ('.repeat(n)}SELECT 1${') x'.repeat(n)}`],
    ['cases', (n: number) => `SELECT ${'CASE WHEN a THEN 1 ELSE '.repeat(n)}1${' END'.repeat(n)}`],
    ['zones', (n: number) => `SELECT a${' AT TIME ZONE b'.repeat(n)}`],
    ['collations', (n: number) => `SELECT a${' COLLATE "C"'.repeat(n)}`],
    ['tests', (n: number) => `SELECT a${' IS NULL'.repeat(n)}`],
    ['conditions', (n: number) => `SELECT 1 WHERE a${' AND b OR c'.repeat(n)}`],
    ['named operators', (n: number) => `SELECT a${' OPERATOR(pg_catalog.+) b'.repeat(n)}`],
  ])('any depth of %s leaves the parser whole', (_, build) => {
    for (const depth of [400, 3_000, 60_000]) {
      for (let again = 0; again < 5; again++) facts(`${build(depth)} /* ${again} */`);
    }
    expect(facts('SELECT * FROM items WHERE shop_id = 77').tables).toEqual(['items']);
  });

  test('a long list of cases is not deep', () => {
    const cases = Array.from({ length: 300 }, (_, i) => `WHEN (items.id = ${i}) THEN 'x'`).join(' ');
    expect(effects(`UPDATE items SET name = CASE ${cases} ELSE NULL END WHERE id = 1`)).toEqual([
      'update items {name=?} items.id=$601 complete',
    ]);
  });

  test('a cut text still names its table', () => {
    expect(effects("INSERT INTO sales.orders (id) VALUES (1), (2, 'x")).toEqual([
      'insert sales.orders {id=? item_id=? amount=?}',
    ]);
  });

  test('the empty text is nothing', () => {
    expect(facts('')).toMatchObject({ kind: 'other', trivial: true, opaque: false });
  });

  test('any text gives facts', () => {
    const words = fc.constantFrom(
      ...'SELECT FROM WHERE items i id = 1 IN ( ) , AND OR NOT JOIN ON LEFT USING VALUES WITH AS UNION LIMIT'.split(
        ' ',
      ),
      ...'UPDATE SET INSERT INTO DELETE MERGE RETURNING NULL ANY ARRAY [ ] $1 count * price EXISTS CASE WHEN END'.split(
        ' ',
      ),
    );
    fc.assert(
      fc.property(fc.array(words, { maxLength: 25 }), (parts) => {
        facts(parts.join(' '));
      }),
      { numRuns: 500 },
    );
  });
});

test('facts are remembered per shape and forgotten with the catalog version', () => {
  const sql = 'SELECT * FROM items WHERE id = $1';
  expect(analyser.analyse(sql, SHOP)).toBe(analyser.analyse(sql, SHOP));
  let version = 1;
  const names = {
    ...SHOP,
    get version() {
      return version;
    },
  };
  const first = analyser.analyse(sql, names);
  version = 2;
  expect(analyser.analyse(sql, names)).not.toBe(first);
});

test('a view tells the base columns behind its own', () => {
  const view = SHOP.table(undefined, 'active_items')!;
  expect(Object.fromEntries(analyser.origins(view, SHOP))).toEqual({
    id: { table: 'items', column: 'id' },
    name: { table: 'items', column: 'name' },
    cost: { table: 'items', column: 'price' },
  });
});
