/** A recording says the same as watching said, wherever it is copied to, and what is wrong with it is told. */
import { cpSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { runTraffic, type TrafficResult } from '../../examples/traffic.mjs';
import type { Finding } from '../../src/core/finding.ts';
import { type FindingsDocument, FindingsSchema } from '../../src/report/findings-document.ts';
import { type CliEnd, withWhystale } from '../support/cli.ts';
import { freePort, withPostgres, withRedis } from '../support/engines.ts';
import { thoroughly } from '../support/thorough.ts';
import { LAMP_FINDING, lampService } from './services.ts';

const SHOP = join(import.meta.dirname, '../../examples/node-shop/server.mjs');

const whystale = withWhystale();
const redis = withRedis();
const postgres = withPostgres();
const env = () => ({ REDIS_URL: redis.url(), DATABASE_URL: postgres.url() });

function documentOf(end: CliEnd): FindingsDocument {
  return FindingsSchema.parse(JSON.parse(end.stdout)) as FindingsDocument;
}

const told = ({ id, code, template, key, confidence, hits, keys, writer, reader, staleForMs }: Finding) => ({
  ...{ id, code, template, key, confidence, hits, keys, writer, reader, staleForMs },
});

/** Recordings by the flags that they were made with: each is made once. */
const recordings: Record<string, ReturnType<typeof recordLamp>> = {};
const kept: string[] = [];
afterAll(() => {
  for (const folder of kept) rmSync(folder, { recursive: true, force: true });
});

/** Watches the lamp service; gives its document and a copy of its recording in another folder. */
async function lampRecording(
  ...more: readonly string[]
): Promise<{ readonly watched: FindingsDocument; readonly copy: string }> {
  const flags = more.join(' ');
  recordings[flags] ??= recordLamp(more);
  const { out, watched } = await recordings[flags];
  const copy = join(whystale.folder(), 'elsewhere');
  cpSync(out, copy, { recursive: true });
  return { watched, copy };
}

async function recordLamp(more: readonly string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'whystale-lamp-'));
  kept.push(folder);
  const out = join(folder, 'rec');
  const command = lampService(whystale.folder());
  const end = await whystale.run(['watch', '--json', ...more, '--out', out, '--', ...command], {
    env: env(),
  });
  return { out, watched: documentOf(end) };
}

