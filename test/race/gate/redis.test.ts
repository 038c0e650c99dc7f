import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { describe, expect, onTestFinished, test } from 'vitest';
import { withRedis } from '../../support/engines.ts';
import {
  command,
  failure,
  PlainRedisReader,
  rawClient,
  redisGate,
  sleep,
  until,
  type Watched,
} from './support.ts';

const redis = withRedis();
const target = () => ({ host: redis.host(), port: redis.port() });

async function ioredis(gate: Watched['gate'], options: Record<string, unknown> = {}): Promise<Redis> {
  const client = new Redis({
    ...gate.endpoint,
    db: redis.db(),
    retryStrategy: () => null,
    lazyConnect: true,
    ...options,
  });
  client.on('error', () => {});
  onTestFinished(() => client.disconnect());
  await client.connect();
  return client;
}

/** Past the gate. */
async function direct(): Promise<Redis> {
  const client = new Redis({ ...target(), db: redis.db() });
  onTestFinished(() => client.disconnect());
  return client;
}

describe('a command', () => {
  test('waits at a closed gate, and passes at an open one', async () => {
    const watched = await redisGate(target());
    const client = await ioredis(watched.gate);
    await client.set('a', '1');
    watched.gate.hold(true);
    const reply = client.get('a');
    const held = await watched.offered('get a');
    expect(held).toMatchObject({ actor: 'reader', store: 'redis', kind: 'message', session: 'redis:1' });
    expect(watched.gate.unanswered()).toEqual([]);
    const before = watched.gate.activity();
    watched.gate.release(held.id, 'forward');
    expect(await reply).toBe('1');
    expect(await watched.result(held.id)).toBe('$1 1');
    expect(watched.gate.activity()).toBeGreaterThan(before);
    expect(watched.moves()).toBeGreaterThan(0);
    expect(watched.gate.held()).toEqual([]);
  });

  test('has no effect before it is released, and all held ones go when the gate opens', async () => {
    const watched = await redisGate(target());
    const [client, other] = [await ioredis(watched.gate), await direct()];
    watched.gate.hold(true);
    const set = client.set('a', '1');
    const del = client.del('b');
    await watched.offered('set a');
    expect(await other.get('a')).toBeNull();
    watched.gate.hold(false);
    expect([await set, await del]).toEqual(['OK', 0]);
    expect(await other.get('a')).toBe('1');
  });

  test('may be written on one line', async () => {
    const watched = await redisGate(target());
    watched.gate.hold(true);
    const client = await rawClient(watched.gate.endpoint);
    client.send('PING\r\nset inline "a b"\r\n\r\nget inline\r\n');
    expect(await client.until('\r\n')).toBe('+PONG\r\n');
    expect(await watched.pass('set inline')).toBe('+OK');
    expect(await watched.pass('get inline')).toBe('$3 a b');
    expect(await client.until('a b\r\n')).toBe('+OK\r\n$3\r\na b\r\n');
  });

  test('is whole however its bytes come', async () => {
    const watched = await redisGate(target());
    watched.gate.hold(true);
    const client = await rawClient(watched.gate.endpoint);
    client.socket.setNoDelay(true);
    for (const byte of command('SET', 'split', 'x\r\ny')) {
      client.send(byte);
      await sleep(0);
    }
    expect(await watched.pass('SET split')).toBe('+OK');
    client.send(command('GET', 'split') + command('DEL', 'split'));
    expect(await watched.pass('GET split')).toBe('$4 x y');
    expect(await watched.pass('DEL split')).toBe(':1');
  });

  test('that blocks stays unanswered until it is served', async () => {
    const watched = await redisGate(target());
    watched.gate.hold(true);
    const client = await ioredis(watched.gate);
    const popped = client.blpop('list', 0);
    const id = await watched.release('blpop');
    await until(() => watched.gate.unanswered().length === 1);
    expect(watched.gate.unanswered()).toEqual([
      { id, session: 'redis:1', label: 'blpop list 0', silent: false, backendPid: null },
    ]);
    await (await direct()).rpush('list', 'x');
    expect(await popped).toEqual(['list', 'x']);
    await watched.quiet();
  });

  test('that blocks ends with its client', async () => {
    const watched = await redisGate(target());
    watched.gate.hold(true);
    const client = await ioredis(watched.gate);
    client.blpop('list', 0).catch(() => {});
    const id = await watched.release('blpop');
    client.disconnect();
    expect(await watched.result(id)).toBe('connection ended');
    await until(() => watched.gate.connections() === 0);
    const other = await direct();
    await other.rpush('list', 'x');
    expect(await other.llen('list')).toBe(1);
  });
});

