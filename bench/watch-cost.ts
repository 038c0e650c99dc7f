/**
 * What watching costs a service: requests per second and latency of the example shops, not watched, watched, watched with
 * the HTTP proxy in front, each with and without the change stream.
 *
 * Each variant runs alone, from a fresh start on the same stores; rounds are interleaved and their order rotates. Figures
 * are medians over the rounds; ratios are taken within a round, so that a slow spell of the machine hits both sides. Load
 * generator, service, proxies and stores share the machine, so the ratios are those of a saturated machine: the worst case.
 *
 *   npm run bench -- watch-cost            WATCH_COST_ROUNDS=9 WATCH_COST_SHOP=node-shop npm run bench -- watch-cost
 *
 * Needs `npm run build`, redis-server, and for fastapi-shop its Python modules; a shop that does not start is left out.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort, startPostgres, startRedis } from '../src/engines/index.ts';

const ROOT = resolve(import.meta.dirname, '..');
const PROGRAM = join(ROOT, 'dist/cli/main.js');
const ROUNDS = Number(process.env.WATCH_COST_ROUNDS ?? 5);
const CLIENTS = 16;
const ITEMS = 60;
/** Of so many requests one is a write, the others read items and pages of the catalogue. */
const WRITE_EVERY = 10;
const READY_LIMIT_MS = 60_000;
const TOKEN = 'demo-token-1';

interface Shop {
  readonly name: string;
  readonly command: readonly [string, string];
  /** Requests that are measured, and those before them. */
  readonly requests: number;
  readonly warmUp: number;
}

const SHOPS: readonly Shop[] = [
  {
    name: 'node-shop',
    command: [process.execPath, join(ROOT, 'examples/node-shop/server.mjs')],
    requests: 2_000,
    warmUp: 500,
  },
  {
    name: 'fastapi-shop',
    command: ['/usr/bin/python3', join(ROOT, 'examples/fastapi-shop/app.py')],
    requests: 800,
    warmUp: 200,
  },
];

interface Variant {
  readonly name: string;
  /** Options of `watch`; null: the service runs by itself. */
  readonly flags: readonly string[] | null;
  readonly http: boolean;
}

const VARIANTS: readonly Variant[] = [
  { name: 'not watched', flags: null, http: false },
  { name: 'watched', flags: ['--no-stream'], http: false },
  { name: 'watched, change stream', flags: [], http: false },
  { name: 'watched, HTTP proxy', flags: ['--no-stream'], http: true },
  { name: 'watched, HTTP proxy, change stream', flags: [], http: true },
];

interface Stores {
  readonly redis: string;
  readonly postgres: string;
}

interface Measured {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  /** Median of requests that come one at a time: there is room for everybody, so this is what watching adds to each. */
  readonly alone: number;
}

await main();

async function main(): Promise<void> {
  const only = process.env.WATCH_COST_SHOP;
  console.log(`${ROUNDS} rounds, ${CLIENTS} clients, one write in ${WRITE_EVERY} requests; load ${load()}`);
  for (const shop of SHOPS.filter(({ name }) => only === undefined || name === only)) {
    const [redis, postgres] = await Promise.all([startRedis({ emulate: false }), startPostgres()]);
    try {
      await compare(shop, { redis: redis.url, postgres: postgres.url });
    } catch (error) {
      console.error(`${shop.name}: ${(error as Error).message}`);
      process.exitCode = 1;
    } finally {
      await Promise.all([redis.stop(), postgres.stop()]);
    }
  }
  console.log(`load at the end ${load()}`);
}

function load(): string {
  return `${os
    .loadavg()
    .map((value) => value.toFixed(1))
    .join(' ')} on ${os.cpus().length} processors`;
}

async function compare(shop: Shop, stores: Stores): Promise<void> {
  const measured = new Map<Variant, Measured[]>(VARIANTS.map((variant) => [variant, []]));
  for (let round = 0; round < ROUNDS; round++) {
    console.error(`${shop.name}: round ${round + 1} of ${ROUNDS}`);
    for (let place = 0; place < VARIANTS.length; place++) {
      const variant = VARIANTS[(place + round) % VARIANTS.length]!;
      measured.get(variant)?.push(await runOnce(shop, variant, stores, round));
    }
  }
  print(shop, measured);
}

