// Fastify + postgres.js + node-redis (RESP3), behind an HTTP proxy. Keys `item|N|v2`, lists under a digest of their
// parameters, counts as plain numbers; every fill fenced by a generation.
// BUG: WS110-list · WS110-count (a removal forgets that key) · WS102 another version in the item's key.
import crypto from 'node:crypto';
import Fastify from 'fastify';
import postgres from 'postgres';
import { createClient } from 'redis';
import { ask, BUG, dice, sleep, workers } from './traffic.mjs';

const sql = postgres(process.env.DATABASE_URL, { max: 8, onnotice() {} });
const redis = createClient({ url: process.env.REDIS_URL, RESP: 3 });
await redis.connect();
const roll = dice(5);

await sql`create table goods(id serial primary key, name text, cents int, shelf int, sold boolean default false)`;
for (let i = 1; i <= 9; i++) await sql`insert into goods(name, cents, shelf) values (${`Good thing ${i}`}, ${5000 + i * 3}, ${i % 3})`;

const itemKey = (id) => `item|${id}|v2`;
const listKey = (shelf) => `list/${crypto.createHash('md5').update(JSON.stringify({ shelf, sort: 'cents' })).digest('hex')}`;
const countKey = (shelf) => `count|shelf|${shelf}`;
const FENCED = `if (redis.call('GET', KEYS[2]) or '') == ARGV[1] then redis.call('SET', KEYS[1], ARGV[2], 'PX', 40000) return 1 end return 0`;

async function through(key, load) {
  const cached = await redis.get(key);
  if (cached !== null) return JSON.parse(cached);
  const generation = await redis.get(`gen:${key}`);
  const value = await load();
  await sleep(roll(10));
  await redis.eval(FENCED, { keys: [key, `gen:${key}`], arguments: [generation ?? '', JSON.stringify(value)] });
  return value;
}

async function forget(keys) {
  const all = redis.multi();
  for (const key of keys) all.incr(`gen:${key}`).expire(`gen:${key}`, 500);
  await all.unlink(keys).exec();
}

function fedBy(id, shelf) {
  if (BUG === 'WS102') return [`item|${id}|v1`, listKey(shelf), countKey(shelf)];
  const lists = BUG === 'WS110-list' ? [] : [listKey(shelf)];
  return [itemKey(id), ...lists, ...(BUG === 'WS110-count' ? [] : [countKey(shelf)])];
}

const app = Fastify();
app.get('/goods/:id', ({ params }) =>
  through(itemKey(params.id), async () => (await sql`select id, name, cents, shelf from goods where id = ${params.id}`)[0]));
app.get('/goods', ({ query }) =>
  through(listKey(+query.shelf), () => sql`select id, name, cents from goods where shelf = ${query.shelf} and not sold order by cents desc limit 20`));
app.get('/shelves/:shelf/count', ({ params }) =>
  through(countKey(+params.shelf), async () => (await sql`select count(*)::int n from goods where shelf = ${params.shelf} and not sold`)[0].n));
app.put('/goods/:id', async ({ params, body }) => {
  const [row] = await sql`update goods set cents = ${body.cents} where id = ${params.id} returning shelf`;
  await forget(fedBy(params.id, row.shelf));
  return {};
});
app.post('/goods', async ({ body }) => {
  const [row] = await sql.begin((tx) => tx`insert into goods(name, cents, shelf) values (${body.name}, ${body.cents}, ${body.shelf}) returning id`);
  await forget(fedBy(row.id, body.shelf));
  return row;
});
await app.listen({ port: +process.env.PORT, host: '127.0.0.1' });

await Promise.all([
  ...workers(4, 18, async () => {
    const die = roll(10);
    if (die < 5) await ask('GET', `/goods/${roll(6)}`);
    else if (die < 8) await ask('GET', `/goods?shelf=${roll(3) - 1}`);
    else await ask('GET', `/shelves/${roll(3) - 1}/count`);
    await sleep(roll(10));
  }),
  ...workers(2, 6, async (turn) => {
    await sleep(20 + roll(50));
    if (turn % 3 === 2) await ask('POST', '/goods', { body: { name: `New thing ${turn}`, cents: roll(9000), shelf: roll(3) - 1 } });
    else await ask('PUT', `/goods/${roll(6)}`, { body: { cents: 5000 + roll(90000) } });
  }),
]);
await app.close();
await redis.close();
await sql.end();
