import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { openCatalog } from '../../../src/observe/postgres/catalog.ts';
import { withPostgres } from '../../support/engines.ts';

const postgres = withPostgres();

const SCHEMA = `
  CREATE SCHEMA sales;
  CREATE TABLE shops (id int PRIMARY KEY, title text);
  CREATE TABLE items (
    id serial PRIMARY KEY, name text, dropped int, price numeric(10,2), total numeric GENERATED ALWAYS AS (price * 2) STORED,
    shop_id int REFERENCES shops ON DELETE CASCADE ON UPDATE CASCADE, UNIQUE (shop_id, name));
  ALTER TABLE items DROP COLUMN dropped;
  CREATE TABLE sales.orders (a int, b int, note text, PRIMARY KEY (b, a));
  CREATE TABLE "Odd Name" ("Some Column" int);
  ALTER TABLE "Odd Name" REPLICA IDENTITY FULL;
  CREATE VIEW cheap AS SELECT id, price AS cost FROM items WHERE price < 5;
  CREATE FUNCTION pure(int) RETURNS int LANGUAGE sql STABLE AS 'SELECT 1';
  CREATE FUNCTION changes(int) RETURNS int LANGUAGE sql AS 'DELETE FROM items; SELECT 1';
  CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN NEW.name := upper(NEW.name); INSERT INTO sales.orders VALUES (1, NEW.id); RETURN NEW; END $$;
  CREATE TRIGGER t BEFORE UPDATE ON items FOR EACH ROW EXECUTE FUNCTION touch();
  CREATE AGGREGATE biggest(int) (SFUNC = int4larger, STYPE = int);
`;

test('tells tables, keys, columns, views, references and triggers', async () => {
  await postgres.sql(SCHEMA);
  const catalog = await openCatalog({ connectionString: postgres.url() });
  expect(catalog.readable).toBe(true);
  const names = catalog.names();
  const items = names.table(undefined, 'items');
  expect(items).toMatchObject({
    name: 'items',
    kind: 'table',
    columns: ['id', 'name', 'price', 'total', 'shop_id'],
    primaryKey: ['id'],
    generated: ['total'],
    replicaIdentity: ['id'],
  });
  expect(items?.uniqueKeys.map((key) => key.columns)).toContainEqual(['shop_id', 'name']);
  const oid = catalog.tableByName('items')!.oid;
  // Attribute numbers keep the place of dropped columns.
  expect([...catalog.tableByOid(oid)!.attributes].map(([number, one]) => [number, one.name])).toEqual([
    [1, 'id'],
    [2, 'name'],
    [4, 'price'],
    [5, 'total'],
    [6, 'shop_id'],
  ]);
  expect(names.table('sales', 'orders')).toMatchObject({ name: 'sales.orders', primaryKey: ['b', 'a'] });
  expect(names.table(undefined, 'Odd Name')).toMatchObject({
    columns: ['Some Column'],
    replicaIdentity: ['Some Column'],
  });
  expect(names.table(undefined, 'cheap')).toMatchObject({ kind: 'view', columns: ['id', 'cost'] });
  expect(catalog.tableByName('shops')?.referencedBy).toEqual([
    { child: 'items', columns: ['shop_id'], referenced: ['id'], onDelete: 'cascade', onUpdate: 'cascade' },
  ]);
  expect(catalog.tableByName('items')?.triggers).toEqual([
    {
      on: ['update'],
      facts: { writes: [{ schema: 'sales', table: 'orders', action: 'insert' }], assigns: ['name'] },
    },
  ]);
  expect(['pure', 'changes', 'biggest', 'now'].map((name) => names.routine(undefined, name))).toEqual([
    'reads',
    'writes',
    'aggregate',
    'builtin',
  ]);
  await catalog.close();
});

test('names go by the search path', async () => {
  await postgres.sql(
    'CREATE SCHEMA a; CREATE SCHEMA b; CREATE TABLE a.t (x int); CREATE TABLE b.t (y int); CREATE TABLE b.only (z int)',
  );
  const catalog = await openCatalog({ connectionString: postgres.url() });
  expect(catalog.names().table(undefined, 't')).toBeNull();
  expect(catalog.names(['b', 'a']).table(undefined, 't')?.name).toBe('b.t');
  expect(catalog.names(['a']).table(undefined, 't')?.name).toBe('a.t');
  expect(catalog.names().table(undefined, 'only')?.name).toBe('b.only');
  await catalog.close();
});

test('a new table is known after a refresh; refreshes asked for together share a reading', async () => {
  const catalog = await openCatalog({ connectionString: postgres.url() });
  expect(catalog.names().table(undefined, 'late')).toBeNull();
  await postgres.sql('CREATE TABLE late (id int)');
  await Promise.all([catalog.refresh(), catalog.refresh(), catalog.refresh()]);
  expect(catalog.names().table(undefined, 'late')?.columns).toEqual(['id']);
  expect(catalog.begun).toBeLessThanOrEqual(3);
  await catalog.close();
});

test('no connection of ours stays, so the database can be dropped', async () => {
  const catalog = await openCatalog({ connectionString: postgres.url() });
  const rows = await postgres.sql(
    "SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name = 'whystale'",
  );
  expect(rows[0]?.n).toBe(0);
  await catalog.close();
});

test('an unreachable database leaves a catalog that knows nothing', async () => {
  const catalog = await openCatalog({ host: '127.0.0.1', port: 1, user: 'nobody', database: 'none' });
  expect(catalog.readable).toBe(false);
  expect(catalog.failure).toMatch(/ECONNREFUSED/);
  expect(catalog.names().table(undefined, 'items')).toBeNull();
  expect(catalog.names().routine(undefined, 'somebodys')).toBeNull();
  expect(catalog.mayLearn(99_999)).toBe(false);
  await catalog.refresh();
  await catalog.close();
});

test('a server that never answers is given up, and close does not wait for it', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const sockets = new Set<{ destroy(): void }>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  const catalog = await openCatalog({ host: '127.0.0.1', port, user: 'nobody', database: 'none' });
  expect(catalog.readable).toBe(false);
  await catalog.close();
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
});
