/** node-redis keeps what it read until Redis tells it (RESP3, CLIENT TRACKING) that the key has changed. */
import pg from 'pg';
import { createClient } from 'redis';
import { serve } from './http.mjs';

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 2 });
const clientSideCache = { ttl: 0, maxEntries: 0, evictPolicy: 'LRU' };
const redis = await createClient({ url: process.env.REDIS_URL, RESP: 3, clientSideCache }).connect();

serve({
  'GET /health': async () => {
    await Promise.all([pool.query('SELECT 1'), redis.ping()]);
    return {};
  },
  'GET /shows/:id': async (id) => {
    const kept = await redis.get(`show:${id}`);
    if (kept !== null) return JSON.parse(kept);
    const { rows } = await pool.query('SELECT title, seats FROM shows WHERE id = $1', [id]);
    await redis.set(`show:${id}`, JSON.stringify(rows[0]), { EX: 60 });
    return rows[0];
  },
  'PUT /shows/:id': async (id, { seats }) => {
    await pool.query('UPDATE shows SET seats = $2 WHERE id = $1', [id, seats]);
    await redis.del(`show:${id}`);
    return { seats };
  },
});
