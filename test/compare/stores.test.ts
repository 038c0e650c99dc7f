/** The stores of both sides beside those that a case names: nothing of the user's is touched. */
import { Redis } from 'ioredis';
import pg from 'pg';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type GivenStores, scratchStores } from '../../src/compare/stores.ts';
import { type Engine, startRedis } from '../../src/engines/index.ts';
import { withPostgres } from '../support/engines.ts';

const NOTHING: GivenStores = {
  redis: { before: null, after: null },
  postgres: { before: null, after: null },
};
const EMBEDDED = { redis: 'embedded', postgres: 'embedded' };

const postgres = withPostgres();

async function ask(url: string, sql: string): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

async function server(): Promise<{ readonly engine: Engine; readonly client: (db: number) => Redis }> {
  const engine = await startRedis();
  onTestFinished(() => engine.stop());
  return {
    engine,
    client: (db) => {
      const client = new Redis(engine.url.replace(/\/\d*$/, ''), { db });
      onTestFinished(() => client.disconnect());
      return client;
    },
  };
}

describe('embedded stores', () => {
  test('are a server for each side', async () => {
    const scratch = await scratchStores(EMBEDDED, NOTHING, {});
    expect(scratch.stores).toEqual({ before: EMBEDDED, after: EMBEDDED });
    expect(scratch.redisNumbers).toBeNull();
    const env = { DATABASE_URL: 'postgres://db/app' };
    expect(scratch.environment('before', env)).toEqual(env);
    await scratch.close();
  });
});

describe('a PostgreSQL that the case names', () => {
  test('is given two new databases, which are dropped at the end even while they are used', async () => {
    const url = postgres.url();
    const scratch = await scratchStores({ ...EMBEDDED, postgres: url }, NOTHING, {});
    const { before, after } = scratch.stores;
    const names = await Promise.all(
      [before, after].map(
        async (one) => (await ask(one.postgres, 'select current_database() as name'))[0]!.name,
      ),
    );
    expect(new Set(names).size).toBe(2);
    for (const name of names) expect(name).toMatch(/^whystale_(?:before|after)_[0-9a-f]{8}$/);
    await ask(before.postgres, 'create table items ()');
    expect(await ask(url, "select 1 from pg_class where relname = 'items'")).toEqual([]);
    const env = scratch.environment('after', {
      DATABASE_URL: url,
      ASYNC_URL: url.replace('postgres', 'postgresql+asyncpg').replace('qlql', 'ql'),
      OTHER: 'postgres://elsewhere/app',
      PGDATABASE: new URL(url).pathname.slice(1),
    });
    expect(env.DATABASE_URL).toBe(after.postgres);
    expect(env.ASYNC_URL).toContain(String(names[1]));
    expect(env.OTHER).toBe('postgres://elsewhere/app');
    expect(env.PGDATABASE).toBe(names[1]);
    const busy = new pg.Client({ connectionString: after.postgres });
    busy.on('error', () => undefined);
    await busy.connect();

    await scratch.close();

    expect(
      await ask(url, "select datname from pg_database where datname ~ '^whystale_(before|after)_'"),
    ).toEqual([]);
    await busy.end().catch(() => undefined);
  });

  test('whose user may make none is refused', async () => {
    const url = new URL(postgres.url());
    const name = `nobody_${process.pid}`;
    await ask(url.href, `create role ${name} login password 'x'`);
    const own = new URL(url);
    own.username = name;
    own.password = 'x';
    await expect(scratchStores({ ...EMBEDDED, postgres: own.href }, NOTHING, {})).rejects.toMatchObject({
      facts: { code: 'WSE766', next: expect.stringContaining('--before-postgres') },
    });
    await ask(url.href, `drop role ${name}`);
  });
});

describe('a Redis that the case names', () => {
  test('is used where it is empty, and is as it was at the end', async () => {
    const { engine, client } = await server();
    await client(0).set('mine', '1');
    await client(2).set('mine', '2');
    const url = `${engine.url.replace(/\/\d*$/, '')}/0`;
    const scratch = await scratchStores({ ...EMBEDDED, redis: url }, NOTHING, {});
    expect(scratch.redisNumbers).toEqual({ before: 1, after: 3 });
    expect(scratch.stores.before.redis).toMatch(/\/1$/);
    const env = scratch.environment('after', { REDIS_URL: url, SECOND: url.replace('/0', '/5') });
    expect(env.REDIS_URL).toMatch(/\/3$/);
    expect(env.SECOND).toMatch(/\/5$/);
    const second = await scratchStores({ ...EMBEDDED, redis: url }, NOTHING, {});
    expect(second.redisNumbers).toEqual({ before: 4, after: 5 });
    await client(1).set('item:1', 'cached');

    await Promise.all([scratch.close(), second.close()]);

    expect(await client(0).get('mine')).toBe('1');
    expect(await client(2).get('mine')).toBe('2');
    for (const number of [1, 3, 4, 5]) expect(await client(number).dbsize()).toBe(0);
  });

  test('that lost our mark is left alone', async () => {
    const { engine, client } = await server();
    const scratch = await scratchStores({ ...EMBEDDED, redis: engine.url }, NOTHING, {});
    const number = scratch.redisNumbers!.before;
    await client(number).flushdb();
    await client(number).set('somebody', 'else');
    await scratch.close();
    expect(await client(number).get('somebody')).toBe('else');
  });

  test('without two empty databases is refused, and left as it is', async () => {
    const { engine, client } = await server();
    for (let number = 0; number < 15; number++) await client(number).set('mine', '1');
    await expect(scratchStores({ ...EMBEDDED, redis: engine.url }, NOTHING, {})).rejects.toMatchObject({
      facts: { code: 'WSE767', what: expect.stringContaining('only one is empty') },
    });
    expect(await client(15).dbsize()).toBe(0);
    expect(await client(7).get('mine')).toBe('1');
  });

  test('and databases for each side on the command line are used as they are', async () => {
    const given = { ...NOTHING, redis: { before: 'redis://127.0.0.1:1/1', after: 'redis://127.0.0.1:1/2' } };
    const scratch = await scratchStores({ ...EMBEDDED, redis: 'redis://127.0.0.1:1/0' }, given, {});
    expect(scratch.stores.after.redis).toBe('redis://127.0.0.1:1/2');
    expect(scratch.redisNumbers).toBeNull();
    await scratch.close();
  });
});
