/**
 * The map as a gate in CI: written from a right service, it passes the next recording of that service and fails the branch
 * on which a write forgets its keys, naming the write; it passes again once the write is accepted with a reason.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runTraffic } from '../../examples/traffic.mjs';
import { readMapFile } from '../../src/mapfile/index.ts';
import { type MapDocument, MapSchema } from '../../src/report/map-document.ts';
import { withWhystale } from '../support/cli.ts';
import { freePort } from '../support/engines.ts';

const SHOP = resolve(import.meta.dirname, '../../examples/node-shop/server.mjs');
const TEST_LIMIT_MS = 240_000;
/** Traffic goes on until every path that the test speaks of was taken often enough, on a slow machine too. */
const LIMIT_S = 40;
const CLIENTS = 8;
const PATHS = ['POST /orders', 'PUT /stock/{id}', 'GET /stock/{id}', 'PUT /items/{id}', 'GET /items/{id}'];
const TIMES = 4;

describe('map --check', () => {
  const whystale = withWhystale();

  async function record(folder: string, bug: string): Promise<void> {
    const [listen, target] = [await freePort(), await freePort()];
    const run = whystale.start([
      ...['watch', '--json', '--out', folder, '--http', `${listen}=http://127.0.0.1:${target}`],
      ...['--env', `PORT=${target}`, '--env', `SHOP_BUG=${bug}`, '--', process.execPath, SHOP],
    ]);
    await run.sees(/HTTP on /);
    const enough = new AbortController();
    const traffic = await runTraffic({
      url: `http://127.0.0.1:${listen}`,
      scenario: 'missing-invalidation,wrong-key',
      seconds: LIMIT_S,
      clients: CLIENTS,
      signal: enough.signal,
      onProgress: ({ routes }) => {
        if (PATHS.every((path) => (routes[path]?.requests ?? 0) >= TIMES)) enough.abort();
      },
    });
    const end = await run.interrupt();
    expect(traffic.errors, end.stderr).toBe(0);
  }

  async function mapped(args: readonly string[]): Promise<{ exitCode: number | null; map: MapDocument }> {
    const end = await whystale.run(['map', ...args, '--json']);
    return { exitCode: end.exitCode, map: MapSchema.parse(JSON.parse(end.stdout)) as MapDocument };
  }

  test(
    'fails the branch that adds an uncovered write, and passes the one that covers it',
    async () => {
      const folder = whystale.folder('map');
      const file = join(folder, 'whystale.map.yaml');
      const [fixed, again, buggy] = ['fixed', 'again', 'buggy'].map((name) => join(folder, name)) as [
        string,
        string,
        string,
      ];

      await record(fixed, '');
      const written = await mapped([fixed, '--write', file]);
      expect(written.exitCode).toBe(0);
      expect(uncovered(written.map)).toEqual([]);
      const text = readFileSync(file, 'utf8');
      expect(text).toMatch(/^# yaml-language-server: \$schema=/);
      expect(text).not.toMatch(/127\.0\.0\.1|h:[0-9a-f]{12}/);
      const committed = readMapFile(file);
      expect(committed.templates).toContainEqual(
        expect.objectContaining({ template: 'item:{id}', key: 'item:{items.id}', uncovered: [] }),
      );
      expect(committed.templates).toContainEqual(
        expect.objectContaining({ template: 'stock:{id}', key: 'stock:{stock.item_id}', uncovered: [] }),
      );

      await record(again, '');
      const passed = await mapped([again, '--check', file]);
      expect([passed.exitCode, passed.map.check?.verdict], shown(passed.map)).toEqual([0, 'passed']);

      await record(buggy, 'missing-invalidation');
      const failed = await mapped([buggy, '--check', file]);
      expect([failed.exitCode, failed.map.check?.verdict], shown(failed.map)).toEqual([1, 'failed']);
      const fresh = failed.map.check?.fresh ?? [];
      expect(fresh.map(({ template, write }) => [template, write.by.name, write.changes])).toEqual([
        ['stock:{id}', 'POST /orders', ['stock.quantity']],
      ]);
      const told = await whystale.run(['map', buggy, '--check', file]);
      expect(told.stdout).toContain('UNCOVERED  POST /orders changes stock.quantity');
      expect(told.stdout).toMatch(/^FAILED: 1 uncovered write not in /m);

      expect((await mapped([buggy, '--write', file])).exitCode).toBe(0);
      accept(file, 'stock may be 20 s old');
      const accepted = await mapped([buggy, '--check', file]);
      expect([accepted.exitCode, accepted.map.check?.accepted.length]).toEqual([0, 1]);
      await mapped([buggy, '--write', file]);
      expect(readFileSync(file, 'utf8')).toContain('accepted: stock may be 20 s old');

      const mended = await mapped([again, '--check', file]);
      expect(mended.exitCode).toBe(0);
      expect(mended.map.check?.mended.map(({ template }) => template)).toEqual(['stock:{id}']);
    },
    TEST_LIMIT_MS,
  );

  test('a recording that shows nothing decides nothing', async () => {
    const folder = whystale.folder('map');
    const file = join(folder, 'whystale.map.yaml');
    writeFileSync(file, 'version: 1\ntemplates: []\n');
    const recording = join(folder, 'rec');
    await whystale.run(['watch', '--json', '--out', recording, '--', process.execPath, '-e', '']);
    const { exitCode, map } = await mapped([recording, '--check', file]);
    expect([exitCode, map.check?.verdict]).toEqual([3, 'undecided']);
  });
});

/** As a person would: below the entry. */
function accept(file: string, reason: string): void {
  const text = readFileSync(file, 'utf8');
  const changed = text.replace(/(uncovered:\n(\s+)- by: POST \/orders\n)/, `$1$2  accepted: ${reason}\n`);
  expect(changed).not.toBe(text);
  writeFileSync(file, changed);
}

function uncovered(map: MapDocument): readonly string[] {
  return map.templates.flatMap(({ template, writes }) =>
    writes
      .filter(({ status }) => status === 'uncovered')
      .map(({ by, changes }) => `${template}: ${by.name} ${changes.join(', ')}`),
  );
}

/** What is printed when an expectation fails. */
function shown(map: MapDocument): string {
  return map.templates
    .flatMap(({ template, writes }) =>
      writes.map(
        (write) =>
          `${template}: ${write.status} ${write.confidence} ${write.by.name} ${write.changes.join(', ')}, seen ${write.seen}, cached ${write.cached}, stale ${write.stale}, invalidated ${write.invalidated}, unclear ${write.unclear}`,
      ),
    )
    .join('\n');
}
