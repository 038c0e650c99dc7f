/** Single flight whose lock is released without a look at who holds it. */
import { setTimeout as pause } from 'node:timers/promises';
import { fill, loadProduct, lookUp, productKey } from '../../../examples/recipes/generation-fence.mjs';

export { changePrice } from '../../../examples/recipes/generation-fence.mjs';

export async function readProduct(redis, pool, id) {
  const key = productKey(id);
  for (;;) {
    const held = (await redis.set(`lock:${key}`, 'held', 'PX', 5_000, 'NX')) === 'OK';
    try {
      const { text, generation } = await lookUp(redis, key);
      if (text !== null) return JSON.parse(text);
      if (held) {
        const product = await loadProduct(pool, id);
        await fill(redis, key, generation, JSON.stringify(product));
        return product;
      }
    } finally {
      if (held) await redis.del(`lock:${key}`);
    }
    await pause(20);
  }
}
