/**
 * A hunt from beginning to end: a shop with a seeded bug is watched under a little traffic, and from that recording alone, with
 * another scenario saying how the shop is started, the race is found; of the mended shop the same hunt proves that there is none.
 */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { HuntResult } from '../../src/race/hunt/contract.ts';
import { withWhystale } from '../support/cli.ts';
import { freePort } from '../support/engines.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const SHOP = join(ROOT, 'examples/node-shop/server.mjs');
const BASE = join(ROOT, 'examples/race/shop-item.yaml');
const TOKEN = 'demo-token-2';
const LIMIT_MS = 400_000;
/** More than it takes, on a machine that is busy with other tests. */
const SECONDS = 240;
const READY_MS = 30_000;

describe('hunt', () => {
  const whystale = withWhystale();

  async function recorded(folder: string): Promise<string> {
    const [listen, target] = [await freePort(), await freePort()];
    const recording = join(folder, 'rec');
    const run = whystale.start([
      ...['watch', '--json', '--out', recording, '--http', `${listen}=http://127.0.0.1:${target}`],
      ...['--env', `PORT=${target}`, '--env', 'SHOP_BUG=stale-fill-race', '--', process.execPath, SHOP],
    ]);
    await run.sees(/HTTP on /);
    const url = `http://127.0.0.1:${listen}`;
    for (const end = Date.now() + READY_MS; !(await isReady(url)); )
      if (Date.now() > end) throw new Error(`the shop is not ready\n${run.stderr()}`);
    for (const id of [3, 4, 5]) {
      for (const price of [11, 12]) {
        await asked(url, 'GET', `/items/${id}`);
        await asked(url, 'GET', `/items/${id}`);
        await asked(url, 'PUT', `/items/${id}`, { price: price + id });
      }
    }
    await run.interrupt();
    return recording;
  }

  async function hunted(folder: string, bug: string, ...more: readonly string[]) {
    const args = ['hunt', 'rec', '--base', BASE, '--seconds', String(SECONDS), '--json', ...more];
    const run = whystale.start(args, { cwd: folder, env: { SHOP_BUG: bug } });
    const { exitCode, stdout, stderr } = await run.end(LIMIT_MS);
    if (stdout === '') throw new Error(`nothing was printed, exit code ${exitCode}\n${stderr}`);
    return { exitCode, stderr, result: JSON.parse(stdout) as HuntResult };
  }

  test(
    'finds the race that was seeded, and none once it is mended',
    async () => {
      const folder = whystale.folder('hunt');
      await recorded(folder);

      const { exitCode, stderr, result } = await hunted(folder, 'stale-fill-race');
      expect([exitCode, result.verdict], `${stderr}\n${JSON.stringify(result, null, 1)}`).toEqual([
        1,
        'invalid',
      ]);
      const [pair] = result.pairs;
      expect(pair).toMatchObject({ reader: 'GET /items/{id}', writer: 'PUT /items/{id}', missing: [] });
      expect(pair?.predictions[0]).toMatchObject({ code: 'WS104', template: 'item:{id}' });
      const { outcome } = pair!;
      if (outcome.state !== 'explored') throw new Error(JSON.stringify(outcome));
      expect(outcome.counterexamples[0]).toMatchObject({ cause: 'WS104', start: 'cold', fault: null });

      const scenario = pair!.scenario!;
      expect(readFileSync(scenario, 'utf8')).toContain('# GET /items/{id} against PUT /items/{id}');
      const replayed = await whystale
        .start(['replay', outcome.counterexamples[0]!.schedule, '--json'], {
          cwd: folder,
          env: { SHOP_BUG: 'stale-fill-race' },
        })
        .end(LIMIT_MS);
      expect(replayed.exitCode, replayed.stderr).toBe(1);

      const mended = await hunted(folder, '');
      expect([mended.exitCode, mended.result.verdict], mended.stderr).toEqual([0, 'valid']);

      const refused = await hunted(folder, '', '--header', 'authorization: Bearer nobody');
      expect(refused.exitCode).toBe(3);
      expect(refused.result.pairs[0]?.outcome).toMatchObject({
        state: 'idle',
        why: 'GET /items/1 is answered 401',
      });
    },
    LIMIT_MS,
  );
});

async function isReady(url: string): Promise<boolean> {
  return fetch(`${url}/healthz`).then(
    ({ ok }) => ok,
    () => false,
  );
}

async function asked(url: string, method: string, path: string, body?: object): Promise<void> {
  const response = await fetch(url + path, {
    method,
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  await response.arrayBuffer();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status}`);
}
