import { readFile } from 'node:fs/promises';
import pg from 'pg';

const POOL_SIZE = 20;
/** A fill never takes longer than its statements may, which is what the lifetime of a generation is chosen by. */
const STATEMENT_TIMEOUT_MS = 10_000;
/** Any fixed number: instances that start together create the tables one after another. */
const SETUP_LOCK = 7_301_977;

/** @param {string} url @returns {pg.Pool} */
export function connect(url) {
  const pool = new pg.Pool({
    connectionString: url,
    max: POOL_SIZE,
    statement_timeout: STATEMENT_TIMEOUT_MS,
  });
  pool.on('error', (error) => console.error(`postgres: idle connection lost: ${error.message}`));
  return pool;
}

/**
 * Runs `work` inside one transaction: committed when it returns, rolled back when it throws.
 * @template T
 * @param {pg.Pool} pool
 * @param {(tx: pg.PoolClient) => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function transaction(pool, work) {
  const tx = await pool.connect();
  let broken;
  // A pool listens to idle connections only: that one in use is lost must not end the process.
  const onLost = (error) => {
    broken = error;
  };
  tx.on('error', onLost);
  try {
    await tx.query('BEGIN');
    const result = await work(tx);
    await tx.query('COMMIT');
    return result;
  } catch (error) {
    await tx.query('ROLLBACK').catch((lost) => {
      broken = lost;
    });
    throw error;
  } finally {
    tx.off('error', onLost);
    tx.release(broken);
  }
}

/** Creates the tables when they are missing and fills them when they are empty. @param {pg.Pool} pool */
export async function prepare(pool) {
  const [schema, seed] = await Promise.all(
    ['../schema.sql', '../seed.sql'].map((file) => readFile(new URL(file, import.meta.url), 'utf8')),
  );
  await transaction(pool, async (tx) => {
    await tx.query('SELECT pg_advisory_xact_lock($1)', [SETUP_LOCK]);
    await tx.query(schema);
    const { rows } = await tx.query('SELECT EXISTS (SELECT 1 FROM items) AS seeded');
    if (!rows[0].seeded) await tx.query(seed);
  });
}
