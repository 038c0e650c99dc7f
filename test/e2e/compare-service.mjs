/**
 * A cached item whose query takes as long, and whose key lives as long, as policy.json says. No write removes the key.
 *
 *   REDIS_URL=… DATABASE_URL=… PORT=… node service.mjs
 */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { Redis } from 'ioredis';
import pg from 'pg';

const { queryMs, ttlMs } = JSON.parse(readFileSync(new URL('policy.json', import.meta.url), 'utf8'));
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 8 });
const redis = new Redis(process.env.REDIS_URL);
for (const store of [pool, redis]) store.on('error', (error) => console.error(error.message));

async function item(id) {
  const text = ttlMs > 0 ? await redis.get(`item:${id}`) : null;
  if (text !== null) return JSON.parse(text);
  const sql = 'SELECT id, name, price::float AS price, pg_sleep($2)::text AS slept FROM items WHERE id = $1';
  const { rows } = await pool.query(sql, [id, queryMs / 1000]);
  const { slept, ...found } = rows[0];
  if (ttlMs > 0) await redis.set(`item:${id}`, JSON.stringify(found), 'PX', ttlMs);
  return found;
}

createServer(async (request, response) => {
  const [, , id] = request.url.split('/');
  if (request.url === '/healthz') return response.end('{}');
  try {
    if (request.method === 'PUT') await pool.query('UPDATE items SET price = 99 WHERE id = $1', [id]);
    if (request.method === 'PUT') return response.end('{}');
    response.end(JSON.stringify(await item(id)));
  } catch (error) {
    console.error(error.message);
    response.writeHead(500).end('{}');
  }
}).listen(Number(process.env.PORT), '127.0.0.1');
