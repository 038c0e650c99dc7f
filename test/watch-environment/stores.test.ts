import { describe, expect, test } from 'vitest';
import { WhystaleError } from '../../src/errors.ts';
import { chooseStores, displayStore, parseStore } from '../../src/watch/stores.ts';

function codeOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof WhystaleError) return error.facts.code;
    throw error;
  }
  return 'none';
}

describe('Redis values', () => {
  test.each([
    ['redis://localhost', { host: 'localhost', port: 6379 }, '0', null, null, false],
    ['redis://127.0.0.1:6380/3', { host: '127.0.0.1', port: 6380 }, '3', null, null, false],
    ['redis://:s3cret@cache:6379', { host: 'cache', port: 6379 }, '0', null, 's3cret', false],
    [
      'rediss://app:p%40ss@cache.example:6380/1',
      { host: 'cache.example', port: 6380 },
      '1',
      'app',
      'p@ss',
      true,
    ],
    ['rediss://app:p@ss@cache.example', { host: 'cache.example', port: 6379 }, '0', 'app', 'p@ss', true],
    ['valkey://[::1]:7000', { host: '::1', port: 7000 }, '0', null, null, false],
    ['redis://cache?db=5', { host: 'cache', port: 6379 }, '5', null, null, false],
    ['unix:///run/redis.sock?db=2', { path: '/run/redis.sock' }, '2', null, null, false],
    ['unix://:pw@/run/redis.sock', { path: '/run/redis.sock' }, '0', null, 'pw', false],
    ['redis+socket:///run/redis.sock?virtual_host=4', { path: '/run/redis.sock' }, '4', null, null, false],
    ['localhost:6379', { host: 'localhost', port: 6379 }, '0', null, null, false],
  ] as const)('%s', (text, endpoint, database, user, password, tls) => {
    const store = parseStore('redis', text);
    expect(store).toMatchObject({ endpoint, database, user, password });
    expect(store.tls !== null).toBe(tls);
  });

  test('checks certificates unless told otherwise', () => {
    expect(parseStore('redis', 'rediss://c').tls).toEqual({ mode: 'require', verify: 'full' });
    expect(parseStore('redis', 'rediss://c?ssl_cert_reqs=none').tls).toMatchObject({ verify: 'none' });
    expect(parseStore('redis', 'rediss://c?ssl_check_hostname=false&ssl_ca_certs=/ca.pem').tls).toEqual({
      mode: 'require',
      verify: 'ca',
      caFile: '/ca.pem',
    });
  });
});

describe('PostgreSQL values', () => {
  test.each([
    ['postgresql://app:pw@db:5433/shop', { host: 'db', port: 5433 }, 'app', 'pw', 'shop'],
    ['postgres://app@db', { host: 'db', port: 5432 }, 'app', null, 'app'],
    ['postgresql+asyncpg://app:a%2Fb@db/shop', { host: 'db', port: 5432 }, 'app', 'a/b', 'shop'],
    ['jdbc:postgresql://db:5432/shop?user=app&password=pw', { host: 'db', port: 5432 }, 'app', 'pw', 'shop'],
    [
      'postgresql:///shop?host=/run/postgresql&user=app',
      { path: '/run/postgresql/.s.PGSQL.5432' },
      'app',
      null,
      'shop',
    ],
    ['postgresql://app@%2Frun%2Fpg:5433/shop', { path: '/run/pg/.s.PGSQL.5433' }, 'app', null, 'shop'],
    [
      "host=db port=5433 user=app password='it''s' dbname=shop".replace("''", "\\'"),
      { host: 'db', port: 5433 },
      'app',
      "it's",
      'shop',
    ],
    [
      'Host=db;Port=5433;Username=app;Password=p;Database=shop',
      { host: 'db', port: 5433 },
      'app',
      'p',
      'shop',
    ],
  ] as const)('%s', (text, endpoint, user, password, database) => {
    expect(parseStore('postgres', text)).toMatchObject({ endpoint, user, password, database });
  });

  test('leaves gaps to the PG variables, as libpq does', () => {
    const env = {
      PGHOST: 'db',
      PGPORT: '5433',
      PGUSER: 'app',
      PGPASSWORD: 'pw',
      PGDATABASE: 'shop',
      PGSSLMODE: 'disable',
    };
    const store = parseStore('postgres', 'postgresql://', env);
    expect(store).toMatchObject({
      endpoint: { host: 'db', port: 5433 },
      user: 'app',
      password: 'pw',
      tls: null,
    });
    expect(store.url).toBe('postgresql://app:pw@db:5433/shop');
  });

  test.each([
    ['', { mode: 'prefer', verify: 'none' }],
    ['?sslmode=require', { mode: 'require', verify: 'none' }],
    ['?sslmode=require&sslrootcert=/ca.pem', { mode: 'require', verify: 'ca', caFile: '/ca.pem' }],
    ['?sslmode=verify-full', { mode: 'require', verify: 'full' }],
    ['?ssl=true', { mode: 'require', verify: 'none' }],
    ['?sslmode=disable', null],
  ] as const)('TLS of %s', (query, tls) => {
    expect(parseStore('postgres', `postgresql://db/shop${query}`).tls).toEqual(tls);
  });
});

