/**
 * Lease: who misses takes a token, and a fill counts only while that token stands.
 *
 * A removal takes the token away together with the value, so a fill that was read before the commit is refused
 * afterwards. While one reader holds the lease the others wait for its value, so one miss is one query.
 * `redis` is an ioredis client, `pool` a pg.Pool.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { transaction } from './transaction.mjs';

const VALUE_SECONDS = 60;
/** When it ends early the fill is refused, so this is no matter of correctness: it bounds how long a dead holder is awaited. */
const LEASE_MS = 3_000;
const WAITS = 50;
const WAIT_MS = 20;

/** Comparing and setting must be one step: between two commands a removal could pass. */
const FILL = `
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
redis.call('DEL', KEYS[2])
return 1`;

const productKey = (id) => `product:${id}`;
const leaseKey = (key) => `lease:${key}`;

async function loadProduct(pool, id) {
  const { rows } = await pool.query('SELECT id, name, price FROM products WHERE id = $1', [id]);
  return rows[0] ?? null;
}

export async function readProduct(redis, pool, id) {
  const key = productKey(id);
  for (let tries = 0; tries < WAITS; tries += 1) {
    const text = await redis.get(key);
    if (text !== null) return JSON.parse(text);
    const token = randomUUID();
    // The lease must be held before the database is read.
    if (await redis.set(leaseKey(key), token, 'PX', LEASE_MS, 'NX')) {
      return loadUnderLease(redis, pool, id, token);
    }
    await pause(WAIT_MS);
  }
  // The holder is slow or gone. An answer without a fill is right too; it only costs a query.
  return loadProduct(pool, id);
}

async function loadUnderLease(redis, pool, id, token) {
  const key = productKey(id);
  // Again under the lease: its last holder may have filled the key just before it gave the lease back.
  const text = await redis.get(key);
  const product = text === null ? await loadProduct(pool, id) : JSON.parse(text);
  if (text === null && product !== null) {
    await redis.eval(FILL, 2, key, leaseKey(key), token, JSON.stringify(product), VALUE_SECONDS);
  } else {
    // Nothing to keep. Taking a lease away is always safe, be it another's: at worst a fill is refused.
    await redis.del(leaseKey(key));
  }
  return product;
}

export async function changePrice(redis, pool, id, price) {
  await transaction(pool, (tx) => tx.query('UPDATE products SET price = $1 WHERE id = $2', [price, id]));
  const key = productKey(id);
  // One command, so that no fill passes between the value and its lease. An error here means: changed, but the old
  // value may be served until its TTL. Repeating the write is safe.
  await redis.del(key, leaseKey(key));
}
