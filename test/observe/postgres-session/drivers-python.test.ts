import { beforeEach, describe, expect, test, vi } from 'vitest';
import { withPostgres } from '../../support/engines.ts';
import { type Expected, like } from './script.ts';
import { python, type Watched, watched, without } from './watched.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });
const server = withPostgres();

const SCHEMA = `
  create table items (id int primary key, name text, price numeric(10,2), tags text[], at timestamptz);
  insert into items values
    (1, 'apple', 1.50, '{red,"very sweet"}', '2024-01-31 10:00:00.25+00'),
    (2, 'pear', 2, null, null);
`;

let proxy: Watched;
beforeEach(async () => {
  await server.sql(SCHEMA);
  proxy = await watched(server);
});

const APPLE = ['1', 'apple', '1.50', '{red,"very sweet"}', '2024-01-31 10:00:00.25+00'];
const PEAR = ['2', 'pear', '2.00', null, null];

async function drive(module: string, program: string): Promise<void> {
  await python(module, program, proxy.url);
  await proxy.quiet();
  expect(proxy.degraded).toEqual([]);
}

test('psycopg2 writes parameters into simple queries', async () => {
  await drive(
    'psycopg2',
    `
import sys, psycopg2
connection = psycopg2.connect(sys.argv[1])
cursor = connection.cursor()
cursor.execute("select * from items where name = %s", ("app'le",))
cursor.execute("update items set price = %s where id = %s", (3, 1))
connection.commit()
try:
    cursor.execute("select 1/0")
except psycopg2.Error:
    connection.rollback()
connection.autocommit = True
cursor.execute("select * from items where id = %s", (2,))
with connection.cursor() as copying:
    import io
    copying.copy_from(io.StringIO("7\\tfig\\n"), "items", columns=("id", "name"))
connection.close()
`,
  );
  const expected = [
    { sql: 'BEGIN', tx: 1, before: 'I', after: 'T' },
    { sql: `select * from items where name = 'app''le'`, params: [], rows: [], tag: 'SELECT 0', tx: 1 },
    { sql: 'update items set price = 3 where id = 1', tag: 'UPDATE 1', tx: 1 },
    { sql: 'COMMIT', tag: 'COMMIT', tx: 1, after: 'I' },
    { sql: 'BEGIN', tx: 2 },
    { sqlstate: '22012', tx: 2, after: 'E' },
    { sql: 'ROLLBACK', tx: 2, after: 'I' },
    { rows: [PEAR], tx: null },
    { tag: 'COPY 1', tx: null },
  ] as const;
  expect(like(proxy.exchanges, expected)).toEqual(expected);
});

describe('psycopg 3', () => {
  test.each(['False', 'True'])('binary=%s', async (binary) => {
    await drive(
      'psycopg',
      `
import sys, psycopg, datetime, decimal
connection = psycopg.connect(sys.argv[1])
cursor = connection.cursor(binary=${binary})
for i in (1, 2, 1, 2, 1, 2, 1):  # prepared from the sixth execution on
    cursor.execute("select * from items where id = %s", (i,))
    cursor.fetchall()
cursor.execute("update items set price = %b, at = %b, tags = %b where id = %s", (
    decimal.Decimal("12.5"), datetime.datetime(2024, 2, 29, tzinfo=datetime.timezone.utc), ["a", "b c"], 2))
connection.commit()
connection.close()
`,
    );
    const statements = without(proxy.exchanges, /^DEALLOCATE/i);
    const select = (row: readonly (string | null)[], id: string) => ({ params: [id], rows: [row], tx: 1 });
    const expected: Expected[] = [
      { sql: 'BEGIN', tx: 1 },
      ...[APPLE, PEAR, APPLE, PEAR, APPLE, PEAR, APPLE].map((row) => select(row, String(row[0]))),
      { params: ['12.5', '2024-02-29 00:00:00+00', '{a,"b c"}', '2'], tag: 'UPDATE 1', tx: 1 },
      { sql: 'COMMIT', tx: 1, after: 'I' },
    ];
    expect(like(statements, expected)).toEqual(expected);
    expect(statements[7]?.columns).toEqual(statements[1]?.columns);
  });

  test('pipeline mode', async () => {
    await drive(
      'psycopg',
      `
import sys, psycopg
connection = psycopg.connect(sys.argv[1], autocommit=True)
with connection.pipeline():
    connection.execute("update items set price = 5 where id = %s", (1,))
    connection.execute("update items set price = 6 where id = %s", (2,))
with connection.pipeline() as pipeline:
    connection.execute("update items set price = 7 where id = %s", (1,))
    pipeline.sync()
    with connection.transaction():
        connection.execute("update items set price = 8 where id = %s", (1,))
try:
    with connection.pipeline():
        connection.execute("update items set price = 9 where id = 1")
        connection.execute("select broken")
        connection.execute("update items set price = 10 where id = 1")
except psycopg.Error:
    pass
connection.cursor().executemany("insert into items (id) values (%s)", [(i,) for i in range(100, 200)])
with connection.cursor().copy("copy items (id) from stdin") as copy:
    copy.write_row((300,))
connection.execute("select count(*) from items")
connection.close()
`,
    );
    const expected = [
      { params: ['1'], tag: 'UPDATE 1', implicit: true, tx: 1 },
      { params: ['2'], tag: 'UPDATE 1', implicit: true, tx: 1 },
      { params: ['1'], tag: 'UPDATE 1', implicit: false, tx: null },
      { tag: 'BEGIN', tx: 2 },
      { params: ['1'], tag: 'UPDATE 1', implicit: false, tx: 2 },
      { tag: 'COMMIT', tx: 2, after: 'I' },
      { tag: 'UPDATE 1', implicit: true, tx: 3 },
      { sql: 'select broken', sqlstate: '42703', implicit: true, tx: 3 },
    ] as const;
    const { exchanges } = proxy;
    expect(like(exchanges.slice(0, expected.length), expected)).toEqual(expected);
    const inserts = exchanges.filter(({ sql }) => sql.startsWith('insert'));
    expect(inserts.map(({ params }) => params[0])).toEqual(
      Array.from({ length: 100 }, (_, i) => String(100 + i)),
    );
    expect(exchanges.at(-2)).toMatchObject({ tag: 'COPY 1' });
    expect(exchanges.at(-1)).toMatchObject({ rows: [['103']] });
    expect(await server.sql('select price from items where id = 1')).toEqual([{ price: '8.00' }]);
  });
});

