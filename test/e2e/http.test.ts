/**
 * The HTTP side of `watch` on a real service with real stores: what the request log and the headers say equals what the
 * service itself counted, and everything passes.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import type net from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { RequestLine } from '../../src/watch/http-log.ts';
import { type CliRun, withWhystale } from '../support/cli.ts';
import { freePort, withPostgres, withRedis } from '../support/engines.ts';
import { THOROUGH } from '../support/thorough.ts';
import { type Command, nodeService } from './services.ts';

const whystale = withWhystale();
const redis = withRedis();
const postgres = withPostgres();

/** Counts what it does to its stores itself, and streams, upgrades and echoes. */
const SERVICE = `
import http from 'node:http';
import { createHash } from 'node:crypto';
const { Redis } = require('ioredis');
const { Pool } = require('pg');
const redis = new Redis(process.env.REDIS_URL);
const pool = new Pool({ connectionString: process.env.DATABASE_URL, max: 4 });
await pool.query('CREATE TABLE IF NOT EXISTS items (id int PRIMARY KEY, name text NOT NULL)');
await pool.query("INSERT INTO items SELECT n, 'item ' || n FROM generate_series(1, 200) n ON CONFLICT DO NOTHING");
await pool.query('SELECT id, name FROM items WHERE id = $1', [1]);
const counts = [];
const block = Buffer.alloc(1 << 16, 'x');

async function item(id, again) {
  const count = { hits: 0, misses: 0, databaseCalls: 0, duplicateCalls: 0 };
  counts.push({ path: '/items/' + id, ...count });
  const mine = counts.at(-1);
  const hit = await redis.get('item:' + id);
  if (hit !== null) { mine.hits++; return hit; }
  mine.misses++;
  for (let i = 0; i < 1 + again; i++) {
    mine.databaseCalls++;
    if (i > 0) mine.duplicateCalls++;
    var { rows } = await pool.query('SELECT id, name FROM items WHERE id = $1', [id]);
  }
  await redis.set('item:' + id, JSON.stringify(rows[0]), 'EX', 60);
  return JSON.stringify(rows[0]);
}

async function big(request, response, url) {
  if (request.method === 'PUT') {
    let size = 0;
    for await (const chunk of request) size += chunk.length;
    return response.end(String(size));
  }
  for (let left = Number(url.searchParams.get('size')); left > 0; left -= block.length) {
    if (!response.write(block)) await new Promise((go) => response.once('drain', go));
  }
  response.end();
}

const server = http.createServer(async (request, response) => {
  const url = new URL(request.url, 'http://x');
  const id = /^\\/items\\/(\\d+)$/.exec(url.pathname)?.[1];
  if (id) {
    response.setHeader('server-timing', 'app;dur=1');
    return response.end(await item(Number(id), Number(url.searchParams.get('again') ?? 0)));
  }
  if (url.pathname === '/counts') return response.end(JSON.stringify(counts));
  if (url.pathname === '/big') return big(request, response, url);
  if (url.pathname === '/events') {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('data: 1\\n\\n');
    return request.on('close', () => response.end());
  }
  response.writeHead(404).end('none');
});
server.on('upgrade', (request, socket) => {
  const key = createHash('sha1').update(request.headers['sec-websocket-key'] + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11');
  socket.write('HTTP/1.1 101 Switching Protocols\\r\\nupgrade: websocket\\r\\nconnection: Upgrade\\r\\nsec-websocket-accept: ' + key.digest('base64') + '\\r\\n\\r\\n');
  socket.on('error', () => {});
  socket.pipe(socket);
});
server.listen(Number(process.env.PORT), '127.0.0.1', () => console.log('ready to serve'));
process.on('SIGTERM', () => process.exit(0));
`;

interface Watched {
  readonly run: CliRun;
  readonly port: number;
  readonly folder: string;
  readonly log: () => RequestLine[];
}

async function watchService(...flags: readonly string[]): Promise<Watched> {
  const folder = whystale.folder('http');
  const [port, target] = [await freePort(), await freePort()];
  const command: Command = nodeService(folder, SERVICE);
  const run = whystale.start(
    [
      ...[
        'watch',
        '--json',
        '--out',
        join(folder, 'rec'),
        '--redis',
        redis.url(),
        '--postgres',
        postgres.url(),
      ],
      ...['--http', `${port}=http://127.0.0.1:${target}`, '--env', 'PORT={port}', ...flags, '--', ...command],
    ],
    { cwd: folder },
  );
  await run.sees(/ready to serve/);
  const log = () => linesOf(join(folder, 'requests.jsonl')) as unknown as RequestLine[];
  return { run, port, folder, log };
}

