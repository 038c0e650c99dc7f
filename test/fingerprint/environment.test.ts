import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { noteEnvironment } from '../../src/fingerprint/environment.ts';
import { LEFT_OUT } from '../../src/fingerprint/index.ts';
import { neutralTexts } from '../../src/fingerprint/neutral.ts';
import { isPlainSetting, isPlainValue } from '../../src/fingerprint/plain.ts';
import type { FingerprintRequest } from '../../src/fingerprint/request.ts';
import { Sheet } from '../../src/fingerprint/sheet.ts';
import { parseStore } from '../../src/watch/stores.ts';
import { requestOf, SALT } from './support.ts';

/** Entries of the environment, as `name=value`, of a service in a folder of its own with stores of its own. */
function noted(request: Partial<FingerprintRequest>, side: 'a' | 'b' = 'a'): readonly string[] {
  const sheet = new Sheet(SALT, []);
  const stores = [redisOf(side), postgresOf(side)];
  const full = requestOf({
    cwd: `/work/${side}`,
    redis: stores[0]!,
    postgres: stores[1]!,
    env: {},
    ...request,
  });
  const folders = [[`/work/${side}`, '{repository}']] as const;
  noteEnvironment(sheet, full, neutralTexts({ folders, stores, given: full.given ?? [] }));
  return sheet.result().entries.map(({ name, value }) => `${name}=${value}`);
}

const PORTS = { a: 6401, b: 6402 } as const;
const redisOf = (side: 'a' | 'b') =>
  parseStore('redis', `redis://:hidden-${side}@127.0.0.1:${PORTS[side]}/0`);
const postgresOf = (side: 'a' | 'b') =>
  parseStore('postgres', `postgresql://app:hidden-${side}@127.0.0.1:${PORTS[side] + 100}/shop_${side}`);

describe('values that are shown', () => {
  const shown: readonly (readonly [name: string, value: string])[] = [
    ['MAX_AGE', '60'],
    ['CACHE_TTL', '30s'],
    ['POOL', '0.5'],
    ['DEBUG', 'true'],
    ['NODE_ENV', 'production'],
    ['LOG_LEVEL', 'WARNING'],
    ['EMPTY', ''],
    ['DATABASE_URL', 'postgresql+asyncpg://{store}'],
    ['PASSWORD', ''],
  ];
  test.each(shown)('%s=%s', (name, value) => expect(isPlainValue(name, value)).toBe(true));

  const hashed: readonly (readonly [name: string, value: string])[] = [
    ['PASSWORD', '12345'],
    ['DB_PASS', 'test'],
    ['apiKey', 'true'],
    ['PIN', '4711'],
    ['SESSION_SECRET', '1'],
    ['jwtToken', '42'],
    ['COUNT', '4111111111111111'],
    ['NAME', 'hunter2'],
    ['GREETING', 'good morning'],
    ['UPSTREAM', 'http://127.0.0.1:9000'],
  ];
  test.each(hashed)('not %s=%s', (name, value) => expect(isPlainValue(name, value)).toBe(false));

  test('settings of servers are shown more freely, but not passwords and what modules keep', () => {
    const rows: readonly (readonly [string, string, boolean])[] = [
      ['maxmemory-policy', 'allkeys-lru', true],
      ['maxmemory', '107374182400', true],
      ['save', '3600 1 300 100', true],
      ['TimeZone', 'Europe/Berlin', true],
      ['search_path', '"$user", public', true],
      ['primary_conninfo', 'host=db password=x', false],
      ['ssl_passphrase_command', 'cat', false],
      ['search.default-user', 'somebody', false],
      ['app.signing', 'words', false],
      ['archive_thing', 'curl https://x', false],
      ['anything', 'q9X2kL8vPz4mN7wR', false],
    ];
    for (const [name, value, plain] of rows)
      expect([name, isPlainSetting(name, value)]).toEqual([name, plain]);
  });
});

describe('two sides with a folder and stores of their own are alike', () => {
  const values: readonly (readonly [what: string, a: string, b: string])[] = [
    ['the folder', '/work/a', '/work/b'],
    ['paths below it', '/work/a/lib:/usr/lib', '/work/b/lib:/usr/lib'],
    ['a URL of a file', 'file:///work/a/x.db', 'file:///work/b/x.db'],
    ['the store as it is given', postgresOf('a').url, postgresOf('b').url],
    [
      'another driver, credentials and database',
      'postgresql+asyncpg://one:p1@localhost:6501/shop_a?pool=5',
      'postgresql+asyncpg://two:p2@localhost:6502/shop_b?pool=5',
    ],
    ['an address alone', '127.0.0.1:6401', '127.0.0.1:6402'],
  ];
  test.each(values)('%s', (_, a, b) => {
    expect(noted({ env: { X: a } }, 'a')).toEqual(noted({ env: { X: b } }, 'b'));
  });

  test.each([
    ['a path that only begins alike', '/work/another', '/work/bnother'],
    ['a pool size', 'redis://127.0.0.1:6401/0?pool=5', 'redis://127.0.0.1:6402/0?pool=6'],
    ['a driver', 'postgresql://127.0.0.1:6501/x', 'postgresql+psycopg://127.0.0.1:6502/x'],
    ['a port of something else', 'http://127.0.0.1:9001', 'http://127.0.0.1:9002'],
  ])('but not in %s', (_, a, b) => {
    expect(noted({ env: { X: a } }, 'a')).not.toEqual(noted({ env: { X: b } }, 'b'));
  });

  test('variables that were pointed at proxies', () => {
    const a = {
      DATABASE_URL: 'postgresql://u:p@127.0.0.1:40001/shop_a?x=1',
      PGPORT: '40001',
      PGPASSWORD: 'p1',
    };
    const b = {
      DATABASE_URL: 'postgresql://u:p@127.0.0.1:40002/shop_b?x=1',
      PGPORT: '40002',
      PGPASSWORD: 'p2',
    };
    const inherited = Object.keys(a);
    expect(noted({ env: a, inherited }, 'a')).toEqual(noted({ env: b, inherited }, 'b'));
    expect(noted({ env: { REDIS_URL: 'redis://:pw@127.0.0.1:4/0' }, inherited: ['REDIS_URL'] })).toEqual([
      'REDIS_URL=redis://{store}',
    ]);
  });

  test('texts that the caller names', () => {
    const given = (port: number) => [{ text: `127.0.0.1:${port}`, placeholder: '{otlp}' }];
    const one = noted({ env: { OTEL: 'http://127.0.0.1:4411/v1' }, given: given(4411) });
    expect(one).toEqual(noted({ env: { OTEL: 'http://127.0.0.1:4412/v1' }, given: given(4412) }));
  });
});

