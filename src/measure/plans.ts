/**
 * Plans of statements that read: `EXPLAIN (ANALYZE, BUFFERS)` past the relays, in a transaction that may not write and is rolled back.
 * A statement is asked for with the very parameters of its slowest execution, or not at all.
 */
import pg from 'pg';
import { connectPostgres } from '../watch/bypass.ts';
import type { Store } from '../watch/stores.ts';
import type { SlowExecution } from './queries.ts';

export const PLAN_LIMITS = {
  /** Longest time for one plan, ms: the statement is run. */
  statementMs: 10_000,
  /** Characters of a plan that are kept. */
  text: 20_000,
} as const;

/** Statements that read and take no row locks. */
const READS = /^\s*(?:select|with|values|table)\b/i;
const LOCKS = /\bfor\s+(?:no\s+key\s+)?(?:update|share|key\s+share)\b/i;

/** The statement with its parameters written out; null: they are not all known, or it is no mere read. */
export function written({ shape, texts }: Pick<SlowExecution, 'shape' | 'texts'>): string | null {
  if (!READS.test(shape) || LOCKS.test(shape)) return null;
  let known = true;
  const text = shape.replace(/"(?:[^"]|"")*"|\$(\d+)/g, (whole, number: string | undefined) => {
    if (number === undefined) return whole;
    const value = texts[Number(number) - 1];
    if (value === undefined) known = false;
    // A literal in quotes has no type yet and takes the one that a parameter in its place would have.
    return value === undefined ? whole : ` ${pg.escapeLiteral(value)}`;
  });
  return known ? text : null;
}

/** A plan without the values that its conditions hold: `'…'`, and `'$2'` for a parameter. Numbers stay. */
export function withoutValues(plan: string, texts: readonly (string | undefined)[]): string {
  return plan.replace(/'((?:[^']|'')*)'/g, (whole, inner: string) => {
    const text = inner.replaceAll("''", "'");
    if (text === '' || Number.isFinite(Number(text))) return whole;
    const at = texts.indexOf(text);
    return at < 0 ? "'…'" : `'$${at + 1}'`;
  });
}

/** Plans by shape; what could not be had is said. */
export async function explained(
  executions: readonly SlowExecution[],
  store: Store,
  notice: (text: string) => void,
): Promise<ReadonlyMap<string, string>> {
  const plans = new Map<string, string>();
  const asked = executions.flatMap((execution) => {
    const sql = written(execution);
    return sql === null ? [] : [{ execution, sql }];
  });
  if (asked.length < executions.length)
    notice(
      `${executions.length - asked.length} of ${executions.length} slow statements have no plan: they take locks, or a parameter of theirs is not known.`,
    );
  if (asked.length === 0) return plans;
  const limit = PLAN_LIMITS.statementMs;
  const { client } = await connectPostgres(store, { query_timeout: limit + 1_000 });
  try {
    for (const { execution, sql } of asked) {
      const plan = await planOf(client, sql).catch((error: unknown) => {
        notice(`A plan could not be had: ${(error as Error).message} (${execution.shape.slice(0, 60)}).`);
        return null;
      });
      if (plan !== null) plans.set(execution.shape, withoutValues(plan, execution.texts));
    }
  } finally {
    await client.end().catch(() => undefined);
  }
  return plans;
}

async function planOf(client: pg.Client, sql: string): Promise<string> {
  await client.query('BEGIN READ ONLY');
  try {
    await client.query(`SET LOCAL statement_timeout = ${PLAN_LIMITS.statementMs}`);
    const { rows } = await client.query<{ 'QUERY PLAN': string }>(`EXPLAIN (ANALYZE, BUFFERS) ${sql}`);
    return rows
      .map((row) => row['QUERY PLAN'])
      .join('\n')
      .slice(0, PLAN_LIMITS.text);
  } finally {
    await client.query('ROLLBACK');
  }
}
