/** Moves seats from one show to another and locks the two rows in the order in which they were named. */
import { Redis } from 'ioredis';
import pg from 'pg';
import { serve } from './http.mjs';

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 1 });
const redis = new Redis(process.env.REDIS_URL);

serve({
  'GET /health': async () => {
    await Promise.all([pool.query('SELECT 1'), redis.ping()]);
    return {};
  },
  'GET /shows/:id': async (id) => {
    const kept = await redis.get(`seats:${id}`);
    if (kept !== null) return { seats: Number(kept) };
    const { rows } = await pool.query('SELECT seats FROM shows WHERE id = $1', [id]);
    await redis.set(`seats:${id}`, rows[0].seats);
    return rows[0];
  },
  'POST /moves': async (_id, { from, to, seats }) => {
    const client = await pool.connect();
    try {
      await client.query('BEGIN');
      await client.query('UPDATE shows SET seats = seats - $2 WHERE id = $1', [from, seats]);
      await client.query('UPDATE shows SET seats = seats + $2 WHERE id = $1', [to, seats]);
      await client.query('COMMIT');
    } catch (error) {
      await client.query('ROLLBACK');
      throw error;
    } finally {
      client.release();
    }
    await redis.del(`seats:${from}`, `seats:${to}`);
    return { seats };
  },
});
