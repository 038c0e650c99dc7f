/**
 * Transactional outbox: an invalidation that is as durable as the change it belongs to.
 *
 * The keys are written to a table in the change's own transaction. The writer removes them after COMMIT as usual; a relay
 * removes what the table names, at least once, and so covers a writer that died and a Redis that was away.
 * `redis` and `pool` as in generation-fence.mjs, whose fill refuses late values.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { fill, invalidate, loadProduct, lookUp, productKey } from './generation-fence.mjs';
import { transaction } from './transaction.mjs';

const BATCH = 100;
const POLL_MS = 200;

export async function readProduct(redis, pool, id) {
  const key = productKey(id);
  const { text, generation } = await lookUp(redis, key);
  if (text !== null) return JSON.parse(text);
  const product = await loadProduct(pool, id);
  if (product !== null) await fill(redis, key, generation, JSON.stringify(product));
  return product;
}

export async function changePrice(redis, pool, id, price) {
  const key = productKey(id);
  await transaction(pool, async (tx) => {
    await tx.query('UPDATE products SET price = $1 WHERE id = $2', [price, id]);
    await tx.query('INSERT INTO invalidations (key) VALUES ($1)', [key]);
  });
  try {
    await invalidate(redis, key);
  } catch (error) {
    // Not the caller's concern: the change stands, and the relay removes the key.
    console.warn(`${key} is left to the relay: ${error.message}`);
  }
}

/** Removes pending keys and says how many rows that were. */
export function relayOnce(redis, pool) {
  return transaction(pool, async (tx) => {
    // SKIP LOCKED: several relays share the work.
    const { rows } = await tx.query(
      'SELECT id, key FROM invalidations ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED',
      [BATCH],
    );
    if (rows.length > 0) {
      // First the keys, then the rows: dying in between repeats a removal instead of losing one.
      await invalidate(redis, ...new Set(rows.map((row) => row.key)));
      await tx.query('DELETE FROM invalidations WHERE id = ANY($1)', [rows.map((row) => row.id)]);
    }
    return rows.length;
  });
}

/** Runs until `stopped`, an AbortSignal, is set. */
export async function relay(redis, pool, stopped) {
  while (!stopped.aborted) {
    const removed = await relayOnce(redis, pool).catch((error) => {
      console.warn(`the relay tries again: ${error.message}`);
      return 0;
    });
    if (removed < BATCH) await pause(POLL_MS, undefined, { signal: stopped }).catch(() => undefined);
  }
}
