/** A value has one digest, whether it was read through the proxy or told by the change stream. */
import fc from 'fast-check';
import pg from 'pg';
import { describe, expect, test } from 'vitest';
import { withPostgres } from '../support/engines.ts';
import { streamed } from './streamed.ts';

const postgres = withPostgres();

/** Columns of many types and literals for them. */
const TYPES: Readonly<Record<string, readonly string[]>> = {
  boolean: ['true', 'false'],
  smallint: ['0', '-32768'],
  integer: ['1', '2147483647'],
  bigint: ['9223372036854775807', '-1'],
  real: ['0.1', '1e20', 'NaN', '-Infinity', '3.4028235e38'],
  'double precision': ['0.1', '1e-300', '123456789.123456789', 'Infinity'],
  numeric: ['12.00', '0.000000001', '123456789012345678901234567890.5', 'NaN'],
  'numeric(10,2)': ['5', '99999999.99'],
  money: ['12.34'],
  text: [
    "it''s",
    'null',
    'unchanged-toast-datum',
    'a]:b "c" [d]',
    'zwölf € 💶',
    '',
    ' padded ',
    'line\nbreak\ttab',
    '\\x41',
  ],
  'varchar(40)': ['x', "''"],
  'char(8)': ['ab', ''],
  '"char"': ['z'],
  name: ['some_name'],
  bytea: ['\\x', '\\xdeadbeef', '\\x68656c6c6f'],
  date: ['2024-02-29', 'infinity', '0044-03-15 BC'],
  time: ['10:00:00.25'],
  timetz: ['10:00:00+05:30'],
  timestamp: ['2024-01-31 10:00:00.123456', '-infinity'],
  timestamptz: ['2024-01-31 10:00:00.5+02', '1999-12-31 23:59:59.999999-08'],
  interval: ['1 year 2 mons -3 days 04:05:06.7', '-00:00:01'],
  uuid: ['A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'],
  json: ['{"b": 1.50, "a": [true, null, "x"]}', '"text"'],
  jsonb: ['{"b": 1.50, "a": [true, null, "x"]}', '[]'],
  xml: ['<a b="c">d</a>'],
  inet: ['10.0.0.1/8', '::1'],
  cidr: ['192.168.0.0/24'],
  macaddr: ['08:00:2b:01:02:03'],
  'bit(4)': ['1010'],
  varbit: ['1'],
  point: ['(1.5,-2)'],
  'integer[]': ['{1,NULL,3}', '{}', '{{1,2},{3,4}}'],
  'text[]': ['{"a b","c\\"d",NULL,"null"}'],
  int4range: ['[1,10)', 'empty'],
  tsrange: ['[2024-01-01 00:00,)'],
  tsvector: ['a:1 b:2'],
  mood: ['happy', "so ''so''"],
  cents: ['12'],
  shade: ['(1,"a b")'],
  'mood[]': ['{happy}'],
};

const names = Object.keys(TYPES).map((_, index) => `c${index}`);

async function makeTable(extra = ''): Promise<void> {
  await postgres.sql(`CREATE TYPE mood AS ENUM ('happy', 'so ''so''');
    CREATE DOMAIN cents AS integer CHECK (VALUE >= 0); CREATE TYPE shade AS (level int, label text);
    CREATE TABLE samples (id int PRIMARY KEY, ${Object.keys(TYPES)
      .map((type, index) => `c${index} ${type}`)
      .join(', ')}); ${extra}`);
}

const literal = (value: string | null) => (value === null ? 'NULL' : `'${value}'`);

describe('digests of the change stream equal those of the wire', () => {
  test('whatever the settings of role and database, over every type', async () => {
    await makeTable(`ALTER DATABASE ${postgres.database()} SET DateStyle = 'German, DMY';
      ALTER DATABASE ${postgres.database()} SET IntervalStyle = 'iso_8601';
      ALTER DATABASE ${postgres.database()} SET TimeZone = 'Asia/Kolkata';
      ALTER DATABASE ${postgres.database()} SET bytea_output = 'escape';
      ALTER DATABASE ${postgres.database()} SET extra_float_digits = 0`);
    const stream = await streamed(postgres.url());
    const options = '-c DateStyle=ISO -c IntervalStyle=postgres -c bytea_output=hex -c extra_float_digits=1';
    const client = new pg.Client({ connectionString: stream.proxied, options });
    client.on('error', () => undefined);
    await client.connect();
    const length = Math.max(...Object.values(TYPES).map((list) => list.length));
    for (let id = 0; id <= length; id++) {
      const row = Object.values(TYPES).map((list) => literal(id === length ? null : list[id % list.length]!));
      await postgres.sql(`INSERT INTO samples VALUES (${id}, ${row.join(', ')})`);
    }
    const changes = await stream.changes();
    for (const [id, change] of changes.entries()) {
      await client.query(`SELECT * FROM samples WHERE id = ${id}`);
      const read = stream.reads().at(-1)!;
      const seen = Object.fromEntries(
        read.columns.map(({ name }, index) => [name, read.rows[0]?.[index] ?? null]),
      );
      const types = Object.fromEntries(Object.keys(TYPES).map((type, index) => [`c${index}`, type]));
      for (const name of ['id', ...names]) {
        expect({ type: types[name], digest: change.after?.[name] }).toEqual({
          type: types[name],
          digest: seen[name],
        });
      }
    }
    expect(changes).toHaveLength(length + 1);
    await client.end();
  });

  test('for arbitrary texts, numbers and times, read as text or in binary', async () => {
    await postgres.sql(
      `CREATE TABLE any_value (id int PRIMARY KEY, t text, v varchar, f float8, n numeric, b bytea, d timestamptz, j jsonb)`,
    );
    const stream = await streamed(postgres.url());
    const client = new pg.Client({ connectionString: stream.proxied });
    await client.connect();
    let id = 0;
    const text = fc.string({ unit: 'grapheme', maxLength: 60 }).map((value) => value.replaceAll('\0', ''));
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          t: fc.oneof(
            text,
            text.map((value) => value.repeat(200)),
          ),
          v: text,
          f: fc.double(),
          n: fc.double({ noNaN: true, noDefaultInfinity: true }),
          b: fc.uint8Array({ maxLength: 40 }),
          d: fc.date({ min: new Date('1800-01-01'), max: new Date('2500-01-01'), noInvalidDate: true }),
          j: fc.jsonValue({ maxDepth: 2 }),
        }),
        async ({ t, v, f, n, b, d, j }) => {
          id++;
          const json = JSON.stringify(j).replaceAll('\\u0000', '');
          const values = [id, t, v, String(f), String(n), Buffer.from(b), d.toISOString(), json];
          await postgres.sql('INSERT INTO any_value VALUES ($1, $2, $3, $4, $5, $6, $7, $8)', values);
          const change = (await stream.changes()).at(-1)!;
          for (const binary of [false, true]) {
            await client.query({
              text: 'SELECT * FROM any_value WHERE id = $1',
              values: [id],
              binary,
            } as pg.QueryConfig);
            const read = stream.reads().at(-1)!;
            expect(read.columns.map(({ name }) => change.after?.[name])).toEqual(read.rows[0]);
          }
        },
      ),
      { numRuns: 40 },
    );
    await client.end();
  });
});
