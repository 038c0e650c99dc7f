import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createMask, maskForms, secretsOfUrls } from '../../src/recording/mask.ts';

describe('credentials are recognised by their form', () => {
  test.each([
    ['redis://:pw@host:6379/0', 'redis://:***@host:6379/0'],
    [
      'postgresql+asyncpg://app:p%40ss@db:5432/shop?ssl=true',
      'postgresql+asyncpg://app:***@db:5432/shop?ssl=true',
    ],
    ['url=postgres://a:b@c@host/db', 'url=postgres://a:***@host/db'],
    ['https://x-access-token-0123456789@git.example/repo', 'https://***@git.example/repo'],
    ['password=hunter2 user=app', 'password=*** user=app'],
    ['PGPASSWORD=hunter2', 'PGPASSWORD=***'],
    ['{"password": "hun ter2", "user": "app"}', '{"password": ***, "user": "app"}'],
    ["{'api_key': 'abc'}", "{'api_key': ***}"],
    ['db.password: hunter2', 'db.password: ***'],
    ['mysql --password hunter2 -h db', 'mysql --password *** -h db'],
    ['Authorization: Bearer abc.def-123', 'Authorization: Bearer ***'],
    ['authorization: Token0123', 'authorization: ***'],
    ['Set-Cookie: sid=abc; Path=/', 'Set-Cookie: ***'],
    ['got eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl back', 'got *** back'],
    ['key AKIAIOSFODNN7EXAMPLE used', 'key *** used'],
    ['requirepass foobared', 'requirepass ***'],
    ['redis://:ab/cd+e=@host:1/0', 'redis://:***@host:1/0'],
    ['/login?token=abc&next=/', '/login?token=***&next=/'],
  ])('%s', (text, masked) => {
    expect(maskForms(text)).toBe(masked);
  });

  test.each([
    'GET /items/1 200 in 3 ms',
    'redis://localhost:6379/0',
    'http://localhost:3000/@vite/client',
    'postgres://app@localhost/shop',
    'the password was changed',
    'SELECT token FROM sessions WHERE id = $1',
    'item:1:token',
  ])('nothing to hide in: %s', (text) => {
    expect(maskForms(text)).toBe(text);
  });
});

describe('secrets the caller knows', () => {
  test('are hidden in every spelling', () => {
    const mask = createMask(['p@ss"word']);
    expect(mask('p@ss"word p%40ss%22word "p@ss\\"word"')).toBe('*** *** "***"');
  });

  test('do not eat other words', () => {
    const mask = createMask(['postgres', 'app']);
    expect(mask('postgresql applies to app as postgres')).toBe('postgresql applies to *** as ***');
  });

  test('are taken from URLs', () => {
    expect(secretsOfUrls(['redis://:a%2Fb@h', 'postgres://u@h/d?password=q', 'no url', ''])).toEqual([
      'a/b',
      'q',
    ]);
  });

  test('never survive, wherever they stand', () => {
    const secret = fc
      .stringMatching(/^[A-Za-z0-9!#%*+,.^_~-]{8,24}$/)
      .filter((text) => !/^[a-z]+$/i.test(text));
    fc.assert(
      fc.property(secret, fc.string(), fc.string(), (known, before, after) => {
        expect(createMask([known])(before + known + after)).not.toContain(known);
      }),
    );
  });
});

test('an argument that follows a secret flag is hidden whole', () => {
  expect(maskForms.argv(['serve', '--password', 'a b', '--secret', '--verbose', 'password=x'])).toEqual([
    'serve',
    '--password',
    '***',
    '--secret',
    '--verbose',
    'password=***',
  ]);
});

test('long lines without a match cost little', () => {
  const hostile = [
    'a'.repeat(200_000),
    'password'.repeat(20_000),
    '://'.repeat(50_000),
    '"'.repeat(100_000),
    'eyJ'.repeat(50_000),
    'a.b-'.repeat(40_000),
  ];
  const started = performance.now();
  for (const text of hostile) maskForms(text);
  expect(performance.now() - started).toBeLessThan(5000);
});
