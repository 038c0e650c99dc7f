/** `watch` as a user meets it: which stores it takes, what it tells the service, how it ends, and with which exit code. */
import { chmodSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import pg from 'pg';
import { describe, expect, test } from 'vitest';
import { type FindingsDocument, FindingsSchema } from '../../src/report/findings-document.ts';
import { type CliEnd, eventually, processesIn, withWhystale } from '../support/cli.ts';
import { freePort, withPostgres, withRedis } from '../support/engines.ts';
import { LAMP_FINDING, lampService, nodeService } from './services.ts';

const whystale = withWhystale();
const NODE = process.execPath;
/** A service that ignores its stores and stays. */
const IDLE = [NODE, '-e', 'console.log("idle"); setInterval(() => {}, 1000)'];

function documentOf(end: CliEnd): FindingsDocument {
  expect(end.stdout, end.stderr).toMatch(/^\{[\s\S]*\}\n$/);
  return FindingsSchema.parse(JSON.parse(end.stdout)) as FindingsDocument;
}

const portOf = (url: string): number => Number(new URL(url).port);

describe('embedded engines', () => {
  test('start when no URL is given, and are named', async () => {
    const folder = whystale.folder();
    const end = await whystale.run(['watch', '--json', '--', ...lampService(folder)], { cwd: folder });
    const { engine, findings, recording } = documentOf(end);
    expect(findings).toEqual([expect.objectContaining(LAMP_FINDING)]);
    expect(engine).toEqual({
      redis: expect.stringMatching(/^\d+\./),
      postgres: expect.stringMatching(/^\d+\./),
      emulated: false,
    });
    expect(end.stderr).toMatch(/Redis .*embedded/);
    expect(end.stderr).toMatch(/PostgreSQL .*embedded/);
    expect(recording?.startsWith(join(folder, '.whystale'))).toBe(true);
    expect(end.exitCode).toBe(1);
  });

  test('are gone, with their folders and the service, soon after whystale is killed', async () => {
    const folder = enginesFolder();
    const run = whystale.start(['watch', '--no-record', '--', ...IDLE], {
      cwd: folder,
      env: { TMPDIR: folder },
    });
    await run.sees(/idle/);
    expect(processesIn(folder).length).toBeGreaterThan(3);
    run.kill('SIGKILL');
    await run.end();
    await eventually('no process is left', () => processesIn(folder).length === 0, 15_000);
    await eventually('no folder is left', () => readdirSync(folder).length === 0, 15_000);
  });

  test('are gone when whystale ends by itself', async () => {
    const folder = enginesFolder();
    const run = whystale.start(['watch', '--no-record', '--', ...IDLE], {
      cwd: folder,
      env: { TMPDIR: folder },
    });
    await run.sees(/idle/);
    await run.interrupt();
    expect(processesIn(folder)).toEqual([]);
    expect(readdirSync(folder)).toEqual([]);
  });

  /** A folder in which engines may keep their data although they run as another user. */
  function enginesFolder(): string {
    const folder = whystale.folder('engines');
    chmodSync(folder, 0o755);
    return folder;
  }
});

describe('stores of the caller', () => {
  const redis = withRedis();
  const postgres = withPostgres();

  async function expectLamp(args: readonly string[], env: Record<string, string>): Promise<void> {
    const end = await whystale.run(['watch', '--json', '--no-record', ...args], { env });
    const { findings, recording } = documentOf(end);
    expect(findings, end.stderr).toEqual([expect.objectContaining(LAMP_FINDING)]);
    expect(recording).toBeNull();
    expect(end.stderr).not.toContain('embedded');
    expect(end.exitCode).toBe(1);
    const rows = await postgres.sql('SELECT price FROM lamps WHERE id = 7');
    expect(rows).toEqual([{ price: '162.25' }]);
  }

  test('given by flags', async () => {
    const flags = ['--redis', redis.url(), '--postgres', postgres.url()];
    await expectLamp([...flags, '--', ...lampService(whystale.folder())], {});
  });

  test('given by REDIS_URL and DATABASE_URL', async () => {
    const env = { REDIS_URL: redis.url(), DATABASE_URL: postgres.url() };
    await expectLamp(['--', ...lampService(whystale.folder())], env);
  });

  test('given by --env templates to a service with its own names', async () => {
    const env = { REDIS_URL: redis.url(), DATABASE_URL: postgres.url(), CACHE: 'redis://127.0.0.1:1/0' };
    const templates = ['--env', 'CACHE={redis}', '--env', 'SOURCE={postgres}'];
    await expectLamp([...templates, '--', ...lampService(whystale.folder())], env);
  });

  test('a variable that names the same endpoint is pointed at the proxy', async () => {
    const env = {
      REDIS_URL: redis.url(),
      DATABASE_URL: postgres.url(),
      CACHE: redis.url().replace(/\d+$/, '3'),
      SOURCE: `${postgres.url()}?application_name=shop`,
    };
    await expectLamp(['--', ...lampService(whystale.folder())], env);
  });

  test('every form of the same endpoint is pointed at the proxy, and nothing else changes', async () => {
    const { username, password, host } = new URL(postgres.url());
    const service = nodeService(whystale.folder(), 'console.log("ENV " + JSON.stringify(process.env));');
    const end = await whystale.run(
      ['watch', '--json', '--no-record', '--env', 'LISTEN={port}', '--', ...service],
      {
        env: {
          REDIS_URL: redis.url(),
          DATABASE_URL: postgres.url(),
          ASYNC_URL: `postgresql+asyncpg://${username}:${password}@${host}/other`,
          PGHOST: '127.0.0.1',
          PGPORT: String(postgres.port()),
          REDIS_HOST: '127.0.0.1',
          REDIS_PORT: String(redis.port()),
          ELSEWHERE: 'postgresql://127.0.0.1:1/other',
        },
      },
    );
    const env = JSON.parse(/^ENV (.*)$/m.exec(end.stderr)?.[1] ?? '{}') as Record<string, string>;
    const proxies = { redis: portOf(env.REDIS_URL ?? ''), postgres: portOf(env.DATABASE_URL ?? '') };
    expect(proxies.redis).not.toBe(redis.port());
    expect(proxies.postgres).not.toBe(postgres.port());
    expect(env).toMatchObject({
      ASYNC_URL: `postgresql+asyncpg://${username}:${password}@127.0.0.1:${proxies.postgres}/other`,
      PGPORT: String(proxies.postgres),
      REDIS_PORT: String(proxies.redis),
      ELSEWHERE: 'postgresql://127.0.0.1:1/other',
      LISTEN: expect.stringMatching(/^\d+$/),
    });
    expect(new URL(env.REDIS_URL ?? '').pathname).toBe(`/${redis.db()}`);
  });

  test('without a command it attaches: the printed addresses lead through the proxies', async () => {
    const run = whystale.start(['watch', '--json', '--redis', redis.url(), '--postgres', postgres.url()]);
    const cacheUrl = (await run.sees(/^ +REDIS_URL=(\S+)/m))[1] ?? '';
    const sourceUrl = (await run.sees(/^ +DATABASE_URL=(\S+)/m))[1] ?? '';
    await run.sees(/until Ctrl-C/);
    await lampByHand(cacheUrl, sourceUrl);
    const end = await run.interrupt();
    const { findings, child } = documentOf(end);
    expect(child).toBeNull();
    expect(findings, end.stderr).toEqual([expect.objectContaining(LAMP_FINDING)]);
    expect(end.exitCode).toBe(1);
  });

  test('attached, it listens where it is told to', async () => {
    const [one, two] = [await freePort(), await freePort()];
    const listen = ['--listen-redis', `127.0.0.1:${one}`, '--listen-postgres', String(two)];
    const run = whystale.start([
      ...['watch', '--no-record', '--redis', redis.url(), '--postgres', postgres.url()],
      ...listen,
    ]);
    expect((await run.sees(/^ +REDIS_URL=(\S+)/m))[1]).toContain(`127.0.0.1:${one}`);
    expect((await run.sees(/^ +DATABASE_URL=(\S+)/m))[1]).toContain(`127.0.0.1:${two}`);
    expect((await run.interrupt()).exitCode).toBe(3);
  });

  test('a command that runs longer is ended after --for, gracefully', async () => {
    const service = lampService(whystale.folder(), 'ioredis', 'pg', 0);
    const run = whystale.start(['watch', '--json', '--no-record', '--for', '6s', '--', ...service], {
      env: { REDIS_URL: redis.url(), DATABASE_URL: postgres.url() },
    });
    const end = await run.end();
    expect(end.stderr).toMatch(/^staying$/m);
    expect(documentOf(end).child).toEqual({ exitCode: 0, signal: null });
    expect(end.exitCode).toBe(1);
  });

  test('Ctrl-C ends the service gracefully, and its own exit is told but no failure', async () => {
    const service = lampService(whystale.folder(), 'ioredis', 'pg', 7);
    const run = whystale.start(['watch', '--json', '--no-record', '--fail-on', 'never', '--', ...service], {
      env: { REDIS_URL: redis.url(), DATABASE_URL: postgres.url() },
    });
    await run.sees(/^staying$/m);
    const end = await run.interrupt();
    expect(documentOf(end).child).toEqual({ exitCode: 7, signal: null });
    expect(end.exitCode).toBe(0);
  });

  test('an open recording folder is complete after Ctrl-C', async () => {
    const folder = join(whystale.folder(), 'rec');
    const service = lampService(whystale.folder(), 'ioredis', 'pg', 0);
    const run = whystale.start(['watch', '--out', folder, '--', ...service], {
      env: { REDIS_URL: redis.url(), DATABASE_URL: postgres.url() },
    });
    await run.sees(/staying/);
    const end = await run.interrupt();
    expect(end.stdout).toContain('WS112');
    expect(end.stdout).toContain('lamp:7');
    expect(readdirSync(folder).sort()).toEqual(['history.jsonl', 'manifest.json']);
    const explained = await whystale.run(['explain', '--json', folder]);
    expect(documentOf(explained).notices).toEqual([]);
  });

  test('a store that was not used makes the run incomplete, and the variable is named', async () => {
    const onlyRedis = `
      const { Redis } = require('ioredis');
      const redis = new Redis(process.env.REDIS_URL);
      await redis.set('lamp:7', 'x', 'EX', 60); await redis.get('lamp:7'); await redis.quit();`;
    const onlyPostgres = `
      const { Client } = require('pg');
      const client = new Client({ connectionString: process.env.DATABASE_URL });
      await client.connect(); await client.query('CREATE TABLE t (id int)'); await client.query('SELECT id FROM t'); await client.end();`;
    const env = { REDIS_URL: redis.url(), DATABASE_URL: postgres.url() };
    for (const [code, missing] of [
      [onlyRedis, /PostgreSQL.*DATABASE_URL/],
      [onlyPostgres, /Redis.*REDIS_URL/],
    ] as const) {
      const service = nodeService(whystale.folder(), code);
      const end = await whystale.run(['watch', '--json', '--no-record', '--', ...service], { env });
      expect(documentOf(end).notices.join('\n')).toMatch(missing);
      expect(end.exitCode).toBe(3);
    }
  });

  test('no traffic at all is said loudly, with both variables', async () => {
    const env = { REDIS_URL: redis.url(), DATABASE_URL: postgres.url() };
    const end = await whystale.run(['watch', '--no-record', '--for', '1s', '--', ...IDLE], { env });
    expect(end.stdout).toMatch(/ALARM .*REDIS_URL.*DATABASE_URL/);
    expect(end.exitCode).toBe(3);
  });
});

/** What the lamp services do, by hand. */
async function lampByHand(cacheUrl: string, sourceUrl: string): Promise<void> {
  const redis = new Redis(cacheUrl);
  const source = new pg.Client({ connectionString: sourceUrl });
  await source.connect();
  try {
    await source.query('CREATE TABLE lamps (id int PRIMARY KEY, name text NOT NULL, price numeric NOT NULL)');
    await source.query('INSERT INTO lamps VALUES ($1, $2, $3)', [7, 'Desk lamp', '149.50']);
    expect(await redis.get('lamp:7')).toBeNull();
    const { rows } = await source.query('SELECT id, name, price FROM lamps WHERE id = $1', [7]);
    await redis.set('lamp:7', JSON.stringify(rows[0]), 'EX', 60);
    await redis.get('lamp:7');
    await source.query('UPDATE lamps SET price = $1 WHERE id = $2', ['162.25', 7]);
    await redis.get('lamp:7');
    await redis.get('lamp:7');
  } finally {
    await redis.quit();
    await source.end();
  }
}
