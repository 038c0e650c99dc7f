/** Checks in SQL, asked of a real PostgreSQL. */
import { expect, test } from 'vitest';
import { runChecks } from '../../src/rehearse/checks.ts';
import { withPostgres } from '../support/engines.ts';

const postgres = withPostgres();

async function outcomes(url: string, checks: readonly (readonly [sql: string, value: unknown])[]) {
  const results = await runChecks(
    checks.map(([sql, value]) => ({ kind: 'sql', name: sql, sql, value })),
    {
      ...{ base: 'http://127.0.0.1:1', postgres: url, timeoutMs: 1_000, env: {} },
      ...{ unique: () => '1', mask: (text: string) => text, signal: new AbortController().signal },
    },
  );
  return results.map(({ outcome, why }) => (why === null ? outcome : `${outcome}: ${why}`));
}

test('the first column of the first row is what counts, and nothing is written', async () => {
  await postgres.sql('create table items (id int, price numeric(10,2)); insert into items values (1, 12.5)');
  expect(
    await outcomes(postgres.url(), [
      ['select price, id from items', '12.50'],
      ['select price from items', 12.5],
      ['select count(*) from items', 1],
      ['select id from items where id = 2', 2],
      ['select null', null],
      ['select 2', 1],
      ['delete from items returning 1', 1],
      ['selec', 1],
    ]),
  ).toEqual([
    'held',
    'held',
    'held',
    'failed: there is no row',
    'held',
    'failed: it gives another value',
    'environment: cannot execute DELETE in a read-only transaction',
    'environment: syntax error at or near "selec"',
  ]);
  expect(await postgres.sql('select count(*)::int as n from items')).toEqual([{ n: 1 }]);
});

test('a database that is not there is the failure of the environment', async () => {
  const [outcome] = await outcomes('postgres://127.0.0.1:1/none', [['select 1', 1]]);
  expect(outcome).toMatch(/^environment: /);
});
