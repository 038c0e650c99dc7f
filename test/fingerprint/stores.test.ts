import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import pg from 'pg';
import { describe, expect, test } from 'vitest';
import { askRedis } from '../../src/engines/redis-probe.ts';
import {
  compareFingerprints,
  type Fingerprint,
  kindsThatDiffer,
  takeFingerprint,
} from '../../src/fingerprint/index.ts';
import { parseStore } from '../../src/watch/stores.ts';
import { withPostgres, withRedis } from '../support/engines.ts';
import { entryOf, namesOf, requestOf, told, withFolders } from './support.ts';

const newFolder = withFolders();
const PASSWORD = `pw-${randomBytes(12).toString('hex')}`;
const redis = withRedis({ password: PASSWORD });
const otherRedis = withRedis();
const postgres = withPostgres();
const otherPostgres = withPostgres();

const redisCommand = (...words: string[]) => askRedis(redis.port(), [['AUTH', PASSWORD], words]);

function takenOf(urls: { readonly redis?: string; readonly postgres?: string }): Promise<Fingerprint> {
  return takeFingerprint(
    requestOf({
      cwd: newFolder(),
      redis: urls.redis === undefined ? null : parseStore('redis', urls.redis),
      postgres: urls.postgres === undefined ? null : parseStore('postgres', urls.postgres),
    }),
  );
}

describe('Redis', () => {
  test('two servers set up alike differ in nothing but that one asks for a password', async () => {
    const one = await takenOf({ redis: redis.url() });
    const other = await takenOf({ redis: otherRedis.url() });
    expect(told(one, other)).toEqual(['redis requirepass']);
    expect(entryOf(one, 'redis', 'requirepass')).toBe('set');
    expect(entryOf(other, 'redis', 'requirepass')).toBe('not set');
    expect(entryOf(one, 'redis', 'version')).toBe(`Redis ${redis.engine().version}`);
    expect(entryOf(one, 'redis', 'mode')).toBe('standalone');
    expect(namesOf(one, 'redis')).toEqual(
      expect.arrayContaining(['maxmemory', 'maxmemory-policy', 'save', 'appendonly']),
    );
    for (const name of ['port', 'dir', 'bind', 'pidfile', 'logfile'])
      expect(namesOf(one, 'redis')).not.toContain(name);
    expect(JSON.stringify(one)).not.toContain(PASSWORD);
  });

  test('a setting that was changed is the difference, in clear', async () => {
    const before = await takenOf({ redis: redis.url() });
    await redisCommand('CONFIG', 'SET', 'maxmemory', '64mb', 'maxmemory-policy', 'allkeys-lfu');
    try {
      expect(compareFingerprints(before, await takenOf({ redis: redis.url() }))).toEqual([
        { kind: 'redis', name: 'maxmemory', before: '0', after: '67108864' },
        { kind: 'redis', name: 'maxmemory-policy', before: 'noeviction', after: 'allkeys-lfu' },
      ]);
    } finally {
      await redisCommand('CONFIG', 'SET', 'maxmemory', '0', 'maxmemory-policy', 'noeviction');
    }
  });

  test('a user who may not read the settings: unknown, and no difference is made of it', async () => {
    const before = await takenOf({ redis: redis.url() });
    await redisCommand('ACL', 'SETUSER', 'reader', 'on', '>pw-of-reader', '~*', '+@all', '-config');
    const url = new URL(redis.url());
    url.username = 'reader';
    url.password = 'pw-of-reader';
    const taken = await takenOf({ redis: url.href });
    expect(taken.unknown).toContainEqual(expect.objectContaining({ kind: 'redis', what: 'the settings' }));
    expect(entryOf(taken, 'redis', 'maxmemory-policy')).toBe('noeviction');
    expect(told(before, taken)).toEqual([]);
    expect(JSON.stringify(taken)).not.toContain('pw-of-reader');
  });

  test('a user who may do nothing, a wrong password, a server that is not there', async () => {
    await redisCommand('ACL', 'SETUSER', 'nobody', 'on', '>pw-of-nobody', '-@all');
    for (const [user, password] of [
      ['nobody', 'pw-of-nobody'],
      ['default', 'wrong-password'],
    ] as const) {
      const url = new URL(redis.url());
      url.username = user;
      url.password = password;
      const taken = await takenOf({ redis: url.href });
      expect(taken.unknown.map(({ kind }) => kind)).toContain('redis');
      expect(JSON.stringify(taken)).not.toContain(password);
    }
    const gone = await takenOf({ redis: 'redis://:a-password@127.0.0.1:1/0' });
    expect(gone.unknown).toContainEqual(expect.objectContaining({ kind: 'redis', what: 'the connection' }));
    expect(JSON.stringify(gone)).not.toContain('a-password');
  });
});

