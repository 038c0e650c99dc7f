/**
 * Does a database look like scratch? It is reset before every execution, so a mistake would cost somebody's data: it must be on
 * this machine, its Redis empty, its tables none but those that the scenario itself creates. The user can vouch for it.
 */
import { parse as parseSql } from 'libpg-query';
import type pg from 'pg';
import { WhystaleError } from '../../errors.ts';
import { isLoopback } from '../../watch/store-protection.ts';
import { displayStore, type Store } from '../../watch/stores.ts';
import type { Scenario, SetupSpec } from '../scenario/contract.ts';

/** Tables that an error names. */
const SHOWN_TABLES = 5;

/** Tables with data of their own that no extension brought along. */
const TABLES = `select n.nspname as schema, c.relname as name
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p') and n.nspname not in ('pg_catalog', 'information_schema')
  and n.nspname !~ '^pg_(toast|temp)' and not exists (
    select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
  order by 1, 2`;

/** To be asked before anything is connected to. @throws WhystaleError WSE652 for a store on another machine */
export async function assertLocal(store: Store): Promise<void> {
  if (!(await isLoopback(store.endpoint))) throw notScratch(store, 'it is not on this machine');
}

/** @throws WhystaleError WSE652 when the PostgreSQL database does not look like scratch */
export async function assertScratchPostgres(
  store: Store,
  client: pg.Client,
  scenario: Scenario,
): Promise<void> {
  const { rows } = await client.query<{ schema: string; name: string }>(TABLES);
  if (rows.length === 0) return;
  const created = await createdTables([...scenario.setup, ...scenario.reset.steps]);
  const others = rows.filter(({ schema, name }) => !created.has(name) && !created.has(`${schema}.${name}`));
  if (others.length === 0) return;
  const shown = others.slice(0, SHOWN_TABLES).map(({ schema, name }) => `${schema}.${name}`);
  const more = others.length > shown.length ? ` and ${others.length - shown.length} more` : '';
  throw notScratch(store, `it holds tables that the setup does not create (${shown.join(', ')}${more})`);
}

/** @throws WhystaleError WSE652 when the Redis database does not look like scratch */
export function assertScratchRedis(store: Store, keys: number): void {
  if (keys > 0) throw notScratch(store, `it holds ${keys} ${keys === 1 ? 'key' : 'keys'}`);
}

/** Names of tables that SQL steps create, as they are written: with a schema or without. */
export async function createdTables(steps: readonly SetupSpec[]): Promise<ReadonlySet<string>> {
  const texts = steps.flatMap((step) => (step.kind === 'sql' ? [step.text] : []));
  return new Set((await Promise.all(texts.map(createdIn))).flat());
}

interface Relation {
  readonly schemaname?: string;
  readonly relname?: string;
}

async function createdIn(text: string): Promise<readonly string[]> {
  try {
    const { stmts = [] } = await parseSql(text);
    return relationsIn(stmts).map(({ schemaname, relname = '' }) =>
      schemaname === undefined ? relname : `${schemaname}.${relname}`,
    );
  } catch {
    // The server will say what is wrong with it.
    return [];
  }
}

/** What CREATE TABLE, CREATE TABLE AS and SELECT INTO make, wherever in the tree it stands. */
function relationsIn(node: unknown): readonly Relation[] {
  if (Array.isArray(node)) return node.flatMap(relationsIn);
  if (typeof node !== 'object' || node === null) return [];
  return Object.entries(node).flatMap(([name, part]) => {
    if (name === 'CreateStmt') return [(part as { relation?: Relation }).relation ?? {}];
    if (name === 'into' || name === 'intoClause') return [(part as { rel?: Relation }).rel ?? {}];
    return relationsIn(part);
  });
}

function notScratch(store: Store, why: string): WhystaleError {
  return new WhystaleError({
    code: 'WSE652',
    what: `${displayStore(store)} does not look like a scratch database: ${why}. It would be reset before every execution.`,
    expected: 'A database on this machine that holds nothing but what the scenario creates.',
    retry: 'unsafe',
    next: 'Write embedded in its place, name an empty database, or add --i-own-this-database if all in it may be lost.',
    exitCode: 2,
  });
}
