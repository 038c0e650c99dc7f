/** Keys that may be anything are tried with undo: against a service that is played, with a store that forgets nothing. */
import { describe, expect, test } from 'vitest';
import { ColdKeys, idOf, trafficOf, type Unit } from '../../src/measure/cold-keys.ts';
import type { KeyHand, Taken } from '../../src/measure/key-hand.ts';
import { LEARN_LIMITS, Learner } from '../../src/measure/learner.ts';
import { get, select, set } from './operations.ts';

class Store implements KeyHand {
  readonly values = new Map<string, string>();
  readonly aside = new Map<string, string>();
  refuse = false;

  constructor(values: Readonly<Record<string, string>>) {
    for (const [key, value] of Object.entries(values)) this.values.set(`0 ${key}`, value);
  }
  async remove(units: readonly Unit[]) {
    return units.filter((unit) => this.values.delete(idOf(unit))).length;
  }
  async take(unit: Unit): Promise<Taken | null> {
    if (this.refuse) throw new Error('NOPERM no rename');
    const value = this.values.get(idOf(unit));
    if (value === undefined) return null;
    this.values.delete(idOf(unit));
    this.aside.set(idOf(unit), value);
    return { unit, aside: Buffer.from('') };
  }
  async putBack({ unit }: Taken) {
    this.values.set(idOf(unit), this.aside.get(idOf(unit))!);
    this.aside.delete(idOf(unit));
  }
  async isBack({ unit }: Taken) {
    return this.values.get(idOf(unit)) === this.aside.get(idOf(unit));
  }
  async letGo({ unit }: Taken) {
    this.aside.delete(idOf(unit));
  }
  async close() {}
}

/** What a key is to the service. */
type Kind = 'cache' | 'session' | 'renewed' | 'counter';

function played(store: Store, kinds: Readonly<Record<string, Kind>>, limit = Number.POSITIVE_INFINITY) {
  const keys = new ColdKeys(() => null);
  let sent = 0;
  const learner = new Learner({
    keys,
    hand: store,
    requests: 1,
    stopped: () => sent >= limit,
    serve: async (request) => {
      sent++;
      let status = 200;
      const operations = Object.entries(kinds).flatMap(([key, kind]) => {
        const value = store.values.get(`0 ${key}`) ?? null;
        const read = get(key, value === null ? null : 'h:1');
        if (value !== null) return [read];
        if (kind === 'session') status = 401;
        if (kind === 'session' || kind === 'counter') return [read];
        store.values.set(`0 ${key}`, kind === 'cache' ? `row of ${key}` : `begun anew ${sent}`);
        return [read, select('items'), set(key)];
      });
      const traffic = trafficOf(operations);
      keys.observe(request, traffic);
      return { status, traffic };
    },
  });
  return { keys, learner };
}

describe('a key that was cached before', () => {
  test('is a cache when the request fills it again with the same', async () => {
    const store = new Store({ 'item:1': 'row of item:1' });
    const { keys, learner } = played(store, { 'item:1': 'cache' });
    await learner.learn();
    expect(keys.list()).toEqual([
      { key: 'item:1', db: 0, removed: true, why: 'it was tried: the request filled it again from items' },
    ]);
    expect(store.aside.size).toBe(0);
  });

  test.each<readonly [string, Kind, string]>([
    ['the answer is another without it', 'session', 'answered 401 instead of 200'],
    ['nothing brings it back', 'counter', 'the database did not bring it back'],
    ['it comes back with another value', 'renewed', 'it came back with another value'],
  ])('is put back when %s', async (_, kind, why) => {
    const store = new Store({ 'k:1': 'as it was' });
    const { keys, learner } = played(store, { 'k:1': kind });
    await learner.learn();
    expect(keys.list()).toMatchObject([{ key: 'k:1', removed: false, why: expect.stringContaining(why) }]);
    expect([...store.values]).toEqual([['0 k:1', 'as it was']]);
    expect(store.aside.size).toBe(0);
  });

  test('is left alone where the server does not let it be moved', async () => {
    const store = new Store({ 'k:1': 'as it was' });
    store.refuse = true;
    const { keys, learner } = played(store, { 'k:1': 'cache' });
    await learner.learn();
    expect(keys.list()[0]).toMatchObject({ removed: false, why: expect.stringContaining('NOPERM') });
  });
});

test('keys of one pattern are tried together once one of them is a cache', async () => {
  const all = Array.from({ length: 400 }, (_, i) => `item:${i}`);
  const store = new Store(Object.fromEntries(all.map((key) => [key, `row of ${key}`])));
  const { keys, learner } = played(store, Object.fromEntries(all.map((key) => [key, 'cache' as const])));
  await learner.learn();
  expect(keys.caches(0)).toHaveLength(400);
});

test('one that is no cache among many of its pattern is put back, and the others are caches', async () => {
  const store = new Store({ 'k:1': 'row of k:1', 'k:2': 'as it was', 'k:3': 'row of k:3' });
  const { keys, learner } = played(store, { 'k:1': 'cache', 'k:2': 'session', 'k:3': 'cache' });
  await learner.learn();
  expect(Object.fromEntries(keys.list().map(({ key, removed }) => [key, removed]))).toEqual({
    'k:1': true,
    'k:2': false,
    'k:3': true,
  });
  expect(store.values.get('0 k:2')).toBe('as it was');
});

test('tries are bounded; what is left is left alone', async () => {
  const names = Array.from(
    { length: LEARN_LIMITS.tries + 20 },
    (_, i) => `${String.fromCodePoint(0x4e00 + i)}:k`,
  );
  const store = new Store(Object.fromEntries(names.map((key) => [key, 'as it was'])));
  const { keys, learner } = played(store, Object.fromEntries(names.map((key) => [key, 'counter' as const])));
  await learner.learn();
  expect(keys.unknown(0)).toEqual([]);
  expect(store.values.size).toBe(names.length);
  expect(keys.list().at(-1)?.why).toContain('tries would be needed');
});

test('an interruption in the middle puts everything back', async () => {
  const store = new Store({ 'k:1': 'as it was', 'z:1': 'as it was' });
  const { learner } = played(store, { 'k:1': 'counter', 'z:1': 'counter' }, 2);
  await learner.learn();
  expect([...store.values.values()]).toEqual(['as it was', 'as it was']);
  expect(store.aside.size).toBe(0);
});
