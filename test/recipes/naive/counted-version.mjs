/** A version in the key's name that is counted, and begins again once it is lost. */
import { transaction } from '../../../examples/recipes/transaction.mjs';

export async function readProduct(redis, pool, id) {
  const key = `product:${id}:v:${(await redis.get(`product:${id}:version`)) ?? 0}`;
  const text = await redis.get(key);
  if (text !== null) return JSON.parse(text);
  const { rows } = await pool.query('SELECT id, name, price FROM products WHERE id = $1', [id]);
  await redis.set(key, JSON.stringify(rows[0]), 'EX', 60);
  return rows[0];
}

export async function changePrice(redis, pool, id, price) {
  await transaction(pool, (tx) => tx.query('UPDATE products SET price = $1 WHERE id = $2', [price, id]));
  await redis.incr(`product:${id}:version`);
}
