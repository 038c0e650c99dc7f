import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { describe, expect, test } from 'vitest';
import { startPostgres } from '../../src/engines/postgres.ts';
import { processExists } from '../../src/engines/processes.ts';
import { startRedis } from '../../src/engines/redis.ts';
import { askRedis } from '../../src/engines/redis-probe.ts';
import { WhystaleError } from '../../src/errors.ts';
import { withPostgres, withRedis } from '../support/engines.ts';

const LIMIT_MS = 60_000;

async function failureOf(act: () => Promise<unknown>): Promise<WhystaleError> {
  try {
    await act();
  } catch (error) {
    if (error instanceof WhystaleError) return error;
    throw error;
  }
  throw new Error('it did not fail');
}

describe('PostgreSQL', () => {
  const postgres = withPostgres();

  test('has on what watching needs', async () => {
    const rows = await postgres.sql(
      `SELECT name, setting FROM pg_settings
       WHERE name IN ('wal_level', 'track_commit_timestamp', 'listen_addresses', 'fsync', 'password_encryption')`,
    );
    expect(Object.fromEntries(rows.map((row) => [row.name, row.setting]))).toEqual({
      fsync: 'off',
      listen_addresses: '127.0.0.1',
      password_encryption: 'scram-sha-256',
      track_commit_timestamp: 'on',
      wal_level: 'logical',
    });
  });

  test('asks for its password, and has one of its own', async () => {
    const url = new URL(postgres.url());
    url.password = 'wrong';
    await expect(new pg.Client({ connectionString: url.href }).connect()).rejects.toThrow(/password/);
    expect(postgres.password().length).toBeGreaterThanOrEqual(24);
  });

  test('serves its Unix socket inside the private folder', async () => {
    const [row] = await postgres.sql('SHOW unix_socket_directories');
    expect(String(row?.unix_socket_directories)).toContain(postgres.engine().dataFolder);
  });

  test('gives each test an empty database', async () => {
    const before = postgres.database();
    await postgres.sql('CREATE TABLE t (id int)');
    expect(
      await postgres.sql(`SELECT count(*)::int AS n FROM pg_tables WHERE schemaname = 'public'`),
    ).toEqual([{ n: 1 }]);
    expect(before).toMatch(/^test_\d+$/);
  });

  test('knows letters beyond ASCII', async () => {
    expect(await postgres.sql(`SELECT upper('äöé') AS up`)).toEqual([{ up: 'ÄÖÉ' }]);
  });

  test('names itself and its version', async () => {
    const [row] = await postgres.sql('SHOW server_version');
    expect(postgres.engine()).toMatchObject({
      product: 'postgresql',
      emulated: false,
      version: row?.server_version,
    });
  });
});

describe('Redis', () => {
  const redis = withRedis();

  test('answers, names itself, and keeps nothing on disk', async () => {
    const replies = await askRedis(redis.port(), [
      ['SET', 'a', '1'],
      ['GET', 'a'],
      ['CONFIG', 'GET', 'save'],
      ['INFO', 'server'],
    ]);
    expect(replies.slice(0, 2)).toEqual(['OK', '1']);
    expect(replies.join('\n')).toContain(`redis_version:${redis.engine().version}`);
    expect(redis.engine().emulated).toBe(false);
  });

  test('gives each test a database of its own', async () => {
    expect(redis.url()).toBe(`redis://127.0.0.1:${redis.port()}/${redis.db()}`);
    expect(await askRedis(redis.port(), [['SELECT', String(redis.db())], ['DBSIZE']])).toEqual(['OK', '0']);
  });
});

test('a password for Redis', async () => {
  const engine = await startRedis({ password: 'a b/c', emulate: false });
  try {
    await expect(askRedis(engine.port, [['PING']])).rejects.toThrow(/NOAUTH/);
    expect(
      await askRedis(engine.port, [['AUTH', decodeURIComponent(new URL(engine.url).password)], ['PING']]),
    ).toEqual(['OK', 'PONG']);
  } finally {
    await engine.stop();
  }
});

