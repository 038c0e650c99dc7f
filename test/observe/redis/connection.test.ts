import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { join } from '../../../src/wire/redis/index.ts';
import { THOROUGH } from '../../support/thorough.ts';
import { cut } from '../../wire/redis/support.ts';
import {
  array,
  brief,
  bulk,
  error,
  int,
  nil,
  ok,
  play,
  queued,
  type Step,
  stepBytes,
  watched,
  words,
} from './support.ts';

const c = (line: string): Step => ({ c: words(line) });
const channel = (word: string, name: string | null, total: number) =>
  array(bulk(word), name === null ? nil : bulk(name), int(total));
const push = (...items: Parameters<typeof array>): Step => ({ s: { type: 'push', items }, resp: 3 });
const get = (key: string, value: string | null) => ({ command: 'GET', kind: 'read', key, value });
const hit = (key: string) => get(key, `d(${key})`);

describe('pairing', () => {
  it('follows a pipeline, each with its own stamps', () => {
    const seen = play([c('GET a'), c('SET b 1'), c('GET c'), { s: bulk('a') }, { s: ok }, { s: bulk('c') }]);
    expect(seen.operations.map((o) => [o.command, o.invoke, o.return])).toEqual([
      ['GET', 1, 4],
      ['SET', 2, 5],
      ['GET', 3, 6],
    ]);
  });

  it('stamps with the chunk of the last byte', () => {
    const steps: Step[] = [
      { c: '*2\r\n$3\r\nGE' },
      { c: 'T\r\n$1\r\na\r' },
      { c: '\n' },
      { s: '$1' },
      { s: '\r\na\r' },
      { s: '\n' },
    ];
    expect(play(steps).operations).toMatchObject([{ ...hit('a'), invoke: 3, return: 6 }]);
  });

  it('leaves open what the connection did not live to see', () => {
    const seen = play([c('GET a'), c('SET b 1'), { s: bulk('a') }]);
    expect(seen.operations).toMatchObject([
      hit('a'),
      { command: 'SET', status: 'info', return: null, applied: true },
    ]);
  });

  it('says nothing twice', () => {
    const seen = watched();
    const connection = seen.factory('redis:1');
    connection.client(stepBytes(c('GET a')), 1);
    connection.end(2);
    connection.end(3);
    connection.client(stepBytes(c('GET a')), 4);
    expect(seen.operations).toHaveLength(1);
  });

  it('knows that a refused connection gets an error for no command', () => {
    const seen = play([{ s: error('ERR max number of clients reached') }]);
    expect(seen).toMatchObject({ operations: [], degradations: [] });
  });

  it('gives up when a reply answers nothing', () => {
    const seen = play([{ s: ok }, c('GET a'), { s: bulk('a') }]);
    expect(seen).toMatchObject({ operations: [], degradations: ['redis-unpaired'] });
  });

  it.each([
    ['client', { c: '*1\r\n+PING\r\n' }],
    ['server', { s: 'HTTP/1.1 400 Bad Request\r\n' }],
  ] as const)('lets pass what is not the protocol from the %s', (_, step) => {
    const seen = play([c('GET a'), step, { s: bulk('a') }, c('GET b')]);
    expect(seen.degradations).toEqual(['redis-protocol']);
    expect(seen.operations).toMatchObject([{ kind: 'read', key: 'a', status: 'info', return: null }]);
  });

  it('reads inline commands', () => {
    const seen = play([{ c: 'set "a key" \'v\'\r\n' }, { s: ok }]);
    expect(seen.operations).toMatchObject([{ command: 'SET', key: 'a key', value: 'd(v)' }]);
  });

  it('waits for blocking commands', () => {
    const seen = play([c('BRPOP q 0'), c('GET a'), { s: array(bulk('q'), bulk('x')) }, { s: bulk('a') }]);
    expect(seen.operations).toMatchObject([{ command: 'BRPOP', key: 'q', applied: true }, hit('a')]);
  });
});