describe('a pipeline', () => {
  test('is released command by command', async () => {
    const watched = await redisGate(target());
    const client = await ioredis(watched.gate);
    watched.gate.hold(true);
    const replies = client.pipeline().set('a', '1').get('a').del('a').exec();
    expect((await watched.offered('set a')).meaning.label).toBe('set a 1');
    expect(watched.labels()).toEqual(['set a 1']);
    expect(await watched.pass('set a')).toBe('+OK');
    await watched.offered('get a');
    expect(watched.labels()).toEqual(['get a']);
    expect(await watched.pass('get a')).toBe('$1 1');
    expect(await watched.pass('del a')).toBe(':1');
    expect(await replies).toEqual([
      [null, 'OK'],
      [null, '1'],
      [null, 1],
    ]);
  });

  test('made by the driver itself is one as well (ioredis, node-redis)', async () => {
    const watched = await redisGate(target());
    const client = await ioredis(watched.gate, { enableAutoPipelining: true });
    const node = createClient({
      url: `redis://${watched.gate.endpoint.host}:${watched.gate.endpoint.port}`,
      RESP: 3,
    });
    node.on('error', () => {});
    onTestFinished(() => node.destroy());
    await node.connect();
    watched.gate.hold(true);
    const first = Promise.all([client.set('a', '1'), client.get('a')]);
    const second = Promise.all([node.set('b', '2'), node.get('b'), node.hGetAll('none')]);
    await until(() => watched.labels().length === 2);
    expect(watched.labels().sort()).toEqual(['SET b 2', 'set a 1']);
    for (const label of ['SET b', 'set a', 'GET b', 'get a', 'HGETALL']) await watched.pass(label);
    expect(await first).toEqual(['OK', '1']);
    expect(await second).toEqual(['OK', '2', {}]);
  });

  test('may be in flight while the gate is closed and opened', async () => {
    const watched = await redisGate(target());
    const client = await ioredis(watched.gate);
    const all = Promise.all(Array.from({ length: 200 }, (_, i) => client.incrby('n', i)));
    watched.gate.hold(true);
    await watched.offered('incrby n');
    watched.gate.hold(false);
    expect((await all).at(-1)).toBe(19_900);
  });
});

describe('a transaction', () => {
  test('is held at EXEC only', async () => {
    const watched = await redisGate(target());
    const client = await ioredis(watched.gate);
    watched.gate.hold(true);
    const done = client.multi().set('a', '1').get('a').exec();
    await watched.offered('exec');
    expect(watched.labels()).toEqual(['exec']);
    expect(await watched.pass('exec')).toBe('*2 +OK $1 1');
    expect(await done).toEqual([
      [null, 'OK'],
      [null, '1'],
    ]);
  });

  test('whose EXEC is given an error is discarded on the server too', async () => {
    const watched = await redisGate(target());
    const client = await ioredis(watched.gate);
    watched.gate.hold(true);
    const done = failure(client.multi().set('a', '1').exec());
    await watched.pass('exec', 'error');
    expect(await done).toContain('the command failed');
    watched.gate.hold(false);
    expect(await client.get('a')).toBeNull();
  });
});

