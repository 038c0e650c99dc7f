/**
 * TTL with jitter: every fill ends by itself, and what was filled together does not end together.
 *
 * The TTL bounds how long a value is wrong that no invalidation reached. Without a part left to chance, keys that were
 * filled in one moment (a deployment, a flushed cache) are missed in one moment again, every time.
 * `redis` and `pool` as in generation-fence.mjs, whose fill refuses late values.
 */
import { fill, invalidate, loadProduct, lookUp, productKey } from './generation-fence.mjs';
import { transaction } from './transaction.mjs';

const VALUE_SECONDS = 60;
/** Share of the TTL that is left to chance. */
const JITTER = 0.2;

/** Whole seconds around `seconds`, never 0, which Redis refuses. */
const jittered = (seconds) => Math.max(1, Math.round(seconds * (1 - JITTER / 2 + Math.random() * JITTER)));

export async function readProduct(redis, pool, id) {
  const key = productKey(id);
  const { text, generation } = await lookUp(redis, key);
  if (text !== null) return JSON.parse(text);
  const product = await loadProduct(pool, id);
  if (product !== null) {
    await fill(redis, key, generation, JSON.stringify(product), jittered(VALUE_SECONDS));
  }
  return product;
}

export async function changePrice(redis, pool, id, price) {
  await transaction(pool, (tx) => tx.query('UPDATE products SET price = $1 WHERE id = $2', [price, id]));
  // The TTL is the second line: a change that can be told is told. In place of a rewrite, which could drop the TTL.
  await invalidate(redis, productKey(id));
}
