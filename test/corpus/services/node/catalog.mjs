// ioredis + pg. Keys `catalog/v3/item/N`, values gzip in base64, removals in MULTI, fills fenced by a generation in Lua.
// BUG: WS101 bulk repricing forgets · WS102 another version in the key · WS103 removed before COMMIT · WS104 no fence.
import zlib from 'node:zlib';
import Redis from 'ioredis';
import pg from 'pg';
import { BUG, dice, sleep, workers } from './traffic.mjs';

const redis = new Redis(process.env.REDIS_URL);
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 8 });
const roll = dice(11);
const ITEMS = 4;

await pool.query('create table products(id int primary key, title text not null, cents int not null, updated timestamptz)');
for (let i = 1; i <= ITEMS; i++)
  await pool.query('insert into products values ($1, $2, $3)', [i, `Fancy thing number ${i}`, 10000 + i * 37]);

const key = (id) => `catalog/v3/item/${id}`;
const pack = (row) => zlib.gzipSync(JSON.stringify(row)).toString('base64');
const unpack = (text) => JSON.parse(zlib.gunzipSync(Buffer.from(text, 'base64')));
const FENCED = `if (redis.call('get', KEYS[2]) or '0') == ARGV[3] then
  redis.call('set', KEYS[1], ARGV[1], 'EX', ARGV[2]) return 1 end return 0`;

async function item(id, slow) {
  const cached = await redis.get(key(id));
  if (cached !== null) return unpack(cached);
  const generation = (await redis.get(`gen/${id}`)) ?? '0';
  const { rows } = await pool.query('SELECT id, title, cents FROM products WHERE id = $1', [id]);
  await sleep(slow);
  if (BUG === 'WS104') await redis.set(key(id), pack(rows[0]), 'EX', 30);
  else await redis.eval(FENCED, 2, key(id), `gen/${id}`, pack(rows[0]), 30, generation);
  return rows[0];
}

const forget = (id) => redis.multi().incr(`gen/${id}`).expire(`gen/${id}`, 600).del(key(id)).exec();

async function setPrice(id, cents) {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    await client.query('SELECT 1 FROM products WHERE id = $1 FOR UPDATE', [id]);
    await client.query('UPDATE products SET cents = $2, updated = now() WHERE id = $1', [id, cents]);
    if (BUG === 'WS103') {
      await forget(id);
      await sleep(10 + roll(10));
    }
    await client.query('COMMIT');
  } finally {
    client.release();
  }
  if (BUG === 'WS102') await redis.del(`catalog/v2/item/${id}`);
  else if (BUG === 'WS104') await redis.del(key(id));
  else if (BUG !== 'WS103') await forget(id);
}

async function reprice(id, by) {
  await pool.query('UPDATE products SET cents = cents + $2 WHERE id = $1', [id, by]);
  if (BUG !== 'WS101') await forget(id);
}

await Promise.all([
  ...workers(5, 40, async () => {
    await item(roll(ITEMS), roll(16));
    await sleep(roll(10));
  }),
  ...workers(2, 9, async (turn) => {
    await sleep(10 + roll(40));
    const bulk = ['', 'WS101'].includes(BUG) && turn % 2 === 0;
    await (bulk ? reprice(roll(ITEMS), roll(900)) : setPrice(roll(ITEMS), 10000 + roll(80000)));
  }),
]);
await redis.quit();
await pool.end();
