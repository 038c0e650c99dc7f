/** Answers first and removes the key afterwards; AGAIN_MS later it removes it once more. */
import { Redis } from 'ioredis';
import pg from 'pg';
import { serve } from './http.mjs';

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 2 });
const redis = new Redis(process.env.REDIS_URL);
const againMs = Number(process.env.AGAIN_MS ?? 0);

serve({
  'GET /health': async () => {
    await Promise.all([pool.query('SELECT 1'), redis.ping()]);
    return {};
  },
  'GET /shows/:id': async (id) => {
    const kept = await redis.get(`show:${id}`);
    if (kept !== null) return JSON.parse(kept);
    const { rows } = await pool.query('SELECT title, seats FROM shows WHERE id = $1', [id]);
    await redis.setex(`show:${id}`, 60, JSON.stringify(rows[0]));
    return rows[0];
  },
  'PUT /shows/:id': async (id, { seats }) => {
    await pool.query('UPDATE shows SET seats = $2 WHERE id = $1', [id, seats]);
    setImmediate(() => {
      redis.del(`show:${id}`).catch(() => undefined);
      if (againMs > 0) setTimeout(() => redis.del(`show:${id}`).catch(() => undefined), againMs);
    });
    return { seats };
  },
});
