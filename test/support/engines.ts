/**
 * Engines for tests. One engine serves a whole test file; each test gets an empty database of its own in it.
 *
 *     const redis = withRedis();
 *     const postgres = withPostgres();
 *     test('…', async () => { connect(redis.url()); connect(postgres.url()); });
 *
 * A missing engine fails the test with the command that installs it; nothing is skipped.
 */
import { execFileSync } from 'node:child_process';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import type { Engine } from '../../src/engines/engine.ts';
import { type PostgresOptions, startPostgres } from '../../src/engines/postgres.ts';
import { type RedisOptions, startRedis } from '../../src/engines/redis.ts';
import { askRedis } from '../../src/engines/redis-probe.ts';

export { freePort } from '../../src/engines/ports.ts';

const START_LIMIT_MS = 60_000;
/** Databases of a test's Redis; tests take them in turn. */
const REDIS_DATABASES = 16;

/** What a test sees of its engine. Functions, because the engine starts only once tests run. */
export interface TestEngine {
  readonly engine: () => Engine;
  readonly host: () => string;
  readonly port: () => number;
  /** URL of this test's own empty database, with credentials. */
  readonly url: () => string;
}

export interface TestRedis extends TestEngine {
  /** Number of this test's database. */
  readonly db: () => number;
}

export interface TestPostgres extends TestEngine {
  readonly user: string;
  readonly password: () => string;
  /** Name of this test's database. */
  readonly database: () => string;
  /** Runs SQL (several statements allowed when there are no values) in this test's database on a fresh connection. */
  readonly sql: (text: string, values?: readonly unknown[]) => Promise<readonly Record<string, unknown>[]>;
}

/** A Redis for this test file, never an emulated one unless asked for. Call it at the top level or in a `describe`. */
export function withRedis(options: RedisOptions = {}): TestRedis {
  let engine: Engine | null = null;
  let db = -1;
  beforeAll(async () => {
    engine = await startRedis({ emulate: false, ...options });
  }, START_LIMIT_MS);
  beforeEach(async () => {
    db = (db + 1) % REDIS_DATABASES;
    const login = options.password === undefined ? [] : [['AUTH', options.password]];
    await askRedis(started(engine).port, [...login, ['SELECT', String(db)], ['FLUSHDB']]);
  });
  afterAll(async () => engine?.stop());
  return {
    engine: () => started(engine),
    host: () => started(engine).host,
    port: () => started(engine).port,
    db: () => Math.max(db, 0),
    url: () => started(engine).url.replace(/\/\d+$/, `/${Math.max(db, 0)}`),
  };
}

/** A PostgreSQL for this test file. Call it at the top level or in a `describe`. */
export function withPostgres(options: PostgresOptions = {}): TestPostgres {
  let engine: Engine | null = null;
  let count = 0;
  const database = (): string => (count === 0 ? 'postgres' : `test_${count}`);
  const url = (name: string): string => {
    const parsed = new URL(started(engine).url);
    parsed.pathname = `/${name}`;
    return parsed.href;
  };
  beforeAll(async () => {
    engine = await startPostgres(options);
  }, START_LIMIT_MS);
  beforeEach(async () => {
    count++;
    await runSql(url('postgres'), `CREATE DATABASE ${database()}`);
  });
  afterEach(async () => {
    await runSql(url('postgres'), `DROP DATABASE IF EXISTS ${database()} WITH (FORCE)`).catch(
      () => undefined,
    );
  });
  afterAll(async () => engine?.stop());
  return {
    engine: () => started(engine),
    host: () => started(engine).host,
    port: () => started(engine).port,
    user: 'postgres',
    password: () => decodeURIComponent(new URL(started(engine).url).password),
    database,
    url: () => url(database()),
    sql: (text, values) => runSql(url(database()), text, values),
  };
}

function started(engine: Engine | null): Engine {
  if (engine === null)
    throw new Error('The engine starts before the first test: read it inside a test or a hook.');
  return engine;
}

async function runSql(
  url: string,
  text: string,
  values?: readonly unknown[],
): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const result = await client.query(text, values === undefined ? undefined : [...values]);
    const last = Array.isArray(result) ? result.at(-1) : result;
    return last.rows;
  } finally {
    await client.end();
  }
}

/** Debian packages of the Python modules that tests use. */
const PYTHON_PACKAGES: Readonly<Record<string, string>> = {
  fastapi: 'python3-fastapi',
  uvicorn: 'python3-uvicorn',
  redis: 'python3-redis',
  psycopg: 'python3-psycopg',
  psycopg2: 'python3-psycopg2',
  asyncpg: 'python3-asyncpg',
  sqlalchemy: 'python3-sqlalchemy',
  pytest: 'python3-pytest',
  httpx: 'python3-httpx',
};

const foundInterpreters = new Map<string, string>();

/**
 * Path of a Python that can import all the modules; /usr/bin/python3 is tried too, because a Python from elsewhere on
 * PATH does not see the distribution's modules.
 */
export function pythonWith(...modules: readonly string[]): string {
  const wanted = modules.join(', ');
  const known = foundInterpreters.get(wanted);
  if (known !== undefined) return known;
  const check = `import sys${modules.map((name) => `, ${name}`).join('')}; print(sys.executable)`;
  for (const python of ['python3', '/usr/bin/python3', '/usr/local/bin/python3']) {
    try {
      const output = execFileSync(python, ['-c', check], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      foundInterpreters.set(wanted, output.trim());
      return output.trim();
    } catch {
      // This one is missing or lacks a module; the next may have them.
    }
  }
  const packages = modules.map((name) => PYTHON_PACKAGES[name] ?? `python3-${name}`).join(' ');
  throw new Error(`No python3 can import ${wanted}. Install: apt-get install -y python3 ${packages}`);
}
