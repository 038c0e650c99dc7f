/** The purge of a whole case: planned, killed while it works, gone on with and taken back, all of it while the shop is used. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { expect } from 'vitest';
import { runTraffic, type TrafficResult } from '../../examples/traffic.mjs';
import type { PurgeDocument, UndoDocument } from '../../src/purge/contract.ts';
import { readEntries } from '../../src/purge/journal.ts';
import type { Entry } from '../../src/purge/records.ts';
import { eventually, type Whystale } from '../support/cli.ts';
import type { TestPostgres } from '../support/engines.ts';
import type { ShopRepository, Story } from './case-whole-shop.ts';
import { expectAsTold, expectKept, listen } from './case-whole-store.ts';

/** Every row has a key. */
const ROWS = 60;
/** Rows whose cached value is made old. */
const SPOILED = [7, 8, 9, 10, 11];
/** Keys a second of the purge that is killed: four a batch. */
const SLOW = 40;
/** It is killed once so many keys are gone. */
const KILLED_AFTER = 15;
const CLIENTS = 3;
/** Pause of a client between its steps: the load of a shop that is used, not of one that is measured. */
const PAUSE_MS = 30;
const READ_EVERY_MS = 20;

export interface Production {
  readonly whystale: Whystale;
  readonly story: Story;
  readonly repository: ShopRepository;
  readonly postgres: TestPostgres;
  /** Where the shop answers. */
  readonly url: string;
  readonly redis: string;
  /** A database that nobody uses. */
  readonly scratch: string;
  readonly recording: string;
}

/** Plans by template, is killed, goes on and takes back; then by row. */
export async function purgeUnderLoad(production: Production): Promise<void> {
  const { story, url } = production;
  const connections = [new Redis(production.redis), new Redis(production.scratch)] as const;
  const [store, scratch] = connections;
  const wire = await listen(production.redis);
  const enough = new AbortController();
  const traffic = runTraffic({
    url,
    steps: story.calm,
    seconds: 600,
    clients: CLIENTS,
    pauseMs: PAUSE_MS,
    signal: enough.signal,
  });
  try {
    await fillAll(url, story);
    const users = readersOf(url, story, SPOILED);
    await spoil(url, story);
    await eventually('users see what is old', async () => users.stale(await truthOf(production)) > 0);

    const byTemplate = await killedAndResumed(production, wire.removed);
    const from = performance.now();
    const seen = () => new Set(users.answers.filter(({ askedAt }) => askedAt > from).map(({ id }) => id));
    await eventually('every old value was asked for again', () => seen().size === SPOILED.length);
    const truth = await truthOf(production);
    const after = users.answers.filter(({ askedAt }) => askedAt > from);
    expect(after.filter(({ id, value }) => value !== truth.get(id))).toEqual([]);
    await takenBack(production, byTemplate);

    const byRow = await purgedByRow(production);
    await takenBack(production, byRow);

    enough.abort();
    const used = await traffic;
    await users.stop();
    expectWell(used, users.failures());
    const planned = new Set([byTemplate, byRow].flatMap(({ folder }) => keysOf(folder)));
    const entries = [byTemplate, byRow].flatMap(({ folder }) => entriesOf(folder));
    const ledger = await wire.end();
    ledger.expectOnly(planned);
    const { now, removals } = ledger.replay(entries);
    expect(await expectKept(removals, entries, scratch)).toBeGreaterThanOrEqual(ROWS / 2);
    // Others may have come to the end of their time: those that users ask for are always there.
    const there = await expectAsTold(planned, now, { store, scratch });
    expect(there).toBeGreaterThanOrEqual(SPOILED.length);
  } finally {
    enough.abort();
    await traffic.catch(() => undefined);
    for (const connection of connections) connection.disconnect();
  }
}

function expectWell(
  { errors, requests, staleAnswers, notes }: TrafficResult,
  failures: readonly string[],
): void {
  expect({ errors, staleAnswers, failures }, notes.join('\n')).toEqual({
    errors: 0,
    staleAnswers: 0,
    failures: [],
  });
  expect(requests).toBeGreaterThan(50);
}

async function fillAll(url: string, { path }: Story): Promise<void> {
  await visit(
    url,
    Array.from({ length: ROWS }, (_, i) => path(i + 1)),
  );
}

async function visit(url: string, paths: readonly string[]): Promise<void> {
  for (const one of paths) expect((await fetch(`${url}${one}`)).status, one).toBe(200);
}

