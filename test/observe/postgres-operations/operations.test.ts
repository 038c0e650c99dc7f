import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Catalog, openCatalog } from '../../../src/observe/postgres/catalog.ts';
import { sourceOperations } from '../../../src/observe/postgres/operations.ts';
import { type Analyser, openAnalyser } from '../../../src/observe/sql/analyse.ts';
import { withPostgres } from '../../support/engines.ts';
import { type TestHistory, testHistory, told } from './history.ts';
import { type TestSession, testSession } from './session.ts';

const postgres = withPostgres();

const SCHEMA = `
  CREATE TABLE shops (id int PRIMARY KEY, title text);
  CREATE TABLE items (id serial PRIMARY KEY, name text UNIQUE, price numeric(10,2), shop_id int REFERENCES shops ON DELETE CASCADE);
  CREATE VIEW cheap AS SELECT id, price AS cost FROM items WHERE price < 5;
  CREATE FUNCTION restock(int) RETURNS int LANGUAGE sql AS 'UPDATE items SET price = 1 RETURNING 1';
  INSERT INTO shops VALUES (1, 'corner'), (2, 'market');
  INSERT INTO items (name, price, shop_id) VALUES ('pen', 2.50, 1), ('cup', 7, 1), ('hat', 30, 2);
`;

let analyser: Analyser;
let catalog: Catalog;
let history: TestHistory;
let session: TestSession;

beforeAll(async () => {
  analyser = await openAnalyser();
});

beforeEach(async () => {
  await postgres.sql(SCHEMA);
  catalog = await openCatalog({ connectionString: postgres.url() });
  history = testHistory();
  session = await testSession(postgres.url(), 'pg:1', sourceOperations(history.context, catalog, analyser));
  return async () => {
    await session.end();
    await catalog.close();
    expect(history.degradations).toEqual([]);
  };
});

/** What was recorded, tables left out. */
function recorded(): string[] {
  return history
    .operations()
    .filter((op) => op.kind !== 'table')
    .map(told);
}

