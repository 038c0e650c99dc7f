import { describe, expect, it } from 'vitest';
import type { Reply } from '../../../src/wire/redis/index.ts';
import { array, brief, bulk, error, int, nil, ok, play, words } from './support.ts';

const read = (key: string, value: string | null, size: number, more = {}) => ({
  kind: 'read',
  key,
  value,
  size,
  ...more,
});
const write = (key: string, value: string | undefined, size: number, ttl: unknown, more = {}) => ({
  kind: 'write',
  key,
  ...(value === undefined ? {} : { value: `d(${value})` }),
  size,
  ttl,
  applied: true,
  ...more,
});
const blind = (key: string, more = {}) => write(key, undefined, 0, 'keep', more);
const removal = (key: string, removed: 0 | 1 | null) => ({ kind: 'delete', key, removed, value: null });
const expire = (key: string, ttl: number | null, applied = true) => ({ kind: 'expire', key, ttl, applied });

type Row = readonly [command: string, reply: Reply, ...operations: object[]];
/** The wall clock stands at 1,000,000 ms since 1970. */
const TABLE: readonly Row[] = [
  ['GET k', bulk('v'), read('k', 'd(v)', 1)],
  ['GET k', nil, read('k', null, 0)],
  ['GET k', bulk(''), read('k', 'd()', 0)],
  ['get k', bulk('v'), read('k', 'd(v)', 1)],
  [
    'GET k',
    error('WRONGTYPE Operation against a key'),
    read('k', null, 0, { status: 'fail', error: 'WRONGTYPE' }),
  ],
  [
    'MGET a b c',
    array(bulk('1'), nil, bulk('3')),
    read('a', 'd(1)', 1),
    read('b', null, 0),
    read('c', 'd(3)', 1),
  ],
  ['GETEX k', bulk('v'), read('k', 'd(v)', 1)],
  ['GETEX k EX 10', bulk('v'), read('k', 'd(v)', 1), expire('k', 10_000)],
  ['GETEX k PERSIST', bulk('v'), read('k', 'd(v)', 1), expire('k', null)],
  ['GETEX k PX 10', nil, read('k', null, 0), expire('k', 10, false)],
  ['GETEX k EXAT 1', bulk('v'), read('k', 'd(v)', 1), removal('k', 1)],
  ['GETDEL k', bulk('v'), read('k', 'd(v)', 1), removal('k', 1)],
  ['GETDEL k', nil, read('k', null, 0), removal('k', 0)],
  ['GETSET k new', bulk('old'), read('k', 'd(old)', 3), write('k', 'new', 3, null)],
  ['SET k v', ok, write('k', 'v', 1, null)],
  ['SET k v EX 60', ok, write('k', 'v', 1, 60_000)],
  ['set k v px 60', ok, write('k', 'v', 1, 60)],
  ['SET k v EXAT 1060', ok, write('k', 'v', 1, 60_000)],
  ['SET k v PXAT 1000500', ok, write('k', 'v', 1, 500)],
  ['SET k v PXAT 999999', ok, removal('k', null)],
  ['SET k v KEEPTTL', ok, write('k', 'v', 1, 'keep')],
  ['SET k v NX', nil, write('k', 'v', 1, null, { applied: false, condition: 'nx' })],
  ['SET k v NX EX 5', ok, write('k', 'v', 1, 5000, { condition: 'nx' })],
  ['SET k v XX', ok, write('k', 'v', 1, null, { condition: 'xx' })],
  ['SET k v IFEQ NX', nil, write('k', 'v', 1, null, { applied: false })],
  ['SET k v GET', bulk('old'), read('k', 'd(old)', 3), write('k', 'v', 1, null)],
  ['SET k v GET', nil, read('k', null, 0), write('k', 'v', 1, null)],
  ['SET k v NX GET', nil, read('k', null, 0), write('k', 'v', 1, null, { condition: 'nx' })],
  [
    'SET k v NX GET',
    bulk('old'),
    read('k', 'd(old)', 3),
    write('k', 'v', 1, null, { condition: 'nx', applied: false }),
  ],
  ['SET k v XX GET', nil, read('k', null, 0), write('k', 'v', 1, null, { condition: 'xx', applied: false })],
  [
    'SET k v',
    error('READONLY You can not write'),
    write('k', 'v', 1, null, { applied: false, status: 'fail', error: 'READONLY' }),
  ],
  ['SETEX k 5 v', ok, write('k', 'v', 1, 5000)],
  ['PSETEX k 5 v', ok, write('k', 'v', 1, 5)],
  ['SETNX k v', int(0), write('k', 'v', 1, null, { condition: 'nx', applied: false })],
  ['SETNX k v', int(1), write('k', 'v', 1, null, { condition: 'nx' })],
  ['MSET a 1 b 2', ok, write('a', '1', 1, null), write('b', '2', 1, null)],
  ['MSETNX a 1', int(0), write('a', '1', 1, null, { condition: 'nx', applied: false })],
  ['MSETEX 2 a 1 b 2 EX 3', int(1), write('a', '1', 1, 3000), write('b', '2', 1, 3000)],
  ['INCR k', int(5), blind('k')],
  ['APPEND k x', int(5), blind('k')],
  ['RPUSH k x', int(1), blind('k')],
  ['SADD k x', int(1), blind('k')],
  ['ZADD k 1 x', int(1), blind('k')],
  ['XADD k * f v', bulk('1-1'), blind('k')],
  ['SREM k x', int(0), blind('k', { applied: false })],
  ['LPOP k', nil, blind('k', { applied: false })],
  ['LPOP k', bulk('x'), blind('k')],
  ['BLPOP a b 0', array(bulk('b'), bulk('x')), blind('a', { applied: false }), blind('b')],
  ['BLPOP a 1', nil, blind('a', { applied: false })],
  ['SINTERSTORE dst a b', int(1), write('dst', undefined, 0, null)],
  ['ZUNIONSTORE dst 2 a b', int(1), write('dst', undefined, 0, null)],
  ['SORT k BY w_* STORE dst', int(3), write('dst', undefined, 0, null)],
  ['SORT k', array(bulk('a'))],
  ['COPY a b', int(1), blind('b')],
  ['COPY a b DB 3', int(1), blind('b', { db: 3 })],
  ['RENAME a b', ok, removal('a', 1), blind('b')],
  [
    'RENAME a b',
    error('ERR no such key'),
    { ...removal('a', 0), status: 'fail', error: 'ERR no such key' },
    blind('b', { applied: false, status: 'fail', error: 'ERR no such key' }),
  ],
  ['RENAMENX a b', int(0), removal('a', 0), blind('b', { applied: false, condition: 'nx' })],
  ['RESTORE k 0 xx', ok, write('k', undefined, 0, null)],
  ['RESTORE k 500 xx', ok, write('k', undefined, 0, 500)],
  ['DEL k', int(1), removal('k', 1)],
  ['DEL k', int(0), removal('k', 0)],
  ['UNLINK a b', int(2), removal('a', 1), removal('b', 1)],
  ['DEL a b', int(0), removal('a', 0), removal('b', 0)],
  ['DEL a b', int(1), removal('a', null), removal('b', null)],
  [
    'DEL k',
    error('NOPERM this user has no permissions'),
    { ...removal('k', 0), status: 'fail', error: 'NOPERM' },
  ],
  ['EXPIRE k 60', int(1), expire('k', 60_000)],
  ['EXPIRE k 60 NX', int(0), expire('k', 60_000, false)],
  ['PEXPIRE k 0', int(1), removal('k', 1)],
  ['EXPIRE k -1', int(0), removal('k', 0)],
  ['EXPIREAT k 1001', int(1), expire('k', 1000)],
  ['PEXPIREAT k 5', int(1), removal('k', 1)],
  ['PERSIST k', int(1), expire('k', null)],
  ['FLUSHDB ASYNC', ok, { kind: 'flush', all: false }],
  ['FLUSHALL', ok, { kind: 'flush', all: true }],
  ['HGET h f', bulk('v'), { kind: 'read', key: 'h', size: 1, fields: { f: 'd(v)' } }],
  ['HGET h f', nil, read('h', null, 0, { fields: { f: null } })],
  ['HMGET h f g', array(bulk('v'), nil), { kind: 'read', key: 'h', size: 1, fields: { f: 'd(v)', g: null } }],
  ['HMGET h f g', array(nil, nil), read('h', null, 0, { fields: { f: null, g: null } })],
  [
    'HGETALL h',
    array(bulk('a'), bulk('1'), bulk('b'), bulk('2')),
    { kind: 'read', key: 'h', size: 2, fields: { a: 'd(1)', b: 'd(2)' } },
  ],
  ['HGETALL h', array(), read('h', null, 0)],
  ['HSET h a 1 b 2', int(2), write('h', undefined, 2, 'keep', { fields: { a: 'd(1)', b: 'd(2)' } })],
  ['HMSET h a 1', ok, write('h', undefined, 1, 'keep', { fields: { a: 'd(1)' } })],
  [
    'HSETNX h a 1',
    int(0),
    write('h', undefined, 1, 'keep', { fields: { a: 'd(1)' }, condition: 'nx', applied: false }),
  ],
  ['HSETEX h EX 9 FIELDS 1 a 1', int(1), write('h', undefined, 1, 'keep', { fields: { a: 'd(1)' } })],
  ['HINCRBY h a 1', int(2), blind('h')],
  ['HDEL h a', int(1), blind('h')],
  [
    'HGETDEL h FIELDS 1 a',
    array(bulk('1')),
    { kind: 'read', key: 'h', size: 1, fields: { a: 'd(1)' } },
    blind('h'),
  ],
  ['LRANGE l 0 -1', array(bulk('a'), bulk('bc')), { kind: 'read', key: 'l', size: 3 }],
  ['LRANGE l 0 -1', array(), read('l', null, 0)],
  ['SMEMBERS s', array(bulk('a')), { kind: 'read', key: 's', size: 1 }],
  ['ZRANGE z 0 -1 WITHSCORES', array(bulk('a'), bulk('1')), { kind: 'read', key: 'z', size: 2 }],
  ['JSON.GET j', bulk('{}'), read('j', 'd({})', 2)],
  ['JSON.MGET a b $', array(bulk('[1]'), nil), read('a', 'd([1])', 3), read('b', null, 0)],
  ['JSON.SET j $ 1', ok, write('j', undefined, 1, 'keep')],
  ['JSON.SET j $ 1 NX', nil, write('j', undefined, 1, 'keep', { applied: false, condition: 'nx' })],
  ['JSON.DEL j', int(1), removal('j', 1)],
  ['JSON.DEL j $.a', int(1), blind('j')],
  [
    'EVAL return 2 a b xyz longer',
    bulk('x'),
    {
      kind: 'script',
      keys: ['a', 'b'],
      candidates: [{ value: 'd(longer)', size: 6, payload: { format: 'text', leaves: [['', 's(longer)']] } }],
    },
  ],
  ['EVALSHA abc 0', nil, { kind: 'script', keys: [], candidates: [] }],
  ['EVAL x 99999999 a', error('ERR Number of keys')],
  [
    'ZUNIONSTORE dst 99999999999 a',
    error('ERR syntax error'),
    write('dst', undefined, 0, null, { applied: false, status: 'fail', error: 'ERR syntax error' }),
  ],
  ['STRLEN k', int(3)],
  ['EXISTS k', int(1)],
  ['TTL k', int(100)],
  ['TYPE k', { type: 'simple', text: 'string' }],
  ['PING', { type: 'simple', text: 'PONG' }],
  ['SCAN 0', array(bulk('0'), array(bulk('k')))],
  ['NOSUCH k', error("ERR unknown command 'NOSUCH', with args beginning with: 'k'")],
  ['SET', error('ERR wrong number of arguments')],
  ['GET', error('ERR wrong number of arguments')],
];