describe('a reply', () => {
  test('may be large', async () => {
    const watched = await redisGate(target());
    const client = await ioredis(watched.gate);
    const big = 'x'.repeat(20 << 20);
    await (await direct()).set('big', big);
    watched.gate.hold(true);
    const got = client.get('big');
    const result = await watched.pass('get big');
    expect(result).toMatch(/^\$20971520 x+$/);
    expect((await got)?.length).toBe(big.length);
  }, 30_000);

  test('to a large command comes through a slow gate', async () => {
    const watched = await redisGate(target());
    const client = await ioredis(watched.gate);
    watched.gate.hold(true);
    const sets = Promise.all(Array.from({ length: 6 }, (_, i) => client.set(`big${i}`, 'y'.repeat(4 << 20))));
    for (let i = 0; i < 6; i++) expect(await watched.pass(`set big${i}`)).toBe('+OK');
    expect(await sets).toEqual(Array(6).fill('OK'));
  }, 30_000);

  test('is not run ahead of: a client that says too much is read no further until there is room', async () => {
    const watched = await redisGate(target());
    watched.gate.hold(true);
    const client = await rawClient(watched.gate.endpoint);
    const count = 64;
    for (let i = 0; i < count; i++) client.send(command('SET', `ahead${i}`, 'z'.repeat(1 << 20)));
    await watched.offered('SET ahead0');
    await sleep(200);
    const waiting = client.socket.writableLength;
    expect(waiting).toBeGreaterThan((count / 2) << 20);
    watched.gate.hold(false);
    await client.until('+OK\r\n'.repeat(count));
    client.send(command('FLUSHDB'));
    await client.until('+OK\r\n');
  });

  test('that nobody asked for is no reply: CLIENT REPLY OFF and SKIP', async () => {
    const watched = await redisGate(target());
    watched.gate.hold(true);
    const client = await rawClient(watched.gate.endpoint);
    client.send(
      [
        command('CLIENT', 'REPLY', 'OFF'),
        command('SET', 'off', '1'),
        command('CLIENT', 'REPLY', 'ON'),
        command('CLIENT', 'REPLY', 'SKIP'),
        command('SET', 'skip', '1'),
        command('EXISTS', 'off', 'skip'),
      ].join(''),
    );
    expect(await watched.pass('SET off')).toBe('+OK');
    expect(await watched.pass('SET skip')).toBe('+OK');
    expect(await watched.pass('EXISTS')).toBe(':2');
    expect(await client.until(':2\r\n')).toBe('+OK\r\n:2\r\n');
    expect(watched.seen[0]).toMatchObject({ server: '+OK\r\n:2\r\n' });
    expect(watched.seen[0]?.client).toContain('REPLY');
  });
});

describe('what the server says by itself', () => {
  test('is held on a subscribed connection of RESP2', async () => {
    const watched = await redisGate(target());
    const client = await ioredis(watched.gate);
    const other = await direct();
    watched.gate.hold(true);
    const messages: string[] = [];
    client.on('message', (channel, message) => messages.push(`${channel} ${message}`));
    expect(await client.subscribe('one', 'two', 'three')).toBe(3);
    await other.publish('two', 'hello');
    await other.publish('one', 'again');
    const held = await watched.offered('push message two hello');
    expect(held.kind).toBe('push');
    expect(watched.labels()).toEqual(['push message two hello']);
    const unsubscribed = client.unsubscribe('three');
    await watched.quiet();
    expect(messages).toEqual([]);
    await watched.pass('push message two');
    await watched.pass('push message one');
    await until(() => messages.length === 2);
    expect(messages).toEqual(['two hello', 'one again']);
    expect(await unsubscribed).toBe(2);
  });

  test('holds up what comes behind it, and is no obstacle to quiet', async () => {
    const watched = await redisGate(target());
    const client = await rawClient(watched.gate.endpoint);
    client.send(command('HELLO', '3') + command('SUBSCRIBE', 'news'));
    await client.until(':1\r\n');
    watched.gate.hold(true);
    await (await direct()).publish('news', 'x');
    await watched.offered('push message news x');
    client.send(command('PING') + command('GET', 'absent'));
    await watched.offered('GET absent');
    await watched.quiet();
    expect(watched.labels().sort()).toEqual(['GET absent', 'push message news x']);
    expect(await watched.pass('GET absent')).toBe('_');
    await sleep(20);
    expect(client.received().endsWith('_\r\n')).toBe(false);
    await watched.release('push');
    expect(await client.until('_\r\n')).toMatch(/^>3\r\n[\s\S]*x\r\n\+PONG\r\n_\r\n$/);
  });

  test('is told from replies on a connection with client tracking', async () => {
    const watched = await redisGate(target());
    const client = await rawClient(watched.gate.endpoint);
    const other = await direct();
    await other.set('tracked', '1');
    client.send(
      [
        command('HELLO', '3'),
        command('SELECT', String(redis.db())),
        command('CLIENT', 'TRACKING', 'ON'),
        command('GET', 'tracked'),
      ].join(''),
    );
    await client.until('\r\n1\r\n');
    watched.gate.hold(true);
    await other.set('tracked', '2');
    await watched.offered('push invalidate tracked');
    await watched.pass('push invalidate', 'forward');
    expect(await client.until('tracked\r\n')).toMatch(/^>2\r\n/);
  });

  test('passes node-redis, which counts confirmations in RESP3', async () => {
    const watched = await redisGate(target());
    const { host, port } = watched.gate.endpoint;
    const node = createClient({ url: `redis://${host}:${port}`, RESP: 3 });
    node.on('error', () => {});
    onTestFinished(() => node.destroy());
    await node.connect();
    watched.gate.hold(true);
    const messages: string[] = [];
    await node.subscribe(['a', 'b'], (message) => void messages.push(message));
    await node.pSubscribe('p*', (message) => void messages.push(message));
    await (await direct()).publish('pa', 'hello');
    await watched.pass('push pmessage');
    await until(() => messages.length === 1);
    await node.unsubscribe();
    await node.pUnsubscribe();
    const get = node.get('x');
    await watched.pass('GET x');
    expect(await get).toBeNull();
    expect(watched.degraded).toEqual([]);
  });
});

