import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { childEnvironment, type ProxiedStore } from '../../src/watch/environment.ts';
import { parseStore } from '../../src/watch/stores.ts';
import { expand } from '../../src/watch/templates.ts';

const REDIS: ProxiedStore = {
  store: parseStore('redis', 'redis://:pw@localhost:6379/0'),
  proxy: { host: '127.0.0.1', port: 41001 },
};
const POSTGRES: ProxiedStore = {
  store: parseStore('postgres', 'postgresql://app:pw@localhost:5432/shop'),
  proxy: { host: '127.0.0.1', port: 41002 },
};
const REMOTE: readonly ProxiedStore[] = [
  {
    store: parseStore('redis', 'rediss://app:pw@cache.example:6380/2'),
    proxy: { host: '127.0.0.1', port: 41001 },
  },
  {
    store: parseStore('postgres', 'postgresql://app:pw@db.example/shop?sslmode=require'),
    proxy: { host: '127.0.0.1', port: 41002 },
  },
];

function childOf(
  env: Record<string, string>,
  stores: readonly ProxiedStore[] = [REDIS, POSTGRES],
): Record<string, string> {
  return { ...childEnvironment({ env, stores }).env };
}

describe('a value that names a store names its proxy', () => {
  test.each([
    ['redis://localhost:6379/3', 'redis://127.0.0.1:41001/3'],
    ['redis://localhost', 'redis://127.0.0.1:41001'],
    [
      'redis://user:p%40w@127.0.0.1:6379/0?socket_timeout=2',
      'redis://user:p%40w@127.0.0.1:41001/0?socket_timeout=2',
    ],
    ['redis://[::1]:6379', 'redis://127.0.0.1:41001'],
    ['rediscache://LOCALHOST:6379/1', 'rediscache://127.0.0.1:41001/1'],
    ['localhost:6379', '127.0.0.1:41001'],
    ['localhost:6379,password=x,ssl=False', '127.0.0.1:41001,password=x,ssl=False'],
    [
      'redis://localhost:6379/0,redis://localhost:6379/1',
      'redis://127.0.0.1:41001/0,redis://127.0.0.1:41001/1',
    ],
    ['postgresql+asyncpg://app:pw@localhost/shop', 'postgresql+asyncpg://app:pw@127.0.0.1:41002/shop'],
    ['postgres://app:p;w,|@localhost:5432/shop', 'postgres://app:p;w,|@127.0.0.1:41002/shop'],
    [
      'postgres://localhost/shop?sslmode=require&application_name=x',
      'postgres://127.0.0.1:41002/shop?sslmode=disable&application_name=x',
    ],
    ['postgresql+asyncpg://localhost/shop?ssl=require', 'postgresql+asyncpg://127.0.0.1:41002/shop'],
    [
      'postgres://localhost/shop?sslmode=require&channel_binding=require',
      'postgres://127.0.0.1:41002/shop?sslmode=disable&channel_binding=disable',
    ],
    [
      'jdbc:postgresql://localhost:5432/shop?user=a&password=b',
      'jdbc:postgresql://127.0.0.1:41002/shop?user=a&password=b',
    ],
    ['postgresql:///shop?host=localhost&port=5432&user=a', 'postgresql://127.0.0.1:41002/shop?user=a'],
    [
      'host=localhost port=5432 dbname=shop sslmode=require',
      'host=127.0.0.1 port=41002 dbname=shop sslmode=disable',
    ],
    ["host=localhost dbname=shop password='a b'", "host=127.0.0.1 dbname=shop password='a b' port=41002"],
    [
      'Host=localhost;Port=5432;Database=shop;Password="a;b"',
      'Host=127.0.0.1;Port=41002;Database=shop;Password="a;b"',
    ],
    ['{"cache":{"url":"redis://localhost:6379/1"}}', '{"cache":{"url":"redis://127.0.0.1:41001/1"}}'],
    [
      '{"redis":{"host":"localhost","port":6379,"tls":true},"n":1}',
      '{"redis":{"host":"127.0.0.1","port":41001,"tls":false},"n":1}',
    ],
    ['{url: redis://localhost:6379}', '{url: redis://127.0.0.1:41001}'],
    ['--broker redis://localhost:6379/0 --workers 2', '--broker redis://127.0.0.1:41001/0 --workers 2'],
  ])('%s', (before, after) => {
    expect(childOf({ X: before }).X).toBe(after);
  });

  test.each([
    ['rediss://app:pw@cache.example:6380/2', 'redis://app:pw@127.0.0.1:41001/2'],
    ['rediss://cache.example:6380?ssl_cert_reqs=none&protocol=3', 'redis://127.0.0.1:41001?protocol=3'],
    ['cache.example:6380', '127.0.0.1:41001'],
    ['postgres://app:pw@DB.example.:5432/shop', 'postgres://app:pw@127.0.0.1:41002/shop'],
  ])('of a remote store: %s', (before, after) => {
    expect(childOf({ X: before }, REMOTE).X).toBe(after);
  });

  test('over a Unix socket', () => {
    const stores = [
      { store: parseStore('redis', 'unix:///run/redis.sock?db=2'), proxy: REDIS.proxy },
      { store: parseStore('postgres', 'postgresql:///shop?host=/run/postgresql'), proxy: POSTGRES.proxy },
    ];
    expect(
      childOf(
        {
          A: 'unix:///run/redis.sock?db=2&socket_timeout=1',
          B: 'postgresql+psycopg2:///shop?host=/run/postgresql',
          C: 'postgresql://%2Frun%2Fpostgresql/shop',
          PGHOST: '/run/postgresql',
        },
        stores,
      ),
    ).toMatchObject({
      A: 'redis://127.0.0.1:41001/2?socket_timeout=1',
      B: 'postgresql+psycopg2://127.0.0.1:41002/shop',
      C: 'postgresql://127.0.0.1:41002/shop',
      PGHOST: '127.0.0.1',
      PGPORT: '41002',
    });
  });
});

