/** Binary values become the text that the server itself sends: both forms are asked of a real server and compared. */
import fc from 'fast-check';
import pg from 'pg';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import type { StatementExchange } from '../../../src/observe/postgres/exchange.ts';
import { withPostgres } from '../../support/engines.ts';
import { type Watched, watched } from './watched.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });
const server = withPostgres();
let proxy: Watched;
beforeEach(async () => {
  proxy = await watched(server);
});

/** The driver's own decoders are not the subject, and refuse some of these values. */
const types = { getTypeParser: () => () => null };

/** The rows of a statement as the observer tells them, once from text and once from binary results. */
async function bothWays(statements: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: proxy.url });
  client.on('error', () => undefined);
  await client.connect();
  onTestFinished(() => client.end());
  let plainRows: StatementExchange['rows'] | undefined;
  for (const text of statements) {
    for (const binary of [false, true]) {
      await client.query('select setseed(0.5)');
      await client.query({ text, queryMode: 'extended', types, binary } as pg.QueryConfig);
      if (!binary) plainRows = proxy.exchanges.at(-1)?.rows;
    }
    expect(plainRows?.length, text).toBeGreaterThan(0);
    expect(proxy.exchanges.at(-1)?.rows, text).toEqual(plainRows);
  }
}

const VALUES: Readonly<Record<string, readonly string[]>> = {
  bool: ['true', 'false'],
  int2: ['0', '-32768', '32767'],
  int4: ['0', '-2147483648', '2147483647'],
  int8: ['0', '-9223372036854775808', '9223372036854775807', '4294967296'],
  oid: ['0', '4294967295'],
  float4: ['0', '-0', '1', '0.1', '1e-5', '0.0001', '123456', '1234567', '1e6', '3.4e38', 'NaN', '-Infinity'],
  float8: ['0', '-0', '0.1', '1e-5', '0.0001', '1e14', '1e15', '123456789012345', '1.7e308', '5e-324', 'NaN'],
  numeric: [
    '0',
    '0.00',
    '-1.50',
    '1e20',
    '1e-20',
    '10000',
    '0.0001',
    '12345678901234567890.12345',
    'NaN',
    'Infinity',
  ],
  text: ['', 'é', 'NULL', 'a"b\\c'],
  varchar: ['abc'],
  'char(5)': ['ab'],
  name: ['abc'],
  '"char"': ['a', ''],
  json: ['{"a": 1}'],
  jsonb: ['{"a": [1, null, "x"]}'],
  uuid: ['a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'],
  bytea: ['', '\\x00ff'],
  date: [
    '2000-01-01',
    '1999-12-31',
    '2024-02-29',
    '0001-01-01',
    '4713-01-01 BC',
    '5874897-12-31',
    'infinity',
    '-infinity',
  ],
  time: ['00:00', '23:59:59.999999', '24:00', '10:00:00.25'],
  timetz: ['10:00+02', '10:00:00.5-03:30', '10:00:00+00:00:30'],
  timestamp: ['2000-01-01', '1999-12-31 23:59:59.999999', '0044-03-15 10:00 BC', '294276-12-31', 'infinity'],
  timestamptz: ['2024-01-31 10:00:00.5+02', '1970-01-01 00:00+00', '-infinity', '0044-03-15 10:00+00 BC'],
  interval: [
    '0',
    '1 year 2 mons 3 days 04:05:06.789',
    '-1 day 02:00',
    '1 mon -1 day',
    '-1 year -2 mons +3 days -04:05:06',
    '1000:00:00',
    '-00:00:00.000001',
    'infinity',
  ],
  inet: [
    '10.0.0.1',
    '10.0.0.1/8',
    '::1',
    '2001:db8::1/64',
    '::ffff:1.2.3.4',
    '::1.2.3.4',
    '1:0:0:2:0:0:0:3',
    '::',
  ],
  cidr: ['10.0.0.0/8', '10.1.2.3/32', '2001:db8::/32'],
  macaddr: ['08:00:2b:01:02:03'],
  macaddr8: ['08:00:2b:01:02:03:04:05'],
  'bit(5)': ['10110'],
  varbit: ['', '1', '101100111'],
  pg_lsn: ['16/B374D848', '0/0'],
  int4range: ['[1,10)', '(,5)', '[3,]', 'empty', '(,)'],
  int8range: ['[1,10)'],
  numrange: ['(1.50,2]'],
  daterange: ['[2024-01-31,infinity)'],
  tsrange: ['[2024-01-31 10:00,2024-02-01)'],
  tstzrange: ['(2024-01-31 10:00+02,]'],
  xid: ['7'],
  int2vector: ['', '1 2'],
  oidvector: ['1 4294967295'],
};

