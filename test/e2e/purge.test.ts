/** Purge and undo against the built program: kill -9 at every step, writers meanwhile, and the command line. */
import { execFile } from 'node:child_process';
import { cpSync, existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Redis } from 'ioredis';
import { describe, expect, it } from 'vitest';
import type { PurgeDocument, PurgeEvents } from '../../src/purge/contract.ts';
import { applyShown, type Place, planPurge, resumePurge, undo } from '../../src/purge/index.ts';
import { readEntries } from '../../src/purge/journal.ts';
import {
  differences,
  everyKey,
  FAST,
  type Held,
  NO_SOURCES,
  putState,
  seedThings,
  selecting,
  THINGS,
  withPurge,
} from '../purge/keys.ts';
import { eventually, withWhystale } from '../support/cli.ts';
import { withRedis } from '../support/engines.ts';
import { THOROUGH } from '../support/thorough.ts';

const MODULES = resolve(import.meta.dirname, '../../dist');
const KILLED = resolve(import.meta.dirname, '../purge/killed-purge.mjs');
/** Databases in use at once; the first is the test's own. */
const AT_ONCE = 3;
const NO_EVENTS: PurgeEvents = {};
const UNDO = { rate: 100_000, dryRun: false, otherStore: false };
const THING = selecting({ templates: ['thing:{id}'] });

const server = withRedis();
const { connect, folder, place } = withPurge(server);

interface Killing {
  readonly what: 'apply' | 'undo';
  readonly folder: string;
  readonly db: number;
  readonly rate: number;
  /** Step at which it kills itself; 0: never. */
  readonly at: number;
}

/** Runs a purge or an undo in a process of its own; gives whether it was killed, else the number of its steps. */
function runKilled(killing: Killing): Promise<'killed' | number> {
  const told = JSON.stringify({ ...killing, modules: MODULES, port: server.port() });
  return new Promise((done, fail) => {
    execFile(process.execPath, [KILLED, told], (error, stdout, stderr) => {
      if (error === null) done(Number(stdout));
      else if (error.signal === 'SIGKILL') done('killed');
      else fail(new Error(stderr));
    });
  });
}

/** Does the same for every number, a few at a time, each in a database of its own. */
async function forEach(numbers: readonly number[], work: (number: number, db: number) => Promise<void>) {
  const rest = [...numbers];
  const lane = async (db: number) => {
    for (let next = rest.shift(); next !== undefined; next = rest.shift()) await work(next, db);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, (_, i) => lane((server.db() + i) % 16)));
}

const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, i) => i + 1);

/** Steps of one batch: watched, dumped, written, synced, sent, removed, noted. */
const BATCH_STEPS = 7;

/**
 * The steps of a purge at which it is killed: opened, every one of the first batch, the one of the second at which its fate is
 * not known, and finished; in a thorough run every one of every batch.
 */
function chosen(steps: number): readonly number[] {
  const first = upTo(1 + BATCH_STEPS);
  return THOROUGH ? upTo(steps) : [...first, 1 + BATCH_STEPS + 5, steps];
}

/** Ten keys in two batches; in a thorough run in four. */
const RATE = THOROUGH ? 30 : 50;
/** An undo of them in one batch; in a thorough run in four. */
const UNDO_RATE = THOROUGH ? 30 : 100;

interface Stage {
  readonly redis: Redis;
  readonly where: Place;
  readonly made: string;
  readonly before: ReadonlyMap<string, Held>;
}

/** A database with keys and a plan to remove them. */
async function staged(db: number): Promise<Stage> {
  const redis = connect(db);
  await redis.flushdb();
  await seedThings(redis);
  await redis.set('other:1', 'stays');
  const before = await everyKey(redis);
  const where = place({ db });
  const { folder: made } = await planPurge(where, THING, NO_SOURCES, NO_EVENTS);
  return { redis, where, made, before };
}

/** What the plan and the journal promise of a purge that was killed: each key is there as it was, or is in the snapshot as it was. */
async function nothingLost({ redis, made, before }: Stage, at: number): Promise<void> {
  const now = await everyKey(redis);
  const snapshot = join(made, 'snapshot.bin');
  const kept = new Map(
    (existsSync(snapshot) ? [...readEntries(snapshot)] : []).map(({ key, dump, expiresAt }) => [
      key.toString('latin1'),
      { dump: dump.toString('hex'), expiresAt: expiresAt ?? -1 },
    ]),
  );
  const together = new Map([...before.keys()].map((name) => [name, now.get(name) ?? kept.get(name)]));
  for (const [name, held] of together) if (held === undefined) throw new Error(`step ${at}: ${name} is lost`);
  expect(differences(before, together as Map<string, Held>), `killed at step ${at}`).toEqual([]);
}

