// pg + ioredis on database 3, Redis functions, MGET of many keys. Keys `stock#WAREHOUSE#N`, values deflate in base64; fills pass a function
// that compares a generation. BUG: WS102-database removals go to database 0 · WS101 a delivery forgets · WS104 fills pass by the function.
import zlib from 'node:zlib';
import Redis from 'ioredis';
import pg from 'pg';
import { BUG, dice, sleep, workers } from './traffic.mjs';

const onDatabase = (number) => new Redis(new URL(`/${number}`, process.env.REDIS_URL).href);
const redis = onDatabase(3);
const other = BUG === 'WS102-database' ? onDatabase(0) : redis;
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 8 });
const roll = dice(91);
const PARTS = 5;

await redis.function('LOAD', 'REPLACE', `#!lua name=stock
redis.register_function('stock_fill', function(keys, args)
  if (redis.call('GET', keys[2]) or '') ~= args[1] then return 0 end
  redis.call('SET', keys[1], args[2], 'PX', 45000)
  return 1
end)`);
await pool.query('create table stock(warehouse text, part int, amount int, place text, primary key (warehouse, part))');
for (let part = 1; part <= PARTS; part++) await pool.query('insert into stock values ($1, $2, $3, $4)', ['north', part, 3000 + part * 11, `Aisle ${part * 7}`]);

const key = (part) => `stock#north#${part}`;
const pack = (row) => zlib.deflateSync(JSON.stringify(row)).toString('base64');
const unpack = (text) => JSON.parse(zlib.inflateSync(Buffer.from(text, 'base64')));

async function parts(ids) {
  const cached = await redis.mget(ids.map(key));
  const missing = ids.filter((_, i) => cached[i] === null);
  const found = cached.filter((text) => text !== null).map(unpack);
  if (missing.length === 0) return found;
  const generations = await redis.mget(missing.map((id) => `gen#${id}`));
  const { rows } = await pool.query('SELECT warehouse, part, amount, place FROM stock WHERE warehouse = $1 AND part = ANY($2)', ['north', missing]);
  await sleep(roll(12));
  const fills = redis.pipeline();
  for (const row of rows) {
    const generation = generations[missing.indexOf(row.part)] ?? '';
    if (BUG === 'WS104') fills.set(key(row.part), pack(row), 'PX', 45000);
    else fills.fcall('stock_fill', 2, key(row.part), `gen#${row.part}`, generation, pack(row));
  }
  await fills.exec();
  return [...found, ...rows];
}

const forget = (part) => other.pipeline().incr(`gen#${part}`).pexpire(`gen#${part}`, 600000).unlink(key(part)).exec();

async function take(part) {
  await pool.query('UPDATE stock SET amount = amount - $2 WHERE warehouse = $1 AND part = $3', ['north', roll(90), part]);
  await forget(part);
}

async function deliver(part) {
  await pool.query('INSERT INTO stock VALUES ($1, $2, $3, $4) ON CONFLICT (warehouse, part) DO UPDATE SET amount = excluded.amount', ['north', part, 3000 + roll(5000), 'x']);
  if (BUG !== 'WS101') await forget(part);
}

await Promise.all([
  ...workers(4, 26, async () => {
    const from = roll(PARTS - 1);
    await parts([from, from + 1]);
    await sleep(roll(12));
  }),
  ...workers(2, 8, async (turn) => {
    await sleep(15 + roll(30));
    await (turn % 2 === 1 && BUG !== 'WS104' ? deliver(roll(PARTS)) : take(roll(PARTS)));
  }),
]);
for (const connection of new Set([redis, other])) await connection.quit();
await pool.end();
