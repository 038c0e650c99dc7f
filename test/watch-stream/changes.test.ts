/** Row changes of a real server as operations of the history. */
import pg from 'pg';
import { describe, expect, test } from 'vitest';
import { withPostgres } from '../support/engines.ts';
import { type Change, type Streamed, streamed } from './streamed.ts';

const postgres = withPostgres();

/** A change in few words, with the digests of `values` shown as those values. */
function told(change: Change, { digest }: Streamed, values: readonly string[]): string {
  const known = new Map(values.map((value) => [digest.scalar(value), value]));
  const cells = (record: Readonly<Record<string, string | null>> | undefined) =>
    record === undefined
      ? '-'
      : Object.entries(record)
          .map(([name, value]) => `${name}=${value === null ? 'null' : (known.get(value) ?? '?')}`)
          .join(' ');
  const parts = [
    `${change.action} ${change.table}`,
    `row ${cells(change.row)}`,
    `before ${cells(change.before)}`,
    `after ${cells(change.after)}`,
    ...(change.changed === undefined ? [] : [`changed ${change.changed.join(' ')}`]),
  ];
  return parts.join(' | ');
}

const VALUES = ['1', '2', '3', '4', '10', '12', 'a', 'b', 'c', 'x', 'y'];

describe('a change', () => {
  test.each([
    [
      'an insert',
      'INSERT INTO items VALUES (3, $$c$$, NULL)',
      ['insert items | row id=3 | before - | after id=3 name=c price=null'],
    ],
    [
      'an update',
      'UPDATE items SET price = 12 WHERE id = 1',
      ['update items | row id=1 | before - | after id=1 name=a price=12'],
    ],
    [
      'an update of the key',
      'UPDATE items SET id = 4 WHERE id = 1',
      ['update items | row id=4 | before id=1 | after id=4 name=a price=10'],
    ],
    ['a delete', 'DELETE FROM items WHERE id = 2', ['delete items | row id=2 | before id=2 | after -']],
    ['a truncate', 'TRUNCATE items', ['truncate items | row - | before - | after -']],
    [
      'a statement that changes several rows',
      'UPDATE items SET name = $$x$$',
      [
        'update items | row id=1 | before - | after id=1 name=x price=10',
        'update items | row id=2 | before - | after id=2 name=x price=null',
      ],
    ],
    [
      'a transaction with a savepoint that was rolled back to',
      `BEGIN; UPDATE items SET name = 'x' WHERE id = 1; SAVEPOINT s; DELETE FROM items; ROLLBACK TO s;
       SAVEPOINT u; INSERT INTO items VALUES (4, 'y', 10); RELEASE u; COMMIT`,
      [
        'update items | row id=1 | before - | after id=1 name=x price=10',
        'insert items | row id=4 | before - | after id=4 name=y price=10',
      ],
    ],
    ['a transaction that was rolled back', 'BEGIN; DELETE FROM items; ROLLBACK', []],
    ['a statement that changes nothing', 'DELETE FROM items WHERE id = 99', []],
    [
      'under REPLICA IDENTITY FULL, an update',
      'ALTER TABLE items REPLICA IDENTITY FULL; UPDATE items SET price = 12 WHERE id = 2',
      [
        'update items | row id=2 | before id=2 name=b price=null | after id=2 name=b price=12 | changed price',
      ],
    ],
    [
      'under REPLICA IDENTITY FULL, a delete',
      'ALTER TABLE items REPLICA IDENTITY FULL; DELETE FROM items WHERE id = 1',
      ['delete items | row id=1 | before id=1 name=a price=10 | after -'],
    ],
    [
      'in another schema, of a table made meanwhile',
      `CREATE SCHEMA sales; CREATE TABLE sales."My Orders" ("Order No" int PRIMARY KEY, note text);
       INSERT INTO sales."My Orders" VALUES (1, 'x')`,
      ['insert sales.My Orders | row Order No=1 | before - | after Order No=1 note=x'],
    ],
    [
      'of a partition, told of the whole table',
      `CREATE TABLE parts (id int, k int, PRIMARY KEY (id, k)) PARTITION BY LIST (k);
       CREATE TABLE parts_1 PARTITION OF parts FOR VALUES IN (1) PARTITION BY LIST (id);
       CREATE TABLE parts_1_2 PARTITION OF parts_1 DEFAULT;
       INSERT INTO parts VALUES (2, 1)`,
      ['insert parts | row id=2 k=1 | before - | after id=2 k=1'],
    ],
    [
      'of a table without a key',
      `CREATE TABLE plain (id int, name text); INSERT INTO plain VALUES (1, 'a'), (2, 'b');
       UPDATE plain SET name = 'x' WHERE id = 1; DELETE FROM plain WHERE id = 2`,
      [
        'insert plain | row - | before - | after id=1 name=a',
        'insert plain | row - | before - | after id=2 name=b',
        'update plain | row - | before - | after id=1 name=x',
        'delete plain | row - | before - | after -',
      ],
    ],
    ['of a temporary table', 'CREATE TEMP TABLE t (id int); INSERT INTO t VALUES (1)', []],
  ] as const)('%s', async (_, sql, expected) => {
    await postgres.sql(`CREATE TABLE items (id int PRIMARY KEY, name text, price numeric);
      INSERT INTO items VALUES (1, 'a', 10), (2, 'b', NULL)`);
    const stream = await streamed(postgres.url());
    await postgres.sql(sql);
    const changes = await stream.changes();
    expect(changes.map((change) => told(change, stream, VALUES))).toEqual(expected);
    expect(stream.degraded).toEqual([]);
  });

  test('that a trigger made is told with the statement that fired it', async () => {
    await postgres.sql(`CREATE TABLE items (id int PRIMARY KEY); CREATE TABLE log (id int PRIMARY KEY, item int);
      CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        EXECUTE 'INSERT INTO ' || 'log VALUES (1, $1)' USING NEW.id; RETURN NEW; END $$;
      CREATE TRIGGER note AFTER INSERT ON items FOR EACH ROW EXECUTE FUNCTION note()`);
    const stream = await streamed(postgres.url());
    await postgres.sql('INSERT INTO items VALUES (2)');
    const changes = await stream.changes();
    expect(changes.map(({ table, index, count }) => `${table} ${index}/${count}`)).toEqual([
      'items 0/2',
      'log 1/2',
    ]);
    expect(new Set(changes.map(({ xid }) => xid)).size).toBe(1);
    expect(new Set(changes.map((change) => `${change.invoke} ${change.return}`)).size).toBe(1);
  });

  test('leaves out a TOASTed value that was not touched', async () => {
    await postgres.sql(`CREATE TABLE docs (id int PRIMARY KEY, body text, n int); ALTER TABLE docs ALTER body SET STORAGE EXTERNAL;
      INSERT INTO docs VALUES (1, repeat('long ', 4000), 1)`);
    const stream = await streamed(postgres.url());
    await postgres.sql('UPDATE docs SET n = 2');
    const [change] = await stream.changes();
    expect(Object.keys(change?.after ?? {})).toEqual(['id', 'n']);
  });

  test('tells a table once, whether the wire or the stream meets it first', async () => {
    await postgres.sql('CREATE TABLE items (id int PRIMARY KEY, name text)');
    const stream = await streamed(postgres.url());
    await postgres.sql(`INSERT INTO items VALUES (1, 'a')`);
    await stream.changes();
    const client = new pg.Client({ connectionString: stream.proxied });
    await client.connect();
    await client.query('SELECT * FROM items');
    await client.end();
    expect(stream.tables()).toMatchObject([{ table: 'items', primaryKey: ['id'], columns: ['id', 'name'] }]);
    await postgres.sql('ALTER TABLE items ADD COLUMN price numeric; UPDATE items SET price = 1');
    await stream.changes();
    expect(stream.tables().map(({ columns }) => columns)).toEqual([
      ['id', 'name'],
      ['id', 'name', 'price'],
    ]);
  });

  test('of a transaction larger than is kept ends in one change for each table', async () => {
    await postgres.sql(
      'CREATE TABLE many (id int PRIMARY KEY, name text); CREATE TABLE late (id int PRIMARY KEY)',
    );
    const stream = await streamed(postgres.url());
    await postgres.sql(`BEGIN; INSERT INTO many SELECT n, 'x' FROM generate_series(1, 30000) n;
      INSERT INTO late SELECT generate_series(1, 5); COMMIT`);
    let changes = await stream.changes();
    for (let i = 0; changes.length === 0 && i < 20; i++) changes = await stream.changes();
    expect(changes.length).toBe(10_002);
    expect(
      changes.slice(-3).map(({ table, truncated, index, count }) => ({ table, truncated, index, count })),
    ).toEqual([
      { table: 'many', truncated: undefined, index: 9_999, count: 10_002 },
      { table: 'many', truncated: true, index: 10_000, count: 10_002 },
      { table: 'late', truncated: true, index: 10_001, count: 10_002 },
    ]);
  });
});

