/** postgres.js without transactions, node-redis: whatever is asked in one turn goes out as one pipeline. */
import postgres from 'postgres';
import { createClient } from 'redis';
import { serve } from './http.mjs';

const sql = postgres(process.env.DATABASE_URL, { max: 3 });
const redis = await createClient({ url: process.env.REDIS_URL }).connect();

serve({
  'GET /health': () => Promise.all([sql`select 1`, redis.ping()]).then(() => ({})),
  'GET /shows/:id': async (id) => {
    const [title, seats] = await Promise.all([redis.get(`title:${id}`), redis.get(`seats:${id}`)]);
    if (title !== null && seats !== null) return { title, seats: Number(seats) };
    const [show] = await sql`select title, seats from shows where id = ${id}`;
    await Promise.all([
      redis.setEx(`title:${id}`, 60, show.title),
      redis.setEx(`seats:${id}`, 60, String(show.seats)),
    ]);
    return show;
  },
  'PUT /shows/:id': async (id, { seats }) => {
    await sql`update shows set seats = ${seats} where id = ${id}`;
    await redis.unlink([`title:${id}`, `seats:${id}`]);
    return { id, seats };
  },
});
