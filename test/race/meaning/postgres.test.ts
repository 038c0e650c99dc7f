/** What PostgreSQL messages mean to others: whether they pass, what people read, what they touch. */
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Engine } from '../../../src/engines/engine.ts';
import { startPostgres } from '../../../src/engines/postgres.ts';
import { footprintKey } from '../../../src/race/explore/footprint.ts';
import type {
  ClientMessage,
  Meaning,
  PostgresAnswer,
  PostgresReader,
} from '../../../src/race/gate/contract.ts';
import {
  coarsened,
  loadSql,
  openPostgresReader,
  type PostgresExploration,
  readSchema,
  type Schema,
} from '../../../src/race/meaning/index.ts';
import { encodeFrontend } from '../../../src/wire/postgres/index.ts';
import { SHOP } from './schema.ts';

const ANYTHING = 'w lock:*, w pg:*, w push:*';
const ID = '3f2a9c4e-0000-4000-8000-0123456789ab';

let schema: Schema | null = null;
let engine: Engine | null = null;

// One database for all: nothing is written to it, only its schema is read.
beforeAll(async () => {
  await loadSql();
  engine = await startPostgres({});
  const client = new pg.Client({ connectionString: engine.url });
  await client.connect();
  await client.query(SHOP);
  schema = await readSchema(async (sql) => (await client.query(sql)).rows);
  await client.end();
}, 60_000);

afterAll(async () => engine?.stop());

interface Options {
  readonly silent?: readonly string[];
  readonly startup?: Readonly<Record<string, string>>;
  readonly exploration?: PostgresExploration;
}

function open({ silent = [], startup = {}, exploration }: Options = {}): PostgresReader {
  const reader = openPostgresReader({ exploration: exploration ?? { schema, tableLocks: false }, silent });
  reader.started(new Map(Object.entries(startup)));
  return reader;
}

/** Messages from their bytes. */
function messages(...encoded: readonly Uint8Array[]): ClientMessage[] {
  return encoded.map((one) => ({ type: String.fromCharCode(one[0]!), body: one.subarray(5) }));
}

function shown({ silent, label, footprint }: Meaning): string {
  return silent ? 'silent' : `${label} | ${footprintKey(footprint).replaceAll('\n', ', ')}`;
}

const query = (reader: PostgresReader, sql: string): string =>
  shown(reader.request(messages(encodeFrontend.query(sql))));

/** The meaning of the last of some Queries, separated by `;;`. */
function last(sql: string, options: Options = {}): string {
  const reader = open(options);
  return (
    sql
      .split(';;')
      .map((one) => query(reader, one))
      .at(-1) ?? ''
  );
}

function answer(more: Partial<PostgresAnswer> = {}): PostgresAnswer {
  return { status: 'I', tags: [], error: null, columns: [], rows: [], ...more };
}