const SCHEMA = `
  create table items (id serial primary key, name text not null default 'x', price int check (price >= 0));
  create table tags (item int references items, tag text);
  create schema audit;
  create table audit.log (at timestamptz, what text);
  create type mood as enum ('good', 'bad');
  create view cheap as select * from items where price < 10;
  create function twice(a int) returns int language sql as 'select a * 2';
  create function touch() returns trigger language plpgsql as 'begin return new; end';
  create trigger touched before update on items for each row execute function touch();
  insert into items (price) select n from generate_series(1, 25) n;`;

/** A second database with the same schema in the same server. */
async function withSecond(look: (url: string) => Promise<void>): Promise<void> {
  const name = `second_${randomBytes(4).toString('hex')}`;
  await postgres.sql(`create database ${name} template ${postgres.database()}`);
  const url = new URL(postgres.url());
  url.pathname = `/${name}`;
  try {
    await look(url.href);
  } finally {
    await postgres.sql(`drop database ${name} with (force)`);
  }
}

describe('PostgreSQL', () => {
  test('every object of the schema by name, rows counted, nothing unknown', async () => {
    await postgres.sql(SCHEMA);
    const taken = await takenOf({ postgres: postgres.url() });
    expect(taken.unknown.filter(({ kind }) => kind !== 'dependency')).toEqual([]);
    expect(namesOf(taken, 'schema')).toEqual([
      'audit.log',
      'cheap',
      'items',
      'items.touched (trigger)',
      'items_pkey',
      'mood (type)',
      'plpgsql (extension)',
      'tags',
      'touch()',
      'twice(a integer)',
    ]);
    expect(namesOf(taken, 'data')).toEqual(['audit.log (rows)', 'items (rows)', 'tags (rows)']);
    expect(entryOf(taken, 'data', 'items (rows)')).toBe('25');
    expect(entryOf(taken, 'postgres', 'version')).toContain(postgres.engine().version);
    expect(entryOf(taken, 'postgres', 'work_mem')).toBe('4096 × kB');
    expect(entryOf(taken, 'postgres', 'server_encoding')).toBeDefined();
    for (const name of ['port', 'data_directory', 'application_name', 'unix_socket_directories']) {
      expect(namesOf(taken, 'postgres')).not.toContain(name);
    }
    expect(JSON.stringify(taken)).not.toContain(postgres.password());
  });

  const changes: readonly (readonly [sql: string, told: readonly string[]])[] = [
    ['select 1', []],
    ['create index items_price on items (price)', ['schema items_price']],
    ['alter table items alter price set default 1', ['schema items']],
    ['alter table items add column more text', ['schema items']],
    ["alter table tags add constraint short check (tag <> '')", ['schema tags']],
    ['alter table items disable trigger touched', ['schema items.touched (trigger)']],
    [
      "create or replace function twice(a int) returns int language sql as 'select a + a'",
      ['schema twice(a integer)'],
    ],
    ["alter type mood add value 'so-so'", ['schema mood (type)']],
    ['create or replace view cheap as select * from items where price < 5', ['schema cheap']],
    ['alter table items set (fillfactor = 70)', ['schema items']],
    ['create table more (id int)', ['schema more']],
    ['insert into tags values (1, $$a$$)', ['data tags (rows)']],
    ['drop table audit.log', ['schema audit.log']],
  ];
  test('each change is told as what it is, between two databases', async () => {
    await postgres.sql(SCHEMA);
    const before = await takenOf({ postgres: postgres.url() });
    for (const [sql, expected] of changes) {
      await withSecond(async (url) => {
        const client = new pg.Client({ connectionString: url });
        await client.connect();
        await client.query(sql);
        await client.end();
        expect([sql, told(before, await takenOf({ postgres: url }))]).toEqual([sql, expected]);
      });
    }
  });

  test('settings of the server, of a database and of a user count, as the service meets them', async () => {
    const before = await takenOf({ postgres: postgres.url() });
    await postgres.sql(`alter database ${postgres.database()} set work_mem = '8MB'`);
    await postgres.sql(`alter database ${postgres.database()} set app.secret_text = 'do-not-show-me'`);
    const after = await takenOf({ postgres: postgres.url() });
    expect(kindsThatDiffer(compareFingerprints(before, after))).toEqual(['postgres']);
    expect(told(before, after)).toEqual(['postgres app.secret_text', 'postgres work_mem']);
    expect(JSON.stringify(after)).not.toContain('do-not-show-me');
  });

  test('two servers set up alike do not differ, each in its own place', async () => {
    for (const server of [postgres, otherPostgres]) await server.sql(SCHEMA);
    const [one, other] = [
      await takenOf({ postgres: postgres.url() }),
      await takenOf({ postgres: otherPostgres.url() }),
    ];
    expect(told(one, other)).toEqual([]);
  });

  test('many rows are estimated, never analysed or not', async () => {
    await postgres.sql('create table many (n int); insert into many select generate_series(1, 250000)');
    expect(entryOf(await takenOf({ postgres: postgres.url() }), 'data', 'many (rows)')).toMatch(/^~\d+$/);
    await postgres.sql('analyze many');
    expect(entryOf(await takenOf({ postgres: postgres.url() }), 'data', 'many (rows)')).toBe('~250000');
  });

  test('tables that this user may not read are unknown, the rest is not', async () => {
    await postgres.sql(`${SCHEMA} drop role if exists reader; create role reader login password 'pw-of-reader';
      grant select on items to reader; grant usage on schema audit to reader`);
    try {
      const url = new URL(postgres.url());
      url.username = 'reader';
      url.password = 'pw-of-reader';
      const taken = await takenOf({ postgres: url.href });
      expect(taken.unknown.filter(({ kind }) => kind === 'data').map(({ what }) => what)).toEqual([
        'audit.log (rows)',
        'tags (rows)',
      ]);
      expect(entryOf(taken, 'data', 'items (rows)')).toBe('25');
      const all = await takenOf({ postgres: postgres.url() });
      expect(told(all, taken).filter((line) => !line.startsWith('postgres'))).toEqual([]);
      expect(JSON.stringify(taken)).not.toContain('pw-of-reader');
    } finally {
      await postgres.sql('drop owned by reader; drop role reader');
    }
  });

  test('a table that somebody has locked is unknown soon', async () => {
    await postgres.sql(SCHEMA);
    const holder = new pg.Client({ connectionString: postgres.url() });
    await holder.connect();
    try {
      await holder.query('begin; lock table items in access exclusive mode');
      const taken = await takenOf({ postgres: postgres.url() });
      expect(taken.unknown).toContainEqual(expect.objectContaining({ kind: 'data', what: 'items (rows)' }));
      expect(entryOf(taken, 'data', 'tags (rows)')).toBe('0');
    } finally {
      await holder.end();
    }
  });

  test('a server that is not there, a wrong password, one that never answers', async () => {
    const wrong = new URL(postgres.url());
    wrong.password = 'wrong-password';
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const address = silent.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    try {
      for (const url of [
        wrong.href,
        'postgresql://app:wrong-password@127.0.0.1:1/x',
        `postgresql://app:wrong-password@127.0.0.1:${port}/x?sslmode=disable`,
      ]) {
        const taken = await takenOf({ postgres: url });
        const kinds = taken.unknown.filter(({ what }) => what === 'the connection').map(({ kind }) => kind);
        expect(kinds).toEqual(['postgres', 'schema', 'data']);
        expect(JSON.stringify(taken)).not.toContain('wrong-password');
      }
    } finally {
      silent.close();
    }
  });
});