test('asyncpg sends and receives binary only', async () => {
  await drive(
    'asyncpg',
    `
import sys, asyncio, asyncpg, datetime, decimal, uuid
async def main():
    connection = await asyncpg.connect(sys.argv[1])
    for i in (1, 2, 1):
        await connection.fetchrow("select * from items where id = $1", i)
    async with connection.transaction(isolation="repeatable_read"):
        await connection.execute("update items set price = $1, at = $2, tags = $3 where id = $4",
            decimal.Decimal("12.50"), datetime.datetime(2024, 2, 29, tzinfo=datetime.timezone.utc), ["a", "b c"], 2)
        async for row in connection.cursor("select id from items order by id", prefetch=1):
            pass
        try:
            async with connection.transaction():
                await connection.execute("select 1/0")
        except asyncpg.PostgresError:
            pass
    await connection.executemany("insert into items (id, name) values ($1, $2)", [(7, "fig"), (8, None)])
    await connection.copy_records_to_table("items", records=[(9, "kiwi")], columns=["id", "name"])
    try:
        await connection.fetch("select broken")
    except asyncpg.PostgresError:
        pass
    await connection.fetch("select $1::uuid as u, $2::jsonb as j, $3::float8 as f, $4::date as d, $5::interval as i",
        uuid.UUID(int=1), '{"a": 1}', 0.1, datetime.date(2024, 1, 31), datetime.timedelta(days=1, seconds=2))
    await connection.close()
asyncio.run(main())
`,
  );
  const statements = without(proxy.exchanges, /pg_advisory_unlock_all/, /typeinfo/);
  const values = ['00000000-0000-0000-0000-000000000001', '{"a": 1}', '0.1', '2024-01-31', '1 day 00:00:02'];
  const expected: Expected[] = [
    { params: ['1'], rows: [APPLE], implicit: false, tx: null },
    { params: ['2'], rows: [PEAR] },
    { params: ['1'], rows: [APPLE] },
    { sql: 'BEGIN ISOLATION LEVEL REPEATABLE READ;', tag: 'BEGIN', tx: 1 },
    { params: ['12.50', '2024-02-29 00:00:00+00', '{a,"b c"}', '2'], tag: 'UPDATE 1', tx: 1 },
    { rows: [['1']], truncated: true, tx: 1 },
    { rows: [['2']], truncated: true, tx: 1 },
    { rows: [], truncated: false, tx: 1 },
    { tag: 'SAVEPOINT', tx: 1 },
    { sqlstate: '22012', tx: 1, after: 'E' },
    { tag: 'ROLLBACK', tx: 1, before: 'E', after: 'T' },
    { tag: 'COMMIT', tx: 1, after: 'I' },
    { params: ['7', 'fig'], tag: 'INSERT 0 1', implicit: true, tx: 2 },
    { params: ['8', null], tag: 'INSERT 0 1', implicit: true, tx: 2 },
    { tag: 'COPY 1', tx: null },
    { sql: 'select broken', sqlstate: '42703' },
    { params: values, rows: [values] },
  ];
  expect(like(statements, expected)).toEqual(expected);
});
