/** Fenced fills, but the key is removed while the change is not committed yet. */
import { invalidate, productKey } from '../../../examples/recipes/generation-fence.mjs';
import { transaction } from '../../../examples/recipes/transaction.mjs';

export { readProduct } from '../../../examples/recipes/generation-fence.mjs';

export async function changePrice(redis, pool, id, price) {
  await transaction(pool, async (tx) => {
    await tx.query('UPDATE products SET price = $1 WHERE id = $2', [price, id]);
    await invalidate(redis, productKey(id));
  });
}