describe('a statement', () => {
  it.each([
    'BEGIN',
    'BEGIN; SELECT 1; COMMIT',
    'SET statement_timeout = 5',
    'SHOW search_path',
    'RESET ALL',
    'DISCARD ALL',
    'SELECT 1',
    'SELECT now(), current_schema(), version()',
    "SELECT t.oid FROM pg_catalog.pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE typname = 'hstore'",
    'SELECT table_name FROM information_schema.tables',
    'EXPLAIN SELECT * FROM items',
    'DEALLOCATE ALL',
    '',
    '-- nothing',
    'BEGIN;;COMMIT',
    'BEGIN;;SELECT * FROM items;;COMMIT',
    'BEGIN;;SELECT * FROM items;;ROLLBACK',
    'BEGIN;;SAVEPOINT a',
    'BEGIN;;SET TRANSACTION ISOLATION LEVEL SERIALIZABLE',
    'BEGIN ISOLATION LEVEL REPEATABLE READ',
    'SET CONSTRAINTS ALL DEFERRED',
    'SELECT gen_random_uuid(), random(), clock_timestamp(), pg_sleep(0)',
  ])('%s passes at once', (sql) => {
    expect(last(sql)).toBe('silent');
  });

  it.each([
    ['SELECT * FROM items WHERE id = 1', 'SELECT items id=1 | r pg:items:1'],
    [
      "SELECT * FROM public.items WHERE 1 = 1 AND '1' = id AND name <> ''",
      'SELECT items id=1 | r pg:items:1',
    ],
    ['SELECT * FROM items WHERE id = 1.0', 'SELECT items | r pg:items'],
    ['SELECT * FROM items WHERE id = 1 OR price = 2', 'SELECT items | r pg:items'],
    ['SELECT * FROM items WHERE NOT (id = 1)', 'SELECT items | r pg:items'],
    ['SELECT * FROM items WHERE id IN (2, 1)', 'SELECT items id=2,1 | r pg:items:1, r pg:items:2'],
    ["SELECT * FROM items WHERE id = ANY ('{1,2}')", 'SELECT items id=1,2 | r pg:items:1, r pg:items:2'],
    ['SELECT * FROM items WHERE category = 3', 'SELECT items category=3 | r pg:items'],
    ["SELECT * FROM users WHERE email = 'a@b'", 'SELECT users email=a@b | r pg:users'],
    [`SELECT * FROM users WHERE id = '${ID.toUpperCase()}'`, `SELECT users id={uuid} | r pg:users:${ID}`],
    [
      "SELECT * FROM stock WHERE item = 1 AND shop = 'a,b'",
      'SELECT stock shop=a,b item=1 | r pg:stock:a\\,b,1',
    ],
    ["SELECT * FROM stock WHERE shop = 'a'", 'SELECT stock shop=a | r pg:stock'],
    ["SELECT * FROM stock WHERE shop = 'a'::varchar(1) AND item = 1", 'SELECT stock item=1 | r pg:stock'],
    [
      'SELECT * FROM orders o LEFT JOIN items i ON i.id = o.item_id WHERE o.id = 1',
      'SELECT orders id=1, items | r pg:items, r pg:orders:1',
    ],
    [
      'SELECT * FROM items a LEFT JOIN people p ON p.id = a.id WHERE a.id = 1',
      'SELECT items id=1, people id=1 | r pg:items:1, r pg:people',
    ],
    [
      'SELECT * FROM items a LEFT JOIN touched t ON t.id = a.id AND a.id = 1',
      'SELECT items, touched | r pg:items, r pg:touched',
    ],
    [
      'SELECT (SELECT name FROM touched WHERE id = i.id) FROM items i WHERE id = 1',
      'SELECT items id=1, touched | r pg:items:1, r pg:touched',
    ],
    [
      'SELECT * FROM items WHERE id = 1 UNION SELECT * FROM items WHERE id = 2',
      'SELECT items id=1, items id=2 | r pg:items:1, r pg:items:2',
    ],
    ['WITH items AS (SELECT 1 AS id) SELECT * FROM items WHERE id = 1', 'silent'],
    ['SELECT * FROM cheap WHERE id = 1', 'SELECT cheap | r pg:items'],
    ['SELECT * FROM totals', 'SELECT totals | r pg:totals'],
    ['SELECT * FROM days_1 WHERE day = 1 AND id = 2', 'SELECT days_1 day=1 id=2 | r pg:days:1,2'],
    ['SELECT * FROM staff WHERE id = 1', 'SELECT staff id=1 | r pg:people'],
    ['SELECT * FROM secured WHERE id = 1', 'SELECT secured id=1 | r pg:secured:1, r pg:tenants'],
    [
      'SELECT * FROM items WHERE id = 1 FOR UPDATE',
      'SELECT items id=1 FOR UPDATE | r pg:items:1, w lock:items:1',
    ],
    [
      'SELECT * FROM items WHERE id = 1 FOR KEY SHARE',
      'SELECT items id=1 FOR KEY SHARE | r pg:items:1, w lock:items:1',
    ],
    ['SELECT price_of(1), twice(2)', 'SELECT price_of, twice | r pg:items'],
    ["SELECT run('x')", `SELECT run | ${ANYTHING}`],
    ["SELECT query_to_xml('select 1', true, true, '')", `SELECT query_to_xml | ${ANYTHING}`],
    ['SELECT * FROM nowhere', `SELECT | ${ANYTHING}`],
    ["SELECT nextval('counter')", 'SELECT nextval | w pg:counter'],
    ['SELECT pg_advisory_lock(42)', 'SELECT pg_advisory_lock | w lock:advisory:42'],
    [
      "SELECT pg_advisory_xact_lock(hashtext('a'))",
      'SELECT pg_advisory_xact_lock, hashtext | w lock:advisory',
    ],
    ["SELECT pg_notify('a', 'b')", 'SELECT pg_notify | w push:*'],
    ['UPDATE items SET price = 2 WHERE id = 1', 'UPDATE items id=1 | w lock:items:1, w pg:items:1'],
    ['UPDATE items SET price = 2', 'UPDATE items | w lock:items, w pg:items'],
    [
      'UPDATE items SET id = 2 WHERE id = 1',
      'UPDATE items id=1 | r pg:items:1, r pg:orders, w lock:items, w lock:orders, w pg:items',
    ],
    [
      `UPDATE users SET email = 'x' WHERE id = '${ID}'`,
      `UPDATE users id={uuid} | w lock:users:#unique, w lock:users:${ID}, w pg:users:${ID}`,
    ],
    [
      `UPDATE users SET name = 'x' WHERE id = '${ID}'`,
      `UPDATE users id={uuid} | w lock:users:${ID}, w pg:users:${ID}`,
    ],
    ["INSERT INTO items VALUES (5, 'a')", 'INSERT items id=5 | w lock:items:5, w pg:items:5'],
    [
      'INSERT INTO items (name) SELECT name FROM touched',
      'INSERT touched, items | r pg:touched, w lock:items, w pg:items',
    ],
    [
      'INSERT INTO orders (item_id) VALUES (5)',
      'INSERT orders | r pg:items:5, w lock:items:5, w lock:orders, w pg:orders, w pg:orders_id_seq',
    ],
    [
      'INSERT INTO orders (id, item_id) VALUES (1, NULL)',
      'INSERT orders id=1 | w lock:orders:1, w pg:orders:1',
    ],
    [
      "INSERT INTO items (id, name) VALUES (1, 'a') ON CONFLICT (id) DO UPDATE SET name = excluded.name",
      'INSERT items id=1 | w lock:items:1, w pg:items:1',
    ],
    [
      'DELETE FROM items WHERE id = 1',
      'DELETE items id=1 | w lock:items:1, w lock:orders, w pg:items:1, w pg:orders',
    ],
    ["UPDATE touched SET name = 'x' WHERE id = 1", 'UPDATE touched id=1 | w lock:touched:1, w pg:touched:1'],
    [
      "UPDATE audited SET name = 'x' WHERE id = 1",
      'UPDATE audited id=1 | w lock:audit, w lock:audited:1, w pg:audit, w pg:audit_id_seq, w pg:audited:1',
    ],
    [
      "UPDATE notified SET name = 'x' WHERE id = 1",
      'UPDATE notified id=1 | w lock:notified:1, w pg:notified:1, w push:*',
    ],
    [
      "INSERT INTO cheap VALUES (1, 'a')",
      'INSERT cheap | w lock:items, w lock:orders, w pg:items, w pg:orders',
    ],
    ['TRUNCATE logs', 'TRUNCATE logs | w lock:logs, w pg:logs'],
    ['LOCK TABLE logs', 'LOCK logs | w lock:logs, w pg:logs'],
    ['COPY logs FROM STDIN', 'COPY logs | w lock:logs, w pg:logs'],
    ['NOTIFY news', 'NOTIFY news | w push:*'],
    ['LISTEN news', 'LISTEN | r push:*'],
    ['CREATE TABLE x (i int)', `CREATE TABLE | ${ANYTHING}`],
    ['SELECT * INTO y FROM items', `SELECT INTO | ${ANYTHING}`],
    ['this is no sql', `THIS IS | ${ANYTHING}`],
    [
      'UPDATE items SET price = 1 WHERE id = 1; DELETE FROM logs',
      'UPDATE items id=1; DELETE logs | w lock:items:1, w lock:logs, w pg:items:1, w pg:logs',
    ],
  ])('%s: %s', (sql, expected) => {
    expect(last(sql)).toBe(expected);
  });

  it('may do anything where nothing is known of the database', () => {
    const exploration = { schema: null, tableLocks: false };
    expect(last('SELECT * FROM items WHERE id = 1', { exploration })).toBe(`SELECT | ${ANYTHING}`);
    expect(last('SELECT 1', { exploration })).toBe('silent');
  });

  it('that the scenario names passes', () => {
    const silent = ['insert  into LOGS'];
    expect(last("INSERT INTO logs VALUES ('x')", { silent })).toBe('silent');
    expect(last("BEGIN;;INSERT INTO logs VALUES ('x');;COMMIT", { silent })).toBe('silent');
  });

  it('has one spelling in every execution, whatever random keys it names', () => {
    const other = ID.replace('3', '4');
    const of = (id: string) =>
      open().request(messages(encodeFrontend.query(`DELETE FROM users WHERE id = '${id}'`)));
    const [one, two] = [of(ID), of(other)];
    expect(one.label).toBe(two.label);
    expect(one.footprint).not.toEqual(two.footprint);
    expect(coarsened(one.footprint)).toEqual(coarsened(two.footprint));
  });
});

