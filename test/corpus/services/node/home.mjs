// knex + ioredis with automatic pipelining. A home page as gzip of HTML and a few small documents; a popular key is gone at once for
// all. BUG: WS202 every reader asks the database. Clean: the one with the lease asks, the others wait and look again.
import zlib from 'node:zlib';
import Redis from 'ioredis';
import Knex from 'knex';
import { BUG, dice, sleep, workers } from './traffic.mjs';

const redis = new Redis(process.env.REDIS_URL, { enableAutoPipelining: true });
const db = Knex({ client: 'pg', connection: process.env.DATABASE_URL, pool: { min: 12, max: 14 } });
const roll = dice(55);

await db.schema.createTable('articles', (table) => {
  table.increments('id');
  table.string('headline');
  table.integer('rank');
});
for (let rank = 1; rank <= 12; rank++) await db('articles').insert({ headline: `Headline of rank ${rank * 31}`, rank });

const HOME = 'site~home~html';
const LEASE = `${HOME}~lease`;
const render = (rows) => zlib.gzipSync(`<ol>${rows.map(({ headline }) => `<li>${headline}</li>`).join('')}</ol>`);

async function fill() {
  const rows = await db('articles').joinRaw('cross join (select pg_sleep(0.04)) as slow').select('id', 'headline').orderBy('rank').limit(6);
  await redis.set(HOME, render(rows), 'PX', 400);
}

async function home() {
  for (;;) {
    const cached = await redis.getBuffer(HOME);
    if (cached !== null) return zlib.gunzipSync(cached).toString();
    if (BUG === 'WS202') return fill();
    if ((await redis.set(LEASE, `${roll(1e9)}`, 'PX', 2000, 'NX')) !== null) {
      await fill();
      await redis.del(LEASE);
    } else await sleep(5);
  }
}

await Promise.all(Array.from({ length: 12 }, () => db.raw('select pg_sleep(0.05)')));
await Promise.all(
  workers(12, 14, async () => {
    await home();
    await sleep(50 + roll(20));
  }),
);
await redis.quit();
await db.destroy();
