/**
 * Many readers and writers on each recipe leave nothing stale, and whystale, who watches them, finds nothing. Of the two
 * processes one is in JavaScript and one in Python: they share the cache, so they must agree in everything.
 */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { FindingsSchema } from '../../src/report/findings-document.ts';
import { commandOf, type Language, recipeFile } from '../recipes/recipe-process.ts';
import { RECIPES } from '../recipes/recipes.ts';
import { withWhystale } from '../support/cli.ts';
import { withPostgres, withRedis } from '../support/engines.ts';
import { THOROUGH } from '../support/thorough.ts';

const SCHEMA = resolve(import.meta.dirname, '../../examples/recipes/schema.sql');
const LOAD = resolve(import.meta.dirname, '../recipes/load.mjs');
const WATCH_LIMIT_MS = 100_000;
/** The rest is left to a thorough run. */
const EVERY_RUN: ReadonlySet<string> = new Set(['invalidate-after-commit', 'transactional-outbox', 'lease']);
/** Hits below which silence would say nothing. */
const LOOKED_AT = 50;
/** Costs that are the remedy of a recipe, and so must not be found on it. */
const REMEDIED: Readonly<Record<string, readonly string[]>> = {
  lease: ['WS202'],
  'single-flight': ['WS202'],
};
const COSTS = /^WS(?:2\d\d|113)$/;

interface Loaded {
  readonly prices: Readonly<Record<string, number>>;
  /** Answers older than a write that had returned before they were asked for. */
  readonly stale: readonly unknown[];
  readonly errors: readonly string[];
}

describe('recipes under load', () => {
  const redis = withRedis();
  const postgres = withPostgres();
  const whystale = withWhystale();

  test.each(RECIPES.filter((name) => THOROUGH || EVERY_RUN.has(name)))('%s', async (name) => {
    await postgres.sql(readFileSync(SCHEMA, 'utf8'));
    const command = (language: Language) => commandOf(language, recipeFile(language, name));
    const relay = name === 'transactional-outbox' ? ['++', ...command('node'), 'relay'] : [];
    const load = [process.execPath, LOAD, ...command('node'), '++', ...command('python'), ...relay];
    const run = whystale.start(
      ['watch', '--json', '--out', join(whystale.folder(name), 'rec'), '--', ...load],
      {
        env: {
          REDIS_URL: redis.url(),
          DATABASE_URL: postgres.url(),
          PYTHONDONTWRITEBYTECODE: '1',
          // A machine that stalls is no error of the recipe.
          RECIPE_TIMEOUT_SECONDS: '20',
        },
      },
    );
    const end = await run.end(WATCH_LIMIT_MS);
    const seen = JSON.parse(/^\{"prices".*$/m.exec(end.stderr)?.[0] ?? 'null') as Loaded;
    expect(seen, end.stderr).toMatchObject({ stale: [], errors: [] });
    const rows = await postgres.sql('SELECT id, price FROM products WHERE id <= 10');
    expect(seen.prices).toEqual(Object.fromEntries(rows.map(({ id, price }) => [String(id), price])));

    const { findings, coverage } = FindingsSchema.parse(JSON.parse(end.stdout));
    const unwanted = findings.filter(({ code }) =>
      COSTS.test(code) ? REMEDIED[name]?.includes(code) : true,
    );
    expect(unwanted, end.stderr).toEqual([]);
    expect(coverage.hitsWithKnownFill, end.stderr).toBeGreaterThan(LOOKED_AT);
  });
});