describe('a fault', () => {
  test('reset: the connection breaks, the command has no effect', async () => {
    const watched = await redisGate(target());
    const client = await ioredis(watched.gate);
    watched.gate.hold(true);
    const set = failure(client.set('a', '1'));
    const behind = failure(client.set('b', '1'));
    expect(await watched.pass('set a', 'reset')).toBe('connection reset');
    expect(await set).not.toBe('did not fail');
    expect(await behind).not.toBe('did not fail');
    await watched.quiet();
    expect(watched.gate.held()).toEqual([]);
    expect(watched.gate.connections()).toBe(0);
    expect(await (await direct()).exists('a', 'b')).toBe(0);
    expect(watched.seen[0]).toMatchObject({ ended: true });
    expect(watched.seen[0]?.client).toContain('$1\r\na\r\n');
  });

  test('reply-lost: the connection breaks, the command took effect', async () => {
    const watched = await redisGate(target());
    const client = await ioredis(watched.gate);
    watched.gate.hold(true);
    const set = failure(client.set('a', '1'));
    expect(await watched.pass('set a', 'reply-lost')).toBe('+OK, reply lost');
    expect(await set).not.toBe('did not fail');
    expect(await (await direct()).get('a')).toBe('1');
    expect(watched.seen[0]?.server).not.toMatch(/\+OK\r\n$/);
  });

  test('error: the client gets an error, the command has no effect, the connection goes on', async () => {
    const watched = await redisGate(target(), { errorText: 'OOM no memory' });
    const client = await ioredis(watched.gate);
    watched.gate.hold(true);
    const set = failure(client.set('a', '1'));
    expect(await watched.pass('set a', 'error')).toBe('error OOM no memory');
    expect(await set).toContain('OOM no memory');
    const get = client.get('a');
    await watched.pass('get a');
    expect(await get).toBeNull();
    expect(watched.seen[0]?.server).toContain('-OOM no memory\r\n');
  });

  test('delay: the reply is held until it is delivered, and what is behind it too', async () => {
    const watched = await redisGate(target());
    const client = await ioredis(watched.gate);
    watched.gate.hold(true);
    const order: string[] = [];
    const set = client.set('a', '1').then(() => order.push('set'));
    const get = client.get('a').then(() => order.push('get'));
    const id = await watched.release('set a', 'delay');
    expect(await watched.result(id)).toBe('+OK');
    expect(watched.gate.unanswered()).toEqual([]);
    expect(await watched.pass('get a')).toBe('$1 1');
    await sleep(20);
    expect(order).toEqual([]);
    watched.gate.deliver(id);
    await Promise.all([set, get]);
    expect(order).toEqual(['set', 'get']);
  });

  test('delay: a client that gives up is let go', async () => {
    const watched = await redisGate(target());
    const client = await ioredis(watched.gate, { socketTimeout: 100 });
    watched.gate.hold(true);
    const set = failure(client.set('a', '1'));
    const id = await watched.release('set a', 'delay');
    expect(await set).not.toBe('did not fail');
    await watched.quiet();
    watched.gate.deliver(id);
    expect(watched.gate.connections()).toBe(0);
  });
});