test('two of each at once, and nothing is left after stop', { timeout: LIMIT_MS }, async () => {
  const engines = await Promise.all([
    startPostgres({ database: 'shop' }),
    startPostgres(),
    startRedis(),
    startRedis(),
  ]);
  expect(new Set(engines.map(({ port }) => port)).size).toBe(4);
  expect(engines.every(({ pid, dataFolder }) => processExists(pid) && existsSync(dataFolder))).toBe(true);
  await Promise.all(engines.flatMap((engine) => [engine.stop(), engine.stop()]));
  expect(engines.some(({ pid, dataFolder }) => processExists(pid) || existsSync(dataFolder))).toBe(false);
});

test('two first starts at once make one template', { timeout: LIMIT_MS }, async () => {
  const cache = mkdtempSync(join(tmpdir(), 'whystale-test-'));
  chmodSync(cache, 0o755);
  const env = { ...process.env, XDG_CACHE_HOME: cache };
  try {
    const engines = await Promise.all([startPostgres({ env }), startPostgres({ env })]);
    await Promise.all(engines.map((engine) => engine.stop()));
    expect(readdirSync(join(cache, 'whystale')).filter((name) => name.startsWith('template-'))).toHaveLength(
      1,
    );
  } finally {
    rmSync(cache, { recursive: true });
  }
});

test('a taken port is refused when it was asked for', { timeout: LIMIT_MS }, async () => {
  const holder = createServer();
  const port = await new Promise<number>((resolve) => {
    holder.listen(0, '127.0.0.1', () => resolve((holder.address() as { port: number }).port));
  });
  try {
    expect((await failureOf(() => startPostgres({ port }))).facts).toMatchObject({
      code: 'WSE407',
      exitCode: 4,
    });
    expect((await failureOf(() => startRedis({ port, timeoutMs: 3_000 }))).facts).toMatchObject({
      code: 'WSE412',
      exitCode: 4,
    });
  } finally {
    holder.close();
  }
});

test('a setting the server refuses is shown with its own words, and nothing stays', {
  timeout: LIMIT_MS,
}, async () => {
  const parentFolder = mkdtempSync(join(tmpdir(), 'whystale-test-'));
  chmodSync(parentFolder, 0o755);
  try {
    const postgres = await failureOf(() =>
      startPostgres({ parentFolder, settings: { shared_buffers: 'plenty' } }),
    );
    expect(postgres.facts.code).toBe('WSE408');
    expect(postgres.facts.what).toContain('shared_buffers');
    const redis = await failureOf(() =>
      startRedis({ parentFolder, emulate: false, settings: { maxmemory: 'plenty' } }),
    );
    expect(redis.facts.code).toBe('WSE413');
    expect(redis.facts.what).toContain('maxmemory');
  } finally {
    rmSync(parentFolder, { recursive: true });
  }
  expect(existsSync(parentFolder)).toBe(false);
});

test('without a Redis program the error says how to get one', async () => {
  const { findRedis } = await import('../../src/engines/redis-programs.ts');
  const error = await failureOf(async () =>
    findRedis({ PATH: '/nowhere' }, undefined, { folders: [], emulator: null }),
  );
  expect(error.facts).toMatchObject({ code: 'WSE411', exitCode: 4 });
  expect(error.facts.next).toMatch(/install.*redis/);
});

test('the emulation says that it is one', async () => {
  const engine = await startRedis({ emulate: true });
  try {
    expect(engine).toMatchObject({ emulated: true, product: 'js-redis-server' });
    const replies = await askRedis(engine.port, [
      ['SET', 'a', '1'],
      ['GET', 'a'],
    ]);
    expect(replies).toEqual(['OK', '1']);
  } finally {
    await engine.stop();
  }
  expect(processExists(engine.pid)).toBe(false);
});
