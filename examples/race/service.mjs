/**
 * A small service around one way to keep products in a cache, for whystale race.
 *
 *   DATABASE_URL=postgres://… REDIS_URL=redis://… PORT=8080 STRATEGY=lease node service.mjs
 *
 * STRATEGY is one of strategies.mjs, or a recipe: lease, generation-fence, versioned-key, tombstone, …
 */
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import { Redis } from 'ioredis';
import pg from 'pg';
import { STRATEGIES } from './strategies.mjs';

const CONNECTIONS = 8;
/** Of statements and of Redis calls. Recipes state what they expect of it. */
const TIMEOUT_MS = 2_000;
const RELAY_TRIES = 3;

async function strategyNamed(name) {
  if (Object.hasOwn(STRATEGIES, name)) return STRATEGIES[name];
  const recipe = new URL(`../recipes/${name}.mjs`, import.meta.url);
  if (!/^[a-z-]+$/.test(name) || !existsSync(recipe)) {
    console.error(`STRATEGY: "${name}" is none of ${Object.keys(STRATEGIES).join(', ')}, and no recipe`);
    process.exit(1);
  }
  return import(recipe.href);
}

const strategy = await strategyNamed(process.env.STRATEGY ?? 'delete-after-commit');
const pool = new pg.Pool({
  connectionString: process.env.DATABASE_URL,
  max: CONNECTIONS,
  statement_timeout: TIMEOUT_MS,
});
pool.on('error', (error) => console.error(`postgres: ${error.message}`));
const redis = new Redis(process.env.REDIS_URL, { commandTimeout: TIMEOUT_MS, maxRetriesPerRequest: 1 });
redis.on('error', (error) => console.error(`redis: ${error.message}`));

async function answer(request) {
  if (request.method === 'GET' && request.url === '/healthz') {
    await Promise.all([pool.query('SELECT 1'), redis.ping()]);
    return { status: 200, body: { ok: true } };
  }
  const id = Number(/^\/products\/(\d+)$/.exec(request.url)?.[1]);
  if (Number.isSafeInteger(id) && request.method === 'GET') {
    const product = await strategy.readProduct(redis, pool, id);
    return product === null
      ? { status: 404, body: { error: `no product ${id}` } }
      : { status: 200, body: product };
  }
  if (Number.isSafeInteger(id) && request.method === 'PUT') {
    const { price } = await json(request);
    if (!Number.isSafeInteger(price) || price < 0)
      return { status: 422, body: { error: 'price must be a whole number' } };
    await strategy.changePrice(redis, pool, id, price).finally(relayPending);
    return { status: 200, body: { id, price } };
  }
  return { status: 404, body: { error: 'nothing here' } };
}

const server = createServer(async (request, response) => {
  const { status, body } = await answer(request).catch((error) => {
    console.error(error);
    return { status: 500, body: { error: 'internal error' } };
  });
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
});

/** The relay of an outbox: woken by every change, and when the service starts; what fails is tried again. */
async function relayPending() {
  if (strategy.relayOnce === undefined) return;
  for (let tries = 0; tries < RELAY_TRIES; tries += 1) {
    try {
      while ((await strategy.relayOnce(redis, pool)) > 0);
      return;
    } catch (error) {
      console.warn(`the relay tries again: ${error.message}`);
    }
  }
}

await relayPending();
server.listen(Number(process.env.PORT ?? 8080), '127.0.0.1', () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});
for (const signal of ['SIGTERM', 'SIGINT']) {
  process.once(signal, () => {
    server.close(() => Promise.allSettled([redis.quit(), pool.end()]));
    server.closeIdleConnections();
  });
}