test('operations come in the order of their returns, and the interval holds the commit', async () => {
  await postgres.sql(
    'CREATE TABLE items (id int PRIMARY KEY, n int); INSERT INTO items SELECT i, 0 FROM generate_series(1, 9) i',
  );
  const stream = await streamed(postgres.url());
  const clients = await Promise.all(
    [1, 2, 3].map(async () => {
      const client = new pg.Client({ connectionString: stream.proxied });
      await client.connect();
      return client;
    }),
  );
  await Promise.all(
    clients.map(async (client, index) => {
      for (let n = 1; n <= 30; n++)
        await client.query('UPDATE items SET n = $1 WHERE id = $2', [n, index + 1]);
      await client.end();
    }),
  );
  const changes = await stream.changes();
  expect(changes).toHaveLength(90);
  const writes = stream.operations.filter((op) => op.tier === 'source' && op.kind === 'write');
  for (const change of changes) {
    expect(change.return).toBeGreaterThanOrEqual(change.invoke);
    const own = writes.filter(
      (write) =>
        'params' in write && write.params[1] === change.row?.id && write.params[0] === change.after?.n,
    );
    expect(own).toHaveLength(1);
    // The commit lies in both intervals, so they overlap.
    expect(change.invoke).toBeLessThanOrEqual(own[0]!.return!);
    expect(change.return).toBeGreaterThanOrEqual(own[0]!.invoke);
    if (change.proxied !== undefined) expect(change.proxied).toBe(own[0]!.session);
    expect(change.client).toBeUndefined();
  }
  const returns = stream.operations.flatMap((op) => (op.session === 'stream:1' ? [op.return] : []));
  expect(returns).toEqual([...returns].sort((a, b) => (a ?? 0) - (b ?? 0)));
});
