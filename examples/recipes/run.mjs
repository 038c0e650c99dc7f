/**
 * Runs one recipe by itself. It is no part of the recipes.
 *
 *     export DATABASE_URL=postgres://… REDIS_URL=redis://…
 *     node run.mjs lease.mjs read 1
 *     node run.mjs lease.mjs write 1 250
 *     node run.mjs transactional-outbox.mjs relay
 *     node run.mjs lease.mjs
 *
 * The last reads calls from standard input, `TAG read ID` or `TAG write ID PRICE` a line, and runs them at the same time.
 * Each is answered by `TAG PRICE`, `TAG none` (no such product), `TAG done` or `TAG error …`.
 */
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { Redis } from 'ioredis';
import pg from 'pg';

const AT_ONCE = 28;
/** Of statements and of Redis calls. Recipes state what they expect of it. */
const TIMEOUT_MS = 1_000 * Number(process.env.RECIPE_TIMEOUT_SECONDS ?? 2);

const [path, ...call] = process.argv.slice(2);
const recipe = await import(pathToFileURL(resolve(path)).href);
const pool = new pg.Pool({
  connectionString: process.env.DATABASE_URL,
  max: AT_ONCE,
  statement_timeout: TIMEOUT_MS,
});
pool.on('error', (error) => console.error(`postgres: ${error.message}`));
const redis = new Redis(process.env.REDIS_URL, { commandTimeout: TIMEOUT_MS, maxRetriesPerRequest: 1 });
redis.on('error', (error) => console.error(`redis: ${error.message}`));

async function run(kind, id, price) {
  if (kind === 'write') {
    await recipe.changePrice(redis, pool, Number(id), Number(price));
    return 'done';
  }
  const product = await recipe.readProduct(redis, pool, Number(id));
  return product === null ? 'none' : product.price;
}

async function relay() {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM']) process.once(name, () => stop.abort());
  await recipe.relay(redis, pool, stop.signal);
}

async function serve() {
  const running = new Set();
  for await (const line of createInterface({ input: process.stdin })) {
    const [tag, ...words] = line.split(' ');
    const work = run(...words)
      .catch((error) => `error ${error.name}: ${error.message}`)
      .then((result) => console.log(tag, result))
      .finally(() => running.delete(work));
    running.add(work);
  }
  await Promise.all(running);
}

if (call[0] === 'relay') await relay();
else if (call.length > 0) console.log(await run(...call));
else await serve();
redis.disconnect();
await pool.end();