test.each([
  ['redis', 'http://localhost', 'WSE422'],
  ['redis', 'nonsense', 'WSE421'],
  ['redis', 'redis://h:99999', 'WSE421'],
  ['redis', 'redis://h/abc', 'WSE421'],
  ['redis', 'redis+sentinel://h/m', 'WSE423'],
  ['redis', 'redis://a:1,b:2', 'WSE423'],
  ['postgres', 'mysql://h/db', 'WSE422'],
  ['postgres', 'postgresql://a,b/db', 'WSE423'],
  ['postgres', 'nonsense', 'WSE421'],
] as const)('%s value %s is refused with %s', (kind, text, code) => {
  expect(codeOf(() => parseStore(kind, text))).toBe(code);
});

test('no error and no display shows a password', () => {
  for (const text of ['redis://u:hunter2@h:99999/0', 'mysql://u:hunter2@h/db', 'hunter2 password=hunter2']) {
    for (const kind of ['redis', 'postgres'] as const) {
      try {
        parseStore(kind, text);
      } catch (error) {
        if (text.includes(':hunter2@')) expect((error as Error).message).not.toContain('hunter2');
        else expect((error as Error).message).not.toContain('password=hunter2');
      }
    }
  }
  const shown = displayStore(
    parseStore('postgres', 'replica=postgresql://app:hunter2@db/shop?password=hunter2'),
  );
  expect(shown).toBe('replica=postgresql://app@db:5432/shop');
  expect(displayStore(parseStore('redis', 'rediss://:hunter2@c/1'))).toBe('rediss://***@c:6379/1');
});

describe('choice', () => {
  test('the option goes before the variable, the variable before an engine', () => {
    const env = { REDIS_URL: 'redis://env', DATABASE_URL: 'postgres://env/x' };
    expect(chooseStores('redis', ['redis://flag'], env)).toMatchObject([
      { origin: '--redis', store: { endpoint: { host: 'flag' } } },
    ]);
    expect(chooseStores('redis', [], env)).toMatchObject([{ origin: '$REDIS_URL', embedded: false }]);
    expect(chooseStores('postgres', [], env)).toMatchObject([{ origin: '$DATABASE_URL', embedded: false }]);
    expect(chooseStores('redis', [], {})).toEqual([{ embedded: true, name: null, origin: 'default' }]);
    expect(chooseStores('postgres', ['embedded'], env)).toEqual([
      { embedded: true, name: null, origin: '--postgres' },
    ]);
  });

  test('a server named by other variables only is not used, but pointed out', () => {
    expect(chooseStores('postgres', [], { PGHOST: 'db' })).toMatchObject([
      { embedded: true, hint: expect.stringContaining('$PGHOST') },
    ]);
    expect(chooseStores('redis', [], { REDIS_HOST: 'c', REDIS_PORT: '7' })).toMatchObject([
      { embedded: true, hint: expect.stringContaining('redis://c:7') },
    ]);
    expect(chooseStores('postgres', ['postgresql://'], { PGHOST: 'db' })).toMatchObject([
      { store: { endpoint: { host: 'db', port: 5432 } } },
    ]);
  });

  test('several stores, each with a name of its own', () => {
    const choices = chooseStores('postgres', ['primary=postgres://a/x', 'replica=postgres://b/x'], {});
    expect(choices.map((choice) => !choice.embedded && choice.store.name)).toEqual(['primary', 'replica']);
    expect(codeOf(() => chooseStores('postgres', ['a=postgres://a/x', 'a=postgres://b/x'], {}))).toBe(
      'WSE424',
    );
  });
});
