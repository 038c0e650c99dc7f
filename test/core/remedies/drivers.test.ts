/** Which libraries stand behind connections, by what the real ones showed (see test/observe/client-sessions.test.ts). */
import { describe, expect, test } from 'vitest';
import { Drivers } from '../../../src/core/drivers/drivers.ts';
import type { ClientSession } from '../../../src/core/operation.ts';

type Signs = ClientSession['signs'];

function told(store: ClientSession['store'], session: string, signs: Signs): ClientSession {
  return {
    id: 1,
    session,
    tier: 'client',
    kind: 'session',
    store,
    signs,
    invoke: 1,
    return: 1,
    status: 'ok',
  };
}

interface Seen {
  readonly redis?: Signs;
  readonly postgres?: Signs;
  readonly statements?: readonly string[];
}

function stackOf({ redis, postgres, statements = [] }: Seen): string {
  const drivers = new Drivers();
  if (redis !== undefined) drivers.add(told('redis', 'redis:1', redis));
  if (postgres !== undefined) drivers.add(told('postgres', 'pg:1', postgres));
  for (const shape of statements) drivers.statement('pg:1', shape);
  const { language, ...stack } = drivers.stack({ redis: 'redis:1', postgres: 'pg:1' });
  const awaits = { true: 'awaited', false: 'not awaited', null: 'awaited or not' }[String(stack.awaited)];
  if (language === null) return 'unknown';
  return [language, stack.redis ?? '?', stack.postgres ?? '?', stack.layer ?? '', awaits].join(' ');
}

const LIBPQ = ['startup', 'user database'] as const;
const UPPER: Signs = [['case', 'upper']];
const ENCODED: Signs = [
  ['startup', 'user database client_encoding'],
  ['client_encoding', 'UTF8'],
];
const named = (name: string, spelled = 'upper'): Signs => [
  ['lib-name', name],
  ['lib-ver', '5.0.1'],
  ['case', spelled],
];
const PSYCOPG: Signs = [LIBPQ, ['begin', 'extended BEGIN'], ['values', 'extended']];
const ASYNCPG: Signs = [
  ['startup', 'client_encoding user database'],
  ['client_encoding', "'utf-8'"],
  ['statement', '__asyncpg_stmt_1__'],
];
const SIMPLE: Signs = [LIBPQ, ['begin', 'simple BEGIN'], ['values', 'simple']];
const PG: Signs = [...ENCODED, ['values', 'extended']];

describe('the libraries are', () => {
  const rows: readonly (readonly [string, Seen, string])[] = [
    [
      'redis-py 5 and psycopg 3',
      { redis: named('redis-py'), postgres: PSYCOPG },
      'python redis-py psycopg  awaited or not',
    ],
    [
      'a redis-py that does not name itself, by psycopg 3',
      { redis: UPPER, postgres: PSYCOPG },
      'python redis-py psycopg  awaited or not',
    ],
    [
      'redis-py below django-redis, psycopg2',
      { redis: named('redis-py(django-redis_v5.4.0)'), postgres: SIMPLE },
      'python redis-py psycopg2  not awaited',
    ],
    [
      'asyncpg, and redis-py with it',
      { redis: UPPER, postgres: ASYNCPG },
      'python redis-py asyncpg  awaited',
    ],
    [
      'asyncpg on whose statements nothing is prepared yet',
      { postgres: ASYNCPG.slice(0, 2) },
      'python ? asyncpg  awaited',
    ],
    [
      'psycopg 3 in autocommit, by redis-py',
      { redis: named('redis-py'), postgres: [LIBPQ, ['values', 'both']] },
      'python redis-py psycopg  awaited or not',
    ],
    [
      'SQLAlchemy over psycopg2, by what it asks first',
      {
        redis: UPPER,
        postgres: [
          ...SIMPLE,
          ['asks', 'select pg_catalog.version()'],
          ['asks', 'show standard_conforming_strings'],
        ],
      },
      'python redis-py psycopg2 sqlalchemy not awaited',
    ],
    [
      'SQLAlchemy by its SELECT',
      {
        redis: UPPER,
        postgres: SIMPLE,
        statements: ['SELECT items.id AS items_id, items.name AS items_name FROM items WHERE items.id = $1'],
      },
      'python redis-py psycopg2 sqlalchemy not awaited',
    ],
    [
      'Django by its SELECT',
      {
        redis: UPPER,
        postgres: [LIBPQ, ['begin', 'simple BEGIN'], ['values', 'simple'], ['asks', 'SET TIME ZONE $1']],
        statements: [
          'SELECT "items"."id", "items"."name", "items"."price" FROM "items" WHERE "items"."id" = $1 LIMIT 21',
          'UPDATE "items" SET "price" = $1 WHERE "items"."id" = $2',
        ],
      },
      'python redis-py psycopg2 django not awaited',
    ],
    ['ioredis and pg', { redis: named('ioredis', 'lower'), postgres: PG }, 'javascript ioredis pg  awaited'],
    [
      'an ioredis that does not name itself',
      {
        redis: [
          ['case', 'lower'],
          ['first', 'info'],
        ],
        postgres: PG,
      },
      'javascript ioredis pg  awaited',
    ],
    [
      'node-redis and postgres.js',
      {
        redis: named('node-redis'),
        postgres: [
          ['startup', 'user database client_encoding application_name'],
          ['client_encoding', 'UTF8'],
          ['application_name', 'postgres.js'],
        ],
      },
      'javascript node-redis postgres.js  awaited',
    ],
    [
      'postgres.js with an application name of the service',
      {
        redis: named('node-redis'),
        postgres: [
          ['startup', 'user database client_encoding application_name'],
          ['client_encoding', 'UTF8'],
          ['statement', 'un7i9kdbq3n1'],
          ['begin', 'simple begin '],
        ],
      },
      'javascript node-redis postgres.js  awaited',
    ],
    [
      'knex over pg',
      { redis: named('ioredis', 'lower'), postgres: [...PG, ['asks', 'select version()']] },
      'javascript ioredis pg knex awaited',
    ],
    [
      'knex by its SELECT',
      {
        redis: named('ioredis', 'lower'),
        postgres: PG,
        statements: ['select * from "items" where "id" = $1 limit $2'],
      },
      'javascript ioredis pg knex awaited',
    ],
    [
      'Sequelize',
      {
        redis: named('ioredis', 'lower'),
        postgres: [...ENCODED, ['values', 'both']],
        statements: ['SELECT "id", "name", "price" FROM "items" AS "Item" WHERE "Item"."id" = $1;'],
      },
      'javascript ioredis pg sequelize awaited',
    ],
    [
      'Drizzle',
      {
        redis: named('ioredis', 'lower'),
        postgres: PG,
        statements: ['select "id", "name", "price" from "items" where "items"."id" = $1'],
      },
      'javascript ioredis pg drizzle awaited',
    ],
  ];
  test.each(rows)('%s', (_, seen, expected) => {
    expect(stackOf(seen)).toBe(expected);
  });
});