describe('a transaction', () => {
  it.each([
    ['UPDATE items SET price = 2 WHERE id = 1', 'UPDATE items id=1 | r pg:items:1, w lock:items:1'],
    ['UPDATE items SET price = 2 WHERE id = 1;;COMMIT', 'COMMIT | w lock:items:1, w pg:items:1'],
    ['UPDATE items SET price = 2 WHERE id = 1;;ROLLBACK', 'ROLLBACK | w lock:items:1'],
    ['SELECT 1 FROM items WHERE id = 1 FOR UPDATE;;COMMIT', 'COMMIT | w lock:items:1'],
    [
      'INSERT INTO orders (id, item_id) VALUES (1, 2)',
      'INSERT orders id=1 | r lock:items:2, r pg:items:2, w lock:orders:1',
    ],
    [
      'INSERT INTO orders (id, item_id) VALUES (1, 2);;COMMIT',
      'COMMIT | w lock:items:2, w lock:orders:1, w pg:orders:1',
    ],
    ["SELECT nextval('counter');;COMMIT", 'silent'],
    ['SAVEPOINT a;;UPDATE items SET price = 2 WHERE id = 1;;ROLLBACK TO a', 'ROLLBACK TO | w lock:items:1'],
    ['SAVEPOINT a;;UPDATE items SET price = 2 WHERE id = 1;;ROLLBACK TO a;;COMMIT', 'silent'],
    [
      'SAVEPOINT a;;UPDATE items SET price = 2 WHERE id = 1;;RELEASE a;;COMMIT',
      'COMMIT | w lock:items:1, w pg:items:1',
    ],
    ['NOTIFY news', 'NOTIFY news | '],
    ['NOTIFY news;;COMMIT', 'COMMIT | w push:*'],
    [
      'UPDATE items SET price = 1 WHERE id = 1;;COMMIT AND CHAIN;;UPDATE items SET price = 1 WHERE id = 2',
      'UPDATE items id=2 | r pg:items:2, w lock:items:2',
    ],
    ['DECLARE c CURSOR FOR SELECT * FROM items;;FETCH 1 FROM c', 'silent'],
    [
      'PREPARE p AS UPDATE items SET price = $2 WHERE id = $1;;EXECUTE p(1, 2)',
      'UPDATE items id=1 | r pg:items:1, w lock:items:1',
    ],
    ['CREATE TABLE x (i int);;ROLLBACK', `ROLLBACK | ${ANYTHING}`],
    ['SET LOCAL search_path = elsewhere;;SELECT * FROM items WHERE id = 1', `SELECT | ${ANYTHING}`],
    [
      'SET LOCAL search_path = elsewhere;;COMMIT;;SELECT * FROM items WHERE id = 1',
      'SELECT items id=1 | r pg:items:1',
    ],
  ])('BEGIN;;%s: %s', (sql, expected) => {
    expect(last(`BEGIN;;${sql}`)).toBe(expected);
  });

  it('that may fail at a statement undoes at it what it did', () => {
    const first = 'BEGIN;;UPDATE items SET price = 2 WHERE id = 1';
    expect(last(`${first};;SELECT * FROM items WHERE id = 2`)).toBe('SELECT items id=2 | r pg:items:2');
    expect(last(`${first};;SELECT 1 / price FROM items WHERE id = 2`)).toBe(
      'SELECT items id=2 | r pg:items:2, w lock:items:1',
    );
    expect(last(`${first};;UPDATE items SET price = 2 WHERE id = 2`)).toBe(
      'UPDATE items id=2 | r pg:items:2, w lock:items:1, w lock:items:2',
    );
  });

  it('is over once it failed', () => {
    const reader = open();
    query(reader, 'BEGIN');
    query(reader, 'UPDATE items SET price = 2 WHERE id = 1');
    reader.answered(answer({ status: 'E', error: { code: '40001', message: 'could not serialize' } }));
    expect(query(reader, 'SELECT * FROM items')).toBe('silent');
    reader.answered(answer({ status: 'E', error: { code: '25P02', message: 'aborted' } }));
    expect(query(reader, 'COMMIT')).toBe('silent');
    reader.answered(answer({ tags: ['ROLLBACK'] }));
    expect(query(reader, 'SELECT * FROM items')).toBe('SELECT items | r pg:items');
  });

  it('keeps what it did before the savepoint to which a failure went back', () => {
    const reader = open();
    for (const sql of [
      'BEGIN',
      'UPDATE items SET price = 2 WHERE id = 1',
      'SAVEPOINT a',
      'UPDATE items SET price = 2 WHERE id = 2',
    ])
      query(reader, sql);
    reader.answered(answer({ status: 'E', error: { code: '23505', message: 'duplicate key' } }));
    expect(query(reader, 'ROLLBACK TO a')).toBe('silent');
    reader.answered(answer({ status: 'T' }));
    expect(query(reader, 'COMMIT')).toBe('COMMIT | w lock:items:1, w pg:items:1');
  });

  it('of REPEATABLE READ reads everything at its first statement', () => {
    const begin = 'BEGIN ISOLATION LEVEL REPEATABLE READ';
    expect(last(`${begin};;SELECT 1`)).toBe('SELECT | r pg:*');
    expect(last(`${begin};;SELECT 1;;SELECT * FROM items WHERE id = 1`)).toBe('SELECT items id=1 | ');
    expect(last(`${begin};;SELECT 1;;UPDATE items SET price = 1 WHERE id = 1`)).toBe(
      'UPDATE items id=1 | r pg:items:1, w lock:items:1',
    );
    expect(last(`${begin};;SELECT * FROM items;;COMMIT`)).toBe('silent');
    const startup = { options: '-c default_transaction_isolation=repeatable\\ read' };
    expect(last('BEGIN;;SELECT 1', { startup })).toBe('SELECT | r pg:*');
    expect(last('SELECT * FROM items WHERE id = 1', { startup })).toBe('SELECT items id=1 | r pg:items:1');
    expect(last("SET default_transaction_isolation = 'repeatable read';;BEGIN;;SELECT 1")).toBe(
      'SELECT | r pg:*',
    );
    expect(last('BEGIN;;SET TRANSACTION ISOLATION LEVEL REPEATABLE READ;;SELECT 1')).toBe('SELECT | r pg:*');
  });

  it('of SERIALIZABLE is visible in all that it does, a COMMIT without writes included', () => {
    const begin = 'BEGIN ISOLATION LEVEL SERIALIZABLE';
    expect(last(`${begin};;SELECT * FROM items WHERE id = 1`)).toBe(
      'SELECT items id=1 | r pg:*, r pg:items:1, w lock:%serializable',
    );
    expect(last(`${begin};;SELECT * FROM items;;COMMIT`)).toBe('COMMIT | w lock:%serializable');
  });

  it('frees nothing that it never took: pools ask for that each time a connection comes back', () => {
    const reader = open();
    const back = 'SELECT pg_advisory_unlock_all(); CLOSE ALL; UNLISTEN *; RESET ALL;';
    expect(query(reader, back)).not.toContain('lock:');
    query(reader, 'SELECT pg_advisory_lock(7)');
    expect(query(reader, back)).toContain('w lock:advisory');
    query(reader, 'LISTEN news');
    expect(query(reader, back)).toContain('r push:*');
  });

  it('that ends with its connection frees its locks', () => {
    const reader = open();
    expect(reader.closing().silent).toBe(true);
    query(reader, 'SELECT pg_advisory_lock(7)');
    query(reader, 'BEGIN');
    query(reader, 'UPDATE items SET price = 2 WHERE id = 1');
    expect(shown(reader.closing())).toBe('disconnect | w lock:advisory:7, w lock:items:1');
  });

  it('is asked what its end would do, and goes on as before', () => {
    const reader = open();
    query(reader, 'BEGIN');
    query(reader, 'UPDATE items SET price = 2 WHERE id = 1');
    reader.closing();
    expect(shown(reader.closing())).toBe('disconnect | w lock:items:1');
    expect(query(reader, 'COMMIT')).toBe('COMMIT | w lock:items:1, w pg:items:1');
  });

  it('holds every table it used once somebody waits for that', () => {
    const exploration = { schema, tableLocks: false };
    expect(last('BEGIN;;SELECT * FROM logs;;COMMIT', { exploration })).toBe('silent');
    last('TRUNCATE logs', { exploration });
    expect(exploration.tableLocks).toBe(true);
    expect(last('BEGIN;;SELECT * FROM logs;;COMMIT', { exploration })).toBe('COMMIT | w lock:logs:#table');
  });

  it('may have been begun and ended with other statements at once', () => {
    expect(last('BEGIN; UPDATE items SET price = 1 WHERE id = 1')).toBe(
      'UPDATE items id=1 | r pg:items:1, w lock:items:1',
    );
    expect(last('BEGIN; UPDATE items SET price = 1 WHERE id = 1; COMMIT')).toBe(
      'UPDATE items id=1; COMMIT | w lock:items:1, w pg:items:1',
    );
  });
});