function linesOf(path: string): Record<string, unknown>[] {
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

async function get(
  port: number,
  path: string,
  options: http.RequestOptions = {},
): Promise<http.IncomingMessage> {
  const request = http.get({ host: '127.0.0.1', port, path, agent: false, ...options });
  const [answer] = (await once(request, 'response')) as [http.IncomingMessage];
  return answer;
}

const body = async (port: number, path: string): Promise<string> => text(await get(port, path));

/** Asks for these paths, so many at a time. */
async function ask(port: number, paths: readonly string[], atOnce: number): Promise<void> {
  const left = [...paths];
  const client = async () => {
    for (let path = left.shift(); path !== undefined; path = left.shift()) await body(port, path);
  };
  await Promise.all(Array.from({ length: atOnce }, client));
}

type Counted = Pick<RequestLine, 'path' | 'hits' | 'misses' | 'databaseCalls' | 'duplicateCalls'>;

const counted = ({ path, hits, misses, databaseCalls, duplicateCalls }: RequestLine): Counted => ({
  path,
  hits,
  misses,
  databaseCalls,
  duplicateCalls,
});

const PATHS = Array.from({ length: 80 }, (_, i) => `/items/${1 + ((i * 7) % 23)}?again=${i % 3}`);

describe('the request log', () => {
  test('under --serialize equals the service’s own count, request by request, and so does the recording', async () => {
    const { run, port, folder, log } = await watchService('--serialize', '--log', 'requests.jsonl');
    await ask(port, PATHS, 12);
    const own = JSON.parse(await body(port, '/counts')) as Counted[];
    await run.interrupt();
    const lines = log();
    expect(lines.map(({ request }) => request)).toEqual(Array.from({ length: 81 }, (_, i) => i + 1));
    expect(new Set(lines.map(({ attribution }) => attribution))).toEqual(new Set(['exact']));
    expect(lines.slice(0, 80).map(counted)).toEqual(own);
    expect(lines[80]).toMatchObject({
      route: 'GET /counts',
      cacheStatus: 'none',
      databaseCalls: 0,
      status: 200,
    });
    expect(new Set(lines.slice(0, 80).map(({ route }) => route))).toEqual(new Set(['GET /items/{id}']));
    expect(
      lines.slice(0, 80).every(({ hits, cacheStatus }) => cacheStatus === (hits === 1 ? 'hit' : 'miss')),
    ).toBe(true);
    const recorded = linesOf(join(folder, 'rec', 'history.jsonl'));
    const statements = (request: number) =>
      recorded.filter((op) => op.request === request && op.tier === 'source' && op.kind === 'read').length;
    expect(own.map((_, i) => statements(i + 1))).toEqual(own.map(({ databaseCalls }) => databaseCalls));
  });

  test('without it tells the stores’ figures only where they are certain, and then they are right', async () => {
    const { run, port, log } = await watchService('--log', 'requests.jsonl');
    const paths = Array.from({ length: 120 }, (_, i) => `/items/${i + 1}?again=${i % 3}`);
    await ask(port, paths.slice(0, 100), 8);
    await ask(port, paths.slice(100), 1);
    const own = new Map((JSON.parse(await body(port, '/counts')) as Counted[]).map((one) => [one.path, one]));
    await run.interrupt();
    const lines = log();
    expect(lines.length).toBe(121);
    const exact = lines.filter(({ attribution, path }) => attribution === 'exact' && path !== '/counts');
    expect(exact.map(counted)).toEqual(exact.map(({ path }) => own.get(path)));
    expect(exact.length).toBeGreaterThanOrEqual(20);
    const others = lines.filter(({ attribution }) => attribution === 'none');
    expect(others.length).toBeGreaterThan(50);
    for (const line of others)
      expect(line).toMatchObject({ hits: null, databaseCalls: null, cacheStatus: 'unknown' });
  });

  test('is appended to a file, while the service runs', async () => {
    const folder = whystale.folder('log');
    const file = join(folder, 'all.jsonl');
    writeFileSync(file, '{"before":1}\n');
    const { run, port } = await watchService('--log', file);
    await body(port, '/items/1');
    await expect.poll(() => linesOf(file).length, { timeout: 10_000 }).toBe(2);
    expect(linesOf(file)).toMatchObject([
      { before: 1 },
      { request: 1, path: '/items/1', error: false, bytes: 24 },
    ]);
    await run.interrupt();
  });

  test('that cannot be opened ends everything before it starts', async () => {
    const folder = whystale.folder('log');
    const file = join(folder, 'none', 'requests.jsonl');
    const marker = join(folder, 'started');
    const end = await whystale.run(
      ['watch', '--json', '--log', file, '--http', `${await freePort()}=1`, '--', 'touch', marker],
      { cwd: folder },
    );
    expect([end.exitCode, existsSync(marker)]).toEqual([2, false]);
    expect(JSON.parse(end.stdout)).toMatchObject({ error: { code: 'WSE473' } });
    expect(existsSync(join(folder, '.whystale'))).toBe(false);
  });

  test('without a proxy says that it will stay empty', async () => {
    const folder = whystale.folder('log');
    const stores = ['--redis', redis.url(), '--postgres', postgres.url()];
    const end = await whystale.run(['watch', ...stores, '--log', 'l', '--serialize', '--', 'true'], {
      cwd: folder,
    });
    expect(end.stderr).toContain('Without --http no request is seen: --serialize and --log will do nothing.');
  });
});

describe('--annotate', () => {
  test('says what the cache and the database did, beside what the service says', async () => {
    const { run, port } = await watchService('--annotate');
    // The first statements on a table wait until it is known, and nothing is guessed meanwhile.
    let id = 100;
    const known = async () => (await get(port, `/items/${++id}`)).headers['cache-status'];
    await expect.poll(known, { timeout: 10_000 }).toBeDefined();
    const [missed, hit] = [await get(port, '/items/7'), await get(port, '/items/7')];
    expect(missed.headers).toMatchObject({
      'cache-status': 'whystale; fwd=miss; stored; key="item:7"',
      'server-timing': expect.stringMatching(
        /^app;dur=1, cache;dur=[\d.]+;desc="1 read, 0 hits", db;dur=[\d.]+;desc="1 call", total;dur=[\d.]+$/,
      ) as string,
    });
    expect(hit.headers['cache-status']).toBe('whystale; hit; key="item:7"');
    expect(hit.headers['server-timing']).toMatch(/"1 read, 1 hit", db;dur=0;desc="0 calls", total;dur=/);
    expect(await text(hit)).toBe(await text(missed));
    const counts = await get(port, '/counts');
    expect(counts.headers['cache-status']).toBeUndefined();
    await run.interrupt();
  });

  test('says nothing of the stores while requests overlap', async () => {
    const { run, port } = await watchService('--annotate');
    const events = await get(port, '/events');
    const answer = await get(port, '/items/3');
    expect(answer.headers['server-timing']).toMatch(/^app;dur=1, total;dur=[\d.]+$/);
    expect(answer.headers['cache-status']).toBeUndefined();
    events.destroy();
    await run.interrupt();
  });

  test('is needed: without it nothing is added', async () => {
    const { run, port } = await watchService();
    const { headers } = await get(port, '/items/7');
    expect([headers['server-timing'], headers['cache-status']]).toEqual(['app;dur=1', undefined]);
    await run.interrupt();
  });
});

describe.each([['plain'], ['--serialize']])('through the %s proxy', (flag) => {
  const flags = flag === 'plain' ? [] : [flag];
  const GIB = 1 << 30;

  if (THOROUGH || flag === 'plain')
    test('a gigabyte passes up and down in bounded memory', async () => {
      const { run, port } = await watchService(...flags, '--log', 'requests.jsonl', '--annotate');
      await body(port, '/items/1');
      const before = residentMegabytes(run.pid);
      let peak = before;
      const timer = setInterval(() => {
        peak = Math.max(peak, residentMegabytes(run.pid));
      }, 20);
      onTestFinished(() => clearInterval(timer));
      const block = randomBytes(1 << 20);
      const blocks = function* () {
        for (let sent = 0; sent < GIB; sent += block.length) yield block;
      };
      const upload = http.request({ host: '127.0.0.1', port, path: '/big', method: 'PUT', agent: false });
      Readable.from(blocks()).pipe(upload);
      const [received] = (await once(upload, 'response')) as [http.IncomingMessage];
      expect(await text(received)).toBe(String(GIB));
      const answer = await get(port, `/big?size=${GIB}`);
      let size = 0;
      for await (const chunk of answer as AsyncIterable<Buffer>) size += chunk.length;
      clearInterval(timer);
      expect(size).toBe(GIB);
      expect(peak - before, `from ${before} to ${peak} MB`).toBeLessThan(200);
      await run.interrupt();
    });

  test('a WebSocket passes both ways, and events come one by one', async () => {
    const { run, port } = await watchService(...flags);
    const request = http.request({
      ...{ host: '127.0.0.1', port, path: '/live', agent: false },
      headers: {
        ...{ connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' },
        'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
      },
    });
    request.end();
    const [answer, socket] = (await once(request, 'upgrade')) as [http.IncomingMessage, net.Socket];
    expect(answer.headers['sec-websocket-accept']).toBe('s3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
    const events = await get(port, '/events');
    expect(String((await once(events, 'data'))[0])).toBe('data: 1\n\n');
    for (const frame of ['one', 'two']) {
      socket.write(frame);
      expect(String((await once(socket, 'data'))[0])).toBe(frame);
    }
    socket.destroy();
    events.destroy();
    expect(await body(port, '/items/2')).toContain('item 2');
    await run.interrupt();
  });
});

/** Memory that the process holds; Linux only. */
function residentMegabytes(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Math.round(Number(kilobytes) / 1024);
}
