/**
 * Versioned key: the generation is a part of the key's name.
 *
 * A writer does not remove the value, it changes the name that readers ask for. A fill that was read before the commit
 * goes to the old name, which nobody asks for any more; its TTL removes it. One version can stand for many keys.
 * `redis` is an ioredis client, `pool` a pg.Pool.
 */
import { randomUUID } from 'node:crypto';
import { transaction } from './transaction.mjs';

/** Old names are never removed, so this is also how long they take up memory. */
const VALUE_SECONDS = 60;
const VERSION_SECONDS = 3_600;

const versionKey = (id) => `product:${id}:version`;
const valueKey = (id, version) => `product:${id}:v:${version}`;

/** Must be known before the database is read. */
async function currentVersion(redis, id) {
  const version = await redis.get(versionKey(id));
  if (version !== null) return version;
  // Expired or evicted. A name must never come back, hence random: a count would begin again and meet old values.
  const fresh = randomUUID();
  if (await redis.set(versionKey(id), fresh, 'EX', VERSION_SECONDS, 'NX')) return fresh;
  return (await redis.get(versionKey(id))) ?? fresh;
}

export async function readProduct(redis, pool, id) {
  const key = valueKey(id, await currentVersion(redis, id));
  const text = await redis.get(key);
  if (text !== null) return JSON.parse(text);
  const { rows } = await pool.query('SELECT id, name, price FROM products WHERE id = $1', [id]);
  if (rows.length === 0) return null;
  await redis.set(key, JSON.stringify(rows[0]), 'EX', VALUE_SECONDS);
  return rows[0];
}

export async function changePrice(redis, pool, id, price) {
  await transaction(pool, (tx) => tx.query('UPDATE products SET price = $1 WHERE id = $2', [price, id]));
  // After COMMIT: under a name that is known earlier, a reader could keep the old row. An error here means: changed,
  // but the old value may be served until its TTL. Repeating the write is safe.
  await redis.set(versionKey(id), randomUUID(), 'EX', VERSION_SECONDS);
}
