/** What real client libraries show of themselves on the wire, and that the core tells them by it. */

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import pg from 'pg';
import postgresJs from 'postgres';
import { createClient } from 'redis';
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { Drivers } from '../../src/core/drivers/drivers.ts';
import type { ClientSession } from '../../src/core/operation.ts';
import { sessionOf } from '../../src/observe/client-session.ts';
import { readOperation } from '../../src/recording/operation-line.ts';
import { pythonWith, withPostgres, withRedis } from '../support/engines.ts';
import { watched } from './postgres-session/watched.ts';
import { startRelay } from './redis/relay.ts';
import { watched as watchedRedis } from './redis/support.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });
const server = withPostgres();
const redis = withRedis();
const run = promisify(execFile);

let told: ClientSession[];
let urls: { readonly redis: string; readonly postgres: string };

beforeEach(async () => {
  await server.sql('create table items (id int primary key, price int); insert into items values (1, 10)');
  told = [];
  const note =
    (store: ClientSession['store']) => (session: string, signs: ClientSession['signs'], at: number) =>
      told.push({ id: told.length + 1, ...sessionOf(store, session, signs, at) });
  const proxy = await watched(server, { onClient: note('postgres') });
  const relay = await startRelay(redis.port(), watchedRedis({ onClient: note('redis') }).factory);
  onTestFinished(() => relay.stop());
  urls = { redis: `redis://127.0.0.1:${relay.port}/${redis.db()}`, postgres: proxy.url };
});

/** The libraries behind the connections, from what a recording keeps. */
function stack() {
  const drivers = new Drivers();
  for (const session of told) {
    const reading = readOperation(JSON.stringify(session));
    if (reading.is !== 'operation' || reading.operation.kind !== 'session')
      throw new Error(`not readable: ${JSON.stringify(session)}`);
    drivers.add(reading.operation);
  }
  return drivers.stack({});
}

async function python(modules: readonly string[], program: string): Promise<void> {
  const env = {
    ...process.env,
    REDIS_URL: urls.redis,
    DATABASE_URL: urls.postgres,
    PYTHONDONTWRITEBYTECODE: '1',
  };
  await run(pythonWith(...modules), ['-c', program], { timeout: 30_000, env });
}

const CACHE = `
import os, redis
r = redis.Redis.from_url(os.environ["REDIS_URL"])
r.set("a", 1, ex=60); r.get("a"); r.delete("a")
`;

describe('Python', () => {
  test('psycopg 3 with redis-py', async () => {
    await python(
      ['redis', 'psycopg'],
      `${CACHE}
import psycopg
c = psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)
c.execute("SELECT id FROM items WHERE id = %s", (1,))
with c.transaction():
    c.execute("UPDATE items SET price = %s WHERE id = %s", (5, 1))
`,
    );
    expect(stack()).toMatchObject({ language: 'python', redis: 'redis-py', postgres: 'psycopg' });
  });

  test('asyncpg with redis-py', async () => {
    await python(
      ['redis', 'asyncpg'],
      `${CACHE}
import asyncio, asyncpg
async def main():
    c = await asyncpg.connect(os.environ["DATABASE_URL"])
    await c.fetchrow("SELECT id FROM items WHERE id = $1", 1)
    await c.close()
asyncio.run(main())
`,
    );
    expect(stack()).toMatchObject({ redis: 'redis-py', postgres: 'asyncpg', awaited: true });
  });

  test('SQLAlchemy over psycopg2', async () => {
    await python(
      ['redis', 'psycopg2', 'sqlalchemy'],
      `${CACHE}
from sqlalchemy import create_engine, text
url = os.environ["DATABASE_URL"].replace("postgres://", "postgresql://").replace("postgresql://", "postgresql+psycopg2://")
with create_engine(url).begin() as c:
    c.execute(text("UPDATE items SET price = :p WHERE id = :i"), {"p": 5, "i": 1})
`,
    );
    expect(stack()).toMatchObject({ redis: 'redis-py', postgres: 'psycopg2', layer: 'sqlalchemy' });
  });
});

describe('Node', () => {
  const price = 5;
  const id = 1;

  async function useIoredis(): Promise<void> {
    const client = new Redis(urls.redis);
    await client.set('a', 1, 'EX', 60);
    await client.del('a');
    client.disconnect();
  }

  test('pg with ioredis', async () => {
    await useIoredis();
    const client = new pg.Client(urls.postgres);
    await client.connect();
    await client.query('BEGIN');
    await client.query('UPDATE items SET price = $1 WHERE id = $2', [price, id]);
    await client.query('COMMIT');
    await client.end();
    expect(stack()).toMatchObject({ language: 'javascript', redis: 'ioredis', postgres: 'pg' });
  });

  test.each([
    undefined,
    'shop',
  ])('postgres.js with node-redis, application name %s', async (application_name) => {
    const client = await createClient({ url: urls.redis }).connect();
    await client.set('a', '1', { EX: 60 });
    client.destroy();
    const sql = postgresJs(urls.postgres, {
      max: 1,
      ...(application_name === undefined ? {} : { connection: { application_name } }),
    });
    await sql`SELECT id FROM items WHERE id = ${id}`;
    await sql.begin((tx) => tx`UPDATE items SET price = ${price} WHERE id = ${id}`);
    await sql`SELECT id FROM items WHERE id = ${id}`;
    await sql.end();
    expect(stack()).toMatchObject({ redis: 'node-redis', postgres: 'postgres.js' });
  });
});

test('nothing of the service is told: no key, no value, no name that it gives itself', async () => {
  const client = new Redis(urls.redis, { connectionName: 'svc-blue', lazyConnect: true });
  await client.connect();
  await client.set('secret-key', 'secret-value');
  client.disconnect();
  const sql = new pg.Client({ connectionString: urls.postgres, application_name: 'svc-green' });
  await sql.connect();
  await sql.query("SET search_path TO 'secret-path'");
  await sql.query("SELECT id FROM public.items WHERE id::text = 'secret-cell'");
  await sql.end();
  expect(told.length).toBeGreaterThan(1);
  expect(JSON.stringify(told)).not.toMatch(/secret|svc-/);
});
