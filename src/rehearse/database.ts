/** Checks in SQL: one statement in a transaction that may not write and is rolled back. */
import { connectPostgres } from '../watch/bypass.ts';
import { parseStore } from '../watch/stores.ts';

export const SQL_LIMITS = {
  /** Longest time for one statement, ms. */
  statementMs: 30_000,
} as const;

/** What came of a statement: the first column of its first row (undefined: no row), or why it could not be run. */
export type SqlAnswer = { readonly value: unknown } | { readonly failure: string };

/** Never rejects. */
export async function askDatabase(url: string, sql: string, env: NodeJS.ProcessEnv): Promise<SqlAnswer> {
  try {
    const store = parseStore('postgres', url, env);
    const { client } = await connectPostgres(store, { query_timeout: SQL_LIMITS.statementMs + 1_000 });
    try {
      await client.query('BEGIN READ ONLY');
      await client.query(`SET LOCAL statement_timeout = ${SQL_LIMITS.statementMs}`);
      const { rows } = await client.query<unknown[]>({ text: sql, rowMode: 'array' });
      return { value: rows[0]?.[0] };
    } finally {
      await client.query('ROLLBACK').catch(() => undefined);
      await client.end().catch(() => undefined);
    }
  } catch (error) {
    const { message, code } = error as Error & { readonly code?: string };
    return { failure: message || (code ?? String(error)) };
  }
}