describe('databases', () => {
  it('follow SELECT as answered', () => {
    const seen = play([
      c('SELECT 2'),
      c('SET a 1'),
      { s: ok },
      { s: ok },
      c('SELECT 99'),
      c('SET b 1'),
      { s: error('ERR DB index is out of range') },
      { s: ok },
    ]);
    expect(seen.operations.map((o) => o.db)).toEqual([2, 2]);
  });

  it('follow SELECT within a transaction', () => {
    const seen = play([
      c('MULTI'),
      { s: ok },
      c('SET a 1'),
      { s: queued },
      c('SELECT 3'),
      { s: queued },
      c('SET b 1'),
      { s: queued },
      c('EXEC'),
      { s: array(ok, ok, ok) },
      c('GET a'),
      { s: nil },
    ]);
    expect(seen.operations.map((o) => o.db)).toEqual([0, 3, 3]);
  });

  it('start over with RESET', () => {
    const seen = play([
      c('SELECT 3'),
      { s: ok },
      c('RESET'),
      { s: { type: 'simple', text: 'RESET' } },
      c('GET a'),
      { s: nil },
    ]);
    expect(seen.operations).toMatchObject([{ db: 0 }]);
  });

  it('move with MOVE', () => {
    const seen = play([c('MOVE a 4'), { s: int(1) }]);
    expect(seen.operations).toMatchObject([
      { kind: 'delete', db: 0, removed: 1 },
      { kind: 'write', db: 4, applied: true },
    ]);
  });
});

describe('transactions', () => {
  const begun = [
    c('MULTI'),
    { s: ok },
    c('SET a 1'),
    { s: queued },
    c('GET b'),
    { s: queued },
    c('DEL d'),
    { s: queued },
  ] as const;

  it('resolve at EXEC', () => {
    const seen = play([...begun, c('EXEC'), { s: array(ok, bulk('b'), int(1)) }]);
    expect(seen.operations).toMatchObject([
      { command: 'SET', key: 'a', applied: true, invoke: 9, return: 10 },
      { ...hit('b'), invoke: 9, return: 10 },
      { kind: 'delete', key: 'd', removed: 1, invoke: 9, return: 10 },
    ]);
  });

  it('name what was removed by one command, and tell it from the next', () => {
    const seen = play([c('DEL a b'), c('DEL c d'), c('DEL e'), { s: int(2) }, { s: int(1) }, { s: int(1) }]);
    const groups = seen.operations.map((op) => ('group' in op ? op.group : undefined));
    expect(groups).toEqual([groups[0], groups[0], groups[2], groups[2], undefined]);
    expect(groups[0]).not.toBe(groups[2]);
    expect(groups[0]).toBeTypeOf('number');
  });

  it('resolve at EXEC when all was sent at once', () => {
    const seen = play([
      c('MULTI'),
      c('SET a 1'),
      c('HGETALL h'),
      c('EXEC'),
      c('GET b'),
      { s: ok },
      { s: queued },
      { s: queued },
      { s: array(ok, array(bulk('f'), bulk('v'))) },
      { s: bulk('b') },
    ]);
    expect(seen.operations).toMatchObject([
      { command: 'SET', invoke: 4, return: 9 },
      { command: 'HGETALL', fields: { f: 'd(v)' }, invoke: 4, return: 9 },
      { ...hit('b'), invoke: 5, return: 10 },
    ]);
  });

  it('wrote nothing when EXEC answers nil', () => {
    const seen = play([
      c('WATCH a'),
      { s: ok },
      ...begun,
      c('EXEC'),
      { s: nil },
      c('GET b'),
      { s: bulk('b') },
    ]);
    expect(seen.operations).toMatchObject([
      { command: 'SET', status: 'ok', applied: false },
      { kind: 'delete', status: 'ok', removed: 0 },
      hit('b'),
    ]);
  });

  it('failed when EXEC is refused', () => {
    const refused = error('EXECABORT Transaction discarded because of previous errors.');
    const seen = play([
      ...begun,
      c('NOSUCH'),
      { s: error('ERR unknown command') },
      c('EXEC'),
      { s: refused },
    ]);
    expect(seen.operations.map((o) => [o.command, o.status, o.error])).toEqual([
      ['SET', 'fail', 'EXECABORT'],
      ['GET', 'fail', 'EXECABORT'],
      ['DEL', 'fail', 'EXECABORT'],
    ]);
  });

  it('fail command by command', () => {
    const seen = play([...begun, c('EXEC'), { s: array(error('WRONGTYPE x'), bulk('b'), int(0)) }]);
    expect(seen.operations).toMatchObject([
      { status: 'fail', error: 'WRONGTYPE', applied: false },
      hit('b'),
      { removed: 0 },
    ]);
  });

  it('leave nothing when discarded', () => {
    const seen = play([...begun, c('DISCARD'), { s: ok }, c('GET b'), { s: bulk('b') }]);
    expect(seen.operations).toMatchObject([hit('b')]);
  });

  it('have an unknown outcome when EXEC is not answered', () => {
    const seen = play([...begun, c('EXEC')]);
    expect(seen.operations.map((o) => [o.command, o.status, o.invoke])).toEqual([
      ['SET', 'info', 9],
      ['GET', 'info', 9],
      ['DEL', 'info', 9],
    ]);
  });

  it('have an unknown outcome when EXEC is answered in part', () => {
    const seen = play([...begun, c('EXEC'), { s: '*3\r\n+OK\r\n$1\r\nb' }]);
    expect(seen.operations.map((o) => [o.command, o.status])).toEqual([
      ['SET', 'ok'],
      ['GET', 'info'],
      ['DEL', 'info'],
    ]);
  });

  it('never ran when EXEC was not sent', () => {
    expect(play([...begun]).operations).toEqual([]);
  });

  it('are not confused by MULTI within MULTI', () => {
    const nested = error('ERR MULTI calls can not be nested');
    const seen = play([
      c('MULTI'),
      { s: ok },
      c('MULTI'),
      { s: nested },
      c('SET a 1'),
      { s: queued },
      c('EXEC'),
      { s: array(ok) },
    ]);
    expect(seen.operations).toMatchObject([{ command: 'SET', applied: true }]);
  });
});

