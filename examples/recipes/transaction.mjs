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