describe('kill -9', () => {
  it('at every step of a purge loses nothing: it can be resumed, and it can be taken back', async () => {
    const whole = await staged(server.db());
    const steps = await runKilled({ what: 'apply', folder: whole.made, db: server.db(), rate: RATE, at: 0 });
    expect(steps).toBe(THOROUGH ? 30 : 16);
    let removedUnnoted = 0;
    await forEach(chosen(Number(steps)), async (at, db) => {
      const stage = await staged(db);
      const { redis, where, made, before } = stage;
      expect(await runKilled({ what: 'apply', folder: made, db, rate: RATE, at })).toBe('killed');
      await nothingLost(stage, at);
      const killed = await everyKey(redis);
      const copy = `${made}-copy`;
      cpSync(made, copy, { recursive: true });
      // Taken back at once …
      const direct = await undo(where, copy, UNDO, NO_EVENTS);
      expect(differences(before, await everyKey(redis)), `undo after step ${at}`).toEqual([]);
      expect(direct.restored, `undo after step ${at}`).toBe(before.size - killed.size);
      if (direct.restored > 0 && direct.restored < THINGS) removedUnnoted++;
      // … and, from the same moment, resumed and then taken back.
      await putState(redis, killed);
      const resumed = await resumePurge(where, made, FAST, NO_EVENTS);
      expect(resumed, `resume after step ${at}`).toMatchObject({
        state: 'done',
        result: { removed: THINGS, refilled: 0 },
      });
      expect([...(await everyKey(redis)).keys()]).toEqual(['other:1']);
      expect((await undo(where, made, UNDO, NO_EVENTS)).restored).toBe(THINGS);
      expect(differences(before, await everyKey(redis)), `resume, undo after step ${at}`).toEqual([]);
    });
    expect(removedUnnoted).toBeGreaterThan(2);
  });

  it('at every step of an undo loses nothing: the next one restores the rest', async () => {
    const { made, where, redis } = await staged(server.db());
    await applyShown(where, made, FAST, NO_EVENTS);
    const removed = await everyKey(redis);
    const master = join(folder(), 'purged');
    cpSync(made, master, { recursive: true });
    const steps = await runKilled({ what: 'undo', folder: made, db: server.db(), rate: UNDO_RATE, at: 0 });
    const restored = await everyKey(redis);
    expect(steps).toBeGreaterThan(4);
    await forEach(upTo(Number(steps)), async (at, db) => {
      const lane = connect(db);
      const copy = join(folder(), 'purged');
      cpSync(master, copy, { recursive: true });
      await putState(lane, removed);
      expect(await runKilled({ what: 'undo', folder: copy, db, rate: UNDO_RATE, at })).toBe('killed');
      // The plan is of one database, and each of these has another.
      const { left } = await undo({ ...where, db }, copy, { ...UNDO, otherStore: true }, NO_EVENTS);
      expect(differences(restored, await everyKey(lane)), `killed at step ${at}`).toEqual([]);
      expect(left).toMatchObject({ refilled: 0, damaged: 0, refused: 0 });
    });
  });

  it('while others write loses nothing, removes nothing that is not in the snapshot, and leaves what was refilled', async () => {
    const redis = connect();
    const cold = upTo(60).map((i) => `count:${i}`);
    const hot = upTo(60).map((i) => `count:${i + 60}`);
    for (const name of [...cold, ...hot]) await redis.set(name, 1000);
    const before = await everyKey(redis);
    const where = place();
    const { folder: made } = await planPurge(
      where,
      selecting({ templates: ['count:{id}'] }),
      NO_SOURCES,
      NO_EVENTS,
    );
    const writer = counting(connect(), hot);
    for (const at of [12, 30])
      await runKilled({ what: 'apply', folder: made, db: server.db(), rate: 200, at });
    const resumed = await resumePurge(where, made, { ...FAST, rate: 1_000 }, NO_EVENTS);
    await writer.stop();
    const removedValues = await valuesInSnapshot(join(made, 'snapshot.bin'));
    // A counter that begins anew was removed: with the value that it had had.
    expect(writer.resets.length).toBeGreaterThan(0);
    for (const { name, value } of writer.resets)
      expect(removedValues.get(name), `${name} was removed at ${value}`).toContain(value);
    expect(resumed.result?.changing ?? 0).toBeLessThan(hot.length);
    await undo(where, made, UNDO, NO_EVENTS);
    const after = await everyKey(redis);
    expect([...after.keys()].sort()).toEqual([...before.keys()].sort());
    for (const name of cold) expect(after.get(name), name).toEqual(before.get(name));
    for (const [name, value] of writer.last) expect(Number(await redis.get(name)), name).toBe(value);
  });
});