describe('what is no reply', () => {
  it('is a push, wherever it comes', () => {
    const invalidate = push(bulk('invalidate'), array(bulk('a')));
    const seen = play([
      c('HELLO 3'),
      { s: { type: 'map', entries: [[bulk('proto'), int(3)]] }, resp: 3 },
      c('GET a'),
      invalidate,
      { s: bulk('a'), resp: 3 },
      invalidate,
      c('GET b'),
      push(bulk('message'), bulk('ch'), bulk('x')),
      { s: bulk('b'), resp: 3 },
    ]);
    expect(seen.operations).toMatchObject([hit('a'), hit('b')]);
    expect(seen.degradations).toEqual([]);
  });

  it('is an attribute', () => {
    const seen = play([
      c('GET a'),
      { s: { type: 'attribute', entries: [[bulk('ttl'), int(3)]], of: bulk('a') }, resp: 3 },
    ]);
    expect(seen.operations).toMatchObject([hit('a')]);
  });

  it('is a confirmation in RESP3, which answers SUBSCRIBE all the same', () => {
    const seen = play([
      c('HELLO 3'),
      { s: { type: 'map', entries: [[bulk('proto'), int(3)]] }, resp: 3 },
      c('SUBSCRIBE x y'),
      c('GET a'),
      push(bulk('subscribe'), bulk('x'), int(1)),
      push(bulk('message'), bulk('x'), bulk('m')),
      push(bulk('subscribe'), bulk('y'), int(2)),
      { s: bulk('a'), resp: 3 },
      c('UNSUBSCRIBE'),
      c('GET b'),
      push(bulk('unsubscribe'), bulk('x'), int(1)),
      push(bulk('unsubscribe'), bulk('y'), int(0)),
      { s: bulk('b'), resp: 3 },
      c('SUBSCRIBE z'),
      c('GET c'),
      { s: error('NOPERM no channel'), resp: 3 },
      { s: bulk('c'), resp: 3 },
      c('LRANGE l 0 -1'),
      { s: array(bulk('message'), bulk('a'), bulk('b')), resp: 3 },
    ]);
    expect(seen.operations).toMatchObject([hit('a'), hit('b'), hit('c'), { command: 'LRANGE', size: 9 }]);
    expect(seen.degradations).toEqual([]);
  });

  it('is a message of RESP2, which is an array like any other', () => {
    const seen = play([
      c('SUBSCRIBE x y'),
      { s: channel('subscribe', 'x', 1) },
      { s: array(bulk('message'), bulk('x'), bulk('m')) },
      { s: channel('subscribe', 'y', 2) },
      c('PSUBSCRIBE p*'),
      { s: channel('psubscribe', 'p*', 3) },
      { s: array(bulk('pmessage'), bulk('p*'), bulk('p1'), bulk('m')) },
      c('PING'),
      { s: array(bulk('pong'), bulk('')) },
      c('UNSUBSCRIBE'),
      { s: channel('unsubscribe', 'x', 2) },
      { s: channel('unsubscribe', 'y', 1) },
      c('PUNSUBSCRIBE p*'),
      { s: channel('punsubscribe', 'p*', 0) },
      c('UNSUBSCRIBE'),
      { s: channel('unsubscribe', null, 0) },
      c('GET a'),
      { s: bulk('a') },
      c('LRANGE l 0 -1'),
      { s: array(bulk('message'), bulk('a'), bulk('b')) },
    ]);
    expect(seen.operations).toMatchObject([hit('a'), { command: 'LRANGE', size: 9 }]);
    expect(seen.degradations).toEqual([]);
  });

  it('is what CLIENT REPLY turned off', () => {
    const seen = play([
      c('CLIENT REPLY SKIP'),
      c('SET a 1'),
      c('GET a'),
      { s: bulk('a') },
      c('CLIENT REPLY OFF'),
      c('SELECT 2'),
      c('SET b 1'),
      c('GET b'),
      c('CLIENT REPLY ON'),
      { s: ok },
      c('GET c'),
      { s: bulk('c') },
    ]);
    expect(brief(seen.operations)).toMatchObject([
      { command: 'SET', key: 'a', status: 'info' },
      hit('a'),
      { command: 'SET', key: 'b', status: 'info', db: 2 },
      { command: 'GET', key: 'b', status: 'info', db: 2 },
      { ...hit('c'), db: 2 },
    ]);
  });

  it('keeps unanswered commands in their place in a pipeline', () => {
    const seen = play([
      c('GET a'),
      c('CLIENT REPLY SKIP'),
      c('SET b 1'),
      c('GET c'),
      { s: bulk('a') },
      { s: bulk('c') },
    ]);
    expect(seen.operations.map((o) => o.command)).toEqual(['GET', 'SET', 'GET']);
  });
});

