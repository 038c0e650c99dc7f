// Express + knex + ioredis, behind an HTTP proxy, with a session store (`sess:…`) beside the cache. Keys `members/N`, values with a
// version in front of JSON. BUG: WS301 the cached member carries the password's hash · WS303 private answers may be shared.
import crypto from 'node:crypto';
import express from 'express';
import Redis from 'ioredis';
import Knex from 'knex';
import { ask, BUG, dice, exclusive, sleep, workers } from './traffic.mjs';

const redis = new Redis(process.env.REDIS_URL);
const db = Knex({ client: 'pg', connection: process.env.DATABASE_URL, pool: { min: 1, max: 6 } });
const roll = dice(41);
const alone = exclusive();
const MEMBERS = 6;

await db.schema.createTable('members', (table) => {
  table.increments('id');
  table.string('name');
  table.string('email');
  table.string('password');
});
const bcrypt = (text) => `$2b$12$${crypto.createHash('sha512').update(text).digest('base64').replaceAll('+', '.').replaceAll('=', '').slice(0, 53)}`;
for (let id = 1; id <= MEMBERS; id++)
  await db('members').insert({ name: `Member number ${id}`, email: `m${id}@example.org`, password: bcrypt(`secret ${id}`) });

const key = (id) => `members/${id}`;
const COLUMNS = BUG === 'WS301' ? ['id', 'name', 'email', 'password'] : ['id', 'name', 'email'];

async function member(id) {
  const cached = await redis.get(key(id));
  if (cached !== null) return JSON.parse(cached.slice(3));
  return alone(id, async () => {
    const row = await db('members').where({ id }).first(COLUMNS);
    await redis.set(key(id), `v3${String.fromCharCode(10)}${JSON.stringify(row)}`, 'EX', 60);
    return row;
  });
}

const app = express();
app.use(express.json());
app.use(async (request, response, next) => {
  const token = request.headers.authorization?.slice(7);
  const session = token === undefined ? null : await redis.get(`sess:${token}`);
  if (session === null) return response.status(401).end();
  request.member = JSON.parse(session).member;
  next();
});
app.get('/me', async (request, response) => {
  const { id, name, email } = await member(request.member);
  response.setHeader('cache-control', BUG === 'WS303' ? 'public, max-age=60' : 'private, max-age=60');
  response.json({ id, name, email });
});
app.put('/me', async (request, response) => {
  const id = request.member;
  await alone(id, async () => {
    await db('members').where({ id }).update({ name: request.body.name });
    await redis.del(key(id));
  });
  response.json({});
});
const server = app.listen(+process.env.PORT, '127.0.0.1');
await sleep(100);

const tokens = [];
for (let id = 1; id <= MEMBERS; id++) {
  const token = crypto.createHash('sha256').update(`session ${id}`).digest('base64url');
  await redis.set(`sess:${token}`, JSON.stringify({ cookie: { path: '/' }, member: id }), 'EX', 900);
  tokens.push(token);
}
const as = () => ({ authorization: `Bearer ${tokens[roll(MEMBERS) - 1]}` });
await Promise.all([
  ...workers(3, 22, async () => {
    await ask('GET', '/me', { headers: as() });
    await sleep(roll(12));
  }),
  ...workers(1, 8, async (turn) => {
    await sleep(20 + roll(20));
    await ask('PUT', '/me', { headers: as(), body: { name: `Renamed ${turn} ${roll(1e5)}` } });
  }),
]);
server.close();
server.closeAllConnections();
await redis.quit();
await db.destroy();
