/** A counter of its own beside the cache, and a script that fills only while no writer has been there since the read. */
import { Redis } from 'ioredis';
import pg from 'pg';
import { serve } from './http.mjs';

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 2 });
const redis = new Redis(process.env.REDIS_URL, {
  scripts: {
    fill: {
      numberOfKeys: 2,
      lua: `if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'EX', 60)
return 1`,
    },
  },
});

serve({
  'GET /health': async () => {
    await Promise.all([pool.query('SELECT 1'), redis.ping()]);
    return {};
  },
  'GET /shows/:id': async (id) => {
    const [kept, seen] = await redis.mget(`show:${id}`, `generation:${id}`);
    if (kept !== null) return JSON.parse(kept);
    const generation = seen ?? (await redis.incr(`generation:${id}`));
    const { rows } = await pool.query('SELECT title, seats FROM shows WHERE id = $1', [id]);
    await redis.fill(`show:${id}`, `generation:${id}`, generation, JSON.stringify(rows[0]));
    return rows[0];
  },
  'PUT /shows/:id': async (id, { seats }) => {
    await pool.query('UPDATE shows SET seats = $2 WHERE id = $1', [id, seats]);
    await redis.multi().incr(`generation:${id}`).del(`show:${id}`).exec();
    await redis.incr('changes');
    return { seats };
  },
});
