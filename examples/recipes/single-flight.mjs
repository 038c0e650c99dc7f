/**
 * Single flight: of all processes that miss a key, one asks the database, and the others wait for its value.
 *
 * The lock has a lifetime, so that a process that dies holding it blocks nobody for long, and a token, so that one that
 * held it too long does not release the next one's. The lock saves work and guards nothing: late fills are refused by the
 * fence. `redis` and `pool` as in generation-fence.mjs.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { fill, invalidate, loadProduct, lookUp, productKey } from './generation-fence.mjs';
import { transaction } from './transaction.mjs';

/** Longer than the query takes as a rule. */
const LOCK_MS = 5_000;
const WAITS = 100;
const WAIT_MS = 20;

const RELEASE = `
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0`;

export async function readProduct(redis, pool, id) {
  const key = productKey(id);
  const cached = await lookUp(redis, key);
  if (cached.text !== null) return JSON.parse(cached.text);
  const lock = `lock:${key}`;
  const token = randomUUID();
  for (let tries = 0; tries < WAITS; tries += 1) {
    const held = (await redis.set(lock, token, 'PX', LOCK_MS, 'NX')) === 'OK';
    try {
      // Again under the lock: its last holder may have filled the key just before it let go.
      const { text, generation } = await lookUp(redis, key);
      if (text !== null) return JSON.parse(text);
      if (held) return await loadAndFill(redis, pool, id, generation);
    } finally {
      if (held) await redis.eval(RELEASE, 1, lock, token);
    }
    await pause(WAIT_MS);
  }
  // The holder is slow or gone: better one query more than no answer.
  return loadProduct(pool, id);
}

async function loadAndFill(redis, pool, id, generation) {
  const product = await loadProduct(pool, id);
  if (product !== null) await fill(redis, productKey(id), generation, JSON.stringify(product));
  return product;
}

export async function changePrice(redis, pool, id, price) {
  await transaction(pool, (tx) => tx.query('UPDATE products SET price = $1 WHERE id = $2', [price, id]));
  // The lock stays: who holds it finds its fill refused, and the next reader takes the lock after it.
  await invalidate(redis, productKey(id));
}
