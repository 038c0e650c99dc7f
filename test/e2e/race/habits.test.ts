/**
 * Services with habits of their own: drivers, pools, isolation levels, locks, background work, memory of their own. Of each it is
 * known what must come out; without reduction it must be the same.
 */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ScenarioFile } from '../../../src/race/scenario/schema.ts';
import { THOROUGH, thoroughly } from '../../support/thorough.ts';
import { causesOf, type Raced, type Scene, type ShowsOptions, shows, withRaces } from './races.ts';

const races = withRaces();
const RESET = join(import.meta.dirname, 'services/reset.sql');

function put(seats: number): NonNullable<ScenarioFile['actors'][string]> {
  return { request: 'PUT /shows/1', json: { seats } };
}

function move(from: number, to: number, seats: number): NonNullable<ScenarioFile['actors'][string]> {
  return { request: 'POST /moves', json: { from, to, seats } };
}

function sale(seats: number): NonNullable<ScenarioFile['actors'][string]> {
  return { request: 'POST /shows/1/sales', json: { seats } };
}

interface Habit {
  readonly what: string;
  readonly service: string;
  readonly options?: ShowsOptions;
  readonly causes: readonly string[];
  /** So slow that it is not tried without reduction as well. */
  readonly slow?: true;
}

/** Those that are tried without reduction in every run: locks are where a reduction goes wrong. */
const PLAIN = ['row_lock.mjs'];

/** What every run tries; the rest is left to a thorough one. */
const EVERY_RUN = [...PLAIN, 'deadlock.mjs', 'tracking.mjs', 'asynchronous.py'];

const LATE_FILL = ['cold, no fault: WS104'];

const HABITS: readonly Habit[] = [
  {
    what: 'autocommit, several keys in one pipeline (postgres.js, node-redis)',
    service: 'autocommit.mjs',
    causes: LATE_FILL,
  },
  {
    what: 'statements side by side and automatic pipelines (pg, ioredis)',
    service: 'parallel.mjs',
    causes: LATE_FILL,
  },
  { what: 'everything done under the lock of the row', service: 'row_lock.mjs', causes: [] },
  {
    what: 'two writers on a row that is locked',
    service: 'row_lock.mjs',
    options: { actors: { one: put(90), two: put(80) } },
    causes: [],
  },
  {
    what: 'two writers that run into a deadlock',
    service: 'deadlock.mjs',
    options: { actors: { there: move(1, 2, 5), back: move(2, 1, 7) }, warmup: 'GET /shows/3' },
    causes: [],
  },
  {
    what: 'a removal that the response does not wait for, and a second one by timer',
    service: 'background.mjs',
    options: { environment: { AGAIN_MS: '20' }, settle: '60ms' },
    causes: LATE_FILL,
    slow: true,
  },
  {
    what: 'a copy in the client that Redis invalidates (RESP3 tracking)',
    service: 'tracking.mjs',
    causes: LATE_FILL,
  },
  {
    what: 'one thread, a connection for every request (psycopg2)',
    service: 'single_thread.py',
    causes: LATE_FILL,
    slow: true,
  },
  { what: 'WATCH, MULTI and EXEC (redis-py)', service: 'optimistic.py', causes: [] },
  {
    what: 'one loop for all, a pool, a task in the background (asyncpg, redis.asyncio)',
    service: 'asynchronous.py',
    causes: LATE_FILL,
  },
  {
    what: 'sessions of an ORM (SQLAlchemy)',
    service: 'orm.py',
    causes: ['cold, no fault: WS103'],
    slow: true,
  },
  {
    what: 'a snapshot for the reader, serialisable transactions for the writer',
    service: 'isolation.py',
    options: { actors: { reader: 'GET /shows/1', writer: sale(3) } },
    causes: LATE_FILL,
    slow: true,
  },
];

