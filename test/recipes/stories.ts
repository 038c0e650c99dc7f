/**
 * What every recipe must hold, in either language, against real stores: it works, and the orderings it is about leave
 * nothing stale. The naive twins go through the same orderings and fail, so that silence means something.
 */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { withPostgres, withRedis } from '../support/engines.ts';
import { PROMISES } from './promises.ts';
import { type Language, naiveFile, type RecipeProcess, recipeFile, startRecipe } from './recipe-process.ts';
import { RECIPES } from './recipes.ts';
import {
  deathAfterCommit,
  evictedVersion,
  inTurn,
  lateFill,
  lifetimes,
  NEW,
  OLD,
  openTransaction,
  overtakenHolder,
  type Pair,
  stampede,
} from './schedules.ts';

const SCHEMA = resolve(import.meta.dirname, '../../examples/recipes/schema.sql');
const MISSING_PRODUCT = 999;

/** The tests of all recipes in one language. */
export function describeRecipes(language: Language): void {
  const redis = withRedis();
  const postgres = withPostgres();
  const processes: RecipeProcess[] = [];
  let store: Redis;

  beforeEach(async () => {
    await postgres.sql(readFileSync(SCHEMA, 'utf8'));
    store = new Redis(redis.url());
  });
  afterEach(async () => {
    store.disconnect();
    await Promise.all(processes.splice(0).map((each) => each.stop()));
  });

  const start = async (file: string, ...call: readonly string[]): Promise<RecipeProcess> => {
    const stores = { redis: redis.url(), postgres: postgres.url() };
    const started = await startRecipe(language, file, stores, ...call);
    processes.push(started);
    return started;
  };
  const pairOf = async (file: string): Promise<Pair> => {
    const [reader, writer] = await Promise.all([start(file), start(file)]);
    return { reader, writer };
  };
  const naive = (name: string): Promise<Pair> => pairOf(naiveFile(language, name));

  describe.each(RECIPES)('%s', (name) => {
    const file = recipeFile(language, name);
    const own = PROMISES[name];

    test(`works; late fills and open transactions leave nothing stale${own ? `; ${own.says}` : ''}`, async () => {
      const pair = await pairOf(file);
      expect(await inTurn(pair, 1)).toEqual([OLD, OLD, NEW, NEW]);
      expect(await lateFill(pair, 2)).toEqual([NEW, NEW]);
      expect(await openTransaction(pair, 3)).toEqual([NEW, NEW]);
      expect(await pair.reader.read(MISSING_PRODUCT)).toBeNaN();
      await own?.check(pair, { store, postgres, relay: () => start(file, 'relay') });
    });
  });

  test('the naive twins fail the same orderings', async () => {
    const [plain, early] = await Promise.all([naive('plain'), naive('early-removal')]);
    expect(await inTurn(plain, 1)).toEqual([OLD, OLD, NEW, NEW]);
    expect(await lateFill(plain, 2)).toEqual([OLD, OLD]);
    expect(await openTransaction(early, 3)).toEqual([OLD, OLD]);
    expect(await stampede(plain, 4)).toBeGreaterThan(1);
    const seconds = await lifetimes(plain, [21, 22, 23, 24, 25, 26, 27, 28, 29, 30], store);
    expect(Math.max(...seconds) - Math.min(...seconds)).toBeLessThanOrEqual(1);
    await deathAfterCommit(plain, 5);
    expect(await plain.reader.read(5)).toBe(OLD);
  });

  test('a counted version brings an old name back; a lock without a token is released by another', async () => {
    const [counted, lock] = await Promise.all([naive('counted-version'), naive('lock-without-token')]);
    expect(await evictedVersion(counted, 1, store)).toBe(OLD);
    expect(await overtakenHolder(lock, 2, store)).toBe(false);
  });
}
