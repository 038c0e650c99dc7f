// Express + pg + ioredis with a second cache in the process, behind an HTTP proxy. Keys `rate.CODE`, values deflated.
// BUG: WS108 the process keeps its copy over changes. Clean: the copy goes with the key, and fills and changes take turns.
import zlib from 'node:zlib';
import express from 'express';
import Redis from 'ioredis';
import pg from 'pg';
import { ask, BUG, dice, exclusive, sleep, workers } from './traffic.mjs';

const redis = new Redis(process.env.REDIS_URL);
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 6 });
const roll = dice(8);
const alone = exclusive();
const local = new Map();
const CODES = ['EURUSD', 'EURGBP', 'EURJPY', 'EURCHF'];

await pool.query('create table rates(code text primary key, bid numeric(12,5), ask numeric(12,5))');
for (const [i, code] of CODES.entries()) await pool.query('insert into rates values ($1, $2, $3)', [code, 1.10231 + i, 1.10418 + i]);

const key = (code) => `rate.${code}`;

const load = (code) =>
  alone(code, async () => {
    const cached = await redis.getBuffer(key(code));
    if (cached !== null) return JSON.parse(zlib.inflateSync(cached));
    const { rows } = await pool.query('SELECT code, bid, ask FROM rates WHERE code = $1', [code]);
    await redis.set(key(code), zlib.deflateSync(JSON.stringify(rows[0])), 'EX', 40);
    return rows[0];
  });

const app = express();
app.use(express.json());
app.get('/rates/:code', async (request, response) => {
  const { code } = request.params;
  if (!local.has(code)) local.set(code, await load(code));
  response.json(local.get(code));
});
app.put('/rates/:code', async (request, response) => {
  const { code } = request.params;
  await alone(code, async () => {
    await pool.query('UPDATE rates SET bid = $2, ask = $3 WHERE code = $1', [code, request.body.bid, request.body.ask]);
    await redis.del(key(code));
    if (BUG !== 'WS108') local.delete(code);
  });
  response.json({ ok: true });
});
const server = app.listen(+process.env.PORT, '127.0.0.1');
await sleep(100);

const read = (code) => ask('GET', `/rates/${code}`);
const change = (code) => {
  const bid = (roll(90000) / 1e4 + 1).toFixed(5);
  return ask('PUT', `/rates/${code}`, { body: { bid, ask: (+bid + 0.00187).toFixed(5) } });
};
for (const code of CODES) await read(code);
for (let turn = 0; turn < 10; turn++) {
  const code = CODES[turn % CODES.length];
  await change(code);
  await sleep(5);
  for (const one of CODES) await read(one);
}
await Promise.all([
  ...workers(4, 12, async () => {
    await read(CODES[roll(CODES.length) - 1]);
    await sleep(roll(10));
  }),
  ...workers(1, 5, async () => {
    await sleep(roll(30));
    await change(CODES[roll(CODES.length) - 1]);
  }),
]);
server.close();
server.closeAllConnections();
await redis.quit();
await pool.end();