describe('nothing is guessed where', () => {
  const rows: readonly (readonly [string, Seen, string])[] = [
    ['nothing was told', {}, 'unknown'],
    ['libpq may be Python, Ruby, PHP…', { redis: UPPER, postgres: SIMPLE }, 'unknown'],
    [
      'the writer speaks through JDBC',
      {
        redis: named('redis-py'),
        postgres: [
          ['startup', 'user database client_encoding DateStyle TimeZone extra_float_digits'],
          ['client_encoding', 'UTF8'],
          ['statement', 'S_1'],
        ],
      },
      'unknown',
    ],
    [
      'the writer is written in Go',
      { redis: named('go-redis(,go1.22.0)', 'lower'), postgres: [LIBPQ, ['statement', 'stmtcache_9ad1c']] },
      'unknown',
    ],
    [
      'Redis is asked from another language than the database',
      { redis: named('ioredis', 'lower'), postgres: PSYCOPG },
      'python ? psycopg  awaited or not',
    ],
    [
      'ActiveRecord writes UPDATE as Django does',
      {
        redis: UPPER,
        postgres: [LIBPQ, ['statement', 'a1'], ['values', 'extended']],
        statements: [
          'UPDATE "items" SET "price" = $1 WHERE "items"."id" = $2',
          'SELECT "items".* FROM "items" WHERE "items"."id" = $1 LIMIT $2',
        ],
      },
      'unknown',
    ],
  ];
  test.each(rows)('%s', (_, seen, expected) => {
    expect(stackOf(seen)).toBe(expected);
  });
});

test('a pooled connection that shows little is what the others of its kind are', () => {
  const drivers = new Drivers();
  drivers.add(told('postgres', 'pg:1', PSYCOPG));
  drivers.add(told('postgres', 'pg:2', [LIBPQ, ['values', 'extended']]));
  drivers.add(told('redis', 'redis:1', UPPER));
  expect(drivers.stack({ postgres: 'pg:2', redis: 'redis:1' }).postgres).toBe('psycopg');
});

test('connections of two services are kept apart', () => {
  const drivers = new Drivers();
  drivers.add(told('postgres', 'pg:1', ASYNCPG));
  drivers.add(told('postgres', 'pg:2', PG));
  drivers.add(told('redis', 'redis:1', named('redis-py')));
  drivers.add(told('redis', 'redis:2', named('ioredis', 'lower')));
  expect(drivers.stack({ postgres: 'pg:1', redis: 'redis:1' })).toMatchObject({
    redis: 'redis-py',
    postgres: 'asyncpg',
  });
  expect(drivers.stack({ postgres: 'pg:2', redis: 'redis:2' })).toMatchObject({
    redis: 'ioredis',
    postgres: 'pg',
  });
  // Who wrote past the proxies is not known.
  expect(drivers.stack({})).toMatchObject({ language: null });
});
