/**
 * What a service served, held against what was asked for: a key that leaves the tenant out, a copy in the service's own memory,
 * values of an earlier release. On a real service with real stores, live and from the recording.
 */
import http from 'node:http';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import type { Finding } from '../../src/core/finding.ts';
import { withWhystale } from '../support/cli.ts';
import { freePort, withPostgres, withRedis } from '../support/engines.ts';
import { nodeService } from './services.ts';

const whystale = withWhystale();
const redis = withRedis();
const postgres = withPostgres();

const SERVICE = `
import http from 'node:http';
import { gzipSync } from 'node:zlib';
const { Redis } = require('ioredis');
const { Pool } = require('pg');
const redis = new Redis(process.env.REDIS_URL);
const pool = new Pool({ connectionString: process.env.DATABASE_URL, max: 2 });
await pool.query('CREATE TABLE prices (id int PRIMARY KEY, tenant text NOT NULL, amount int NOT NULL)');
await pool.query("INSERT INTO prices VALUES (11, 'acme', 4200), (12, 'globex', 9900)");
await pool.query('CREATE TABLE items (id int PRIMARY KEY, name text NOT NULL, price int NOT NULL)');
await pool.query("INSERT INTO items SELECT n, 'item ' || n, 1000 * n + 7 FROM generate_series(1, 9) n");
await pool.query('CREATE TABLE cards (id int PRIMARY KEY, label text NOT NULL, currency text NOT NULL)');
await pool.query("INSERT INTO cards SELECT n, 'card ' || n, 'EUR' FROM generate_series(1, 9) n");
const memory = new Map();

async function cached(key, milliseconds, load) {
  const hit = await redis.get(key);
  if (hit !== null) return JSON.parse(hit);
  const { rows } = await load();
  await redis.set(key, JSON.stringify(rows[0]), 'PX', milliseconds);
  return rows[0];
}

const ROUTES = [
  ['GET', /^\\/prices$/, (_, { headers }) => cached('prices:main', 2000, () =>
    pool.query('SELECT id, amount FROM prices WHERE tenant = $1', [headers['x-tenant']]))],
  ['GET', /^\\/items\\/(\\d+)$/, async (id) => {
    if (!memory.has(id)) memory.set(id, await cached('item:' + id, 60000, () =>
      pool.query('SELECT id, name, price FROM items WHERE id = $1', [id])));
    return { item: memory.get(id), shop: 'main' };
  }],
  ['PUT', /^\\/items\\/(\\d+)$/, async (id, request) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    await pool.query('UPDATE items SET price = $1 WHERE id = $2', [JSON.parse(body).price, id]);
    await redis.del('item:' + id);
    return { changed: true };
  }],
  ['GET', /^\\/cards\\/(\\d+)$/, async (id) => {
    const card = await cached('card:' + id, 60000, () =>
      pool.query('SELECT id, label, currency FROM cards WHERE id = $1', [id]));
    return { label: card.label, currency: card.currency.toLowerCase() };
  }],
];

http.createServer(async (request, response) => {
  for (const [method, path, handle] of ROUTES) {
    const match = path.exec(request.url);
    if (request.method !== method || match === null) continue;
    try {
      const body = Buffer.from(JSON.stringify(await handle(match[1], request)));
      const zipped = /gzip/.test(request.headers['accept-encoding'] ?? '');
      response.writeHead(200, { 'content-type': 'application/json', ...(zipped ? { 'content-encoding': 'gzip' } : {}) });
      return response.end(zipped ? gzipSync(body) : body);
    } catch (error) {
      return response.writeHead(500).end('failed');
    }
  }
  response.writeHead(404).end();
}).listen(Number(process.env.PORT), '127.0.0.1', () => console.log('ready to serve'));
process.on('SIGTERM', () => process.exit(0));
`;

interface Answer {
  readonly code: number;
  readonly body: unknown;
}

