/**
 * Runs `work` inside one transaction: committed when it returns, rolled back when it throws.
 * @template T
 * @param {import('pg').Pool} pool
 * @param {(tx: import('pg').PoolClient) => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function transaction(pool, work) {
  const tx = await pool.connect();
  let broken;
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
    tx.release(broken);
  }
}
