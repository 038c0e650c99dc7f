/** Real drivers against a real server, seen through a relay: what they send beyond commands (greetings, library names,
 * tracking, scripts, pools) must not disturb what is seen. */
import { spawn } from 'node:child_process';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Engine, startRedis, startRelay } from './relay.ts';
import { brief, type Watched, watched } from './support.ts';

let engine: Engine;
let relay: Engine;
let seen: Watched;

beforeAll(async () => {
  engine = await startRedis();
});
afterAll(() => engine.stop());

beforeEach(async () => {
  const direct = new Redis(engine.port, '127.0.0.1');
  await direct.flushall();
  await direct.quit();
  seen = watched({ wall: Date.now });
  relay = await startRelay(engine.port, seen.factory);
});
afterEach(() => relay.stop());

/** What every driver below is asked to do, in its own way. */
const expected = [
  {
    command: 'SET',
    kind: 'write',
    key: 'item:1',
    value: 'd({"price":10})',
    size: 12,
    ttl: 60_000,
    applied: true,
  },
  { command: 'GET', kind: 'read', key: 'item:1', value: 'd({"price":10})', size: 12 },
  { command: 'GET', kind: 'read', key: 'item:2', value: null },
  { command: 'SET', kind: 'write', key: 'item:1', applied: false, condition: 'nx' },
  { command: 'HSET', kind: 'write', key: 'h', fields: { a: 'd(1)', b: 'd(2)' } },
  { command: 'HGETALL', kind: 'read', key: 'h', fields: { a: 'd(1)', b: 'd(2)' } },
  { command: 'MGET', kind: 'read', key: 'item:1', value: 'd({"price":10})' },
  { command: 'MGET', kind: 'read', key: 'item:2', value: null },
  { command: 'SET', kind: 'write', key: 'tx', value: 'd(1)', applied: true },
  { kind: 'write', key: 'tx', applied: true },
  { command: 'EXPIRE', kind: 'expire', key: 'tx', ttl: 5000, applied: true },
  { command: 'LPUSH', kind: 'write', key: 'tx', status: 'fail', error: 'WRONGTYPE', applied: false },
  { command: 'DEL', kind: 'delete', key: 'item:1', removed: 1 },
  { command: 'DEL', kind: 'delete', key: 'item:1', removed: 0 },
];

function check(): void {
  expect(seen.degradations).toEqual([]);
  const operations = brief(seen.operations).filter((operation) => operation.key !== 'ignored');
  expect(operations).toHaveLength(expected.length);
  expect(operations).toMatchObject(expected.map((operation) => ({ db: 2, status: 'ok', ...operation })));
  for (const operation of seen.operations) expect(operation.return).toBeGreaterThan(operation.invoke);
}

describe('ioredis', () => {
  it.each([{ enableAutoPipelining: false }, { enableAutoPipelining: true }])('%o', async (options) => {
    const client = new Redis(relay.port, '127.0.0.1', { db: 2, connectionName: 'test', ...options });
    await client.set('item:1', '{"price":10}', 'EX', 60);
    await client.get('item:1');
    await client.get('item:2');
    await client.set('item:1', 'other', 'NX');
    await client.hset('h', { a: '1', b: '2' });
    await client.hgetall('h');
    await client.mget('item:1', 'item:2');
    await client.multi().set('tx', '1').incr('tx').expire('tx', 5).exec();
    await expect(client.lpush('tx', 'x')).rejects.toThrow('WRONGTYPE');
    await client.del('item:1');
    await client.del('item:1');
    await client.quit();
    check();
  });

  it('with subscriptions on the same connection, scripts and binary keys', async () => {
    const client = new Redis(relay.port, '127.0.0.1');
    const subscriber = new Redis(relay.port, '127.0.0.1');
    const message = new Promise((resolve) => subscriber.once('message', (_, text) => resolve(text)));
    await subscriber.subscribe('a', 'b');
    await client.publish('b', 'hello');
    expect(await message).toBe('hello');
    await subscriber.unsubscribe();
    await subscriber.get('after');
    client.defineCommand('fill', { numberOfKeys: 1, lua: "return redis.call('SET', KEYS[1], ARGV[1])" });
    const scripted = client as Redis & { fill(key: string, value: string): Promise<string> };
    await expect(client.evalsha('0'.repeat(40), 1, 'k')).rejects.toThrow('NOSCRIPT');
    await scripted.fill('k', 'payload');
    await scripted.fill('k', 'payload');
    await client.getBuffer('k');
    await client.get(Buffer.from([0xff, 0x61]));
    subscriber.disconnect();
    await client.quit();
    expect(seen.degradations).toEqual([]);
    expect(brief(seen.operations)).toMatchObject([
      { command: 'GET', key: 'after', value: null },
      { command: 'EVALSHA', kind: 'script', status: 'fail', error: 'NOSCRIPT', keys: ['k'] },
      { command: 'EVAL', kind: 'script', status: 'ok', keys: ['k'], candidates: [{ value: 'd(payload)' }] },
      {
        command: 'EVALSHA',
        kind: 'script',
        status: 'ok',
        keys: ['k'],
        candidates: [{ value: 'd(payload)' }],
      },
      { command: 'GET', key: 'k', value: 'd(payload)' },
      { command: 'GET', key: '\\xffa', value: null },
    ]);
  });
});

