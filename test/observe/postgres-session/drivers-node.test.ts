import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import postgresJs from 'postgres';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { withPostgres } from '../../support/engines.ts';
import { like } from './script.ts';
import { type Watched, watched } from './watched.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });
const server = withPostgres();

const SCHEMA = `
  create table items (id int primary key, name text, price numeric(10,2));
  insert into items values (1, 'apple', 1.50), (2, 'pear', 2), (3, null, null);
`;

let proxy: Watched;
beforeEach(async () => {
  await server.sql(SCHEMA);
  proxy = await watched(server);
});

describe('pg', () => {
  async function connect(): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: proxy.url });
    await client.connect();
    return client;
  }

  test('simple, parameterised and named prepared statements', async () => {
    const client = await connect();
    const { oid } = (await server.sql(`select 'items'::regclass::oid as oid`))[0] as { oid: number };
    await client.query('select id, name from items order by id');
    await client.query('select price from items where id = $1', [1]);
    const named = { name: 'by-id', text: 'select id + 1 as next, name from items where id = $1' };
    await client.query({ ...named, values: [3] });
    await client.query({ ...named, values: ['2'] });
    await client.query('update items set price = $1 where id > $2', ['3.25', 1]);
    await client.end();
    await proxy.quiet();
    const column = (name: string, attribute: number, type: number) => ({
      name,
      table: attribute === 0 ? 0 : oid,
      attribute,
      type,
    });
    const expected = [
      {
        params: [],
        columns: [column('id', 1, 23), column('name', 2, 25)],
        rows: [
          ['1', 'apple'],
          ['2', 'pear'],
          ['3', null],
        ],
        tag: 'SELECT 3',
      },
      { params: ['1'], columns: [column('price', 3, 1700)], rows: [['1.50']] },
      { params: ['3'], columns: [column('next', 0, 23), column('name', 2, 25)], rows: [['4', null]] },
      { params: ['2'], columns: [column('next', 0, 23), column('name', 2, 25)], rows: [['3', 'pear']] },
      { params: ['3.25', '1'], columns: [], rows: [], tag: 'UPDATE 2', implicit: false, tx: null },
    ];
    expect(like(proxy.exchanges, expected)).toEqual(expected);
    expect(proxy.degraded).toEqual([]);
    expect(proxy.starts[0]?.parameters.get('database')).toBe(server.database());
  });

  test('blocks, savepoints and failures are told as the server saw them', async () => {
    const client = await connect();
    const fails = (sql: string) => client.query(sql).catch(() => undefined);
    await client.query('begin');
    await client.query('savepoint a');
    await fails('select 1/0');
    await client.query('rollback to a');
    await client.query('update items set price = 9 where id = $1', [1]);
    await client.query('commit');
    await fails('update items set price = 8; select broken');
    await client.query('begin isolation level serializable');
    await fails('selct');
    await client.query('commit');
    await client.end();
    await proxy.quiet();
    const expected = [
      { sql: 'begin', before: 'I', after: 'T', tx: 1 },
      { sql: 'savepoint a', before: 'T', after: 'T', tx: 1 },
      { sql: 'select 1/0', sqlstate: '22012', before: 'T', after: 'E', tx: 1 },
      { sql: 'rollback to a', tag: 'ROLLBACK', before: 'E', after: 'T', tx: 1 },
      { tag: 'UPDATE 1', before: 'T', after: 'T', tx: 1 },
      { sql: 'commit', tag: 'COMMIT', before: 'T', after: 'I', tx: 1 },
      { part: 0, tag: 'UPDATE 3', implicit: true, tx: 2 },
      { part: 1, sqlstate: '42703', implicit: true, tx: 2 },
      { tag: 'BEGIN', tx: 3 },
      { sqlstate: '42601', before: 'T', after: 'E', tx: 3 },
      { sql: 'commit', tag: 'ROLLBACK', before: 'E', after: 'I', tx: 3 },
    ] as const;
    expect(like(proxy.exchanges, expected)).toEqual(expected);
  });

  test('a deferred constraint that fails at commit', async () => {
    await server.sql(
      'create table child (id int references items deferrable initially deferred); create table log (id int)',
    );
    const client = await connect();
    const fails = (sql: string, values?: unknown[]) => client.query(sql, values).catch(() => undefined);
    await fails('insert into child values ($1)', [99]);
    await fails('insert into child values (98)');
    await client.query('begin');
    await client.query('insert into child values (97)');
    await fails('commit');
    await client.query('select 1');
    await client.end();
    await proxy.quiet();
    const expected = [
      { params: ['99'], tag: null, sqlstate: '23503', before: 'I', after: 'I', tx: null },
      { tag: null, sqlstate: '23503', before: 'I', after: 'I', tx: null },
      { tag: 'BEGIN' },
      { tag: 'INSERT 0 1', tx: 1 },
      { sql: 'commit', tag: null, sqlstate: '23503', before: 'T', after: 'I', tx: 1 },
      { sql: 'select 1', before: 'I', tx: null },
    ] as const;
    expect(like(proxy.exchanges, expected)).toEqual(expected);
  });

  test('the statement that kills its own connection', async () => {
    const client = await connect();
    client.on('error', () => undefined);
    await client.query('begin');
    await client.query('select pg_terminate_backend(pg_backend_pid())').catch(() => undefined);
    await proxy.quiet();
    const last = proxy.exchanges.at(-1);
    expect(last).toMatchObject({ tag: null, tx: 1, sqlstate: '57P01' });
  });

  test('the service goes away while a statement runs', async () => {
    const client = await connect();
    client.on('error', () => undefined);
    const sleeping = client.query('select pg_sleep(30)').catch(() => undefined);
    await expect
      .poll(() => server.sql(`select 1 from pg_stat_activity where query like 'select pg_sleep%'`))
      .toHaveLength(1);
    (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
    await sleeping;
    await proxy.quiet();
    expect(proxy.exchanges).toMatchObject([
      { sql: 'select pg_sleep(30)', tag: null, sqlstate: null, return: null },
    ]);
  });

  test('large results are cut at their limits', async () => {
    const client = await connect();
    await client.query(`select i, repeat('x', 5000) from generate_series(1, 300) i`);
    await client.query(`select repeat('y', 3000000), 1`);
    await client.end();
    await proxy.quiet();
    const [rows, cells] = proxy.exchanges;
    expect(rows).toMatchObject({ tag: 'SELECT 300', truncated: true });
    expect(rows?.rows).toHaveLength(200);
    expect(rows?.rows[199]).toEqual(['200', 'x'.repeat(4000)]);
    expect(cells).toMatchObject({ truncated: true, tag: 'SELECT 1' });
    expect(cells?.rows).toEqual([['y'.repeat(4000), undefined]]);
  });
});

