/** What both example shops must do: stale exactly when a bug is switched on, shown by HTTP answers held against SQL. */
import { Redis } from 'ioredis';
import { afterEach, describe, expect, test } from 'vitest';
import { runTraffic } from '../../examples/traffic.mjs';
import { type TestPostgres, type TestRedis, withPostgres, withRedis } from '../support/engines.ts';
import { THOROUGH } from '../support/thorough.ts';
import { type Shop, type ShopKind, startShop } from './shop-process.ts';
import { expectTruth } from './shop-truth.ts';
import { lockTable } from './table-lock.ts';

const LIMIT_MS = 60_000;
const FIXED = '';

interface Bench {
  readonly shop: Shop;
  readonly postgres: TestPostgres;
  readonly redis: TestRedis;
}

/** What an answer shows and what the database holds. */
interface Comparison {
  readonly shown: unknown;
  readonly stored: unknown;
}

async function stored(bench: Bench, sql: string): Promise<unknown> {
  const rows = await bench.postgres.sql(sql);
  const value = Object.values(rows[0] ?? {})[0];
  return typeof value === 'string' && /^\d+\.\d+$/.test(value) ? Number(value) : value;
}

async function compareItem(bench: Bench): Promise<Comparison> {
  return {
    shown: (await bench.shop.ask('GET', '/items/1')).price,
    stored: await stored(bench, 'SELECT price FROM items WHERE id = 1'),
  };
}

/** Each story ends with one answer and the truth; they must differ with the bug and agree without it. */
const STALE_STORIES: Readonly<Record<string, (bench: Bench) => Promise<Comparison>>> = {
  async 'missing-invalidation'(bench) {
    await bench.shop.ask('GET', '/stock/1');
    await bench.shop.ask('POST', '/orders', { itemId: 1, quantity: 3 });
    return {
      shown: (await bench.shop.ask('GET', '/stock/1')).quantity,
      stored: await stored(bench, 'SELECT quantity FROM stock WHERE item_id = 1'),
    };
  },

  async 'wrong-key'(bench) {
    await bench.shop.ask('GET', '/items/1');
    await bench.shop.ask('PUT', '/items/1', { price: 71.5 });
    return compareItem(bench);
  },

  async 'partial-invalidation'(bench) {
    await bench.shop.ask('GET', '/users/member-c');
    await bench.shop.ask('PUT', '/users/3', { name: 'Somebody Else', city: 'Leeds' });
    return {
      shown: (await bench.shop.ask('GET', '/users/member-c')).name,
      stored: await stored(bench, 'SELECT name FROM users WHERE id = 3'),
    };
  },

  async 'ttl-only'(bench) {
    await bench.shop.ask('GET', '/users/3');
    await bench.shop.ask('PUT', '/users/3', { name: 'Quite Another', city: 'Leeds' });
    return {
      shown: (await bench.shop.ask('GET', '/users/3')).name,
      stored: await stored(bench, 'SELECT name FROM users WHERE id = 3'),
    };
  },

  /** The writer is held between its UPDATE and its COMMIT while a reader fills. */
  async 'invalidate-before-commit'(bench) {
    await bench.shop.ask('GET', '/items/1');
    const lock = await lockTable(bench.postgres.url(), 'price_history');
    const write = bench.shop.ask('PUT', '/items/1', { price: 72.5 });
    await lock.waiting(1);
    await bench.shop.ask('GET', '/items/1');
    await lock.release();
    await write;
    return compareItem(bench);
  },

  /** The reader is held between its SELECT of the item and its fill while a writer does all of its work. */
  async 'stale-fill-race'(bench) {
    const lock = await lockTable(bench.postgres.url(), 'reviews');
    const read = bench.shop.ask('GET', '/items/1');
    await lock.waiting(1);
    await bench.shop.ask('PUT', '/items/1', { price: 73.5 });
    await lock.release();
    await read;
    return compareItem(bench);
  },
};

/** Stories that end with a number: what it is with the bug, and what without. */
const COST_STORIES: Readonly<
  Record<
    string,
    {
      readonly buggy: number;
      readonly fixed: number;
      readonly measure: (bench: Bench, expected: number) => Promise<number>;
    }
  >
> = {
  /** Whether a profile has a TTL after it was written. */
  'ttl-lost': {
    buggy: 0,
    fixed: 1,
    async measure({ shop, redis }) {
      await shop.ask('GET', '/users/3');
      await shop.ask('PUT', '/users/3', { name: 'Third Person', city: 'Leeds' });
      expect((await shop.ask('GET', '/users/3')).name).toBe('Third Person');
      return (await asked(redis, (store) => store.ttl('user:3'))) > 0 ? 1 : 0;
    },
  },

  /** Items left in the cache of 12, after one of them changed. */
  'over-invalidation': {
    buggy: 0,
    fixed: 11,
    async measure({ shop, redis }) {
      for (let id = 1; id <= 12; id += 1) await shop.ask('GET', `/items/${id}`);
      await shop.ask('PUT', '/items/5', { price: 77.5 });
      return asked(redis, async (store) => (await store.keys('item:*')).length);
    },
  },

  stampede: {
    buggy: 16,
    fixed: 1,
    measure: ({ shop, postgres }, expected) => executionsOfStats([shop], postgres, expected),
  },
};

/** How often the query behind GET /stats runs at the same time for 16 readers of a cold key, once it runs `expected`
 * times and no further execution comes. */
