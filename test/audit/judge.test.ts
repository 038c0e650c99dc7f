/** What is made of facts, without engines: ACL replies of both versions, other machines, weak methods, wide rules. */
import { describe, expect, test } from 'vitest';
import { judgePostgres, type PostgresFacts } from '../../src/audit/postgres-judge.ts';
import {
  allowedCommands,
  isOpen,
  KEYSPACE_COMMANDS,
  patternsForAll,
  readAclUser,
  SCRIPT_COMMANDS,
  SERVER_COMMANDS,
} from '../../src/audit/redis-acl.ts';
import { unprotectedStore } from '../../src/audit/unprotected.ts';
import { storeFindings } from '../../src/core/safety/unprotected-store.ts';
import { parseStore } from '../../src/watch/stores.ts';

const seven = (commands: string, keys = '~app:*', selectors: unknown[] = []): unknown => [
  'flags',
  ['on'],
  'passwords',
  ['2d71'],
  'commands',
  commands,
  'keys',
  keys,
  'channels',
  '',
  'selectors',
  selectors,
];

const ALL = { ...SERVER_COMMANDS, ...KEYSPACE_COMMANDS, ...SCRIPT_COMMANDS };
const user = (reply: unknown) => {
  const read = readAclUser(reply);
  if (read === null) throw new Error('no user');
  return read;
};

describe('commands that rules allow', () => {
  test.each([
    ['+@all', Object.keys(ALL)],
    ['-@all', []],
    ['-@all +@read', ['KEYS']],
    ['-@all +@read +@write -@dangerous', []],
    ['+@all -@admin -@dangerous', ['EVAL']],
    ['+@all -@admin -@dangerous -@scripting', []],
    ['-@all +get +flushdb', ['FLUSHDB']],
    [
      '-@all +@dangerous',
      [
        'ACL',
        'CONFIG',
        'DEBUG',
        'MIGRATE',
        'MODULE',
        'MONITOR',
        'REPLICAOF',
        'SHUTDOWN',
        'FLUSHALL',
        'FLUSHDB',
        'KEYS',
      ],
    ],
    ['-@all +config|set', ['CONFIG']],
    ['-@all +acl|whoami', []],
    ['-@all +config|set -config|set', []],
    ['+@all -@dangerous +keys', ['KEYS', 'EVAL']],
  ])('%s', (rules, expected) => {
    expect(allowedCommands(user(seven(rules)), ALL)).toEqual(expected);
  });

  test('a selector allows what the root does not', () => {
    const reply = seven('-@all +get', '~app:*', [
      ['commands', '-@all +flushall', 'keys', '~*', 'channels', ''],
    ]);
    expect(allowedCommands(user(reply), ALL)).toEqual(['FLUSHALL']);
    expect(patternsForAll(user(reply))).toEqual(['~*']);
  });
});

describe('key patterns', () => {
  test.each([
    ['~*', ['~*']],
    ['~app:* %R~*', ['%R~*']],
    ['%RW~*', ['%RW~*']],
    ['~app:*', []],
    ['', []],
  ])('%s', (keys, wide) => {
    expect(patternsForAll(user(seven('+@all', keys)))).toEqual(wide);
  });

  test('of version 6', () => {
    const six = (keys: unknown, flags: string[]) => user(['flags', flags, 'commands', '+@all', 'keys', keys]);
    expect(patternsForAll(six(['*'], ['on', 'allkeys']))).toEqual(['~*']);
    expect(patternsForAll(six([], ['on', 'allkeys']))).toEqual(['~*']);
    expect(patternsForAll(six(['app:*'], ['on']))).toEqual([]);
    expect(isOpen(six([], ['on', 'nopass']))).toBe(true);
    expect(isOpen(six([], ['off', 'nopass']))).toBe(false);
  });
});

test.each([
  [null],
  ['OK'],
  [[]],
  [['flags', 'on']],
  [['flags', [], 'commands', 3]],
])('%j is no user', (reply) => {
  expect(readAclUser(reply)).toBeNull();
});

describe('judged by what was met', () => {
  const facts = (more: Partial<PostgresFacts>): PostgresFacts => ({
    store: parseStore('postgres', 'postgresql://app@db.example:5432/shop?sslmode=verify-full'),
    loopback: false,
    tls: true,
    method: 'scram-sha-256',
    role: { name: 'app', superuser: false, attributes: [], reach: [] },
    listens: 'localhost',
    rules: [],
    ...more,
  });
  const store = (url: string) => parseStore('postgres', url);

  test.each<[string, string, Partial<PostgresFacts>, string]>([
    ['no password over the network', 'postgres.login', { method: null }, 'bad'],
    ['no password on this machine', 'postgres.login', { method: null, loopback: true }, 'warn'],
    [
      'no password over a socket',
      'postgres.login',
      { method: null, store: store('postgresql:///shop?host=/run/postgresql') },
      'ok',
    ],
    [
      'a certificate',
      'postgres.login',
      { method: null, store: store('postgresql://db/shop?sslmode=require&sslcert=c.pem&sslkey=k.pem') },
      'unknown',
    ],
    ['SCRAM', 'postgres.password', {}, 'ok'],
    ['MD5', 'postgres.password', { method: 'md5' }, 'warn'],
    ['clear text in TLS', 'postgres.password', { method: 'cleartext' }, 'warn'],
    ['clear text', 'postgres.password', { method: 'cleartext', tls: false }, 'bad'],
    ['verified TLS', 'postgres.tls', {}, 'ok'],
    [
      'TLS of any certificate',
      'postgres.tls',
      { store: store('postgresql://db/shop?sslmode=require') },
      'warn',
    ],
    ['no TLS', 'postgres.tls', { tls: false }, 'bad'],
    ['every address', 'postgres.exposure', { listens: '*' }, 'warn'],
    ['one address', 'postgres.exposure', { listens: '10.0.0.5' }, 'ok'],
    [
      'trust from everywhere',
      'postgres.access-rules',
      { rules: [{ type: 'host', address: 'all', method: 'trust' }] },
      'bad',
    ],
    [
      'md5 from a network',
      'postgres.access-rules',
      { rules: [{ type: 'hostssl', address: '10.0.0.0', method: 'md5' }] },
      'warn',
    ],
    [
      'trust on this machine',
      'postgres.access-rules',
      { rules: [{ type: 'local', address: null, method: 'trust' }] },
      'ok',
    ],
    ['unknown role', 'postgres.role', { role: null }, 'unknown'],
  ])('%s: %s', (_, name, more, state) => {
    expect(judgePostgres(facts(more)).find(([one]) => one === name)?.[1].state).toBe(state);
  });
});

test('a store that others reach is judged by WS302', () => {
  const far = {
    kind: 'redis',
    address: 'redis://cache.example:6379',
    loopback: false,
    protectedMode: false,
  } as const;
  const judged = (more: { open: boolean | null; tls: boolean; dangerous: readonly string[] | null }) => {
    const protection = { ...far, ...more };
    return unprotectedStore(protection, storeFindings([protection]));
  };
  expect(judged({ open: true, tls: false, dangerous: null })).toMatchObject({
    state: 'bad',
    evidence: expect.stringContaining('takes commands of anyone'),
    mend: expect.stringContaining('requirepass'),
  });
  expect(judged({ open: false, tls: false, dangerous: [] }).state).toBe('warn');
  expect(judged({ open: false, tls: true, dangerous: [] }).state).toBe('ok');
});