test('every known type', async () => {
  await bothWays(
    Object.entries(VALUES).map(
      ([type, values]) =>
        `select v::${type} from unnest(array[${values.map((value) => pg.escapeLiteral(value)).join()}]::text[]) v`,
    ),
  );
});

test('arrays', async () => {
  await bothWays([
    `select '{}'::int4[], '{1,NULL,3}'::int4[], '{{1,2},{3,4}}'::int8[], '[0:1]={1,2}'::int2[]`,
    `select array['', 'NULL', 'null', 'a b', 'a,b', '{', '"', '\\', 'é', E'\\t', U&'\\00A0', null]`,
    `select array['a']::varchar[], array['ab']::char(3)[], array['x']::name[], array['2024-01-01']::date[]`,
    `select array['{"a": 1}']::jsonb[], array[true, false], array[1.50, 'NaN']::numeric[], array[0.1]::float8[]`,
    `select array['\\x00']::bytea[], array['10.0.0.0/8']::cidr[], array['1 day']::interval[], array['2024-01-01'::timestamptz]`,
    `select array['a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11']::uuid[], array[1]::oid[], array['10:00']::time[]`,
  ]);
});

test('random numbers and times', async () => {
  const literal = (value: number): string => (Number.isFinite(value) ? String(value) : `'${value}'`);
  const floats = fc.sample(fc.double(), 400).map(literal);
  const singles = fc.sample(fc.float(), 400).map(literal);
  await bothWays([
    // Decimals that lie exactly between two doubles.
    `select v from unnest('{53430096485065664,-9007199254740993,1e22,1e23,18014398509481984,16777217,33554430}'::float8[]) v`,
    `select v from unnest('{16777217,33554430,67108868,1e10,8.5e10,1e15,9007199254740993}'::float4[]) v`,
    `select (i * 4 + 9007199254740992)::int8::float8, (i * 2 + 16777216)::int4::float4 from generate_series(1, 200) i`,
    `select (random() * 1e17)::float8, (random() * 9e18)::int8::float8, (random() * 1e9)::int::float4 from generate_series(1, 200)`,
    `select v from unnest(array[${floats.join()}]::float8[]) v limit 200`,
    `select v from unnest(array[${singles.join()}]::float4[]) v limit 200`,
    `select (random() * 1e6)::float4, (random() * 1e-6)::float4, 2::float4 ^ (i - 100) from generate_series(1, 200) i`,
    `select ((random() - 0.5) * 10::numeric ^ (i % 40))::numeric, round(random()::numeric, i % 9) from generate_series(1, 200) i`,
    `select '2000-01-01'::date + (random() * 4e6)::int - 2000000 from generate_series(1, 200)`,
    `select '2000-01-01'::timestamp + (random() - 0.5) * '8000 years'::interval from generate_series(1, 200)`,
    `select make_interval(years => i % 7 - 3, months => i % 5 - 2, days => i % 11 - 5, secs => (random() - 0.5) * 1e5)
       from generate_series(1, 200) i`,
    `select (random() * 1e18)::int8 - 5e17::int8, md5(random()::text)::uuid from generate_series(1, 200)`,
  ]);
});

test('types of the database itself need their base type', async () => {
  await server.sql(`create type mood as enum ('sad', 'happy'); create domain price as numeric(10,2)`);
  const [{ oid } = { oid: 0 }] = (await server.sql(`select 'mood'::regtype::oid as oid`)) as {
    oid: number;
  }[];
  const knowing = await watched(server, { baseType: (type) => (type === oid ? 25 : undefined) });
  for (const { url } of [proxy, knowing]) {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    await client.query({
      text: `select 'sad'::mood, 1.5::price`,
      queryMode: 'extended',
      types,
      binary: true,
    } as pg.QueryConfig);
    await client.end();
  }
  expect(proxy.exchanges[0]?.rows).toEqual([[undefined, '1.50']]);
  expect(knowing.exchanges[0]?.rows).toEqual([['sad', '1.50']]);
});