describe('explain', () => {
  test('gives the findings that watching gave, from a copy of the recording', async () => {
    const { watched, copy } = await lampRecording();
    const end = await whystale.run(['explain', '--json', copy]);
    const explained = documentOf(end);
    expect(end.exitCode).toBe(1);
    expect(explained.findings.map(told)).toEqual(watched.findings.map(told));
    expect(explained.templates).toEqual(watched.templates);
    expect(explained.summary).toEqual(watched.summary);
    expect(explained.engine).toEqual(watched.engine);
    expect(explained.child).toEqual({ exitCode: 0, signal: null });
    expect(explained.recording).toBe(copy);
    expect(explained.notices).toEqual([]);
  });

  test('gives the very same text when values were recorded in the clear', async () => {
    const { watched, copy } = await lampRecording('--values');
    const explained = documentOf(await whystale.run(['explain', '--json', copy]));
    expect(explained.findings).toEqual(watched.findings);
    expect(JSON.stringify(explained.findings)).toContain('149.5');
  });

  test('shows no value when they were not', async () => {
    const { copy } = await lampRecording();
    expect((await whystale.run(['explain', copy])).stdout).not.toMatch(/149\.5|162\.25|Desk/);
  });

  thoroughly('gives them also for a shop under traffic, with several findings and routes', async () => {
    const [listen, target] = [await freePort(), await freePort()];
    const out = join(whystale.folder(), 'rec');
    const run = whystale.start(
      [
        ...['watch', '--json', '--out', out, '--http', `${listen}=${target}`, '--env', `PORT=${target}`],
        ...['--env', 'SHOP_BUG=missing-invalidation,partial-invalidation', '--', process.execPath, SHOP],
      ],
      { env: env() },
    );
    await run.sees(/HTTP on /);
    const url = `http://127.0.0.1:${listen}`;
    const scenario = 'missing-invalidation,partial-invalidation';
    const both = new AbortController();
    const stale = (traffic: TrafficResult, route: string) => (traffic.routes[route]?.staleAnswers ?? 0) > 3;
    await runTraffic({
      ...{ url, scenario, seconds: 30, clients: 8, signal: both.signal },
      onProgress: (traffic) => {
        if (stale(traffic, 'GET /stock/{id}') && stale(traffic, 'GET /users/{id}')) both.abort();
      },
    });
    const watched = documentOf(await run.interrupt());
    expect(new Set(watched.findings.map(({ code }) => code))).toEqual(new Set(['WS101', 'WS110']));
    const copy = join(whystale.folder(), 'elsewhere');
    cpSync(out, copy, { recursive: true });
    const explained = documentOf(await whystale.run(['explain', '--json', copy]));
    expect(explained.findings.map(told)).toEqual(watched.findings.map(told));
    expect(explained.routes).toEqual(watched.routes);
    expect(explained.coverage).toEqual(watched.coverage);
  });

  test('takes the newest recording of the folder it is run in', async () => {
    const folder = whystale.folder();
    await whystale.run(['watch', '--json', '--', ...lampService(whystale.folder())], {
      cwd: folder,
      env: env(),
    });
    const end = await whystale.run(['explain', '--json'], { cwd: folder });
    expect(documentOf(end).findings).toEqual([expect.objectContaining(LAMP_FINDING)]);
  });

  test('--key and --finding choose, and a wrong one is an error', async () => {
    const { copy } = await lampRecording();
    const ask = (...args: readonly string[]) => whystale.run(['explain', '--json', copy, ...args]);
    expect(documentOf(await ask('--key', 'lamp:7')).findings).toHaveLength(1);
    expect(documentOf(await ask('--finding', 'f1')).findings).toHaveLength(1);
    for (const wrong of [
      ['--key', 'lamp:8'],
      ['--finding', 'F2'],
    ]) {
      const end = await ask(...wrong);
      expect(end.exitCode).toBe(2);
      expect(end.stdout).toContain(wrong[1]);
    }
    const text = await whystale.run(['explain', copy, '--finding', 'F1']);
    expect(text.stdout).toMatch(/UPDATE lamps[\s\S]*GET lamp:7/);
    expect(text.stdout).toContain('WS112');
  });

  test('a last line that was cut off is told, and the rest explained', async () => {
    const { copy } = await lampRecording();
    const history = join(copy, 'history.jsonl');
    truncateSync(history, readFileSync(history).length - 9);
    const end = await whystale.run(['explain', '--json', copy]);
    const { findings, notices } = documentOf(end);
    expect(notices.join('\n')).toMatch(/Line \d+ of history\.jsonl is cut off/);
    expect(findings.map(({ code }) => code)).toEqual(['WS112']);
  });

  test('a recording that was not closed is told', async () => {
    const out = join(whystale.folder(), 'rec');
    const service = lampService(whystale.folder(), 'ioredis', 'pg', 0);
    const run = whystale.start(['watch', '--json', '--out', out, '--', ...service], { env: env() });
    await run.sees(/staying/);
    // What was recorded is on disk before long, also when whystale cannot finish.
    await new Promise((done) => setTimeout(done, 2_500));
    run.kill('SIGKILL');
    await run.end();
    const { notices, findings } = documentOf(await whystale.run(['explain', '--json', out]));
    expect(notices.join('\n')).toMatch(/not closed/);
    expect(findings.map(({ code }) => code)).toEqual(['WS112']);
  });

  test.each([
    [
      'a newer format',
      { format: 'whystale-recording/2', whystale: '9.0.0' },
      /whystale-recording\/2.*9\.0\.0/,
    ],
    ['another program', { name: 'something' }, /belongs to another program/],
  ])('a recording of %s is refused', async (_, manifest, text) => {
    const { copy } = await lampRecording();
    writeFileSync(join(copy, 'manifest.json'), JSON.stringify(manifest));
    const end = await whystale.run(['explain', copy]);
    expect(end.exitCode).toBe(2);
    expect(end.stderr.replaceAll(/\s+/g, ' ')).toMatch(text);
  });

  test('a damaged line in the middle is refused with its number', async () => {
    const { copy } = await lampRecording();
    const history = join(copy, 'history.jsonl');
    const lines = readFileSync(history, 'utf8').split('\n');
    lines[2] = '{"broken":';
    writeFileSync(history, lines.join('\n'));
    const end = await whystale.run(['explain', copy]);
    expect(end.exitCode).toBe(2);
    expect(end.stderr).toMatch(/line 3/);
  });
});