describe('one command and its reply', () => {
  it.each(TABLE.map((row) => [`${row[0]} → ${JSON.stringify(row[1])}`, row] as const))('%s', (_, row) => {
    const [command, reply, ...expected] = row;
    const seen = play([{ c: words(command) }, { s: reply }]);
    const name = words(command)[0]!.toUpperCase();
    const actual = brief(seen.operations);
    expect(actual).toHaveLength(expected.length);
    expect(actual).toMatchObject(
      expected.map((operation) => ({ command: name, db: 0, status: 'ok', ...operation })),
    );
    expect(seen.degradations).toEqual([]);
    for (const operation of seen.operations)
      expect(operation).toMatchObject({ invoke: 1, return: 2, session: 'redis:1' });
  });

  it.each(TABLE.map((row) => [row[0], row] as const))('%s without a reply has an unknown outcome', (_, [
    command,
    ,
    ...expected
  ]) => {
    const seen = play([{ c: words(command) }]);
    expect(seen.operations.map((operation) => [operation.kind, operation.status, operation.return])).toEqual(
      expected.map((operation) => [(operation as { kind: string }).kind, 'info', null]),
    );
  });

  it.each(TABLE.map((row) => [row[0], row] as const))('%s reads alike in RESP3', (_, [command, reply]) => {
    const two = play([{ c: words(command) }, { s: reply }]);
    const three = play([{ c: words(command) }, { s: reply, resp: 3 }]);
    expect(three.operations).toEqual(two.operations);
  });
});