describe('statements', () => {
  test('a read by primary key, with its table, rows and key', async () => {
    await session.run('SELECT i.id, i.name, i.price * 2 AS twice FROM items i WHERE i.id = $1', [1]);
    const [table, read] = history.operations();
    expect(told(table!)).toBe('table items (id name price shop_id) key id');
    expect(read).toEqual({
      session: 'pg:1',
      tier: 'source',
      kind: 'read',
      invoke: expect.any(Number),
      return: expect.any(Number),
      status: 'ok',
      shape: 'SELECT i.id, i.name, i.price * $1 AS twice FROM items i WHERE i.id = $2',
      tx: null,
      params: ['h:2', 'h:1'],
      columns: [
        { name: 'id', table: 'items', column: 'id' },
        { name: 'name', table: 'items', column: 'name' },
        { name: 'twice', table: null, column: null },
      ],
      rows: [['h:1', 'h:pen', 'h:5.00']],
      rowCount: 1,
      tables: ['items'],
      where: {
        equal: [{ table: 'items', column: 'id', values: ['h:1'] }],
        columns: ['items.id'],
        complete: true,
        limited: false,
      },
      aggregate: false,
      key: 'items/1',
    });
  });

  test('writes and reads of all kinds', async () => {
    await session.run('SELECT * FROM items WHERE id IN (1, 2)');
    await session.run('SELECT * FROM items WHERE id = ANY($1::int[])', ['{1,3}']);
    await session.run('SELECT count(*) FROM items');
    await session.run('SELECT * FROM items WHERE id = 99');
    await session.run('UPDATE items SET price = $1 WHERE id = $2', ['9.99', 1]);
    await session.run('UPDATE items SET price = price + 1 WHERE shop_id = 1');
    await session.run("INSERT INTO items (name, price) VALUES ('bag', 5) RETURNING id, name");
    await session.run("INSERT INTO items (name, price) VALUES ('box', 1), ('jar', NULL)");
    await session.run(
      'INSERT INTO items (name, price) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET price = excluded.price',
      ['pen', '3'],
    );
    await session.run('DELETE FROM items WHERE id = 3');
    await session.run('SELECT cost FROM cheap WHERE id = $1', [5]);
    await session.run('SELECT restock(1)');
    expect(recorded()).toEqual([
      'read items items.id=h:1|h:2 complete',
      'read items items.id=h:1|h:3 complete',
      'read items complete',
      'read items items.id=h:99 complete',
      'write update items {price=h:9.99} items.id=h:1 complete key items/1',
      'write update items {price=?} items.shop_id=h:1 complete',
      'write insert items {name=h:bag price=h:5} key items/4',
      'write insert items {name=h:box price=h:1}, insert items {name=h:jar price=null}',
      'write insert items {name=h:pen price=h:3}, update items {price=h:3} items.name=h:pen complete',
      'write delete items {} items.id=h:3 complete key items/3',
      'read items items.id=h:5 key items/5',
      'read opaque',
    ]);
  });

  test('RETURNING gives columns and rows on the write', async () => {
    await session.run('UPDATE items SET price = price * 2 WHERE name = $1 RETURNING id, price', ['pen']);
    expect(history.operations().at(-1)).toMatchObject({
      kind: 'write',
      columns: [
        { name: 'id', table: 'items', column: 'id' },
        { name: 'price', table: 'items', column: 'price' },
      ],
      rows: [['h:1', 'h:5.00']],
      rowCount: 1,
      key: 'items/1',
    });
  });

  test("a view's columns are those of its base table", async () => {
    await session.run('SELECT * FROM cheap');
    expect(history.operations().at(-1)).toMatchObject({
      tables: ['items'],
      columns: [
        { name: 'id', table: 'items', column: 'id' },
        { name: 'cost', table: 'items', column: 'price' },
      ],
    });
  });

  test('a failed statement tells its SQLSTATE and nothing else', async () => {
    await session.run("INSERT INTO items (id, name) VALUES (1, 'dup')");
    expect(history.operations().at(-1)).toMatchObject({
      kind: 'write',
      status: 'fail',
      error: '23505',
      rowCount: 0,
    });
  });

  test('what drivers ask by themselves is left out', async () => {
    for (const sql of [
      'SELECT 1',
      'SHOW server_version',
      'SELECT version()',
      'SET application_name = $$x$$',
    ]) {
      await session.run(sql);
    }
    await session.run("SELECT typname FROM pg_type WHERE typname = 'hstore'");
    expect(history.operations()).toEqual([]);
  });

  test('a row removed takes its referencing rows along', async () => {
    await session.run('DELETE FROM shops WHERE id = $1', [1]);
    expect(recorded()).toEqual([
      'write delete shops {} shops.id=h:1 complete, delete items {} items.shop_id=h:1 key shops/1',
    ]);
  });

  test('PREPARE and EXECUTE, DECLARE and FETCH', async () => {
    await session.run('PREPARE p (int) AS SELECT * FROM items WHERE shop_id = $1 AND price > 1');
    await session.run('EXECUTE p(2)');
    await session.run('BEGIN');
    await session.run('DECLARE c CURSOR FOR SELECT * FROM items WHERE shop_id = 1');
    await session.run('FETCH 1 FROM c');
    await session.run('ROLLBACK');
    expect(recorded()).toEqual([
      'read items items.shop_id=h:2',
      'begin tx1',
      'read tx1 items items.shop_id=h:1 limited',
      'rollback tx1',
    ]);
  });
});

