/** Everything happens while the row is locked: a reader fills under a share lock, a writer rewrites the key before it commits. */
import { Redis } from 'ioredis';
import pg from 'pg';
import { serve } from './http.mjs';

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 2 });
const redis = new Redis(process.env.REDIS_URL);

async function inTransaction(work) {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    const result = await work(client);
    await client.query('COMMIT');
    return result;
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  } finally {
    client.release();
  }
}

serve({
  'GET /health': async () => {
    await Promise.all([pool.query('SELECT 1'), redis.ping()]);
    return {};
  },
  'GET /shows/:id': async (id) => {
    const kept = await redis.get(`show:${id}`);
    if (kept !== null) return JSON.parse(kept);
    return inTransaction(async (client) => {
      const { rows } = await client.query('SELECT title, seats FROM shows WHERE id = $1 FOR SHARE', [id]);
      await redis.set(`show:${id}`, JSON.stringify(rows[0]));
      return rows[0];
    });
  },
  'PUT /shows/:id': (id, { seats }) =>
    inTransaction(async (client) => {
      const change = 'UPDATE shows SET seats = $2 WHERE id = $1 RETURNING title, seats';
      const { rows } = await client.query(change, [id, seats]);
      await redis.set(`show:${id}`, JSON.stringify(rows[0]));
      return rows[0];
    }),
});