test('no planted secret is in a fingerprint of it all', async () => {
  const secrets = Array.from({ length: 6 }, () => `S${randomBytes(10).toString('base64url')}9`);
  const [token, argument, key, query, comment, custom] = secrets as [
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  await postgres.sql(`create table guarded (a text default '${comment}');
    alter database ${postgres.database()} set app.jwt = '${custom}'`);
  const taken = await takeFingerprint(
    requestOf({
      cwd: newFolder(),
      redis: parseStore('redis', redis.url()),
      postgres: parseStore('postgres', postgres.url()),
      env: {
        PATH: process.env.PATH,
        REDIS_URL: redis.url(),
        DATABASE_URL: `${postgres.url()}?options=${query}`,
        TOKEN: token,
        NODE_OPTIONS: `--title=${key}`,
        PLAIN: 'true',
      },
      inherited: ['REDIS_URL'],
      command: ['node', 'server.js', '--token', argument, `--x=${argument}`],
    }),
  );
  const text = JSON.stringify(taken);
  for (const secret of [...secrets, PASSWORD, postgres.password()]) {
    expect(text).not.toContain(secret);
    expect(text).not.toContain(encodeURIComponent(secret));
  }
  expect(entryOf(taken, 'environment', 'PLAIN')).toBe('true');
  expect(entryOf(taken, 'runtime', 'node')).toBe(process.version.slice(1));
});