describe('what cannot be followed is said once', () => {
  it('MONITOR', () => {
    const seen = play([c('MONITOR'), { s: ok }, { s: { type: 'simple', text: '1.2 [0 x] "GET" "a"' } }]);
    expect(seen).toMatchObject({ operations: [], degradations: ['redis-monitor'] });
  });

  it('MONITOR, unless it is refused', () => {
    const seen = play([c('MONITOR'), { s: error('NOPERM x') }, c('GET a'), { s: bulk('a') }]);
    expect(seen).toMatchObject({ operations: [hit('a')], degradations: [] });
  });

  it('replication', () => {
    const seen = play([c('PSYNC ? -1'), { s: '+FULLRESYNC x 0\r\n$5\r\nREDIS' }, { c: 'anything' }]);
    expect(seen).toMatchObject({ operations: [], degradations: ['redis-replication'] });
  });

  it.each([
    ['a redirection', [c('GET a'), { s: error('MOVED 3999 10.0.0.1:6381') }]],
    ['an answer about the cluster', [c('CLUSTER SLOTS'), { s: array() }]],
    ['a greeting', [c('HELLO 3'), { s: array(bulk('mode'), bulk('cluster')) }]],
  ] as [string, Step[]][])('a cluster, by %s', (_, steps) => {
    expect(play(steps).degradations).toEqual(['redis-cluster']);
  });

  it('but not a server that is none', () => {
    const steps = [c('CLUSTER INFO'), { s: error('ERR This instance has cluster support disabled') }];
    expect(play(steps).degradations).toEqual([]);
  });
});

it('credentials are nowhere', () => {
  const seen = play([
    c('AUTH user hunter2'),
    { s: error('WRONGPASS invalid username-password pair') },
    c('HELLO 3 AUTH user hunter2'),
    { s: { type: 'map', entries: [] }, resp: 3 },
    c('GET a'),
    { s: nil },
    c('CONFIG SET requirepass hunter2'),
    { s: ok },
    c('ACL SETUSER u >hunter2'),
  ]);
  expect(JSON.stringify(seen)).not.toContain('hunter2');
  expect(seen.operations).toHaveLength(1);
});

