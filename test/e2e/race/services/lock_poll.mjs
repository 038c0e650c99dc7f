/** One request loads; others look again every 20 ms until the value or the lock is there. Nothing fences the fill. */
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import pg from 'pg';
import { serve } from './http.mjs';

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 2 });
const redis = new Redis(process.env.REDIS_URL);

serve({
  'GET /health': async () => {
    await Promise.all([pool.query('SELECT 1'), redis.ping()]);
    return {};
  },
  'GET /shows/:id': async (id) => {
    for (;;) {
      const kept = await redis.get(`show:${id}`);
      if (kept !== null) return JSON.parse(kept);
      if ((await redis.set(`lock:${id}`, randomUUID(), 'PX', 30_000, 'NX')) === 'OK') break;
      await pause(20);
    }
    const { rows } = await pool.query('SELECT title, seats FROM shows WHERE id = $1', [id]);
    await redis.pipeline().set(`show:${id}`, JSON.stringify(rows[0])).del(`lock:${id}`).exec();
    return rows[0];
  },
  'PUT /shows/:id': async (id, { seats }) => {
    await pool.query('UPDATE shows SET seats = $2 WHERE id = $1', [id, seats]);
    await redis.del(`show:${id}`);
    return { seats };
  },
});
