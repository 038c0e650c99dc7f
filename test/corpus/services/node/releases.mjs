// Two releases of one service (node:http, postgres.js, ioredis), deployed one after the other during the watch, behind an HTTP
// proxy. Keys `product:N`. BUG: WS114-shape release 2 expects the price as amount and currency, under the old key ·
// WS114-encoding release 2 writes MessagePack where release 1 wrote JSON. Clean: release 2 has a version in its keys.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { decode, encode } from '@msgpack/msgpack';
import Redis from 'ioredis';
import postgres from 'postgres';
import { ask, BUG, dice, sleep, workers } from './traffic.mjs';

const PRODUCTS = 10;
const release = process.env.RELEASE;
await (release === undefined ? deployBoth() : serve());

async function serve() {
  const sql = postgres(process.env.DATABASE_URL, { max: 4, onnotice() {} });
  const redis = new Redis(process.env.REDIS_URL);
  const second = release === '2';
  const key = (id) => (second && BUG === '' ? `v2:product:${id}` : `product:${id}`);
  const packed = second && BUG === 'WS114-encoding';
  const pack = (value) => (packed ? Buffer.from(encode(value)) : JSON.stringify(value));
  const unpack = (bytes) => (packed ? decode(bytes) : JSON.parse(bytes.toString()));
  const shaped = ({ id, name, cents }) =>
    second ? { id, name, price: { amount: cents / 100, currency: 'EUR' } } : { id, name, cents };
  const shown = (value) => (second ? `${value.name}: ${value.price.amount.toFixed(2)} ${value.price.currency}` : `${value.name}: ${value.cents}`);

  async function product(id) {
    const cached = await redis.getBuffer(key(id));
    if (cached !== null) return shown(unpack(cached));
    const [row] = await sql`select id, name, cents from products where id = ${id}`;
    await redis.set(key(id), pack(shaped(row)), 'EX', 60);
    return shown(shaped(row));
  }

  const server = createServer(async (request, response) => {
    try {
      const text = await product(+request.url.split('/')[2]);
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ text, release }));
    } catch (error) {
      response.writeHead(500).end(error.message);
    }
  });
  server.listen(+process.env.PORT, '127.0.0.1', () => process.send('ready'));
  process.on('message', async () => {
    server.close();
    server.closeAllConnections();
    await Promise.all([redis.quit(), sql.end()]);
    process.disconnect();
  });
}

async function deployBoth() {
  const sql = postgres(process.env.DATABASE_URL, { onnotice() {} });
  await sql`create table products(id int primary key, name text, cents int)`;
  for (let id = 1; id <= PRODUCTS; id++) await sql`insert into products values (${id}, ${`Product ${id * 13}`}, ${1900 + id * 41})`;
  await sql.end();
  const roll = dice(3);
  for (const release of ['1', '2']) {
    const child = spawn(process.execPath, [...process.execArgv, process.argv[1]], { env: { ...process.env, RELEASE: release }, stdio: ['ignore', 2, 2, 'ipc'] });
    await once(child, 'message');
    // The first release has seen the half of the products when the second comes.
    const most = release === '1' ? PRODUCTS / 2 : PRODUCTS;
    await Promise.all(workers(2, 30, async () => {
      await ask('GET', `/products/${roll(most)}`);
      await sleep(5 + roll(10));
    }));
    child.send('stop');
    await once(child, 'exit');
  }
}
