/** Cache-aside as it is mostly written: removed after COMMIT, filled without a look at what happened since. */
import { transaction } from '../../../examples/recipes/transaction.mjs';

const SECONDS = 60;

export async function readProduct(redis, pool, id) {
  const text = await redis.get(`product:${id}`);
  if (text !== null) return JSON.parse(text);
  const { rows } = await pool.query('SELECT id, name, price FROM products WHERE id = $1', [id]);
  await redis.set(`product:${id}`, JSON.stringify(rows[0]), 'EX', SECONDS);
  return rows[0];
}

export async function changePrice(redis, pool, id, price) {
  await transaction(pool, (tx) => tx.query('UPDATE products SET price = $1 WHERE id = $2', [price, id]));
  await redis.del(`product:${id}`);
}
