/**
 * Ways to keep products in a cache that leave something open. Each is a read path and a write path, as in the recipes.
 * `redis` is an ioredis client, `pool` a pg.Pool.
 */
import { transaction } from '../recipes/transaction.mjs';

const VALUE_SECONDS = 60;

const productKey = (id) => `product:${id}`;

async function loadProduct(pool, id) {
  const { rows } = await pool.query('SELECT id, name, price FROM products WHERE id = $1', [id]);
  return rows[0] ?? null;
}

/** From the cache, else from the database, and kept without a look at what happened meanwhile. */
async function readAside(redis, pool, id) {
  const text = await redis.get(productKey(id));
  if (text !== null) return JSON.parse(text);
  const product = await loadProduct(pool, id);
  if (product !== null) await redis.set(productKey(id), JSON.stringify(product), 'EX', VALUE_SECONDS);
  return product;
}

async function updatePrice(tx, id, price) {
  const { rows } = await tx.query('UPDATE products SET price = $1 WHERE id = $2 RETURNING id, name, price', [
    price,
    id,
  ]);
  return rows[0] ?? null;
}

async function deleteAfterCommit(redis, pool, id, price) {
  await transaction(pool, (tx) => updatePrice(tx, id, price));
  await redis.del(productKey(id));
}

async function deleteBeforeCommit(redis, pool, id, price) {
  await transaction(pool, async (tx) => {
    await updatePrice(tx, id, price);
    await redis.del(productKey(id));
  });
}

async function missingDelete(_redis, pool, id, price) {
  await transaction(pool, (tx) => updatePrice(tx, id, price));
}

async function wrongKey(redis, pool, id, price) {
  await transaction(pool, (tx) => updatePrice(tx, id, price));
  await redis.del(`products:${id}`);
}

async function writeThrough(redis, pool, id, price) {
  const product = await transaction(pool, (tx) => updatePrice(tx, id, price));
  if (product !== null) await redis.set(productKey(id), JSON.stringify(product), 'EX', VALUE_SECONDS);
}

/** A value is kept only over one that is older. Without a version in the cache, any is kept. */
const KEEP_NEWER = `
local kept = redis.call('HGET', KEYS[1], 'version')
if kept and tonumber(kept) >= tonumber(ARGV[1]) then return 0 end
redis.call('HSET', KEYS[1], 'version', ARGV[1], 'text', ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[3])
return 1`;

async function keepNewer(redis, { version, ...product }) {
  const text = JSON.stringify(product);
  await redis.eval(KEEP_NEWER, 1, productKey(product.id), version, text, VALUE_SECONDS);
  return product;
}

async function readVersioned(redis, pool, id) {
  const text = await redis.hget(productKey(id), 'text');
  if (text !== null) return JSON.parse(text);
  const { rows } = await pool.query('SELECT version, id, name, price FROM products WHERE id = $1', [id]);
  return rows.length === 0 ? null : keepNewer(redis, rows[0]);
}

async function versionCompare(redis, pool, id, price) {
  const { rows } = await transaction(pool, (tx) =>
    tx.query(
      'UPDATE products SET price = $1, version = version + 1 WHERE id = $2 RETURNING version, id, name, price',
      [price, id],
    ),
  );
  // Who dies here leaves the old version in the cache, and nothing compares it with the database.
  if (rows.length > 0) await keepNewer(redis, rows[0]);
}

export const STRATEGIES = {
  'delete-after-commit': { readProduct: readAside, changePrice: deleteAfterCommit },
  'delete-before-commit': { readProduct: readAside, changePrice: deleteBeforeCommit },
  'missing-delete': { readProduct: readAside, changePrice: missingDelete },
  'wrong-key': { readProduct: readAside, changePrice: wrongKey },
  'write-through': { readProduct: readAside, changePrice: writeThrough },
  'version-compare': { readProduct: readVersioned, changePrice: versionCompare },
};