function ask(port: number, line: string, options: http.RequestOptions = {}, sent = ''): Promise<Answer> {
  const [method, path] = line.split(' ');
  return new Promise((resolve, reject) => {
    const request = http.request({ host: '127.0.0.1', port, method, path, ...options }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const whole = Buffer.concat(chunks);
        const plain = response.headers['content-encoding'] === 'gzip' ? gunzipSync(whole) : whole;
        const isJson = /json/.test(response.headers['content-type'] ?? '');
        resolve({ code: response.statusCode ?? 0, body: isJson ? JSON.parse(String(plain)) : null });
      });
    });
    request.on('error', reject);
    request.end(sent);
  });
}

test('a key without its tenant, a copy in memory and values of an earlier release', async () => {
  const folder = whystale.folder('served');
  const store = new Redis(redis.url());
  await store.mset('card:1', '{"id":1,"label":"card 1"}', 'card:2', '{"id":2,"label":"card 2"}');
  store.disconnect();
  const [port, target] = [await freePort(), await freePort()];
  const out = join(folder, 'rec');
  const run = whystale.start(
    [
      ...['watch', '--json', '--out', out, '--redis', redis.url(), '--postgres', postgres.url()],
      ...['--http', `${port}=http://127.0.0.1:${target}`, '--env', 'PORT={port}', '--'],
      ...nodeService(folder, SERVICE),
    ],
    { cwd: folder },
  );
  await run.sees(/ready to serve/);

  const tenant = (name: string) => ({ headers: { 'x-tenant': name, 'x-request-id': `r-${Math.random()}` } });
  for (const name of ['acme', 'globex']) {
    const other = name === 'acme' ? 'globex' : 'acme';
    const own = await ask(port, 'GET /prices', tenant(name));
    expect((await ask(port, 'GET /prices', tenant(other))).body).toEqual(own.body);
    await pause(2200);
  }

  const zipped = { headers: { 'accept-encoding': 'gzip' } };
  await ask(port, 'GET /items/1', zipped);
  await ask(port, 'GET /items/2');
  await ask(port, 'PUT /items/1', {}, '{"price":5100}');
  const stale = await ask(port, 'GET /items/1', zipped);
  expect(stale.body).toMatchObject({ item: { price: 1007 } });
  await ask(port, 'GET /items/1');

  for (const id of [3, 4, 5, 3, 4]) expect((await ask(port, `GET /cards/${id}`)).code).toBe(200);
  for (const id of [1, 2, 1]) expect((await ask(port, `GET /cards/${id}`)).code).toBe(500);

  const end = await run.interrupt();
  const document = JSON.parse(end.stdout) as { findings: Finding[]; summary: { staleHits: number } };
  const told = (findings: readonly Finding[]) =>
    findings
      .filter(({ code }) => code.startsWith('WS1'))
      .map(({ code, template, key, confidence, hits, writer, reader }) => ({
        ...{ code, template, key, confidence, hits, writer, reader },
      }))
      .sort((a, b) => (a.code < b.code ? -1 : 1));
  const expected = [
    {
      ...{ code: 'WS108', template: 'item:{id}', key: 'item:1', confidence: 'proved', hits: 2 },
      ...{ writer: 'PUT /items/{id}', reader: 'GET /items/{id}' },
    },
    {
      ...{ code: 'WS114', template: 'card:{id}', key: 'card:1', confidence: 'proved', hits: 3 },
      ...{ writer: null, reader: 'GET /cards/{id}' },
    },
    {
      ...{ code: 'WS115', template: 'prices:main', key: 'prices:main', confidence: 'proved', hits: 2 },
      ...{ writer: 'GET /prices', reader: 'GET /prices' },
    },
  ];
  expect(told(document.findings)).toEqual(expected);
  expect(document.summary.staleHits).toBe(5);
  expect(end.exitCode).toBe(1);

  const again = await whystale.run(['explain', out, '--json'], { cwd: folder });
  expect(told((JSON.parse(again.stdout) as { findings: Finding[] }).findings)).toEqual(expected);
});
