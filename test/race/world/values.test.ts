import { expect, test } from 'vitest';
import type { OracleSpec } from '../../../src/race/scenario/contract.ts';
import { askTruth, comparedValue } from '../../../src/race/world/oracle.ts';
import { agrees, printJson, readJson } from '../../../src/race/world/values.ts';
import { connectPostgres } from '../../../src/watch/bypass.ts';
import { parseStore } from '../../../src/watch/stores.ts';
import { withPostgres } from '../../support/engines.ts';
import { request } from './scenes.ts';

const postgres = withPostgres();

test('numbers keep their digits', () => {
  const text = '{"id":9007199254740993,"price":10.00,"list":[1e3,-0.5],"text":"12 {\\"a\\":1}","no":null}';
  expect(printJson(readJson(text))).toBe(text);
  expect(readJson('{')).toBeUndefined();
  expect(printJson(undefined)).toBe('null');
});

/** SQL, the service's JSON, whether they agree. */
const CASES: readonly (readonly [sql: string, json: string, agree: boolean])[] = [
  ["select 'new'", '"new"', true],
  ["select 'new'", '"old"', false],
  ["select 'new'", 'null', false],
  ['select null', 'null', true],
  ['select null::int', '0', false],
  ['select 1 where false', 'null', true],
  ['select 10', '10', true],
  ['select 10', '"10"', true],
  ['select 10', '"10.00"', true],
  ['select 10', '"010"', false],
  ['select 10::numeric(10, 2)', '10', true],
  ['select 10::numeric(10, 2)', '"10.00"', true],
  ['select 10::numeric(10, 2)', '1e1', true],
  ['select 10.01::numeric', '10.0', false],
  ['select 9007199254740993', '9007199254740993', true],
  ['select 9007199254740993', '9007199254740992', false],
  ["select '10'", '10', true],
  ["select 'ten'", '10', false],
  ["select 'NaN'::float8", '"NaN"', true],
  ['select 0.1::float8', '0.1', true],
  ['select true', 'true', true],
  ['select true', '"t"', true],
  ['select true', '"True"', true],
  ['select true', '1', true],
  ['select true', 'false', false],
  ['select false', '0', true],
  ["select 'true'", '"true"', true],
  ["select 'abc'::char(5)", '"abc"', true],
  ["select '2024-05-01 10:00:00.123456+00'::timestamptz", '"2024-05-01T10:00:00.123Z"', true],
  ["select '2024-05-01 10:00:00.123456+00'::timestamptz", '"2024-05-01T12:00:00.123456+02:00"', true],
  ["select '2024-05-01 10:00:00'::timestamp", '"2024-05-01T10:00:00"', true],
  ["select '2024-05-01 10:00:00'::timestamp", '"2024-05-01T10:00:01"', false],
  ["select '2024-05-01 10:00:00+00'::timestamptz", '1714557600', true],
  ["select '2024-05-01'::date", '"2024-05-01"', true],
  ["select '2024-05-01'::date", '"2024-05-02"', false],
  [`select '{"a": [1, 2.0], "b": null}'::jsonb`, '{"b":null,"a":[1.0,2]}', true],
  [`select '{"a": 1}'::json`, '{"a":1,"b":2}', false],
  ['select array[1, 2]', '[1,2]', true],
  ["select array['x', null]", '["x",null]', true],
  ["select '{}'::int[]", '[]', true],
  ["select 'b2b7a8f0-0f37-4a4e-8a5c-4b9d3c1f2e10'::uuid", '"b2b7a8f0-0f37-4a4e-8a5c-4b9d3c1f2e10"', true],
  ['select int4range(1, 5)', '"[1,5)"', true],
  ['select row(1, 2)', '"(1,2)"', true],
  ['create temp table t (n int); insert into t values (7); select n from t', '7', true],
];

test('a truth of any type is held against what a service makes of it', async () => {
  const { client } = await connectPostgres(parseStore('postgres', postgres.url()));
  try {
    const wrong: string[] = [];
    for (const [sql, json, agree] of CASES) {
      const truth = await askTruth(client, sql);
      if (agrees(readJson(json), truth.value, truth.type) !== agree)
        wrong.push(`${sql} ~ ${json}: ${printJson(truth.value)}`);
    }
    expect(wrong).toEqual([]);
  } finally {
    await client.end();
  }
});

test('the value at a path, the status, or the body', () => {
  const oracle = (compare: OracleSpec['compare']): OracleSpec => ({
    request: request('GET /'),
    compare,
    sql: null,
    model: 'final-state',
    deltaMs: null,
  });
  const response = { status: 404, body: '{"a":{"b":[{"c":1.50}]},"0":"x"}' };
  const at = (path: string) => printJson(comparedValue(oracle({ kind: 'path', path }), response));
  expect(['$.a.b[0].c', "$['a'].b[-1]", '$.a.b[7]', '$.a.c.d', '$', "$['0']"].map(at)).toEqual([
    '1.50',
    '{"c":1.50}',
    'null',
    'null',
    '{"0":"x","a":{"b":[{"c":1.50}]}}',
    '"x"',
  ]);
  expect(printJson(comparedValue(oracle({ kind: 'status' }), response))).toBe('404');
  expect(comparedValue(oracle({ kind: 'body' }), { status: 200, body: 'plain text' })).toBe('plain text');
  expect(comparedValue(oracle({ kind: 'path', path: '$.a' }), { status: 500, body: 'oops' })).toBeUndefined();
  expect(() => at('$..a')).toThrow(/names no single value/);
});