async function executionsOfStats(
  shops: readonly Shop[],
  postgres: TestPostgres,
  expected: number,
): Promise<number> {
  const lock = await lockTable(postgres.url(), 'orders');
  const readers = Array.from({ length: 16 }, (_, index) => shops[index % shops.length]!.ask('GET', '/stats'));
  const executions = await lock.waiting(expected);
  await lock.release();
  const answers = await Promise.all(readers);
  expect(new Set(answers.map((answer) => answer.orders)).size).toBe(1);
  return executions;
}

/** The contract of one shop. */
export function describeShop(kind: ShopKind): void {
  const redis = withRedis();
  const postgres = withPostgres();
  let shop: Shop | null = null;

  /** What takes its time, and is left to a thorough run for the second language. */
  const repeats = !THOROUGH && kind !== 'node-shop';

  async function open(bug: string): Promise<Bench> {
    shop = await startShop(kind, { redis: redis.url(), postgres: postgres.url() }, bug);
    return { shop, postgres, redis };
  }

  afterEach(async () => {
    await shop?.stop();
    shop = null;
  });

  test.each(Object.entries(STALE_STORIES))(
    '%s makes an answer stale',
    { timeout: LIMIT_MS },
    async (bug, story) => {
      const { shown, stored } = await story(await open(bug));
      expect(shown).not.toEqual(stored);
    },
  );

  test.each(Object.entries(COST_STORIES))(
    '%s costs what it says',
    { timeout: LIMIT_MS },
    async (bug, story) => {
      expect(await story.measure(await open(bug), story.buggy)).toBe(story.buggy);
    },
  );

  describe('with every bug fixed', () => {
    test('no story ends with a stale answer or a cost', { timeout: LIMIT_MS }, async () => {
      const bench = await open(FIXED);
      for (const [bug, story] of Object.entries(STALE_STORIES)) {
        await asked(redis, (store) => store.flushdb());
        const { shown, stored } = await story(bench);
        expect(shown, bug).toEqual(stored);
      }
      for (const [bug, { fixed, measure }] of Object.entries(COST_STORIES)) {
        await asked(redis, (store) => store.flushdb());
        expect(await measure(bench, fixed), bug).toBe(fixed);
      }
    });

    test('a reader after a write does not share a computation from before it', {
      timeout: LIMIT_MS,
    }, async () => {
      const bench = await open(FIXED);
      const lock = await lockTable(postgres.url(), 'reviews');
      const before = bench.shop.ask('GET', '/items/1');
      await lock.waiting(1);
      await bench.shop.ask('PUT', '/items/1', { price: 77.5 });
      const after = bench.shop.ask('GET', '/items/1');
      await lock.waiting(1);
      await lock.release();
      expect((await before).price).toBe(1037.41);
      expect((await after).price).toBe(77.5);
    });

    if (!repeats)
      test('heavy traffic meets no stale answer, and every answer ends at the truth', {
        timeout: LIMIT_MS,
      }, async () => {
        const bench = await open(FIXED);
        const result = await runTraffic({ url: bench.shop.url, seconds: 3, clients: 24, seed: 7 });
        expect(result.notes).toEqual([]);
        expect(result).toMatchObject({ errors: 0, staleAnswers: 0 });
        await expectTruth(bench.shop, postgres);
      });

    if (THOROUGH)
      test('two processes under traffic meet no stale answer either', { timeout: LIMIT_MS }, async () => {
        const bench = await open(FIXED);
        const second = await startShop(kind, { redis: redis.url(), postgres: postgres.url() }, FIXED);
        try {
          expect(await executionsOfStats([bench.shop, second], postgres, 1)).toBe(1);
          const result = await runTraffic({ url: [bench.shop.url, second.url], seconds: 3, clients: 12 });
          expect(result.notes).toEqual([]);
          expect(result).toMatchObject({ errors: 0, staleAnswers: 0 });
          await expectTruth(bench.shop, postgres);
          await expectTruth(second, postgres);
        } finally {
          await second.stop();
        }
      });

    test('answers plainly what it cannot do, prints requests, and ends on SIGTERM', {
      timeout: LIMIT_MS,
    }, async () => {
      const { shop } = await open(FIXED);
      expect(await shop.status('GET', '/items/9999')).toBe(404);
      expect(await shop.status('GET', '/users/nobody')).toBe(404);
      expect(await shop.status('GET', '/items/1', undefined, 'wrong')).toBe(401);
      expect(await shop.status('PUT', '/items/1', { price: 5 }, null)).toBe(401);
      expect(await shop.status('PUT', '/items/1', { categoryId: 99 })).toBe(400);
      expect([400, 422]).toContain(await shop.status('PUT', '/items/1', { price: -1 }));
      expect(await shop.status('POST', '/orders', { itemId: 9999, quantity: 1 })).toBe(409);
      expect(shop.output()).toMatch(/GET \/items\/9999.* 404/);
      expect(await shop.stop()).toBe(0);
    });
  });

  if (THOROUGH)
    test('traffic meets the races without any help', { timeout: LIMIT_MS }, async () => {
      const bench = await open('stale-fill-race,missing-invalidation');
      const result = await runTraffic({
        url: bench.shop.url,
        scenario: 'stale-fill-race,missing-invalidation',
        seconds: 4,
        clients: 6,
      });
      expect(result.errors).toBe(0);
      expect(result.routes['GET /items/{id}']?.staleAnswers).toBeGreaterThan(0);
      expect(result.routes['GET /stock/{id}']?.staleAnswers).toBeGreaterThan(0);
      expect(result.routes['GET /users/{id}']?.staleAnswers).toBe(0);
    });
}

async function asked<T>(redis: TestRedis, question: (store: Redis) => Promise<T>): Promise<T> {
  const store = new Redis(redis.url());
  try {
    return await question(store);
  } finally {
    store.disconnect();
  }
}