describe('the extended protocol', () => {
  const { parse, bind, describe: describes, execute, sync, flush, close } = encodeFrontend;
  const send = (reader: PostgresReader, ...encoded: readonly Uint8Array[]): string =>
    shown(reader.request(messages(...encoded)));
  const int4 = (value: number): Uint8Array => Uint8Array.of(0, 0, 0, value);

  it('means what its executions mean', () => {
    const read = 'SELECT * FROM items WHERE id = $1';
    expect(
      send(open(), parse('', read), bind({ values: ['1'] }), describes('portal'), execute(), sync()),
    ).toBe('SELECT items id=1 | r pg:items:1');
    expect(
      send(open(), parse('', read, [23]), bind({ values: [int4(7)], formats: [1] }), execute(), sync()),
    ).toBe('SELECT items id=7 | r pg:items:7');
    expect(send(open(), parse('', read), bind({ values: [int4(7)], formats: [1] }), execute(), sync())).toBe(
      'SELECT items id=7 | r pg:items:7',
    );
    expect(send(open(), parse('', `${read}::int`, [25]), bind({ values: ['1'] }), execute(), sync())).toBe(
      'SELECT items id=1 | r pg:items:1',
    );
    expect(send(open(), parse('', read, [1700]), bind({ values: ['1'] }), execute(), sync())).toBe(
      'SELECT items | r pg:items',
    );
    const any = 'SELECT * FROM items WHERE id = ANY ($1)';
    expect(send(open(), parse('', any), bind({ values: ['{1,2}'] }), execute(), sync())).toBe(
      'SELECT items id=1,2 | r pg:items:1, r pg:items:2',
    );
  });

  it('is silent as long as it runs nothing', () => {
    const reader = open();
    expect(
      send(
        reader,
        parse('s', 'UPDATE items SET price = $1 WHERE id = $2'),
        describes('statement', 's'),
        flush(),
      ),
    ).toBe('silent');
    expect(send(reader, sync())).toBe('silent');
    expect(send(reader, bind({ statement: 's', values: ['5', '1'] }), execute(), sync())).toBe(
      'UPDATE items id=1 | w lock:items:1, w pg:items:1',
    );
    expect(send(reader, close('statement', 's'), sync())).toBe('silent');
  });

  it('commits with Sync', () => {
    const reader = open();
    const write = [parse('', 'UPDATE items SET price = 1 WHERE id = 1'), bind({}), execute()];
    expect(send(reader, ...write, flush())).toBe('UPDATE items id=1 | r pg:items:1, w lock:items:1');
    reader.answered(answer({ status: null }));
    expect(send(reader, sync())).toBe('COMMIT | w lock:items:1, w pg:items:1');
  });

  it('skips everything after an error up to Sync', () => {
    const reader = open();
    const write = [parse('', 'UPDATE items SET price = 1 WHERE id = 1'), bind({}), execute()];
    send(reader, ...write, flush());
    reader.answered(answer({ status: null, error: { code: '22012', message: 'division by zero' } }));
    expect(send(reader, ...write, flush())).toBe('silent');
    expect(send(reader, sync())).toBe('silent');
    expect(send(reader, ...write, sync())).toBe('UPDATE items id=1 | w lock:items:1, w pg:items:1');
  });

  it('runs several executions as one', () => {
    const reader = open();
    const one = (id: string) => [bind({ statement: 's', values: [id] }), execute()];
    expect(
      send(reader, parse('s', 'DELETE FROM touched WHERE id = $1'), ...one('1'), ...one('2'), sync()),
    ).toBe(
      'DELETE touched id=1; DELETE touched id=2 | w lock:touched:1, w lock:touched:2, w pg:touched:1, w pg:touched:2',
    );
  });

  it('reads the rows of a portal as of its beginning', () => {
    const reader = open();
    query(reader, 'BEGIN');
    reader.answered(answer({ status: 'T' }));
    expect(send(reader, parse('', 'SELECT * FROM items'), bind({ portal: 'p' }), flush())).toBe(
      'SELECT items | r pg:items',
    );
    send(reader, execute('p', 10), sync());
    reader.answered(answer({ status: 'T' }));
    expect(send(reader, execute('p', 10), sync())).toBe('silent');
  });

  it('takes the snapshot of a transaction when a statement is only parsed', () => {
    const reader = open();
    query(reader, 'BEGIN ISOLATION LEVEL REPEATABLE READ');
    expect(send(reader, parse('', 'SELECT * FROM items'), describes('statement'), sync())).toBe(
      'Parse | r pg:*',
    );
  });

  it('may call functions by number', () => {
    expect(send(open(), encodeFrontend.functionCall(1))).toBe(`function call | ${ANYTHING}`);
  });
});