describe('transactions', () => {
  test('a block that commits and one that rolls back', async () => {
    await session.run('BEGIN');
    await session.run('UPDATE items SET price = 1 WHERE id = 1');
    await session.run('COMMIT');
    await session.run('START TRANSACTION ISOLATION LEVEL SERIALIZABLE');
    await session.run('SELECT * FROM items WHERE id = 1');
    await session.run('ROLLBACK');
    expect(recorded()).toEqual([
      'begin tx1',
      'write tx1 update items {price=h:1} items.id=h:1 complete key items/1',
      'commit tx1',
      'begin tx2 serializable',
      'read tx2 items items.id=h:1 complete key items/1',
      'rollback tx2 serializable',
    ]);
  });

  test('a failed block that is committed was rolled back', async () => {
    await session.run('BEGIN');
    await session.run('UPDATE items SET price = 1 WHERE id = 1');
    await session.run('INSERT INTO items (id) VALUES (1)');
    await session.run('COMMIT');
    expect(recorded()).toEqual([
      'begin tx1',
      'write tx1 update items {price=h:1} items.id=h:1 complete key items/1',
      'write fail tx1 insert items {id=h:1}',
      'rollback tx1',
    ]);
  });

  test('a commit that fails was a rollback', async () => {
    await session.run(
      'CREATE TABLE later (id int PRIMARY KEY, shop int REFERENCES shops DEFERRABLE INITIALLY DEFERRED)',
    );
    await session.run('BEGIN');
    await session.run('INSERT INTO later VALUES (1, 99)');
    await session.run('COMMIT');
    await history.settled();
    expect(recorded()).toEqual([
      'begin tx1',
      'write tx1 insert later {id=h:1 shop=h:99} key later/1',
      'rollback tx1',
    ]);
  });

  test('a savepoint that saves the block', async () => {
    await session.run('BEGIN');
    await session.run('SAVEPOINT a');
    await session.run('INSERT INTO items (id) VALUES (1)');
    await session.run('ROLLBACK TO a');
    await session.run('UPDATE items SET price = 1 WHERE id = 1');
    await session.run('COMMIT');
    expect(recorded().at(-1)).toBe('commit tx1');
  });

  test('isolation stated after BEGIN, and by the session', async () => {
    await session.run('BEGIN');
    await session.run('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ');
    await session.run('SELECT * FROM shops');
    await session.run('COMMIT');
    await session.run("SET default_transaction_isolation = 'serializable'");
    await session.run('BEGIN');
    await session.run('COMMIT AND CHAIN');
    await session.run('ROLLBACK');
    expect(recorded()).toEqual([
      'begin tx1',
      'begin tx1 repeatable read',
      'read tx1 shops complete',
      'commit tx1 repeatable read',
      'begin tx2 serializable',
      'commit tx2 serializable',
      'begin tx3 serializable',
      'rollback tx3 serializable',
    ]);
  });

  test('a search path decides which table is meant', async () => {
    await session.run('CREATE SCHEMA tenant');
    await session.run('CREATE TABLE tenant.items (id int PRIMARY KEY)');
    await session.run('SET search_path TO tenant, public');
    await session.run('DELETE FROM items');
    await session.run('BEGIN');
    await session.run('SET LOCAL search_path = public');
    await session.run('DELETE FROM items');
    await session.run('COMMIT');
    await session.run('DELETE FROM items');
    await history.settled();
    expect(recorded()).toEqual([
      'write delete tenant.items {} complete',
      'begin tx1',
      'write tx1 delete items {} complete',
      'commit tx1',
      'write delete tenant.items {} complete',
    ]);
  });
});

describe('the catalog changes', () => {
  test('a table made on this session is known to the next statement, in order', async () => {
    await session.run('CREATE TABLE fresh (id int PRIMARY KEY, note text)');
    await session.run("INSERT INTO fresh VALUES (1, 'a')");
    await history.settled();
    await session.run('ALTER TABLE fresh ADD COLUMN more int');
    await session.run('SELECT * FROM fresh WHERE id = 1');
    await history.settled();
    expect(history.operations().map(told)).toEqual([
      'table fresh (id note) key id',
      'write insert fresh {id=h:1 note=h:a} key fresh/1',
      'table fresh (id note more) key id',
      'read fresh fresh.id=h:1 complete key fresh/1',
    ]);
  });

  test('a table made elsewhere is looked up when its OID is met', async () => {
    await postgres.sql(
      "CREATE TABLE elsewhere (id int PRIMARY KEY, note text); INSERT INTO elsewhere VALUES (1, 'x')",
    );
    await session.run('SELECT * FROM elsewhere');
    await session.run('SELECT * FROM shops');
    await history.settled();
    expect(history.operations().map(told)).toEqual([
      'table elsewhere (id note) key id',
      'read elsewhere complete',
      'table shops (id title) key id',
      'read shops complete',
    ]);
  });

  test('a temporary table stays unknown without asking again and again', async () => {
    await session.run('CREATE TEMP TABLE scratch (id int)');
    await session.run('SELECT * FROM scratch');
    await history.settled();
    await catalog.refresh();
    const { begun } = catalog;
    await session.run('SELECT * FROM scratch');
    expect(catalog.begun).toBe(begun);
    expect(recorded()).toEqual(['read scratch complete', 'read scratch complete']);
  });
});

test('without a catalog, statements are told by names', async () => {
  const blind = await openCatalog({ host: '127.0.0.1', port: 1, user: 'nobody', database: 'none' });
  const alone = testHistory();
  const other = await testSession(postgres.url(), 'pg:2', sourceOperations(alone.context, blind, analyser));
  await other.run('SELECT id, name FROM items WHERE id = $1', [1]);
  await other.run('UPDATE public.items SET price = 2 WHERE id = $1', [1]);
  await other.end();
  await blind.close();
  expect(alone.operations().map(told)).toEqual([
    'read items items.id=h:1 complete',
    'write update items {price=h:2} items.id=h:1 complete',
  ]);
});