describe('the end of a connection', () => {
  test('comes behind what was said before it', async () => {
    const watched = await redisGate(target());
    const client = await rawClient(watched.gate.endpoint);
    watched.gate.hold(true);
    client.send(command('SET', 'last', 'words') + command('SET', 'very last', 'words'));
    await watched.offered('SET last');
    client.socket.destroy();
    await until(() => watched.gate.connections() === 0);
    await watched.pass('SET last');
    await watched.pass('SET very last');
    await watched.quiet();
    const other = new Redis(target());
    onTestFinished(() => other.disconnect());
    expect(await other.mget('last', 'very last')).toEqual(['words', 'words']);
    await other.del('last', 'very last');
  });

  test('by a killed process loses what was held', async () => {
    const watched = await redisGate(target());
    const client = await ioredis(watched.gate);
    watched.gate.hold(true);
    const set = failure(client.set('a', '1'));
    await watched.offered('set a');
    watched.gate.reset();
    expect(await set).not.toBe('did not fail');
    await watched.quiet();
    expect(watched.gate.held()).toEqual([]);
    expect(await (await direct()).exists('a')).toBe(0);
  });

  test('by the server reaches the client', async () => {
    const watched = await redisGate(target());
    const client = await ioredis(watched.gate);
    const id = await client.client('ID');
    watched.gate.hold(true);
    const get = failure(client.get('a'));
    await watched.offered('get a');
    await (await direct()).client('KILL', 'ID', String(id));
    expect(await get).not.toBe('did not fail');
    await until(() => watched.gate.held().length === 0);
  });

  test('of the gate ends everything', async () => {
    const watched = await redisGate(target());
    const client = await ioredis(watched.gate);
    watched.gate.hold(true);
    const get = failure(client.get('a'));
    await watched.offered('get a');
    await watched.gate.close();
    expect(await get).not.toBe('did not fail');
  });
});

describe('what cannot be ordered passes, and that is said', () => {
  test('MONITOR', async () => {
    const watched = await redisGate(target());
    watched.gate.hold(true);
    const client = await rawClient(watched.gate.endpoint);
    client.send(command('MONITOR'));
    await client.until('+OK\r\n');
    await (await direct()).set('seen', '1');
    await until(() => client.received().includes('"seen"'));
    expect(watched.degraded).toEqual(['gate-redis-feed']);
  });

  test('another protocol', async () => {
    const watched = await redisGate(target());
    watched.gate.hold(true);
    const client = await rawClient(watched.gate.endpoint);
    client.send(command('SET', 'held', '1'));
    await watched.offered('SET held');
    client.send('*1\r\n+what\r\n');
    await until(() => client.closed());
    expect(client.received()).toMatch(/^\+OK\r\n-ERR Protocol error/);
    expect(watched.degraded).toEqual(['gate-redis-protocol']);
  });

  test('a reader that throws holds the message as one that touches everything', async () => {
    const broken = new PlainRedisReader();
    broken.command = () => {
      throw new Error('out of my depth');
    };
    const watched = await redisGate(target(), { reader: () => broken });
    watched.gate.hold(true);
    const client = await rawClient(watched.gate.endpoint);
    client.send(command('PING'));
    expect(await watched.pass('a message that was not understood')).toBe('+PONG');
    expect(watched.degraded).toEqual(['gate-reader-failed']);
  });
});