describe('values', () => {
  it('do not depend on the order of a hash or set, but do on that of a list', () => {
    const value = (command: string, ...items: string[]) => {
      const seen = play([{ c: words(command) }, { s: array(...items.map(bulk)) }]);
      return (seen.operations[0] as { value: string }).value;
    };
    expect(value('HGETALL h', 'a', '1', 'b', '2')).toBe(value('HGETALL h', 'b', '2', 'a', '1'));
    expect(value('HGETALL h', 'a', '1', 'b', '2')).not.toBe(value('HGETALL h', 'a', '2', 'b', '1'));
    expect(value('HGETALL h', 'a', '1')).toBe(value('HMGET h a', '1'));
    expect(value('SMEMBERS s', 'a', 'b')).toBe(value('SMEMBERS s', 'b', 'a'));
    expect(value('LRANGE l 0 -1', 'a', 'b')).not.toBe(value('LRANGE l 0 -1', 'b', 'a'));
    expect(value('LRANGE l 0 -1', 'ab', 'c')).not.toBe(value('LRANGE l 0 -1', 'a', 'bc'));
  });

  it('of large collections do not depend on their order either', () => {
    const pairs = Array.from({ length: 6000 }, (_, i) => [bulk(`field${i}`), bulk(`value${i}`)]);
    const value = (ordered: Reply[][]) => {
      const seen = play([{ c: words('HGETALL h') }, { s: array(...ordered.flat()) }]);
      return seen.operations[0] as { value: string; payload: { truncated: boolean } };
    };
    const forward = value(pairs);
    expect(value([...pairs].reverse()).value).toBe(forward.value);
    expect(forward.payload.truncated).toBe(true);
    expect(value([...pairs.slice(1), [bulk('field0'), bulk('other')]]).value).not.toBe(forward.value);
  });

  it('of sorted sets read alike with scores as text and as doubles', () => {
    const two = play([{ c: words('ZRANGE z 0 -1 WITHSCORES') }, { s: array(bulk('a'), bulk('1.5')) }]);
    const nested = array(array(bulk('a'), { type: 'double', text: '1.5' }));
    const three = play([{ c: words('ZRANGE z 0 -1 WITHSCORES') }, { s: nested, resp: 3 }]);
    expect(three.operations).toEqual(two.operations);
  });

  it('carry a payload when written, and when first read without a known write', () => {
    const seen = play([
      { c: words('SET a x') },
      { s: ok },
      { c: words('GET a') },
      { s: bulk('x') },
      { c: words('GET b') },
      { s: bulk('y') },
      { c: words('GET b') },
      { s: bulk('y') },
    ]);
    expect(seen.operations.map((operation) => 'payload' in operation)).toEqual([true, false, true, false]);
  });

  it('are known across connections and apart between databases', () => {
    const seen = play([{ c: words('SET a x') }, { s: ok }]);
    const other = seen.factory('redis:2');
    const send = (connection: ReturnType<typeof seen.factory>, command: string, reply: string) => {
      connection.client(Buffer.from(`${command}\r\n`), 1);
      connection.server(Buffer.from(reply), 2);
    };
    send(other, 'GET a', '$1\r\nx\r\n');
    send(other, 'SELECT 3', '+OK\r\n');
    send(other, 'GET a', '$1\r\nx\r\n');
    expect(
      seen.operations.map((operation) => [operation.session, operation.db, 'payload' in operation]),
    ).toEqual([
      ['redis:1', 0, true],
      ['redis:2', 0, false],
      ['redis:2', 3, true],
    ]);
  });

  it('of hashes are known once written', () => {
    const seen = play([
      { c: words('HSET h a 1') },
      { s: int(1) },
      { c: words('HGETALL h') },
      { s: array(bulk('a'), bulk('1')) },
    ]);
    expect(seen.operations.map((operation) => 'payload' in operation)).toEqual([true, false]);
  });

  it('of scripts are known once read back', () => {
    const seen = play([
      { c: ['EVAL', 'script', '2', 'a', 'b', 'payload'] },
      { s: int(1) },
      { c: words('GET b') },
      { s: bulk('payload') },
    ]);
    expect(seen.operations[1]).toMatchObject({ kind: 'read', value: 'd(payload)' });
    expect(seen.operations[1]).not.toHaveProperty('payload');
  });

  it('larger than the cap are told by length and beginning', () => {
    const large = Buffer.alloc(3 << 20, 'a');
    const other = Buffer.from(large);
    other[10] = 98;
    const seen = play([
      { c: ['SET', 'k', large] },
      { s: ok },
      { c: words('GET k') },
      { s: bulk(large) },
      { c: words('GET k') },
      { s: bulk(other) },
    ]);
    const [first, second, third] = seen.operations as { value: string; size: number; payload?: unknown }[];
    expect(first).toMatchObject({ size: 3 << 20, payload: { format: 'large', leaves: [], truncated: true } });
    expect(second!.value).toBe(first!.value);
    expect(second!.payload).toBeUndefined();
    expect(third!.value).not.toBe(first!.value);
  });
});

describe('keys', () => {
  it('are bytes, shown so that no two read alike', () => {
    const keys = [
      Buffer.from('naïve'),
      Buffer.from([0x61, 0xff]),
      Buffer.from('a\\xff'),
      Buffer.from('a\\b'),
    ];
    const seen = play(keys.flatMap((key) => [{ c: ['GET', key] }, { s: nil }]));
    const shown = seen.operations.map((operation) => (operation as { key: string }).key);
    expect(shown).toEqual(['naïve', 'a\\xff', 'a\\x5cxff', 'a\\b']);
  });
});