describe('variables that mean nothing', () => {
  test.each([
    'PWD',
    'OLDPWD',
    'SHLVL',
    '_',
    'PORT',
    'TERM',
    'SSH_AUTH_SOCK',
    'WINDOWID',
    'TMUX_PANE',
    'npm_lifecycle_event',
  ])('%s', (name) => expect(noted({ env: { [name]: 'x', REAL: '1' } })).toEqual(['REAL=1']));

  test('each with a reason, and none that names a part of another', () => {
    for (const { why } of LEFT_OUT) expect(why).not.toBe('');
    expect(noted({ env: { PORTS: '1', TERMS: '2', MY_PWD: '3', PROMPTS: '4' } })).toHaveLength(4);
  });
});

describe('the command', () => {
  const commands: readonly (readonly [words: string, noted: RegExp])[] = [
    ['uvicorn app:app --port 8000', /^uvicorn h:\w+ --port \{port\}$/],
    ['/work/a/bin/serve --listen=127.0.0.1:8000', /^\{repository\}\/bin\/serve --listen=h:\w+$/],
    ['serve --workers=4 --log-level warning', /^serve --workers=4 --log-level warning$/],
    ['serve --api-key 1234567 --password=true', /^serve --api-key h:\w+ --password=h:\w+$/],
    ['serve -phunter2 hunter2', /^serve h:\w+ h:\w+$/],
    ['TOKEN=hunter2', /^h:\w+$/],
  ];
  test.each(commands)('%s', (words, expected) => {
    const [entry] = noted({ command: words.split(' '), env: { PORT: '8000' } });
    expect(entry?.replace(/^command=/, '')).toMatch(expected);
  });

  test('the port that the service was given is none of its words', () => {
    const at = (port: string) =>
      noted({ command: ['serve', `--listen=127.0.0.1:${port}`], env: { PORT: port } });
    expect(at('40001')).toEqual(at('40002'));
  });
});

describe('hashes', () => {
  test('are of the key: another one gives other hashes', () => {
    const of = (salt: string) => new Sheet(Buffer.from(salt), []).hash('environment', 'A', 'value');
    expect(of('one')).toBe(of('one'));
    expect(of('one')).not.toBe(of('two'));
  });

  test('do not show that two variables have one value', () => {
    const [one, other] = noted({ env: { A: 'the same value', B: 'the same value' } });
    expect(one?.slice(2)).not.toBe(other?.slice(2));
  });

  test('stand for any secret, wherever it is planted', () => {
    const secret = fc.stringMatching(/^[A-Za-z][A-Za-z0-9!@#$^*+=~-]{9,40}$/);
    const name = fc.constantFrom('TOKEN', 'GREETING', 'DB_PASSWORD', 'X', 'NODE_OPTIONS', 'DSN', 'LOG_LEVEL');
    const shape = fc.constantFrom<(s: string) => string>(
      (s) => s,
      (s) => `redis://:${encodeURIComponent(s)}@cache.example.test:6379/0`,
      (s) => `postgresql://app:${s}@127.0.0.1:6501/shop?password=${s}`,
      (s) => `host=127.0.0.1 port=6501 password=${s}`,
      (s) => `{"redis":{"password":"${s}"}}`,
      (s) => `Bearer ${s}`,
      (s) => `60 ${s}`,
    );
    const word = fc.constantFrom<(s: string) => readonly string[]>(
      (s) => ['--token', s],
      (s) => [`--token=${s}`],
      (s) => [`-p${s}`],
      (s) => [s],
      (s) => ['-c', `export T=${s}; run`],
      (s) => ['--url', `redis://:${s}@localhost:6379`],
    );
    fc.assert(
      fc.property(secret, name, shape, word, fc.boolean(), (text, variable, formed, worded, ours) => {
        const env = { [variable]: formed(text), PORT: '8000' };
        const entries = noted({
          env,
          inherited: ours ? [variable] : [],
          command: ['serve', ...worded(text)],
        });
        expect(JSON.stringify(entries)).not.toContain(text);
      }),
      { numRuns: 500 },
    );
  });
});
