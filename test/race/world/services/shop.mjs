// Items behind a cache, and routes that work, wait or end in ways that tests ask for.
import { createServer } from 'node:http';
import { isMainThread, Worker } from 'node:worker_threads';
import { Redis } from 'ioredis';
import pg from 'pg';

const { PORT, REDIS_URL, DATABASE_URL, HUM_MS, HUM_WORK_US, HUM_THREADS } = process.env;
const redis = new Redis(REDIS_URL);
redis.on('error', () => undefined);
const pool = new pg.Pool({ connectionString: DATABASE_URL, max: 2 });
pool.on('error', () => undefined);

for (let thread = 0; HUM_MS !== undefined && isMainThread && thread < Number(HUM_THREADS); thread++) {
  new Worker(
    `const word = new Int32Array(new SharedArrayBuffer(4));
     const [pause, work] = [${Number(HUM_MS)}, ${Number(HUM_WORK_US ?? 20)} / 1000];
     for (;;) {
       Atomics.wait(word, 0, 0, pause);
       const until = performance.now() + work;
       while (performance.now() < until);
     }`,
    { eval: true },
  );
}

function work(ms) {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

const routes = {
  'GET /healthz': () => ({ ok: true }),
  'GET /item': async () => {
    const cached = await redis.get('item:1');
    if (cached !== null) return JSON.parse(cached);
    const { rows } = await pool.query('select name, price from items where id = 1');
    if (rows.length > 0) await redis.set('item:1', JSON.stringify(rows[0]), 'EX', 60);
    return rows[0] ?? null;
  },
  'PUT /item': async (body) => {
    await pool.query('update items set name = $1 where id = 1', [JSON.parse(body).name]);
    return { ok: true };
  },
  // The pause between a reply and the next command is work, not sleep.
  'GET /compute': async () => {
    await redis.get('a');
    work(Number(process.env.WORK_MS ?? 30));
    await redis.get('b');
    return { ok: true };
  },
  // The transaction is never ended.
  'GET /leak': async () => {
    const client = await pool.connect();
    await client.query('begin');
    await client.query("update items set name = 'leaked' where id = 1");
    return { ok: true };
  },
  'GET /never': () => new Promise(() => undefined),
  'GET /exit': () => process.exit(3),
  'GET /env': () => ({ redis: REDIS_URL, database: DATABASE_URL, asyncpg: process.env.ASYNC_URL }),
};

createServer(async (request, response) => {
  let body = '';
  for await (const chunk of request) body += chunk;
  const route = routes[`${request.method} ${request.url}`];
  try {
    const answer = route === undefined ? null : await route(body);
    response.writeHead(route === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer));
  } catch (error) {
    response.writeHead(500).end(JSON.stringify({ error: error.message }));
  }
}).listen(Number(PORT), '127.0.0.1');
