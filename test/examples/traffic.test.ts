import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { createTruth } from '../../examples/traffic/truth.mjs';
import { runTraffic, SCENARIOS } from '../../examples/traffic.mjs';

describe('what an answer may show', () => {
  test('anything, as long as nothing was written', () => {
    expect(createTruth().expect('price')('12')).toBe(false);
  });

  test('only the new value, when the write had returned before the request', () => {
    const truth = createTruth();
    truth.write('price', 10)();
    truth.write('price', 12)();
    const stale = truth.expect('price');
    expect([stale(10), stale(12)]).toEqual([true, false]);
  });

  test('the old or the new value, when request and write overlap', () => {
    const truth = createTruth();
    truth.write('price', 10)();
    const done = truth.write('price', 12);
    const stale = truth.expect('price');
    done();
    expect([stale(10), stale(12), stale(9)]).toEqual([false, false, true]);
  });

  test('a later value than the one known when the request was sent', () => {
    const truth = createTruth();
    truth.write('price', 10)();
    const stale = truth.expect('price');
    truth.write('price', 12)();
    expect(stale(12)).toBe(false);
  });

  test('writers of one thing take turns, whatever becomes of one of them', async () => {
    const truth = createTruth();
    const seen: string[] = [];
    const failing = truth.alone('price', async () => {
      seen.push('first');
      throw new Error('lost');
    });
    const second = truth.alone('price', async () => seen.push('second'));
    await expect(failing).rejects.toThrow('lost');
    await second;
    expect(seen).toEqual(['first', 'second']);
  });
});

describe('traffic', () => {
  let server: Server | null = null;
  afterEach(() => {
    server?.closeAllConnections();
    server?.close();
    server = null;
  });

  /** A service that is healthy and fails everything else; returns its address and the requests it was sent. */
  async function failingService(): Promise<{ url: string; asked: string[] }> {
    const asked: string[] = [];
    server = createServer((request, response) => {
      const healthy = request.url === '/healthz';
      if (!healthy) asked.push(`${request.method} ${request.url}`);
      response.writeHead(healthy ? 200 : 503, { 'content-type': 'application/json' }).end('{}');
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
  }

  test('gives up on a service that fails, and says how', async () => {
    const { url } = await failingService();
    const result = await runTraffic({ url, seconds: 60, clients: 2 });
    expect(result.errors).toBeGreaterThanOrEqual(200);
    expect(result.errors).toBe(result.requests);
    expect(result.notes[0]).toBe('GET /stats answered 503: {}');
  });

  test('one client with one seed sends the same requests again', async () => {
    const { url, asked } = await failingService();
    const sequence = async (seed: number): Promise<string> => {
      asked.length = 0;
      await runTraffic({ url, seconds: 60, clients: 1, seed });
      // Requests that are sent together may arrive in any order.
      return asked.toSorted().join('\n');
    };
    const first = await sequence(5);
    expect(await sequence(5)).toBe(first);
    expect(await sequence(6)).not.toBe(first);
  });

  test('reports progress and ends on the signal', async () => {
    const { url } = await failingService();
    const abort = new AbortController();
    const traffic = runTraffic({
      url,
      seconds: 60,
      pauseMs: 40,
      clients: 1,
      signal: abort.signal,
      onProgress: () => abort.abort(),
    });
    expect((await traffic).elapsedMs).toBeLessThan(10_000);
  });

  test.each([
    ['a scenario', { scenario: 'nonsense' }],
    ['a number of clients', { clients: 51 }],
  ])('refuses %s that it does not know', async (_what, wrong) => {
    await expect(runTraffic({ url: 'http://127.0.0.1:9', ...wrong })).rejects.toThrow('traffic: ');
  });

  test('the command exits 1 when the service fails and 2 when an option is wrong', async () => {
    const { url } = await failingService();
    expect(await exitCode('--url', url, '--seconds', '1', '--bug', SCENARIOS[0]!)).toBe(1);
    expect(await exitCode('--url', url, '--bug', 'nonsense')).toBe(2);
  });
});

function exitCode(...options: readonly string[]): Promise<number> {
  const file = fileURLToPath(new URL('../../examples/traffic.mjs', import.meta.url));
  return new Promise((resolve) => {
    execFile(process.execPath, [file, ...options], (error) =>
      resolve(error === null ? 0 : Number(error.code)),
    );
  });
}
