/** Statements by shape, and how a plan is asked for and shown. */
import { describe, expect, test } from 'vitest';
import { withoutValues, written } from '../../src/measure/plans.ts';
import { Queries } from '../../src/measure/queries.ts';
import { select, update } from './operations.ts';

const taking = (ms: number) => ({ invoke: 0, return: ms * 1e6 });

test('figures: calls, median, longest, slowest in all first', () => {
  const queries = new Queries((digest) => `text of ${digest}`);
  for (const ms of [1, 2, 9]) queries.add(select('items', taking(ms)));
  queries.add({ ...update('items'), ...taking(100) });
  queries.add(select('users', { return: null, status: 'info' }));
  expect(queries.figures(4, new Map())).toEqual([
    {
      shape: 'UPDATE items SET a = $1',
      calls: 1,
      callsPerRequest: 0.25,
      totalMs: 100,
      p50Ms: 100,
      maxMs: 100,
      plan: null,
    },
    {
      shape: 'SELECT * FROM items WHERE id = $1',
      calls: 3,
      callsPerRequest: 0.75,
      totalMs: 12,
      p50Ms: 2,
      maxMs: 9,
      plan: null,
    },
    {
      shape: 'SELECT * FROM users WHERE id = $1',
      calls: 1,
      callsPerRequest: 0.25,
      totalMs: 0,
      p50Ms: 0,
      maxMs: 0,
      plan: null,
    },
  ]);
  expect(queries.slowest(5)).toMatchObject([
    { shape: 'SELECT * FROM items WHERE id = $1', ms: 9, totalMs: 12 },
  ]);
});

describe('a statement written out', () => {
  test.each([
    [
      'SELECT * FROM t WHERE a = $1 AND b = $2',
      ['1', "o'hara"],
      "SELECT * FROM t WHERE a =  '1' AND b =  'o''hara'",
    ],
    ['SELECT "a$1" FROM t WHERE x = $1', ['7'], `SELECT "a$1" FROM t WHERE x =  '7'`],
    [
      'SELECT 1 FROM t WHERE a = $11',
      Array.from({ length: 11 }, (_, i) => String(i)),
      "SELECT 1 FROM t WHERE a =  '10'",
    ],
    ['WITH x AS (SELECT 1) SELECT * FROM x', [], 'WITH x AS (SELECT 1) SELECT * FROM x'],
    ['SELECT * FROM t WHERE p = $1', ['a\\b'], "SELECT * FROM t WHERE p =   E'a\\\\b'"],
  ])('%s', (shape, texts, sql) => expect(written({ shape, texts })).toBe(sql));

  test.each([
    ['UPDATE t SET a = $1', ['1']],
    ['SELECT * FROM t WHERE a = $1', [undefined]],
    ['SELECT * FROM t WHERE a = $2', ['1']],
    ['SELECT * FROM t FOR UPDATE', []],
    ['SELECT * FROM t for no key update', []],
  ])('is none: %s', (shape, texts) => expect(written({ shape, texts })).toBeNull());
});

test('a plan shows no values but numbers', () => {
  const plan =
    "Index Cond: ((token = 'abc'::text) AND (n = '5'::numeric) AND (city = 'o''hara'::text) AND x = 'of a view')";
  expect(withoutValues(plan, ['5', 'abc', "o'hara"])).toBe(
    "Index Cond: ((token = '$2'::text) AND (n = '5'::numeric) AND (city = '$3'::text) AND x = '…')",
  );
});