describe('a service with', () => {
  it.each(HABITS.filter(({ service }) => THOROUGH || EVERY_RUN.includes(service)))('$what', async ({
    service,
    options = {},
    causes,
    slow,
  }) => {
    const scene = shows(service, options);
    const reduced = await races.race(scene);
    expectExplored(reduced, causes);
    if (THOROUGH ? slow !== true : PLAIN.includes(service) && options.actors !== undefined)
      await expectSameWithoutReduction(scene, reduced);
    const [first] = reduced.counterexamples;
    if (first === undefined) return;
    expect(await races.replay(reduced, first.schedule, 3)).toMatchObject({ reproduced: 3, diverged: 0 });
  });

  thoroughly('serialisable transactions that are tried again when they fail', async () => {
    const reduced = await races.race(shows('isolation.py', { actors: { one: sale(3), two: sale(4) } }));
    expectExplored(reduced, []);
  });

  thoroughly('readers that look again and again for what another one loads', async () => {
    const actors = { first: 'GET /shows/1', second: 'GET /shows/1', writer: put(90) };
    const reduced = await races.race(shows('lock_poll.mjs', { actors }));
    expectExplored(reduced, LATE_FILL);
    expect(reduced.bound).toContain('polls; it is held while others can move');
  });

  it('memory of its own, told of changes after the commit: the answer of the database may come after that', async () => {
    const reset = { sql: RESET, redis: ['FLUSHDB', 'PUBLISH shows 1'] };
    const raced = await races.race(shows('local_cache.mjs', { reset }));
    expectExplored(raced, ['cold, no fault: WS108']);
    const [found] = raced.counterexamples;
    expect(found?.steps.map(({ label }) => label).at(-1)).toMatch(/^reply to SELECT shows/);
    expect(await races.replay(raced, found?.schedule ?? '', 3)).toMatchObject({ reproduced: 3, diverged: 0 });
  });

  it('memory of its own that does not keep what it asked for before it was told', async () => {
    const reset = { sql: RESET, redis: ['FLUSHDB', 'PUBLISH shows 1'] };
    expectExplored(await races.race(shows('local_cache.mjs', { reset, environment: { GUARD: '1' } })), []);
  });

  thoroughly('memory of its own that is told of changes before the commit', async () => {
    const reset = { sql: RESET, redis: ['FLUSHDB', 'PUBLISH shows 1'] };
    const scene = shows('local_cache.mjs', { reset, environment: { ANNOUNCE: 'before' } });
    expectExplored(await races.race(scene), ['cold, no fault: WS108']);
  });

  thoroughly(
    'scripts: fewer orderings differ once it is declared that they touch their keys and nothing else',
    async () => {
      const scene = shows('scripts.mjs');
      const any = await races.race(scene);
      const declared = await races.race(shows('scripts.mjs', { scripts: 'declared' }));
      expectExplored(any, []);
      expectExplored(declared, []);
      expect(declared.classes).toBeLessThan(any.classes);
      await expectSameWithoutReduction(scene, any);
    },
  );

  thoroughly('a writer that dies: what it never committed stays in the cache', async () => {
    const raced = await races.race(
      shows('row_lock.mjs', { actors: { writer: put(90) } }),
      '--fault',
      'crash',
    );
    expectExplored(raced, ['cold, crash: WS106']);
  });
});

function expectExplored(raced: Raced, causes: readonly string[]): void {
  expect(causesOf(raced), raced.stderr).toEqual(causes);
  expect(raced).toMatchObject({
    complete: true,
    divergences: 0,
    gaps: [],
    verdict: causes.length > 0 ? 'invalid' : 'valid',
    exitCode: causes.length > 0 ? 1 : 0,
  });
  expect(raced.notices.filter((text) => /Warming up|ended by itself/.test(text))).toEqual([]);
}

async function expectSameWithoutReduction(scene: Scene, reduced: Raced): Promise<void> {
  const plain = await races.race(scene, '--por', 'none');
  expect(plain).toMatchObject({ complete: true, divergences: 0, verdict: reduced.verdict });
  expect(plain.classes).toBe(reduced.classes);
  expect(causesOf(plain)).toEqual(causesOf(reduced));
}
