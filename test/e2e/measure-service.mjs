/**
 * A service whose requests read every kind of key: a session, a lock, a counter of versions, a value by version, fields of a hash, a
 * cached item, one that only scripts touch, one that cannot be looked into, and one that is filled late.
 *
 *   REDIS_URL=… DATABASE_URL=… PORT=… PID_FILE=… node measure-service.mjs
 */
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import pg from 'pg';

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 4 });
const redis = new Redis(process.env.REDIS_URL);
for (const store of [pool, redis]) store.on('error', (error) => console.error(error.message));
if (process.env.PID_FILE) writeFileSync(process.env.PID_FILE, String(process.pid));

async function cached(key, load) {
  const text = await redis.get(key);
  if (text !== null) return JSON.parse(text);
  const value = await load();
  await redis.set(key, JSON.stringify(value), 'EX', 600);
  return value;
}

async function row(sql, id) {
  const { rows } = await pool.query(sql, [id]);
  return rows[0] ?? null;
}

async function stockOf(id) {
  const known = await redis.hget('stock', id);
  if (known !== null) return Number(known);
  const { quantity } = await row('SELECT quantity FROM stock WHERE item_id = $1', id);
  await redis.hset('stock', id, quantity);
  return quantity;
}

async function answer(request) {
  if (request.url === '/healthz') return { status: 200, body: { ok: true } };
  const [, kind, id] = request.url.split('/');
  if (kind === 'slow') {
    await pause(30);
    return { status: 200, body: { ok: true } };
  }
  if (kind === 'plain') return { status: 200, body: await cached(`item:${id}`, () => item(id)) };
  if (kind === 'scripted') return { status: 200, body: await scripted(`s:${id}`, () => item(id)) };
  if (kind === 'sealed') return { status: 200, body: await sealed(`sealed:${id}`, () => item(id)) };
  if (kind === 'later') return { status: 200, body: await later(`later:${id}`, () => item(id)) };
  const session = await redis.get(`session:${request.headers['x-session']}`);
  if (session === null) return { status: 401, body: { error: 'no session' } };
  if ((await redis.get('lock:report')) !== null) return { status: 503, body: { error: 'locked' } };
  const version = (await redis.get('version:items')) ?? '0';
  const found = await cached(`item:${id}:v${version}`, () => item(id));
  return { status: 200, body: { ...found, version, stock: await stockOf(id) } };
}

/** Only scripts touch it. */
async function scripted(key, load) {
  const text = await redis.eval("return redis.call('GET', KEYS[1])", 1, key);
  if (text !== null) return JSON.parse(text);
  const value = await load();
  await redis.eval("return redis.call('SET', KEYS[1], ARGV[1], 'EX', 600)", 1, key, JSON.stringify(value));
  return value;
}

/** Nobody can look into it. */
async function sealed(key, load) {
  const bytes = await redis.getBuffer(key);
  if (bytes !== null) return JSON.parse(Buffer.from(bytes.map((byte) => byte ^ 0xa5)).toString());
  const value = await load();
  await redis.set(key, Buffer.from(JSON.stringify(value)).map((byte) => byte ^ 0xa5));
  return value;
}

/** It is filled once the answer has gone out. */
async function later(key, load) {
  const text = await redis.get(key);
  if (text !== null) return JSON.parse(text);
  const value = await load();
  setTimeout(() => redis.set(key, JSON.stringify(value)), 10);
  return value;
}

const item = (id) => row('SELECT id, name, price::float8 AS price FROM items WHERE id = $1', id);

createServer(async (request, response) => {
  const { status, body } = await answer(request).catch((error) => ({
    status: 500,
    body: { error: error.message },
  }));
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}).listen(Number(process.env.PORT), '127.0.0.1');
process.once('SIGTERM', () => process.exit(0));