async function runOnce(shop: Shop, variant: Variant, stores: Stores, seed: number): Promise<Measured> {
  const folder = mkdtempSync(join(os.tmpdir(), 'watch-cost-'));
  const [direct, proxied] = [await freePort(), await freePort()];
  const child = start(shop, variant, stores, { direct, proxied, folder });
  try {
    await ready(child, direct);
    const port = variant.http ? proxied : direct;
    await requests(port, shop.warmUp, seed + 1_000, CLIENTS);
    const alone = await requests(port, shop.warmUp, seed + 2_000, 1);
    return { ...(await requests(port, shop.requests, seed, CLIENTS)), alone: alone.p50 };
  } finally {
    await stop(child);
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Place {
  readonly direct: number;
  readonly proxied: number;
  readonly folder: string;
}

function start(shop: Shop, { flags, http: proxy }: Variant, stores: Stores, place: Place): ChildProcess {
  const { REDIS_URL: _redis, DATABASE_URL: _database, ...rest } = process.env;
  const env = { ...rest, PORT: String(place.direct), PYTHONDONTWRITEBYTECODE: '1' };
  const stdio = ['ignore', 'ignore', 'ignore'] as const;
  if (flags === null) {
    const [program, ...args] = shop.command;
    const own = { ...env, REDIS_URL: stores.redis, DATABASE_URL: stores.postgres };
    return spawn(program, args, { env: own, stdio: [...stdio] });
  }
  const through = proxy ? ['--http', `${place.proxied}=http://127.0.0.1:${place.direct}`] : [];
  const args = [
    ...[PROGRAM, 'watch', '--json', '--out', join(place.folder, 'recording')],
    ...['--redis', stores.redis, '--postgres', stores.postgres, ...through, ...flags],
    ...['--', ...shop.command],
  ];
  return spawn(process.execPath, args, { env, stdio: [...stdio] });
}

async function ready(child: ChildProcess, port: number): Promise<void> {
  for (const until = performance.now() + READY_LIMIT_MS; performance.now() < until; await pause(50)) {
    if (child.exitCode !== null) throw new Error(`ended with exit code ${child.exitCode} before it answered`);
    const ok = await fetch(`http://127.0.0.1:${port}/healthz`).then(
      (response) => response.ok,
      () => false,
    );
    if (ok) return;
  }
  throw new Error('did not become ready');
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGINT');
  await ended;
}

/** Sends so many requests, some at a time, on connections that are kept. */
async function requests(
  port: number,
  count: number,
  seed: number,
  clients: number,
): Promise<Omit<Measured, 'alone'>> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: clients });
  const times: number[] = [];
  let next = 0;
  const client = async (): Promise<void> => {
    while (next < count) {
      const at = next++;
      const begin = performance.now();
      await send(agent, port, at, seed);
      times.push(performance.now() - begin);
    }
  };
  const begin = performance.now();
  await Promise.all(Array.from({ length: clients }, client));
  const seconds = (performance.now() - begin) / 1000;
  agent.destroy();
  times.sort((a, b) => a - b);
  const quantile = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))]!;
  return { perSecond: count / seconds, p50: quantile(0.5), p99: quantile(0.99) };
}

async function send(agent: http.Agent, port: number, at: number, seed: number): Promise<void> {
  const id = 1 + ((at * 7 + seed) % ITEMS);
  const write = at % WRITE_EVERY === 0;
  const path = at % WRITE_EVERY === 5 ? `/items?page=${1 + (id % 6)}` : `/items/${id}`;
  const body = write ? JSON.stringify({ price: 1_000 + ((at * 31 + seed) % 100_000) / 100 }) : null;
  const request = http.request({
    ...{ agent, host: '127.0.0.1', port, path, method: write ? 'PUT' : 'GET' },
    headers: {
      authorization: `Bearer ${TOKEN}`,
      ...(body === null
        ? {}
        : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
    },
  });
  request.end(body);
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  response.resume();
  await once(response, 'end');
  if (response.statusCode !== 200) throw new Error(`${path} was answered with ${response.statusCode}`);
}

function print(shop: Shop, measured: ReadonlyMap<Variant, readonly Measured[]>): void {
  const base = measured.get(VARIANTS[0]!) ?? [];
  console.log(`\n${shop.name}, ${shop.requests} requests a round`);
  for (const [variant, rounds] of measured) {
    const ratio = (figure: (one: Measured) => number) =>
      median(rounds.map((one, round) => figure(one) / figure(base[round]!))).toFixed(2);
    const shown = (figure: (one: Measured) => number) => median(rounds.map(figure));
    const all = rounds.map(({ perSecond }) => Math.round(perSecond));
    console.log(
      [
        `  ${variant.name.padEnd(36)}`,
        `${shown((one) => one.perSecond)
          .toFixed(0)
          .padStart(6)}/s × ${ratio((one) => one.perSecond)}`,
        `  p50 ${shown((one) => one.p50).toFixed(1)} ms × ${ratio((one) => one.p50)}`,
        `  p99 ${shown((one) => one.p99).toFixed(1)} ms × ${ratio((one) => one.p99)}`,
        `  one at a time ${shown((one) => one.alone).toFixed(1)} ms × ${ratio((one) => one.alone)}`,
        `  ${Math.min(...all)}…${Math.max(...all)}/s`,
      ].join(''),
    );
  }
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
