/** One PostgreSQL: how it lets the application in, and as whom. Nothing is changed. */
import { numberFindings } from '../core/document.ts';
import { storeFindings } from '../core/safety/unprotected-store.ts';
import { unreachable } from '../doctor/connection.ts';
import { maskForms } from '../recording/mask.ts';
import { type BypassPostgres, connectPostgres } from '../watch/bypass.ts';
import { isLoopback, postgresProtection } from '../watch/store-protection.ts';
import { displayStore, type Store } from '../watch/stores.ts';
import { itemMaker } from './catalogue.ts';
import type { Part } from './contract.ts';
import { type AccessRule, judgePostgres, type PostgresFacts, type RoleFacts } from './postgres-judge.ts';
import { unprotectedStore } from './unprotected.ts';

/** Audits one store. */
export async function auditPostgres(store: Store, label: string | null): Promise<Part> {
  const about = displayStore(store);
  const item = itemMaker(about, label);
  let connected: BypassPostgres;
  try {
    connected = await connectPostgres(store);
  } catch (error) {
    const { evidence, mend } = unreachable('', store, error);
    const advice = mend === undefined ? {} : { mend };
    const judgement = { state: 'unknown', evidence: maskForms(evidence), ...advice } as const;
    return { unreachable: about, items: [item('postgres.connection', judgement)] };
  }
  try {
    const facts = await factsOf(store, connected);
    const { tls, asked } = connected;
    const superuser = facts.role?.superuser ?? null;
    const protection = await postgresProtection(store, { tls, asked, superuser });
    const drafts = storeFindings([protection]);
    return {
      items: [
        item('postgres.connection', { state: 'ok', evidence: 'it answers' }),
        ...judgePostgres(facts).map(([name, judgement]) => item(name, judgement)),
        item('postgres.unprotected-store', unprotectedStore(protection, drafts)),
      ],
      findings: numberFindings(drafts),
    };
  } finally {
    await connected.client.end().catch(() => undefined);
  }
}

async function factsOf(store: Store, connected: BypassPostgres): Promise<PostgresFacts> {
  const { tls, method } = connected;
  return {
    store,
    loopback: await isLoopback(store.endpoint),
    tls,
    method,
    role: await roleFacts(connected),
    listens: await listenAddresses(connected),
    rules: await accessRules(connected),
  };
}

type Rows = readonly Readonly<Record<string, unknown>>[];

/** The rows, or null when this role may not ask. */
async function rowsOf({ client }: BypassPostgres, sql: string): Promise<Rows | null> {
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } catch {
    return null;
  }
}

/** Roles of the server that reach files and programs of its machine (the manual's chapter 21.5). */
const ROLE = `
  SELECT r.rolname AS name, r.rolsuper AS superuser, r.rolcreaterole AS createrole, r.rolcreatedb AS createdb,
    r.rolreplication AS replication, r.rolbypassrls AS bypassrls,
    ARRAY(SELECT g.rolname::text FROM pg_roles g
      WHERE g.rolname IN ('pg_execute_server_program', 'pg_read_server_files', 'pg_write_server_files',
        'rds_superuser', 'cloudsqlsuperuser', 'azure_pg_admin')
        AND pg_has_role(r.oid, g.oid, 'member') ORDER BY 1) AS reach
  FROM pg_roles r WHERE r.rolname = current_user`;

async function roleFacts(connected: BypassPostgres): Promise<RoleFacts | null> {
  const row = (await rowsOf(connected, ROLE))?.[0];
  if (row === undefined) return null;
  const attributes = ['createrole', 'createdb', 'replication', 'bypassrls'];
  return {
    name: String(row.name),
    superuser: row.superuser === true,
    attributes: attributes.filter((name) => row[name] === true).map((name) => name.toUpperCase()),
    reach: Array.isArray(row.reach) ? row.reach.map(String) : [],
  };
}

async function listenAddresses(connected: BypassPostgres): Promise<string | null> {
  const row = (await rowsOf(connected, `SELECT current_setting('listen_addresses') AS listens`))?.[0];
  return row === undefined ? null : String(row.listens);
}

/** Shown to superusers only. */
const RULES = `SELECT type, address, auth_method AS method FROM pg_hba_file_rules WHERE error IS NULL`;

async function accessRules(connected: BypassPostgres): Promise<readonly AccessRule[] | null> {
  const rows = await rowsOf(connected, RULES);
  return (
    rows?.map(({ type, address, method }) => ({
      type: String(type),
      address: address === null ? null : String(address),
      method: String(method),
    })) ?? null
  );
}