describe('any stream', () => {
  const conversations: Step[][] = [
    [
      c('SET k v EX 5'),
      { s: ok },
      c('GET k'),
      { s: bulk('v') },
      c('MGET a b'),
      { s: array(bulk('\r\n$1\r\n'), nil) },
    ],
    [
      c('MULTI'),
      c('HSET h a 1'),
      c('HGETALL h'),
      c('EXEC'),
      { s: ok },
      { s: queued },
      { s: queued },
      { s: array(int(1), array(bulk('a'), bulk('1'))) },
    ],
    [
      { c: 'GET "x y"\r\n' },
      { s: nil },
      c('SUBSCRIBE x'),
      { s: channel('subscribe', 'x', 1) },
      { s: array(bulk('message'), bulk('x'), bulk('m')) },
    ],
    [
      c('HELLO 3'),
      { s: { type: 'map', entries: [[bulk('mode'), bulk('standalone')]] }, resp: 3 },
      c('LRANGE l 0 -1'),
      push(bulk('invalidate'), nil),
      { s: { type: 'array', items: [bulk('a')], streamed: true }, resp: 3 },
    ],
    [
      c('EVAL s 1 k payload'),
      { s: error('ERR x') },
      c('DEL a b'),
      { s: int(1) },
      c('SELECT 1'),
      { s: ok },
      c('FLUSHDB'),
      { s: ok },
    ],
  ];
  const conversation = fc
    .array(fc.constantFrom(...conversations), { minLength: 1, maxLength: 4 })
    .map((parts) => parts.flat());
  const cuts = fc.array(fc.nat(), { maxLength: 10 });

  const run = (client: Uint8Array[], server: Uint8Array[]) => {
    const seen = watched();
    const connection = seen.factory('redis:1');
    for (const chunk of client) connection.client(Uint8Array.from(chunk), 1);
    for (const chunk of server) connection.server(Uint8Array.from(chunk), 2);
    connection.end(3);
    return { operations: seen.operations, degradations: seen.degradations };
  };
  const sides = (steps: Step[]) => ({
    client: join(steps.filter((step) => 'c' in step).map(stepBytes)),
    server: join(steps.filter((step) => 's' in step).map(stepBytes)),
  });

  it('gives the same operations wherever it is cut', () => {
    fc.assert(
      fc.property(conversation, cuts, cuts, (steps, clientCuts, serverCuts) => {
        const { client, server } = sides(steps);
        expect(run(cut(client, clientCuts), cut(server, serverCuts))).toEqual(run([client], [server]));
      }),
      { numRuns: 300 },
    );
  });

  it('breaks nothing when it is damaged', () => {
    const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(conversation, damage, damage, cuts, (steps, clientDamage, serverDamage, at) => {
        const { client, server } = sides(steps);
        for (const [where, byte] of clientDamage) client[where % client.length] = byte;
        for (const [where, byte] of serverDamage) server[where % server.length] = byte;
        expect(run(cut(client, at), cut(server, at))).toEqual(run([client], [server]));
      }),
      { numRuns: THOROUGH ? 1000 : 400 },
    );
  });
});

describe('memory', () => {
  it('stays bounded while 128 MB values pass in both directions', () => {
    const seen = watched();
    const connection = seen.factory('redis:1');
    const size = 128 << 20;
    const chunk = Buffer.alloc(64 << 10, 'x');
    const feed = (side: 'client' | 'server', head: string) => {
      connection[side](Buffer.from(head), 1);
      for (let sent = 0; sent < size; sent += chunk.length) connection[side](chunk, 1);
      connection[side](Buffer.from('\r\n'), 2);
    };
    const before = process.memoryUsage().arrayBuffers;
    feed('client', `*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$${size}\r\n`);
    connection.server(Buffer.from('+OK\r\n'), 3);
    connection.client(stepBytes(c('GET k')), 4);
    feed('server', `$${size}\r\n`);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(24 << 20);
    expect(seen.operations).toMatchObject([
      { command: 'SET', size },
      { command: 'GET', size, value: (seen.operations[0] as { value: string }).value },
    ]);
  });

  it('holds no more keys and bytes than allowed', () => {
    const seen = watched({ storeBytes: 1 << 20, storeKeys: 100 });
    const connection = seen.factory('redis:1');
    const before = process.memoryUsage().arrayBuffers;
    for (let i = 0; i < 2000; i++) {
      connection.client(stepBytes({ c: ['SET', `k${i}`, Buffer.alloc(50_000, i)] }), i);
      connection.server(stepBytes({ s: ok }), i);
    }
    seen.operations.length = 0;
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 << 20);
  });

  it('gives up on a connection whose replies never come', () => {
    const seen = watched();
    const connection = seen.factory('redis:1');
    const many = join(Array.from({ length: 1000 }, () => stepBytes(c('GET a'))));
    for (let i = 0; i < 600; i++) connection.client(many, i);
    expect(seen.degradations).toEqual(['redis-backlog']);
  });
});
