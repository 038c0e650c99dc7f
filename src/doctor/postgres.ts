/** What a given PostgreSQL allows and how it is set up. */
import type pg from 'pg';
import { type BypassPostgres, connectPostgres } from '../watch/bypass.ts';
import { findLeftovers, removeLeftovers } from '../watch/change-stream-leftovers.ts';
import { type Refusal, refusedAnyway } from '../watch/change-stream-refusal.ts';
import { displayStore, type Store } from '../watch/stores.ts';
import { type Check, guarded } from './check.ts';
import { unreachable } from './connection.ts';

/** Oldest major version that is still maintained upstream or near it, and that whystale was built against. */
const OLDEST_POSTGRES = 12;
const STREAM = 'the change stream: changes by clients that do not pass the proxy, sentinel';
const PSQL = 'psql "$DATABASE_URL" -c';
/** Names that are spelled out; beyond that they are counted. */
const NAMES_SHOWN = 5;

const LOOKS: readonly {
  readonly id: string;
  readonly title: string;
  readonly look: (client: pg.Client, prefix: string, store: Store) => Promise<Check>;
  /** Whether it bears on the change stream, which only a primary gives. */
  readonly stream?: true;
}[] = [
  { id: 'version', title: 'Version', look: versionCheck },
  { id: 'role', title: 'Role', look: roleCheck },
  { id: 'wal-level', title: 'wal_level', look: walLevelCheck, stream: true },
  { id: 'replication', title: 'Right to replicate', look: replicationCheck, stream: true },
  { id: 'slots', title: 'Replication slots', look: slotCheck, stream: true },
  { id: 'replica-identity', title: 'Replica identity', look: identityCheck, stream: true },
  { id: 'leftovers', title: 'Leftovers of earlier runs', look: leftoverCheck, stream: true },
];