async function spoil(url: string, story: Story): Promise<void> {
  for (const id of SPOILED) {
    const [method, path, body] = story.spoil(id);
    const headers = { 'content-type': 'application/json', authorization: 'Bearer demo-token-1' };
    const response = await fetch(`${url}${path}`, { method, headers, body: JSON.stringify(body) });
    expect(response.ok, `${method} ${path}: ${response.status}`).toBe(true);
  }
}

async function truthOf({ postgres, story }: Production): Promise<ReadonlyMap<number, unknown>> {
  const rows = await postgres.sql(story.truth);
  return new Map(rows.map(({ id, value }) => [Number(id), value]));
}

interface Answer {
  readonly id: number;
  readonly askedAt: number;
  readonly value: unknown;
}

/** Users who look at the same rows again and again. */
function readersOf(url: string, { path, field }: Story, ids: readonly number[]) {
  const answers: Answer[] = [];
  const failures: string[] = [];
  let going = true;
  const reading = (async () => {
    for (let i = 0; going; i++) {
      const id = ids[i % ids.length]!;
      const askedAt = performance.now();
      const response = await fetch(`${url}${path(id)}`);
      const body = (await response.json()) as Record<string, unknown>;
      if (response.ok) answers.push({ id, askedAt, value: body[field] });
      else failures.push(`${path(id)} answered ${response.status}`);
      await pause(READ_EVERY_MS);
    }
  })().catch((error: unknown) => failures.push(String(error)));
  return {
    answers,
    failures: () => failures,
    stale: (truth: ReadonlyMap<number, unknown>) =>
      answers.slice(-ids.length).filter(({ id, value }) => value !== truth.get(id)).length,
    stop: async () => {
      going = false;
      await reading;
    },
  };
}

type Outcome = Pick<PurgeDocument, 'folder' | 'plan' | 'result'>;

async function purge<T>({ whystale, repository, redis }: Production, args: readonly string[]): Promise<T> {
  const end = await whystale.run([...args, '--json'], { cwd: repository.root, env: { REDIS_URL: redis } });
  expect(end.exitCode, end.stderr).toBe(0);
  return JSON.parse(end.stdout) as T;
}

async function killedAndResumed(production: Production, removed: () => number): Promise<Outcome> {
  const { whystale, repository, redis, story } = production;
  const planned = await purge<PurgeDocument>(production, ['purge', '--template', story.template]);
  expect(planned).toMatchObject({ state: 'planned', plan: { keys: ROWS }, result: null });
  expect(removed()).toBe(0);
  const { folder } = planned;
  const slow = ['purge', '--apply', folder, '--rate', String(SLOW)];
  const run = whystale.start(slow, { cwd: repository.root, env: { REDIS_URL: redis } });
  await eventually('some batches are removed', () => removed() >= KILLED_AFTER);
  run.kill('SIGKILL');
  expect((await run.end()).signal).toBe('SIGKILL');
  const killedAfter = removed();
  expect(killedAfter).toBeLessThan(ROWS);
  const resumed = await purge<PurgeDocument>(production, ['purge', '--resume', folder]);
  const { removed: all = 0, gone = 0, refilled = 0, changing = 0 } = resumed.result ?? {};
  expect(resumed.state).toBe('done');
  expect(all + gone + refilled + changing).toBe(ROWS);
  expect(removed()).toBeGreaterThan(killedAfter);
  return resumed;
}

/** Every key that is fed by a row, in one go. */
async function purgedByRow(production: Production): Promise<Outcome> {
  await visit(production.url, ['/items/1', '/items?page=1', '/categories/1/items']);
  const row = ['purge', '--row', 'items/1', '--recording', production.recording, '--apply'];
  const done = await purge<PurgeDocument>(production, row);
  const keys = keysOf(done.folder);
  for (const key of ['item:1', 'items:page:1', 'category:1:items']) expect(keys).toContain(key);
  for (const key of keys) expect(key).not.toMatch(/^(?:stock|user|gen|item:(?!1$))/);
  return done;
}

async function takenBack(production: Production, { folder, result }: Outcome): Promise<void> {
  const undone = await purge<UndoDocument>(production, ['undo', folder]);
  const { restored, left } = undone;
  expect(undone).toMatchObject({ state: 'done', left: { damaged: 0, refused: 0, 'restored-before': 0 } });
  const alone = Object.values(left).reduce((sum, count) => sum + count, 0);
  expect(restored + alone).toBeGreaterThanOrEqual(result?.removed ?? 0);
}

function keysOf(folder: string): readonly string[] {
  const lines = readFileSync(join(folder, 'keys.jsonl'), 'utf8').trim().split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as string);
}

function entriesOf(folder: string): readonly Entry[] {
  return readdirSync(folder).includes('snapshot.bin') ? [...readEntries(join(folder, 'snapshot.bin'))] : [];
}
