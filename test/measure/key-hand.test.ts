/** Keys are removed by name, and what is only tried comes back as it was; on a real Redis. */
import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import type { Unit } from '../../src/measure/cold-keys.ts';
import { type KeyHand, openKeyHand } from '../../src/measure/key-hand.ts';
import { parseStore } from '../../src/watch/stores.ts';
import { withRedis } from '../support/engines.ts';

const redis = withRedis();
let store: Redis;
let hand: KeyHand;

beforeEach(() => {
  store = new Redis(redis.url());
  hand = openKeyHand(parseStore('redis', redis.url()), (shown) =>
    shown === 'token:ab…' ? 'token:abcdef' : shown,
  );
  onTestFinished(async () => {
    store.disconnect();
    await hand.close();
  });
});

const unit = (key: string, fields: Unit['fields'] = null): Unit => ({ db: redis.db(), key, fields });
const ttlOf = (key: string) => store.pttl(key);

test('removes whole keys, fields of a hash, and nothing else; masked names and bytes that are no text are found', async () => {
  await store.mset('a', '1', 'b', '2', 'token:abcdef', '3', Buffer.from([0x6b, 0xff]), '4');
  await store.hset('stock', { 1: 'x', 2: 'y', 3: 'z' });
  const units = [unit('a'), unit('token:ab…'), unit('k\\xff'), unit('gone'), unit('stock', ['1', '3'])];
  expect(await hand.remove(units)).toBe(5);
  expect((await store.keys('*')).sort()).toEqual(['b', 'stock']);
  expect(await store.hgetall('stock')).toEqual({ 2: 'y' });
  expect(await hand.remove([])).toBe(0);
});

test.each<readonly [string, () => Promise<unknown>]>([
  ['a string', () => store.set('k', 'v\u0000\u00ff', 'PX', 80_000)],
  ['a hash', () => store.hset('k', { a: '1', b: '2' })],
  ['a list', () => store.rpush('k', 'a', 'b', 'a')],
  ['a sorted set', () => store.zadd('k', 1.5, 'a', 2, 'b')],
  ['a stream', () => store.xadd('k', '1-1', 'f', 'v')],
])('%s comes back byte for byte with its time to live, over whatever stands there', async (_, make) => {
  await make();
  const [before, ttl] = [await store.dumpBuffer('k'), await ttlOf('k')];
  const taken = await hand.take(unit('k'));
  expect(await store.exists('k')).toBe(0);
  expect(await hand.isBack(taken!)).toBe(false);
  await store.set('k', 'begun anew');
  expect(await hand.isBack(taken!)).toBe(false);
  await hand.putBack(taken!);
  expect(Buffer.compare((await store.dumpBuffer('k'))!, before!)).toBe(0);
  expect(await store.keys('*')).toEqual(['k']);
  const now = await ttlOf('k');
  expect(ttl === -1 ? now === -1 : now > 0 && now <= ttl).toBe(true);
});

test('what was filled again with the same is told, and the old one can go', async () => {
  await store.set('k', 'row');
  const taken = await hand.take(unit('k'));
  await store.set('k', 'row', 'EX', 60);
  expect(await hand.isBack(taken!)).toBe(true);
  await hand.letGo(taken!);
  expect(await store.keys('*')).toEqual(['k']);
  expect(await store.ttl('k')).toBeGreaterThan(0);
});

test('fields that are tried leave the others in place', async () => {
  await store.hset('stock', { 1: 'x', 2: 'y' });
  const taken = await hand.take(unit('stock', ['1']));
  expect(await store.hgetall('stock')).toEqual({ 2: 'y' });
  await hand.putBack(taken!);
  expect(await store.hgetall('stock')).toEqual({ 1: 'x', 2: 'y' });
});

test('a key whose time ran out meanwhile stays gone, whatever was written in its place', async () => {
  await store.set('k', 'v', 'PX', 30);
  const taken = await hand.take(unit('k'));
  await store.set('k', 'begun anew');
  await pause(60);
  await hand.putBack(taken!);
  expect(await store.keys('*')).toEqual([]);
});

test('a key that is not there is not taken; one that may not be moved is not touched', async () => {
  expect(await hand.take(unit('gone'))).toBeNull();
  await store.set('k', 'v');
  await store.call('ACL', 'SETUSER', 'poor', 'on', 'nopass', '~k', '+@all');
  const url = redis.url().replace('redis://', 'redis://poor:x@');
  const poor = openKeyHand(parseStore('redis', url), (shown) => shown);
  await expect(poor.take(unit('k'))).rejects.toThrow(/NOPERM/);
  expect(await store.get('k')).toBe('v');
  await poor.close();
});
