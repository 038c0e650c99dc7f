/** What a recipe promises besides that no late fill and no open transaction leaves a stale value behind. */
import type { Redis } from 'ioredis';
import { expect } from 'vitest';
import { eventually } from '../support/cli.ts';
import type { TestPostgres } from '../support/engines.ts';
import type { RecipeProcess } from './recipe-process.ts';
import {
  deadHolder,
  deathAfterCommit,
  evictedVersion,
  lifetimes,
  NEW,
  OLD,
  overtakenHolder,
  type Pair,
  REMOVAL,
  stampede,
} from './schedules.ts';

export interface Surroundings {
  /** Straight to the recipe's Redis database. */
  readonly store: Redis;
  readonly postgres: TestPostgres;
  /** Starts the recipe's relay. */
  readonly relay: () => Promise<RecipeProcess>;
}

export interface OwnPromise {
  readonly says: string;
  /** Uses products from 11 on. */
  readonly check: (pair: Pair, around: Surroundings) => Promise<void>;
}

const TTL_PRODUCTS = Array.from({ length: 20 }, (_, index) => index + 11);

export const PROMISES: Readonly<Record<string, OwnPromise>> = {
  'invalidate-after-commit': {
    says: 'a removal that was lost is repeated, and one that cannot be done is told',
    check: async ({ reader, writer }, { postgres }) => {
      await reader.read(11);
      const before = writer.redis.count(REMOVAL);
      writer.redis.lose(REMOVAL);
      await writer.write(11, NEW);
      expect([await reader.read(11), writer.redis.count(REMOVAL) - before]).toEqual([NEW, 2]);
      writer.redis.away();
      await expect(writer.write(11, NEW + 1)).rejects.toThrow(/error/);
      expect(await postgres.sql('SELECT price FROM products WHERE id = 11')).toEqual([{ price: NEW + 1 }]);
      // What the page says is not covered.
      expect(await reader.read(11)).toBe(NEW);
    },
  },
  'transactional-outbox': {
    says: 'a writer that dies, a Redis that is away and a relay that dies lose no removal',
    check: async ({ reader, writer }, { postgres, relay }) => {
      const pending = async (): Promise<number> => (await postgres.sql('SELECT FROM invalidations')).length;
      const read = async () => [await reader.read(11), await reader.read(12)];
      await postgres.sql('TRUNCATE invalidations');
      await reader.read(11);
      writer.redis.away();
      await writer.write(11, NEW);
      writer.redis.back();
      await deathAfterCommit({ reader, writer }, 12);
      expect([...(await read()), await pending()]).toEqual([OLD, OLD, 2]);

      const first = await relay();
      await first.postgres.hold(/DELETE FROM invalidations/).reached;
      await first.kill();
      expect([...(await read()), await pending()]).toEqual([NEW, NEW, 2]);
      await relay();
      await eventually('no key is pending', async () => (await pending()) === 0);
      expect(await read()).toEqual([NEW, NEW]);
    },
  },
  lease: {
    says: 'a cold key costs one source read, and a dead holder is not awaited for ever',
    check: async (pair) => {
      expect(await stampede(pair, 11)).toBe(1);
      expect(await deadHolder(pair, 12)).toBe(OLD);
    },
  },
  'versioned-key': {
    says: 'a version that was evicted does not bring an old name back',
    check: async (pair, { store }) => {
      expect(await evictedVersion(pair, 11, store)).toBe(NEW);
    },
  },
  tombstone: {
    says: 'a writer that dies after COMMIT leaves nothing stale, also once the mark is gone',
    check: async (pair, { store }) => {
      await deathAfterCommit(pair, 11, 2);
      expect(await pair.reader.read(11)).toBe(NEW);
      await store.del('product:11');
      expect(await pair.reader.read(11)).toBe(NEW);
    },
  },
  'single-flight': {
    says: 'a cold key costs one source read, a lock is released by its holder only, a dead holder is not awaited for ever',
    check: async (pair, { store }) => {
      expect(await stampede(pair, 11)).toBe(1);
      expect(await overtakenHolder(pair, 12, store)).toBe(true);
      expect(await store.keys('lock:*')).toEqual([]);
      expect(await deadHolder(pair, 13)).toBe(OLD);
    },
  },
  'ttl-with-jitter': {
    says: 'lifetimes differ and none is missing',
    check: async (pair, { store }) => {
      const seconds = await lifetimes(pair, TTL_PRODUCTS, store);
      expect(Math.min(...seconds)).toBeGreaterThan(50);
      expect(Math.max(...seconds)).toBeLessThanOrEqual(66);
      expect(new Set(seconds).size).toBeGreaterThan(4);
    },
  },
};
