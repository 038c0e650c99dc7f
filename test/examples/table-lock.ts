/** Holds a request at a statement of our choice, by holding the lock of the table that the statement needs. */
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';

const POLL_MS = 10;
const WAIT_LIMIT_MS = 10_000;
/** No more sessions come when none came for this long. */
const SETTLE_MS = 300;

export interface TableLock {
  /** Waits until at least `count` sessions wait for the lock, then until no more come; returns how many there are. */
  readonly waiting: (count: number) => Promise<number>;
  readonly release: () => Promise<void>;
}

/** Takes the lock of a table; nobody else reads or writes it until `release`. */
export async function lockTable(url: string, table: string): Promise<TableLock> {
  const holder = new pg.Client({ connectionString: url });
  // A failed test drops the database under an open lock.
  holder.on('error', () => undefined);
  await holder.connect();
  await holder.query('BEGIN');
  await holder.query(`LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`);
  const count = async (): Promise<number> => {
    const { rows } = await holder.query<{ waiting: number }>(
      'SELECT count(DISTINCT pid)::int AS waiting FROM pg_locks WHERE relation = $1::regclass AND NOT granted',
      [table],
    );
    return rows[0]?.waiting ?? 0;
  };
  return {
    async waiting(least) {
      const end = Date.now() + WAIT_LIMIT_MS;
      let before = await count();
      for (let quietSince = Date.now(); Date.now() - quietSince < SETTLE_MS || before < least; ) {
        if (Date.now() > end) throw new Error(`${before} of ${least} sessions wait for ${table}`);
        await pause(POLL_MS);
        const now = await count();
        if (now !== before) quietSince = Date.now();
        before = now;
      }
      return before;
    },
    async release() {
      await holder.query('ROLLBACK');
      await holder.end();
    },
  };
}
