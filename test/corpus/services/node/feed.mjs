// Hono's style of handlers without HTTP: Drizzle + node-redis. A post is a Redis hash, a board a sorted set, pages of a tag are
// found through an index: a set of keys for each tag. Keys `{blog}:post:N`.
// BUG: WS110-board a vote forgets the board · WS110-index a vote between a page's read and its entry in the index misses it.
import { eq, desc, sql as raw } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import { integer, pgTable, text } from 'drizzle-orm/pg-core';
import pg from 'pg';
import { createClient } from 'redis';
import { BUG, dice, exclusive, sleep, workers } from './traffic.mjs';

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 8 });
const db = drizzle(pool);
const redis = createClient({ url: process.env.REDIS_URL, RESP: 3 });
await redis.connect();
const roll = dice(19);
const alone = exclusive();
const posts = pgTable('posts', { id: integer('id').primaryKey(), title: text('title'), tag: text('tag'), votes: integer('votes') });
const TAGS = ['redis', 'sql'];

await db.execute(raw`create table posts(id int primary key, title text, tag text, votes int)`);
for (let id = 1; id <= 8; id++) await db.insert(posts).values({ id, title: `Post number ${id}`, tag: TAGS[id % 2], votes: 1000 + id * 7 });

const postKey = (id) => `{blog}:post:${id}`;
const BOARD = '{blog}:board';
const pageKey = (tag) => `{blog}:page:${tag}:1`;
const indexKey = (tag) => `{blog}:index:${tag}`;

/** Fills of one key wait for each other; unless told otherwise, changes do too. */
async function post(id) {
  const cached = await redis.hGetAll(postKey(id));
  if (cached.title !== undefined) return cached;
  return alone('cache', async () => {
    const [row] = await db.select({ title: posts.title, votes: posts.votes }).from(posts).where(eq(posts.id, id));
    await redis.multi().hSet(postKey(id), { title: row.title, votes: `${row.votes}` }).expire(postKey(id), 40).exec();
    return row;
  });
}

async function board() {
  const cached = await redis.zRangeWithScores(BOARD, 0, 4, { REV: true });
  if (cached.length > 0) return cached;
  return alone('cache', async () => {
    const rows = await db.select({ id: posts.id, votes: posts.votes }).from(posts).orderBy(desc(posts.votes)).limit(5);
    await redis.multi().zAdd(BOARD, rows.map(({ id, votes }) => ({ value: `post-${id}`, score: votes }))).expire(BOARD, 40).exec();
  });
}

async function page(tag) {
  const cached = await redis.get(pageKey(tag));
  if (cached !== null) return JSON.parse(cached);
  return alone(BUG === 'WS110-index' ? `page ${tag}` : 'cache', async () => {
    const made = await redis.get(pageKey(tag));
    if (made !== null) return JSON.parse(made);
    const rows = await db.select().from(posts).where(eq(posts.tag, tag)).orderBy(desc(posts.id));
    if (BUG === 'WS110-index') await sleep(15 + roll(15));
    await redis.multi().set(pageKey(tag), JSON.stringify(rows), { EX: 40 }).sAdd(indexKey(tag), pageKey(tag)).exec();
    return rows;
  });
}

const vote = (id) =>
  alone('cache', async () => {
    const [{ tag }] = await db.update(posts).set({ votes: raw`${posts.votes} + ${roll(50)}` }).where(eq(posts.id, id)).returning({ tag: posts.tag });
    const listed = await redis.sMembers(indexKey(tag));
    const board = BUG === 'WS110-board' ? [] : [BOARD];
    await redis.multi().del([postKey(id), indexKey(tag), ...board, ...listed]).exec();
  });

for (let id = 1; id <= 8; id++) await post(id);
await Promise.all([
  ...workers(4, 25, async () => {
    const die = roll(10);
    if (die < 3) await post(roll(8));
    else if (die < 6) await board();
    else await page(TAGS[roll(2) - 1]);
    await sleep(roll(14));
  }),
  ...workers(2, 8, async () => {
    await sleep(15 + roll(40));
    await vote(roll(8));
  }),
]);
await redis.close();
await pool.end();
