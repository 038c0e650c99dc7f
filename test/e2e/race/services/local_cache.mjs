/**
 * Values live in the process; who writes tells all processes over pub/sub. ANNOUNCE says when: `after` the commit, or `before` it.
 * GUARD=1: a value that was asked for before an announcement came is not kept.
 */
import { Redis } from 'ioredis';
import pg from 'pg';
import { serve } from './http.mjs';

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 2 });
const redis = new Redis(process.env.REDIS_URL);
const listener = new Redis(process.env.REDIS_URL);
const local = new Map();
let announced = 0;
listener.on('message', (_channel, id) => {
  announced++;
  local.delete(Number(id));
});
await listener.subscribe('shows');

const announce = (id) => redis.publish('shows', String(id));

serve({
  'GET /health': async () => {
    await Promise.all([pool.query('SELECT 1'), redis.ping()]);
    return {};
  },
  // What an operator does before a test.
  'POST /forget': () => void local.clear(),
  'GET /shows/:id': async (id) => {
    if (!local.has(id)) {
      const before = announced;
      const { rows } = await pool.query('SELECT title, seats FROM shows WHERE id = $1', [id]);
      if (process.env.GUARD !== '1' || announced === before) local.set(id, rows[0]);
      else return rows[0];
    }
    return local.get(id);
  },
  'PUT /shows/:id': async (id, { seats }) => {
    const client = await pool.connect();
    try {
      await client.query('BEGIN');
      await client.query('UPDATE shows SET seats = $2 WHERE id = $1', [id, seats]);
      if (process.env.ANNOUNCE === 'before') await announce(id);
      await client.query('COMMIT');
    } finally {
      client.release();
    }
    if (process.env.ANNOUNCE !== 'before') await announce(id);
    return { seats };
  },
});