describe('pairs of variables', () => {
  test.each([
    [
      { PGHOST: 'localhost', PGPORT: '5432' },
      { PGHOST: '127.0.0.1', PGPORT: '41002' },
    ],
    [{ PGHOST: '::1' }, { PGHOST: '127.0.0.1', PGPORT: '41002' }],
    [{ PGPORT: '5432' }, { PGHOST: '127.0.0.1', PGPORT: '41002' }],
    [
      { REDIS_HOST: '127.0.0.1', REDIS_PORT: '6379', REDIS_TLS: 'true' },
      { REDIS_HOST: '127.0.0.1', REDIS_PORT: '41001', REDIS_TLS: 'false' },
    ],
    [{ REDIS_HOST: 'localhost' }, { REDIS_HOST: '127.0.0.1', REDIS_PORT: '41001' }],
    [
      { DB_HOST: 'localhost', DB_PORT: '5432', DB_SSLMODE: 'require' },
      { DB_HOST: '127.0.0.1', DB_PORT: '41002', DB_SSLMODE: 'disable' },
    ],
    [
      { POSTGRES_SERVER: 'localhost', POSTGRES_PORT: '5432' },
      { POSTGRES_SERVER: '127.0.0.1', POSTGRES_PORT: '41002' },
    ],
    [
      { CACHE_HOST: 'localhost', CACHE_PORT: '6379' },
      { CACHE_HOST: '127.0.0.1', CACHE_PORT: '41001' },
    ],
    [
      { Redis__Host: 'localhost', Redis__Port: '6379' },
      { Redis__Host: '127.0.0.1', Redis__Port: '41001' },
    ],
    [{ REDIS_PORT: '6379' }, { REDIS_PORT: '41001' }],
    [
      { PGSSLMODE: 'require', PGCHANNELBINDING: 'require' },
      { PGSSLMODE: 'disable', PGCHANNELBINDING: 'disable' },
    ],
  ])('%o', (before, after) => {
    expect(childOf(before)).toMatchObject(after);
  });
});

test('what names something else is inherited unchanged', () => {
  const env = {
    PATH: '/usr/bin:/bin',
    HOST: 'localhost',
    PORT: '8000',
    HOSTNAME: 'localhost',
    OTHER_REDIS: 'redis://localhost:6380/0',
    OTHER_DB: 'postgresql://db.example/shop',
    API: 'http://localhost:8080/redis',
    MYSQL_HOST: 'localhost',
    MONGO_DB_HOST: 'localhost',
    REMOTE_HOST: 'redis.example',
    REMOTE_PORT: '6379',
    TIME: '12:30:6379',
    IMAGE: 'registry/localhost:6379x',
    BROKEN: '{"url":',
    EMPTY: '',
    PYTHONPATH: '/a:/b',
  };
  expect(childOf(env)).toEqual({
    ...env,
    REDIS_URL: 'redis://:pw@127.0.0.1:41001/0',
    DATABASE_URL: 'postgresql://app:pw@127.0.0.1:41002/shop',
  });
});

