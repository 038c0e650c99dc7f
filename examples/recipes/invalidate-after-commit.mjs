/**
 * Invalidate after the commit: no reader can cache a row again that is about to change.
 *
 * Before COMMIT other sessions still see the old row. A key that is removed earlier can be filled with that row, and
 * nothing removes it afterwards. `redis` and `pool` as in generation-fence.mjs, whose fill refuses late values.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { fill, invalidate, loadProduct, lookUp, productKey } from './generation-fence.mjs';
import { transaction } from './transaction.mjs';

const REMOVAL_TRIES = 3;
const BETWEEN_TRIES_MS = 50;

export async function readProduct(redis, pool, id) {
  const key = productKey(id);
  const { text, generation } = await lookUp(redis, key);
  if (text !== null) return JSON.parse(text);
  const product = await loadProduct(pool, id);
  if (product !== null) await fill(redis, key, generation, JSON.stringify(product));
  return product;
}

export async function changePrice(redis, pool, id, price) {
  try {
    await transaction(pool, (tx) => tx.query('UPDATE products SET price = $1 WHERE id = $2', [price, id]));
  } finally {
    // Behind the block, so COMMIT is over. Before the answer, so that the caller reads its own write. After an error, too:
    // a COMMIT whose reply was lost may stand.
    await remove(redis, productKey(id));
  }
}

/** Removing twice does no harm, so a lost reply is a reason to try again. The last error is the caller's. */
async function remove(redis, ...keys) {
  for (let left = REMOVAL_TRIES - 1; ; left -= 1) {
    try {
      return await invalidate(redis, ...keys);
    } catch (error) {
      if (left === 0) throw error;
      await pause(BETWEEN_TRIES_MS);
    }
  }
}