describe('an answer', () => {
  it.each<[string, Partial<PostgresAnswer>, string | null]>([
    [
      'SELECT name, price FROM items WHERE id = 1',
      { tags: ['SELECT 1'], columns: ['id', 'name', 'price'], rows: [['1', 'old', '10']] },
      'name old, price 10',
    ],
    ['SELECT name FROM items WHERE id = 1', { tags: ['SELECT 0'], columns: ['name'] }, '0 rows'],
    [
      'SELECT name FROM items',
      { tags: ['SELECT 5'], columns: ['name'], rows: [['a'], ['b'], ['c']] },
      '5 rows',
    ],
    [
      'SELECT name FROM items WHERE id = 1',
      { tags: ['SELECT 1'], columns: ['name'], rows: [[null]] },
      'name null',
    ],
    [
      'SELECT * FROM users WHERE name = $1',
      { tags: ['SELECT 1'], columns: ['password'], rows: [['hunter22']] },
      'password …',
    ],
    ['UPDATE items SET price = 1', { tags: ['UPDATE 3'] }, '3 updated'],
    ['DELETE FROM items', { tags: ['DELETE 1'] }, '1 deleted'],
    [
      'INSERT INTO orders DEFAULT VALUES',
      { tags: ['INSERT 0 1'], columns: ['id'], rows: [['7']] },
      '1 inserted, id 7',
    ],
    ['COMMIT', { tags: ['COMMIT'] }, null],
    ['BEGIN; UPDATE items SET price = 1; COMMIT', { tags: ['BEGIN', 'UPDATE 1', 'COMMIT'] }, '1 updated'],
    [
      'UPDATE items SET price = 1',
      { error: { code: '40001', message: 'could not serialize access' } },
      'error 40001 could not serialize access',
    ],
  ])('to %s: %j is %s', (sql, given, expected) => {
    const reader = open();
    query(reader, sql);
    expect(reader.answered(answer(given))).toBe(expected);
  });
});
