/** ioredis that gathers commands by itself, and two statements of one request at once on two connections of a pool. */
import { Redis } from 'ioredis';
import pg from 'pg';
import { serve } from './http.mjs';

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 2 });
const redis = new Redis(process.env.REDIS_URL, { enableAutoPipelining: true });

async function ask(text, id) {
  const { rows } = await pool.query(text, [id]);
  return rows[0];
}

serve({
  'GET /health': async () => {
    await Promise.all([pool.query('select 1'), pool.query('select 1'), redis.ping()]);
    return {};
  },
  'GET /shows/:id': async (id) => {
    const kept = await redis.get(`page:${id}`);
    if (kept !== null) return JSON.parse(kept);
    const [show, venue] = await Promise.all([
      ask('select title, seats from shows where id = $1', id),
      ask('select name from venues where id = $1', id),
    ]);
    const page = { ...show, venue: venue.name };
    await Promise.all([
      redis.set(`page:${id}`, JSON.stringify(page), 'EX', 60),
      redis.set(`seen:${id}`, '1', 'EX', 60),
    ]);
    return page;
  },
  'PUT /shows/:id': async (id, { seats }) => {
    const client = await pool.connect();
    try {
      await client.query('begin');
      await client.query('update shows set seats = $2 where id = $1', [id, seats]);
      await client.query('commit');
    } finally {
      client.release();
    }
    await redis.del(`page:${id}`);
    return { seats };
  },
});