test('an environment without stores is inherited byte for byte', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.stringMatching(/^[A-Z_]{1,12}$/), fc.string({ maxLength: 60 })), (env) => {
      expect(childEnvironment({ env, stores: [] }).env).toEqual({ ...env });
    }),
  );
});

test('credentials, path and query of any URL survive', () => {
  const part = fc.stringMatching(/^[A-Za-z0-9%._~!$&*+=;|-]{1,12}$/);
  fc.assert(
    fc.property(part, part, part, (user, password, path) => {
      const text = (address: string): string =>
        `postgresql://${user}:${password}@${address}/${path}?a=${path.replaceAll('&', '')}`;
      expect(childOf({ X: text('localhost:5432') }).X).toBe(text('127.0.0.1:41002'));
    }),
  );
});

describe('REDIS_URL and DATABASE_URL', () => {
  test('are always set', () => {
    expect(childOf({})).toEqual({
      REDIS_URL: 'redis://:pw@127.0.0.1:41001/0',
      DATABASE_URL: 'postgresql://app:pw@127.0.0.1:41002/shop',
    });
  });

  test('keep the form that the caller gave them', () => {
    const child = childOf({
      REDIS_URL: 'redis://:pw@localhost/7',
      DATABASE_URL: 'postgresql+asyncpg://x:y@localhost/other',
    });
    expect(child).toEqual({
      REDIS_URL: 'redis://:pw@127.0.0.1:41001/7',
      DATABASE_URL: 'postgresql+asyncpg://x:y@127.0.0.1:41002/other',
    });
  });

  test('name the given store instead of another, with the driver the service expects', () => {
    const child = childOf({
      REDIS_URL: 'rediss://elsewhere',
      DATABASE_URL: 'postgresql+asyncpg://x:y@elsewhere/other',
    });
    expect(child).toEqual({
      REDIS_URL: 'redis://:pw@127.0.0.1:41001/0',
      DATABASE_URL: 'postgresql+asyncpg://app:pw@127.0.0.1:41002/shop',
    });
  });
});

describe('what was changed', () => {
  test('is said without credentials', () => {
    const { changed } = childEnvironment({
      env: { CACHE: 'redis://u:hunter2@localhost:6379/1', KEPT: 'x' },
      stores: [
        { ...REDIS, store: parseStore('redis', 'redis://u:hunter2@localhost:6379') },
        { ...POSTGRES, store: parseStore('postgres', 'postgresql://app:hunter2@localhost/shop') },
      ],
      templates: [['DSN', 'p={postgres.password} {postgres}']],
    });
    expect(changed.map(({ name }) => name)).toEqual(['CACHE', 'REDIS_URL', 'DATABASE_URL', 'DSN']);
    expect(changed[0]).toEqual({
      name: 'CACHE',
      why: 'proxy',
      before: 'redis://u:***@localhost:6379/1',
      after: 'redis://u:***@127.0.0.1:41001/1',
    });
    expect(JSON.stringify(changed)).not.toContain('hunter2');
  });
});

describe('templates', () => {
  const { env, values } = childEnvironment({
    env: {},
    stores: [
      REDIS,
      POSTGRES,
      {
        ...POSTGRES,
        store: parseStore('postgres', 'replica=postgres://r:q@replica/shop'),
        proxy: { host: '127.0.0.1', port: 41003 },
      },
    ],
    templates: [
      ['CACHE', '{redis.host}:{redis.port}'],
      ['URLS', '{"a":"{redis}","b":{port}}'],
    ],
    port: 8123,
  });

  test('stand for the proxies', () => {
    expect(env.CACHE).toBe('127.0.0.1:41001');
    expect(env.URLS).toBe('{"a":"redis://:pw@127.0.0.1:41001/0","b":8123}');
    expect(expand('{postgres.replica} {postgres}', values)).toBe(
      'postgres://r:q@127.0.0.1:41003/shop postgresql://app:pw@127.0.0.1:41002/shop',
    );
  });

  test('leave other braces alone, and refuse misspelled ones of ours', () => {
    expect(expand('GET /items/{id} {{x}} {}', values)).toBe('GET /items/{id} {{x}} {}');
    expect(() => expand('{redis.prot}', values)).toThrow(/stands for nothing/);
    expect(() => expand('{port}', {})).toThrow(/stands for nothing/);
  });
});
