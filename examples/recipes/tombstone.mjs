/**
 * Tombstone: in place of a removal the writer leaves a short-lived mark that no fill overwrites.
 *
 * While the mark stands, readers ask the database and keep nothing. It is set before the change, so that a writer that
 * dies after COMMIT leaves no old value behind, and again after COMMIT, so that fills from before it find the mark.
 * `redis` is an ioredis client with a command timeout, `pool` a pg.Pool with a statement timeout.
 */
import { transaction } from './transaction.mjs';

const VALUE_SECONDS = 60;
/** No JSON document reads like this. */
const MARK = 'tombstone';
/** A fill that is later than this is not sent. */
const FILL_LIMIT_MS = 2_000;
/** Longer than the fill limit, the command timeout of a fill and the lag of a replica, if one is read, together. */
const MARK_SECONDS = 5;

const productKey = (id) => `product:${id}`;

export async function readProduct(redis, pool, id) {
  const started = performance.now();
  const text = await redis.get(productKey(id));
  if (text !== null && text !== MARK) return JSON.parse(text);
  const { rows } = await pool.query('SELECT id, name, price FROM products WHERE id = $1', [id]);
  if (rows.length === 0) return null;
  if (text !== MARK && performance.now() - started < FILL_LIMIT_MS) {
    // NX: neither a mark nor another reader's value is overwritten.
    await redis.set(productKey(id), JSON.stringify(rows[0]), 'EX', VALUE_SECONDS, 'NX');
  }
  return rows[0];
}

export async function changePrice(redis, pool, id, price) {
  // An error here changes nothing. The transaction must end while this mark stands, or dying after COMMIT is not covered.
  await redis.set(productKey(id), MARK, 'EX', MARK_SECONDS);
  await transaction(pool, (tx) => tx.query('UPDATE products SET price = $1 WHERE id = $2', [price, id]));
  // The clock starts again at COMMIT. An error here means: changed. Repeating the write is safe.
  await redis.set(productKey(id), MARK, 'EX', MARK_SECONDS);
}
