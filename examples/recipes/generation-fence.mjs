/**
 * Generation fence: a fill that was read before a commit cannot land after the invalidation.
 *
 * Beside each key stands its generation, a random value that every invalidation replaces. A reader takes the generation
 * before it reads the database, and its fill is refused when the generation is another one by then.
 * `redis` is an ioredis client, `pool` a pg.Pool.
 */
import { randomUUID } from 'node:crypto';
import { transaction } from './transaction.mjs';

const VALUE_SECONDS = 60;
/** Longer than any fill can be under way, which statement and command timeouts bound. */
const GENERATION_SECONDS = 600;

/** Comparing and setting must be one step: between two commands an invalidation could pass. */
const FILL = `
if (redis.call('GET', KEYS[2]) or '') ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
return 1`;

export const productKey = (id) => `product:${id}`;
const generationKey = (key) => `gen:${key}`;

/** Cached text (null: a miss) and generation. The generation must be known before the database is read. */
export async function lookUp(redis, key) {
  const [text, generation] = await redis.mget(key, generationKey(key));
  return { text, generation: generation ?? '' };
}

/** Whether the value was kept. A refused fill needs no repetition: the next reader fills. */
export async function fill(redis, key, generation, text, seconds = VALUE_SECONDS) {
  return (await redis.eval(FILL, 2, key, generationKey(key), generation, text, seconds)) === 1;
}

/** Call it after COMMIT. Safe to repeat. */
export async function invalidate(redis, ...keys) {
  const multi = redis.multi();
  // Random, not counted: a counter that expired begins again, and could meet a late fill's number.
  for (const key of keys) multi.set(generationKey(key), randomUUID(), 'EX', GENERATION_SECONDS);
  const replies = await multi.del(...keys).exec();
  // A refused command does not reject the promise of `exec`.
  const refused = replies.find(([error]) => error !== null);
  if (refused !== undefined) throw refused[0];
}

export async function loadProduct(pool, id) {
  const { rows } = await pool.query('SELECT id, name, price FROM products WHERE id = $1', [id]);
  return rows[0] ?? null;
}

export async function readProduct(redis, pool, id) {
  const key = productKey(id);
  const { text, generation } = await lookUp(redis, key);
  if (text !== null) return JSON.parse(text);
  const product = await loadProduct(pool, id);
  if (product !== null) await fill(redis, key, generation, JSON.stringify(product));
  return product;
}

export async function changePrice(redis, pool, id, price) {
  await transaction(pool, (tx) => tx.query('UPDATE products SET price = $1 WHERE id = $2', [price, id]));
  // An error from here on means: changed, but the old value may be served until its TTL. Repeating the write is safe.
  await invalidate(redis, productKey(id));
}
