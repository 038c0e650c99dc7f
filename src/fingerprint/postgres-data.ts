/** How many rows each table has: exactly while that is cheap, else as the planner estimates it. */
import type pg from 'pg';
import { rowsOf, UNKNOWN_PARTS } from './names.ts';
import { ask } from './postgres-session.ts';
import type { Sheet } from './sheet.ts';

/** Tables that are counted. */
const MAX_TABLES = 300;
/** Rows that are counted one by one. */
const MAX_COUNTED = 100_000;
/** Time for all tables, ms. */
const COUNT_LIMIT_MS = 15_000;
/** Digits of an estimate that mean something. */
const ESTIMATE_DIGITS = 2;

/** Partitions are counted as the table that they make up. */
const TABLES = `select n.nspname as schema, c.relname as table
  from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'm') and not c.relispartition
  and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast') and n.nspname not like 'pg\\_temp\\_%'
  and not exists (select 1 from pg_catalog.pg_depend d
    where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.objid = c.oid and d.deptype = 'e')
  order by n.nspname <> 'public', 1, 2 limit ${MAX_TABLES + 1}`;

interface Table {
  readonly schema: string;
  readonly table: string;
}

/** @param now milliseconds, from any beginning */
export async function noteData(sheet: Sheet, client: pg.Client, now: () => number): Promise<void> {
  let tables: readonly Table[];
  try {
    tables = await ask<Table>(client, TABLES);
  } catch (error) {
    sheet.unknown('data', UNKNOWN_PARTS.tables, error);
    return;
  }
  const end = now() + COUNT_LIMIT_MS;
  for (const { schema, table } of tables.slice(0, MAX_TABLES)) {
    const name = rowsOf(schema === 'public' ? table : `${schema}.${table}`);
    if (now() > end) {
      sheet.unknown('data', name, `not counted: ${COUNT_LIMIT_MS / 1000} s were over`);
      continue;
    }
    try {
      sheet.shown(
        'data',
        name,
        await countOf(client, `${client.escapeIdentifier(schema)}.${client.escapeIdentifier(table)}`),
      );
    } catch (error) {
      sheet.unknown('data', name, error);
    }
  }
  if (tables.length > MAX_TABLES) sheet.unknown('data', 'more tables', `only ${MAX_TABLES} were counted`);
}

async function countOf(client: pg.Client, table: string): Promise<string> {
  const estimate = await estimated(client, table);
  // Twice the bound is beyond what an old estimate gets wrong, and saves reading a large table for nothing.
  if (estimate > 2 * MAX_COUNTED) return rounded(estimate);
  const [row] = await ask<{ readonly rows: string }>(
    client,
    `select count(*) as rows from (select from ${table} limit ${MAX_COUNTED + 1}) as counted`,
  );
  const rows = Number(row?.rows ?? 0);
  return rows <= MAX_COUNTED ? String(rows) : rounded(Math.max(estimate, rows));
}

/** The planner reckons with the file's present size; `reltuples` alone would be of the last ANALYZE, or of none. */
async function estimated(client: pg.Client, table: string): Promise<number> {
  const [row] = await ask<Readonly<Record<string, unknown>>>(
    client,
    `explain (format json) select from ${table}`,
  );
  const plan = (row?.['QUERY PLAN'] as readonly { readonly Plan?: { readonly 'Plan Rows'?: number } }[])?.[0];
  return plan?.Plan?.['Plan Rows'] ?? 0;
}

function rounded(rows: number): string {
  return `~${Number(rows.toPrecision(ESTIMATE_DIGITS))}`;
}
