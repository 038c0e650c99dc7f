/** `measure` on a real service with real stores: cold and warm apart, only caches removed, and what is kept when it is cut short. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Redis } from 'ioredis';
import { describe, expect, onTestFinished, test } from 'vitest';
import { readCase } from '../../src/case/read.ts';
import type { MeasuredRun, Sample } from '../../src/measure/contract.ts';
import { openMeasured, phaseFigures } from '../../src/measure/index.ts';
import { readRun, readSamples } from '../../src/measure/read.ts';
import { eventually, plainEnvironment, withWhystale } from '../support/cli.ts';
import { withPostgres, withRedis } from '../support/engines.ts';

const SERVICE = resolve(import.meta.dirname, 'measure-service.mjs');
const SQL = `CREATE TABLE items (id int PRIMARY KEY, name text NOT NULL, price numeric(10,2) NOT NULL);
CREATE TABLE stock (item_id int PRIMARY KEY, quantity int NOT NULL);
INSERT INTO items SELECT i, 'item number ' || i, i * 1.25 FROM generate_series(1, 50) i;
INSERT INTO stock SELECT i, 100 + i FROM generate_series(1, 50) i;`;
const SESSION = 'session:4f1c2a9e7b60d3581122334455667788';

const redis = withRedis();
const postgres = withPostgres();
const whystale = withWhystale();

interface Story {
  readonly input: string;
  readonly load: string;
}

function caseIn(folder: string, { input, load }: Story): void {
  writeFileSync(join(folder, 'schema.sql'), SQL);
  writeFileSync(
    join(folder, 'case.yaml'),
    `title: The item is slow
input: ${input}
service:
  command: node ${SERVICE}
  env: { PORT: "{port}", REDIS_URL: "{redis}", DATABASE_URL: "{postgres}", PID_FILE: pid }
  ready: GET /healthz
stores: { redis: "${redis.url()}", postgres: "${postgres.url()}" }
setup: schema.sql
load: ${load}
`,
  );
}

async function client(): Promise<Redis> {
  const made = new Redis(redis.url());
  onTestFinished(() => made.disconnect());
  return made;
}

function runFolder(folder: string): string {
  const runs = readdirSync(join(folder, 'runs'));
  expect(runs).toHaveLength(1);
  return join(folder, 'runs', runs[0]!);
}

function of(samples: readonly Sample[], phase: string): readonly Sample[] {
  return samples.filter((sample) => sample.phase === phase);
}

describe('measure', () => {
  test('cold misses and asks the database, warm hits and asks nothing; sessions, locks and versions stay', async () => {
    const folder = whystale.folder('case');
    caseIn(folder, {
      input: `[{ request: GET /items/7, headers: { x-session: ${SESSION.slice(8)} } }]`,
      load: '{ rate: 40/s, seconds: 2, cold: 6, warmup: 2 }',
    });
    const store = await client();
    await store.hset(SESSION, 'never', 'read');
    await store.del(SESSION);
    await store.set(SESSION, 'user 1\u0000with bytes', 'EX', 5_000);
    await store.set('version:items', '3');
    await store.hset('stock', { 8: 'kept as it is' });
    const before = await store.dumpBuffer(SESSION);

    const end = await whystale.run(['measure', folder, '--json', '--plans']);

    expect(end.stderr).not.toContain('error');
    expect(end.exitCode).toBe(0);
    const run = JSON.parse(end.stdout) as MeasuredRun & { folder: string };
    expect(run.cold).toMatchObject({ requests: 6, errors: 0, hits: 0, misses: 12, sourceCallsPerRequest: 2 });
    expect(run.warm).toMatchObject({ requests: 80, errors: 0, misses: 0, sourceCallsPerRequest: 0 });
    expect(run.warm!.hits).toBe(160);
    const keys = new Map(run.keys.map((key) => [key.key, key]));
    expect(keys.get('item:7:v3')).toMatchObject({ removed: true, why: 'its value was read from items' });
    expect(keys.get('stock')).toMatchObject({
      removed: true,
      why: expect.stringContaining('of the hash only 7'),
    });
    expect(keys.get('version:items')).toMatchObject({
      removed: false,
      why: expect.stringContaining('put back'),
    });
    const session = keys.get('session:4f1c…');
    expect(session).toMatchObject({
      removed: false,
      why: expect.stringContaining('answered 401 instead of 200'),
    });

    // What is not a cache is as it was, with its time to live.
    expect(Buffer.compare((await store.dumpBuffer(SESSION))!, before!)).toBe(0);
    expect(await store.ttl(SESSION)).toBeGreaterThan(4_900);
    expect(await store.ttl(SESSION)).toBeLessThanOrEqual(5_000);
    expect(await store.get('version:items')).toBe('3');
    expect(await store.hget('stock', '8')).toBe('kept as it is');
    expect(await store.keys('whystale:*')).toEqual([]);

    // Everything is kept and reads back.
    const { folder: kept, ...document } = run;
    expect(kept).toBe(runFolder(folder));
    expect(readRun(kept)).toEqual(document);
    const samples = readSamples(kept);
    expect(of(samples, 'cold').map(({ cache, sourceCalls }) => [cache, sourceCalls])).toEqual(
      Array.from({ length: 6 }, () => ['miss', 2]),
    );
    expect(of(samples, 'warm')).toHaveLength(80);
    const known = of(samples, 'warm').filter(({ cache }) => cache !== null);
    expect(known.length).toBeGreaterThan(0);
    expect(
      new Set(known.map(({ cache, sourceCalls, cacheCalls }) => `${cache} ${sourceCalls} ${cacheCalls}`)),
    ).toEqual(new Set(['hit 0 5']));
    for (const file of ['cold-ecdf.svg', 'warm-ecdf.svg', 'box.svg', 'warm-latency.hgrm'])
      expect(existsSync(join(kept, file))).toBe(true);
    const items = run.queries.find(({ shape }) => shape.includes('FROM items'));
    expect(items).toMatchObject({ calls: 6 });
    expect(items!.plan).toContain('items_pkey');
    expect(run.fingerprint.entries.length).toBeGreaterThan(10);
    expect(readFileSync(join(kept, 'run.json'), 'utf8')).not.toContain(SESSION.slice(8));
  });

  test('whatever holds the value, and whether or not it was cached before', async () => {
    const folder = whystale.folder('case');
    const kinds = ['plain', 'scripted', 'sealed', 'later'];
    caseIn(folder, {
      input: `[${kinds.map((kind) => `GET /${kind}/3`).join(', ')}]`,
      load: '{ rate: 20/s, seconds: 1, cold: 8, warmup: 0 }',
    });
    const first = await whystale.run(['measure', folder, '--json', '--out', 'first']);
    writeFileSync(join(folder, 'schema.sql'), 'SELECT 1');
    const store = await client();
    expect((await store.keys('*')).sort()).toEqual(['item:3', 'later:3', 's:3', 'sealed:3']);
    const second = await whystale.run(['measure', folder, '--json', '--out', 'second']);

    for (const end of [first, second]) {
      const run = JSON.parse(end.stdout) as MeasuredRun;
      expect(run.keys.map(({ key, removed }) => `${key} ${removed}`).sort()).toEqual([
        'item:3 true',
        'later:3 true',
        's:3 true',
        'sealed:3 true',
      ]);
      expect(run.cold).toMatchObject({ requests: 8, errors: 0, sourceCallsPerRequest: 1, hits: 0 });
      expect(run.warm).toMatchObject({ requests: 20, errors: 0, sourceCallsPerRequest: 0, misses: 0 });
    }
    expect((await store.keys('*')).sort()).toEqual(['item:3', 'later:3', 's:3', 'sealed:3']);
  });

  test('two services are measured in turn, each with stores of its own', async () => {
    const folder = whystale.folder('case');
    caseIn(folder, { input: 'GET /plain/5', load: '{ rate: 50/s, seconds: 1, cold: 2, warmup: 0 }' });
    const measured = await readCase(folder, {});
    const other = redis.url().replace(/\/\d+$/, `/${(redis.db() + 8) % 16}`);
    const setting = {
      env: plainEnvironment(),
      random: Math.random,
      notice: () => undefined,
      line: () => undefined,
      signal: new AbortController().signal,
    };
    const before = await openMeasured({ ...setting, measured });
    onTestFinished(() => before.close());
    const stores = { ...measured.stores, redis: other };
    const after = await openMeasured({ ...setting, measured: { ...measured, stores, setup: [] } });
    onTestFinished(() => after.close());
    await before.prepare();
    await after.prepare();
    const warm = { rate: 50, seconds: 0.2, arrivals: 'poisson' } as const;
    const blocks = [];
    for (const side of [before, after, after, before])
      blocks.push(await side.runCold(2), await side.runWarm(warm));
    expect(blocks.map(({ phase, totals }) => `${phase} ${totals?.misses} ${totals?.sourceCalls}`)).toEqual(
      Array.from({ length: 4 }, () => ['cold 2 2', 'warm 0 0']).flat(),
    );
    const figures = phaseFigures(blocks.filter(({ phase }) => phase === 'warm'));
    expect(figures).toMatchObject({ requests: 40, errors: 0, hits: 40, misses: 0 });
    expect(before.died ?? after.died).toBeNull();
  });

  test('a service that is killed half way leaves a run that can be read', async () => {
    const folder = whystale.folder('case');
    caseIn(folder, { input: 'GET /plain/1', load: '{ rate: 50/s, seconds: 60, cold: 2, warmup: 1 }' });
    const running = whystale.start(['measure', folder]);
    const samples = () => readSamples(join(folder, 'runs', readdirSync(join(folder, 'runs'))[0] ?? ''));
    await eventually(
      'warm samples are kept',
      () => existsSync(join(folder, 'runs')) && of(samples(), 'warm').length > 20,
    );
    expect(readRun(runFolder(folder))).toMatchObject({ complete: false, warm: null });
    process.kill(Number(readFileSync(join(folder, 'pid'), 'utf8')), 'SIGKILL');

    const end = await running.end();

    expect(end.exitCode).toBe(4);
    expect(end.stdout).toContain('Not complete: The service ended with signal SIGKILL.');
    const run = readRun(runFolder(folder));
    expect(run).toMatchObject({ complete: false, ended: expect.stringContaining('signal SIGKILL') });
    expect(run.cold).toMatchObject({ requests: 2, errors: 0 });
    expect(run.warm!.requests).toBe(of(samples(), 'warm').length);
    expect(run.warm!.correctedMs!.count).toBeGreaterThan(20);
  });

  test('Ctrl-C ends with what is known; what was in flight is no error', async () => {
    const folder = whystale.folder('case');
    caseIn(folder, { input: 'GET /slow/1', load: '{ rate: 100/s, seconds: 60, cold: 2, warmup: 0 }' });
    const running = whystale.start(['measure', folder, '--out', 'kept', '--json'], { cwd: folder });
    await eventually('warm samples are kept', () => readSamples(join(folder, 'kept')).length > 20);

    const end = await running.interrupt();

    expect(end.exitCode).toBe(3);
    const run = JSON.parse(end.stdout) as MeasuredRun & { folder: string };
    expect(run).toMatchObject({ complete: false, ended: 'It was interrupted.', cold: null });
    expect(run.warm).toMatchObject({ errors: 0 });
    expect(run.warm!.requests).toBeGreaterThan(0);
    expect(run.notices.join('\n')).toMatch(/asked neither store/);
    expect(readRun(run.folder).ended).toBe('It was interrupted.');
  });

  test('a service that runs already: times and statuses only, and that is said', async () => {
    const folder = whystale.folder('case');
    const { createServer } = await import('node:http');
    const server = createServer((_, response) => response.end('{"price": 3}'));
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    onTestFinished(() => void server.close());
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : 0;
    writeFileSync(
      join(folder, 'case.yaml'),
      `input: GET /\nurl: http://127.0.0.1:${port}\nexpected: { path: $.price, value: 4 }\nload: { rate: 50/s, seconds: 1, warmup: 1 }\n`,
    );

    const end = await whystale.run(['measure', folder]);

    expect(end.exitCode).toBe(3);
    expect(end.stdout).toContain('The cold phase was not measured.');
    expect(end.stdout).toContain('100 %');
    expect(end.stdout).toContain('The service runs already');
    expect(readSamples(runFolder(folder))[0]).toMatchObject({
      error: '$.price is another value',
      sourceCalls: null,
    });
  });
});