describe.each([2, 3] as const)('node-redis over RESP%d', (RESP) => {
  it('does the same', async () => {
    const client = createClient({ url: `redis://127.0.0.1:${relay.port}/2`, RESP });
    client.on('error', () => {});
    await client.connect();
    await client.set('item:1', '{"price":10}', { expiration: { type: 'EX', value: 60 } });
    await client.get('item:1');
    await client.get('item:2');
    await client.set('item:1', 'other', { condition: 'NX' });
    await client.hSet('h', { a: '1', b: '2' });
    await client.hGetAll('h');
    await client.mGet(['item:1', 'item:2']);
    await client.multi().set('tx', '1').incr('tx').expire('tx', 5).exec();
    await expect(client.lPush('tx', 'x')).rejects.toThrow('WRONGTYPE');
    await client.del('item:1');
    await client.del('item:1');
    await client.close();
    check();
  });

  it('subscribes', async () => {
    const client = createClient({ url: `redis://127.0.0.1:${relay.port}`, RESP });
    client.on('error', () => {});
    await client.connect();
    const texts: string[] = [];
    const third = new Promise<void>((resolve) => {
      void client
        .pSubscribe('*', () => {})
        .then(() => client.subscribe(['x', 'y'], (text) => texts.push(text) === 3 && resolve()));
    });
    const publisher = new Redis(engine.port, '127.0.0.1');
    while (texts.length < 3) {
      await publisher.publish('x', 'm');
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await third;
    if (RESP === 3) await client.set('during', 'v');
    await client.unsubscribe();
    await client.pUnsubscribe();
    await client.set('after', 'v');
    await client.close();
    await publisher.quit();
    expect(seen.degradations).toEqual([]);
    const keys = RESP === 3 ? ['during', 'after'] : ['after'];
    expect(seen.operations).toMatchObject(
      keys.map((key) => ({ command: 'SET', key, status: 'ok', applied: true })),
    );
  });
});

it('node-redis with client-side caching: invalidations are no replies', async () => {
  const client = createClient({
    url: `redis://127.0.0.1:${relay.port}`,
    RESP: 3,
    clientSideCache: { ttl: 0, maxEntries: 0, evictPolicy: 'LRU' },
  });
  client.on('error', () => {});
  await client.connect();
  const other = new Redis(engine.port, '127.0.0.1');
  for (const value of ['v1', 'v2', 'v3']) {
    await other.set('k', value);
    while ((await client.get('k')) !== value) await new Promise((resolve) => setTimeout(resolve, 2));
  }
  await client.close();
  await other.quit();
  expect(seen.degradations).toEqual([]);
  expect(seen.operations).toMatchObject(
    ['v1', 'v2', 'v3'].map((value) => ({ command: 'GET', key: 'k', value: `d(${value})` })),
  );
});

const PYTHON = `
import sys, redis
r = redis.Redis(port=int(sys.argv[1]), db=2)
r.set('item:1', '{"price":10}', ex=60)
r.get('item:1')
r.get('item:2')
r.set('item:1', 'other', nx=True)
r.hset('h', mapping={'a': '1', 'b': '2'})
r.hgetall('h')
r.mget('item:1', 'item:2')
with r.pipeline(transaction=True) as p:
    p.watch('tx')
    p.multi()
    p.set('tx', '1')
    p.incr('tx')
    p.expire('tx', 5)
    p.execute()
try:
    r.lpush('tx', 'x')
    sys.exit('expected WRONGTYPE')
except redis.ResponseError:
    pass
r.delete('item:1')
r.delete('item:1')
r.close()
`;

function python(
  interpreter: string,
  script: string,
  args: readonly string[],
): Promise<{ code: number | null; stderr: string }> {
  return new Promise((resolve) => {
    const child = spawn(interpreter, ['-c', script, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
    let stderr = '';
    child.stderr.on('data', (text) => {
      stderr += text;
    });
    child.once('error', (cause) => resolve({ code: -1, stderr: String(cause) }));
    child.once('close', (code) => resolve({ code, stderr }));
  });
}

/** An interpreter that has redis-py. */
async function interpreter(): Promise<string> {
  const tried: string[] = [];
  for (const name of ['python3', '/usr/bin/python3', '/usr/local/bin/python3', 'python']) {
    const { code, stderr } = await python(name, 'import redis', []);
    if (code === 0) return name;
    tried.push(`${name}: ${stderr.trim().split('\n').at(-1)}`);
  }
  throw new Error(`this test needs a Python that imports redis; tried ${tried.join('; ')}`);
}

it('redis-py does the same', async () => {
  const { code, stderr } = await python(await interpreter(), PYTHON, [String(relay.port)]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  await expect.poll(() => seen.operations.length).toBe(expected.length);
  check();
});
