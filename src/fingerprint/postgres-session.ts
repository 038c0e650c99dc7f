/** Questions to PostgreSQL that change nothing, wait for nobody and end in time. */
import type pg from 'pg';

/** Longest time for one statement, and for one lock that somebody holds, ms. */
const STATEMENT_LIMIT_MS = 4_000;
const LOCK_LIMIT_MS = 500;

/** Names are written out by the server with their schema when no schema is searched: the same for every user. */
const BEGIN = [
  'begin read only',
  `set local statement_timeout = ${STATEMENT_LIMIT_MS}`,
  `set local lock_timeout = ${LOCK_LIMIT_MS}`,
  "set local search_path = ''",
].join('; ');

/** Rows of one statement, in a transaction of its own. What it sets ends with it, behind a pooler too. */
export async function ask<T>(
  client: pg.Client,
  sql: string,
  values: readonly unknown[] = [],
): Promise<readonly T[]> {
  try {
    await client.query(BEGIN);
    const { rows } = await client.query(sql, [...values]);
    return rows as readonly T[];
  } finally {
    // Of a broken connection the first error counts.
    await client.query('rollback').catch(() => undefined);
  }
}