describe('postgres.js', () => {
  test('pipelined statements, transactions and failures', async () => {
    const sql = postgresJs(proxy.url, { max: 1, fetch_types: false, onnotice: () => undefined });
    await Promise.all([1, 2, 3].map((id) => sql`select name from items where id = ${id}`));
    await Promise.all([3, 2].map((id) => sql`select name from items where id = ${id}`));
    await sql.begin(async (tx) => {
      await tx`update items set price = ${'7.5'} where id = ${1}`;
      await tx.savepoint((nested) => nested`select broken`).catch(() => undefined);
      await Promise.all([tx`select 1 as a`, tx`select 2 as b`]);
    });
    await sql.unsafe('select 3; select 4').simple();
    await sql.end();
    await proxy.quiet();
    const expected = [
      { params: ['1'], rows: [['apple']], tx: null, implicit: false },
      { params: ['2'], rows: [['pear']], tx: null, implicit: false },
      { params: ['3'], rows: [[null]], tx: null, implicit: false },
      { params: ['3'], rows: [[null]] },
      { params: ['2'], rows: [['pear']] },
      { tag: 'BEGIN', tx: 1 },
      { tag: 'UPDATE 1', params: ['7.5', '1'], tx: 1 },
      { tag: 'SAVEPOINT', tx: 1 },
      { sqlstate: '42703', tx: 1, after: 'E' },
      { tag: 'ROLLBACK', tx: 1, before: 'E', after: 'T' },
      { rows: [['1']], tx: 1 },
      { rows: [['2']], tx: 1 },
      { tag: 'COMMIT', tx: 1, after: 'I' },
      { rows: [['3']], part: 0, implicit: true, tx: 2 },
      { rows: [['4']], part: 1, implicit: true, tx: 2 },
    ] as const;
    expect(like(proxy.exchanges, expected)).toEqual(expected);
    expect(proxy.degraded).toEqual([]);
    for (const { columns } of proxy.exchanges.slice(0, 5)) {
      expect(columns).toMatchObject([{ name: 'name', attribute: 2, type: 25 }]);
    }
  });

  test('cursors and COPY', async () => {
    const sql = postgresJs(proxy.url, { max: 1, fetch_types: false });
    for await (const rows of sql`select id from items order by id`.cursor(2))
      expect(rows.length).toBeGreaterThan(0);
    const writable = await sql`copy items (id, name) from stdin`.writable();
    await pipeline(Readable.from(['10\tfig\n', '11\tkiwi\n']), writable);
    const readable = await sql`copy items to stdout`.readable();
    for await (const chunk of readable) expect(chunk.length).toBeGreaterThan(0);
    await sql`select count(*) from items`;
    await sql.end();
    await proxy.quiet();
    const expected = [
      { rows: [['1'], ['2']], truncated: true },
      { rows: [['3']], truncated: false },
      { tag: 'COPY 2' },
      { tag: 'COPY 5' },
      { rows: [['5']] },
    ];
    expect(like(proxy.exchanges, expected)).toEqual(expected);
    expect(proxy.degraded).toEqual([]);
  });
});