/** Counts keys up, one after another, and notes each that begins anew. */
function counting(redis: Redis, names: readonly string[]) {
  const last = new Map<string, number>(names.map((name) => [name, 1000]));
  const resets: { readonly name: string; readonly value: number }[] = [];
  let stopped = false;
  const work = async (): Promise<void> => {
    for (let i = 0; !stopped; i++) {
      const name = names[(i * 7) % names.length]!;
      const value = await redis.incr(name);
      if (value === 1) resets.push({ name, value: last.get(name)! });
      last.set(name, value);
      // About a thousand writes a second: each key some fifteen times.
      await new Promise((next) => setTimeout(next, 1));
    }
  };
  const working = work();
  return {
    last,
    resets,
    stop: () => {
      stopped = true;
      return working;
    },
  };
}

/** The numbers that a snapshot holds, by key. */
async function valuesInSnapshot(path: string): Promise<ReadonlyMap<string, readonly number[]>> {
  const scratch = connect((server.db() + 8) % 16);
  const values = new Map<string, number[]>();
  for (const { key, dump } of readEntries(path)) {
    await scratch.restore('value', 0, dump, 'REPLACE');
    const name = key.toString('latin1');
    values.set(name, [...(values.get(name) ?? []), Number(await scratch.get('value'))]);
  }
  return values;
}

describe('the commands', () => {
  const whystale = withWhystale();

  it('plan, purge and undo', async () => {
    const redis = connect();
    await seedThings(redis);
    const before = await everyKey(redis);
    const cwd = whystale.folder();
    const env = { REDIS_URL: server.url() };
    const planned = await whystale.run(['purge', '--template', 'thing:{id}'], { cwd, env });
    expect(planned.exitCode, planned.stderr).toBe(0);
    expect(planned.stdout.replaceAll(/\s+/g, ' ')).toMatch(
      /^planned 10 keys \(thing:\{id\}\) would be removed from .* Nothing was touched\./,
    );
    expect(differences(before, await everyKey(redis))).toEqual([]);
    const purged = await whystale.run(['purge', '--apply', '--json'], { cwd, env });
    expect(purged.exitCode, purged.stderr).toBe(0);
    const document = JSON.parse(purged.stdout) as PurgeDocument;
    expect(document).toMatchObject({
      format: 'whystale-purge/1',
      state: 'done',
      result: { removed: THINGS },
    });
    expect(await redis.dbsize()).toBe(0);
    const [name = ''] = readdirSync(join(cwd, '.whystale/purge'));
    const undone = await whystale.run(['undo', join('.whystale/purge', name)], { cwd, env });
    expect(undone.stdout).toContain('10 of 10 removed keys restored');
    expect(undone.exitCode).toBe(0);
    expect(differences(before, await everyKey(redis))).toEqual([]);
  });

  it('Ctrl-C ends a purge with exit code 3; --resume finishes it', async () => {
    const redis = connect();
    for (let i = 0; i < 60; i++) await redis.set(`thing:${i}`, i);
    const cwd = whystale.folder();
    const env = { REDIS_URL: server.url() };
    const run = whystale.start(['purge', '--template', 'thing:{id}', '--apply', '--rate', '20', '--json'], {
      cwd,
      env,
    });
    await eventually('keys are removed', async () => (await redis.dbsize()) < 60);
    const end = await run.interrupt();
    expect(end.exitCode, end.stderr).toBe(3);
    const { state, folder: made } = JSON.parse(end.stdout) as PurgeDocument;
    expect(state).toBe('interrupted');
    const resumed = await whystale.run(['purge', '--resume', made, '--rate', '1000'], { cwd, env });
    expect(resumed.exitCode, resumed.stderr).toBe(0);
    expect(await redis.dbsize()).toBe(0);
  });
});