/** All checks of one store. */
export async function postgresChecks(store: Store, prefix: string): Promise<readonly Check[]> {
  let connected: BypassPostgres;
  try {
    connected = await connectPostgres(store);
  } catch (error) {
    return [unreachable(`${prefix}.connection`, store, error)];
  }
  const { client, tls } = connected;
  try {
    const connection: Check = {
      id: `${prefix}.connection`,
      title: 'Connection',
      state: 'ok',
      evidence: `${displayStore(store)} answers${tls ? ' over TLS' : ''}`,
      required: true,
    };
    const checks: Check[] = [connection];
    const standby = await isStandby(client).catch(() => false);
    for (const { id, title, look, stream } of LOOKS) {
      if (standby && stream === true) continue;
      const base = { id: `${prefix}.${id}`, title, required: false };
      checks.push(...(await guarded(base, async () => [await look(client, prefix, store)])));
    }
    return checks;
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function one(client: pg.Client, sql: string): Promise<Readonly<Record<string, unknown>>> {
  const result = await client.query<Record<string, unknown>>(sql);
  return result.rows[0] ?? {};
}

async function versionCheck(client: pg.Client, prefix: string): Promise<Check> {
  const row = await one(
    client,
    `SELECT current_setting('server_version') AS version, current_setting('server_version_num')::int AS number`,
  );
  const base = { id: `${prefix}.version`, title: 'Version', required: true };
  if (Number(row.number) >= OLDEST_POSTGRES * 10_000) {
    return { ...base, state: 'ok', evidence: `PostgreSQL ${row.version}` };
  }
  return {
    ...base,
    state: 'lack',
    evidence: `PostgreSQL ${row.version}; ${OLDEST_POSTGRES} or newer is needed`,
    mend: 'pg_upgrade to a maintained major version',
  };
}

async function isStandby(client: pg.Client): Promise<boolean> {
  return (await one(client, 'SELECT pg_is_in_recovery() AS replica')).replica === true;
}

async function roleCheck(client: pg.Client, prefix: string): Promise<Check> {
  const evidence = (await isStandby(client))
    ? 'replica (reads may lag behind the primary, which gives the change stream)'
    : 'primary';
  return { id: `${prefix}.role`, title: 'Role', state: 'ok', evidence, required: false };
}

async function walLevelCheck(client: pg.Client, prefix: string): Promise<Check> {
  const row = await one(client, `SELECT current_setting('wal_level') AS level`);
  const base = { id: `${prefix}.wal-level`, title: 'wal_level', required: false, use: STREAM };
  if (row.level === 'logical') return { ...base, state: 'ok', evidence: 'logical' };
  return {
    ...base,
    state: 'lack',
    evidence: `${row.level}; logical is needed`,
    mend: `${PSQL} "ALTER SYSTEM SET wal_level = logical", then restart the server (where you rent it: rds.logical_replication = 1 or its like)`,
  };
}

async function replicationCheck(client: pg.Client, prefix: string, store: Store): Promise<Check> {
  // Rented servers give the right through a role, because they grant nobody the attribute.
  const row = await one(
    client,
    `SELECT r.rolname AS name, r.rolsuper OR r.rolreplication OR EXISTS (
       SELECT FROM pg_roles g WHERE g.rolname IN ('rds_replication', 'azure_pg_admin', 'cloudsqlsuperuser')
         AND pg_has_role(r.oid, g.oid, 'member')) AS may,
       quote_ident(r.rolname) AS quoted
     FROM pg_roles r WHERE r.rolname = current_user`,
  );
  const base = { id: `${prefix}.replication`, title: 'Right to replicate', required: false, use: STREAM };
  if (row.may === true) {
    const refusal = await replicationRefusal(store);
    if (refusal === null) return { ...base, state: 'ok', evidence: `user ${row.name} has it` };
    const mend = refusal.mend === null ? {} : { mend: refusal.mend };
    return { ...base, state: 'lack', evidence: `user ${row.name} has it, but ${refusal.reason}`, ...mend };
  }
  return {
    ...base,
    state: 'lack',
    evidence: `user ${row.name} has not`,
    mend: `${PSQL} "ALTER ROLE ${String(row.quoted).replaceAll('"', '\\"')} REPLICATION" # as a superuser`,
  };
}

/** Tries a replication connection: a pooler or pg_hba.conf may refuse what the role is allowed. */
async function replicationRefusal(store: Store): Promise<Refusal | null> {
  try {
    const { client } = await connectPostgres(store, { replication: 'database' });
    await client.end();
    return null;
  } catch (error) {
    return refusedAnyway(error, store.user ?? '');
  }
}

async function slotCheck(client: pg.Client, prefix: string): Promise<Check> {
  const row = await one(
    client,
    `SELECT current_setting('max_replication_slots')::int AS slots, current_setting('max_wal_senders')::int AS senders,
       (SELECT count(*)::int FROM pg_replication_slots) AS used_slots,
       (SELECT count(*)::int FROM pg_stat_replication) AS used_senders`,
  );
  const slots = Number(row.slots) - Number(row.used_slots);
  const senders = Number(row.senders) - Number(row.used_senders);
  const base = { id: `${prefix}.slots`, title: 'Replication slots', required: false, use: STREAM };
  const evidence = `${slots} of ${row.slots} slots and ${senders} of ${row.senders} senders free`;
  if (slots > 0 && senders > 0) return { ...base, state: 'ok', evidence };
  const setting = slots > 0 ? 'max_wal_senders' : 'max_replication_slots';
  const next = Number(slots > 0 ? row.senders : row.slots) + 5;
  return {
    ...base,
    state: 'lack',
    evidence,
    mend: `${PSQL} "ALTER SYSTEM SET ${setting} = ${next}", then restart the server`,
  };
}

/** Tables whose UPDATE and DELETE a publication would make fail (no primary key and no other replica identity). */
const WITHOUT_IDENTITY = `
  SELECT c.oid::regclass::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p') AND c.relpersistence = 'p' AND NOT c.relispartition
    AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
    AND NOT (c.relreplident = 'f'
      OR (c.relreplident = 'd' AND EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary))
      OR (c.relreplident = 'i' AND EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisreplident)))
  ORDER BY 1`;

async function identityCheck(client: pg.Client, prefix: string): Promise<Check> {
  const { rows } = await client.query<{ name: string }>(WITHOUT_IDENTITY);
  const base = { id: `${prefix}.replica-identity`, title: 'Replica identity', required: false, use: STREAM };
  const [first] = rows;
  if (first === undefined) return { ...base, state: 'ok', evidence: 'every table has a usable one' };
  return {
    ...base,
    state: 'lack',
    evidence: `${listed(rows.map(({ name }) => name))} without primary key or replica identity: only their INSERTs are followed`,
    mend: `${PSQL} ${shellText(
      rows
        .slice(0, NAMES_SHOWN)
        .map(({ name }) => `ALTER TABLE ${name} REPLICA IDENTITY FULL`)
        .join('; '),
    )} # a primary key is better`,
  };
}

/** The one thing that is not only looked at: what nobody uses any more is removed, because it makes the server keep its
 * log. Objects of a run that is under way stay. */
async function leftoverCheck(client: pg.Client, prefix: string): Promise<Check> {
  const base = {
    id: `${prefix}.leftovers`,
    title: 'Leftovers of earlier runs',
    required: false,
    use: 'a server that keeps no log for a reader that is gone',
  };
  const results = await removeLeftovers(client, await findLeftovers(client));
  const removed = results.filter(({ failure }) => failure === null).map(({ leftover }) => leftover);
  const stuck = results.filter(({ failure }) => failure !== null);
  const told =
    removed.length === 0 ? '' : `removed ${listed(removed.map(({ kind, name }) => `${kind} ${name}`))}`;
  const [first] = stuck;
  if (first === undefined) return { ...base, state: 'ok', evidence: told === '' ? 'none' : told };
  const left = listed(stuck.map(({ leftover: { kind, name } }) => `${kind} ${name}`));
  return {
    ...base,
    state: 'lack',
    evidence: `${left} could not be removed: ${first.failure}${told === '' ? '' : `; ${told}`}`,
    mend: `${PSQL} ${shellText(stuck.map(({ leftover }) => leftover.drop).join('; '))} # as their owner`,
  };
}

/** A text in double quotes of a POSIX shell. */
function shellText(text: string): string {
  return `"${text.replace(/["\\$`]/g, '\\$&')}"`;
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, NAMES_SHOWN).join(', ');
  return names.length <= NAMES_SHOWN ? shown : `${shown} and ${names.length - NAMES_SHOWN} more`;
}
