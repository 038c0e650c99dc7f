import { expect, test } from 'vitest';
import type { Scenario } from '../../../src/race/scenario/contract.ts';
import { createdTables } from '../../../src/race/world/scratch.ts';
import { withPostgres, withRedis } from '../../support/engines.ts';
import { actor, openScene, plainEnv, request, SCHEMA, scene, sql, withScene } from './scenes.ts';

const redis = withRedis();
const postgres = withPostgres();

/** The shop on the test file's own servers. */
function named(changes: Partial<Scenario> = {}): Scenario {
  return scene({
    stores: { redis: redis.url(), postgres: postgres.url() },
    actors: [actor('reader', 'GET /item')],
    ...changes,
  });
}

async function refusal(scenario: Scenario, changes: Parameters<typeof openScene>[1] = {}) {
  const opened = await openScene(scenario, changes).catch((error: unknown) => error);
  if (opened instanceof Error) return (opened as Error & { facts?: { code: string; what: string } }).facts;
  await (opened as Awaited<ReturnType<typeof openScene>>).world.close();
  return null;
}

async function setKey(key: string): Promise<void> {
  const { Redis } = await import('ioredis');
  const client = new Redis(redis.url());
  await client.set(key, 'x');
  client.disconnect();
}

async function keys(): Promise<number> {
  const { Redis } = await import('ioredis');
  const client = new Redis(redis.url());
  const size = await client.dbsize();
  client.disconnect();
  return size;
}

test('an empty database on this machine is scratch, also the second time', async () => {
  expect(await refusal(named())).toBeNull();
  const { world } = await withScene(named());
  expect(world.facts).toMatchObject({ redis: { embedded: false }, postgres: { embedded: false } });
  await world.reset('warm');
  expect(await world.judge()).toMatchObject({ stale: false, truth: '"old"' });
  expect(await keys()).toBe(1);
  await world.close();
  expect(await keys()).toBe(0);
});

test('a database with tables that the setup does not create is not reset', async () => {
  await postgres.sql('create table customers (id int); insert into customers values (1)');
  expect(await refusal(named())).toMatchObject({
    code: 'WSE652',
    what: expect.stringContaining('public.customers'),
  });
  expect(await postgres.sql('select count(*)::int as n from customers')).toEqual([{ n: 1 }]);
  expect(await refusal(named(), { ownDatabase: true })).toBeNull();
});

test('a Redis database with keys is not emptied', async () => {
  await setKey('precious');
  expect(await refusal(named())).toMatchObject({ code: 'WSE652', what: expect.stringContaining('1 key') });
  expect(await keys()).toBe(1);
});

test('a database on another machine is not reset', async () => {
  const url = new URL(postgres.url());
  const elsewhere = named({
    stores: { redis: redis.url(), postgres: postgres.url().replace(url.hostname, '192.0.2.1') },
  });
  expect(await refusal(elsewhere)).toMatchObject({
    code: 'WSE652',
    what: expect.stringContaining('not on this machine'),
  });
});

test('tables are read from the SQL of the scenario', async () => {
  const steps = [
    sql('create table if not exists a (id int); create table s.b as select 1 as x'),
    sql(
      'select 1 as x into c; create unlogged table "D" (x int); with w as (select 1) select * into e from w',
    ),
    sql('this is no SQL'),
  ];
  expect([...(await createdTables(steps))].sort()).toEqual(['D', 'a', 'c', 'e', 's.b']);
});

test('SQL that fails names file, line and column', async () => {
  const setup = [sql(`${SCHEMA};\nselect nothing\n  from nowhere`)];
  expect(await refusal(named({ setup }))).toMatchObject({
    code: 'WSE653',
    what: expect.stringMatching(
      /setup SQL failed: .*schema\.sql:4:8: relation "nowhere" does not exist|schema\.sql:\d+:\d+/,
    ),
  });
});

test('a setup command is given the stores, also as libpq names them', async () => {
  const command = [
    'sh',
    '-c',
    'test "$DATABASE_URL" = "$1" && test -n "$PGPORT" && test -z "$PGSERVICE" && test "$PGHOST" != production && exit 7; exit 1',
    'sh',
    '{postgres}',
  ] as const;
  const env = {
    ...plainEnv(),
    PGHOST: 'production',
    PGSERVICE: 'production',
    DATABASE_URL: 'postgresql://production/db',
  };
  expect(await refusal(named({ setup: [{ kind: 'command', command }] }), { env })).toMatchObject({
    code: 'WSE654',
    what: expect.stringContaining('exit code 7'),
  });
});

test('a service that ends before it is ready is quoted', async () => {
  const base = named();
  const command = ['sh', '-c', 'echo no such setting: COLOUR >&2; exit 4'] as const;
  expect(await refusal({ ...base, service: { ...base.service, command } })).toMatchObject({
    code: 'WSE657',
    what: expect.stringMatching(/exit code 4.*\n.*no such setting: COLOUR/),
  });
});

test('a service that is not ready in time is told how to be', async () => {
  const base = named();
  const slow = { ...base.service, ready: { request: request('GET /none'), withinMs: 1_500 } };
  expect(await refusal({ ...base, service: slow })).toMatchObject({ code: 'WSE658' });
  const portless = {
    ...base.service,
    env: { PORT: '1' },
    command: ['sleep', '60'] as const,
    ready: slow.ready,
  };
  expect(await refusal({ ...base, service: portless })).toMatchObject({
    code: 'WSE658',
    next: expect.stringContaining('{port}'),
  });
});

test('an oracle whose SQL fails, or whose path names nothing, is told so', async () => {
  const base = named();
  const { world } = await withScene({ ...base, oracle: { ...base.oracle, sql: 'select no from items' } });
  await world.reset('cold');
  await expect(world.judge()).rejects.toMatchObject({ facts: { code: 'WSE662' } });
  await expect(world.truth()).rejects.toMatchObject({ facts: { code: 'WSE662' } });
});
