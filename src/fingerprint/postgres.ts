/** What the database server is, how it is set up, and what the database holds. */
import type pg from 'pg';
import { connectPostgres } from '../watch/bypass.ts';
import type { Store } from '../watch/stores.ts';
import { UNKNOWN_PARTS } from './names.ts';
import { isPlainSetting } from './plain.ts';
import { noteData } from './postgres-data.ts';
import { noteSchema } from './postgres-schema.ts';
import { ask } from './postgres-session.ts';
import type { Sheet } from './sheet.ts';

/** Longest wait for a polite good-bye, ms. */
const GOODBYE_MS = 1_000;

/**
 * Where this instance lives and by what name it goes, what a session brings along, and what the version tells already. What the
 * server derives from the machine stays in.
 */
const INSTANCE: ReadonlySet<string> = new Set(
  `data_directory config_file hba_file ident_file external_pid_file port listen_addresses unix_socket_directories
  unix_socket_group unix_socket_permissions cluster_name event_source bonjour bonjour_name data_directory_mode
  log_directory log_filename log_file_mode syslog_ident stats_temp_directory ssl_cert_file ssl_key_file ssl_ca_file ssl_crl_file
  ssl_crl_dir ssl_dh_params_file krb_server_keyfile primary_conninfo primary_slot_name restore_command archive_command
  archive_cleanup_command recovery_end_command promote_trigger_file recovery_target_xid recovery_target_lsn recovery_target_time
  application_name client_encoding is_superuser session_authorization role seed transaction_deferrable transaction_isolation
  transaction_read_only in_hot_standby server_version server_version_num`.split(/\s+/),
);

/**
 * `reset_val`: what every session of this user in this database begins with, whatever ours has set. Settings that only some users
 * may see are not in the view for others.
 */
const SETTINGS = `select name, reset_val as value, vartype as type, unit from pg_catalog.pg_settings order by name`;

/** Settings of the application's own (`app.tenant`), which that view leaves out; the nearer to this user and database, the later. */
const OWN_SETTINGS = `select split_part(entry, '=', 1) as name, substr(entry, strpos(entry, '=') + 1) as value,
    'string' as type, null as unit
  from pg_catalog.pg_db_role_setting s, unnest(s.setconfig) as entry
  where s.setdatabase in (0, (select oid from pg_catalog.pg_database where datname = current_database()))
  and s.setrole in (0, (select oid from pg_catalog.pg_roles where rolname = current_user))
  and strpos(split_part(entry, '=', 1), '.') > 0
  order by s.setrole <> 0, s.setdatabase <> 0`;

interface Setting {
  readonly name: string;
  readonly value: string | null;
  readonly type: string;
  readonly unit: string | null;
}

/** Notes the kinds `postgres`, `schema` and `data`. */
export async function notePostgres(
  sheet: Sheet,
  store: Store,
  now: () => number,
  over: AbortSignal,
): Promise<void> {
  let client: pg.Client;
  try {
    ({ client } = await connectPostgres(store));
  } catch (error) {
    for (const kind of ['postgres', 'schema', 'data'] as const) {
      sheet.unknown(kind, UNKNOWN_PARTS.connection, error);
    }
    return;
  }
  // A connection with a question under way is cut by this, not asked to finish.
  over.addEventListener('abort', () => void goodbye(client), { once: true });
  try {
    await noteServer(sheet, client);
    await noteSchema(sheet, client);
    await noteData(sheet, client, now);
  } finally {
    await goodbye(client);
  }
}

async function noteServer(sheet: Sheet, client: pg.Client): Promise<void> {
  try {
    const [row] = await ask<{ readonly version: string; readonly standby: boolean }>(
      client,
      `select pg_catalog.current_setting('server_version') as version, pg_catalog.pg_is_in_recovery() as standby`,
    );
    sheet.shown('postgres', 'version', `PostgreSQL ${row?.version}`);
    sheet.shown('postgres', 'role', row?.standby === true ? 'standby' : 'primary');
  } catch (error) {
    sheet.unknown('postgres', 'version', error);
  }
  try {
    for (const sql of [SETTINGS, OWN_SETTINGS]) {
      for (const setting of await ask<Setting>(client, sql)) noteSetting(sheet, setting);
    }
  } catch (error) {
    sheet.unknown('postgres', UNKNOWN_PARTS.settings, error);
  }
}

function noteSetting(sheet: Sheet, { name, value, type, unit }: Setting): void {
  if (INSTANCE.has(name) || value === null) return;
  if (type !== 'string') sheet.shown('postgres', name, unit === null ? value : `${value} × ${unit}`);
  else if (isPlainSetting(name, value)) sheet.shown('postgres', name, value);
  else sheet.hashed('postgres', name, value);
}

async function goodbye(client: pg.Client): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, GOODBYE_MS);
  });
  await Promise.race([client.end().catch(() => undefined), limit]);
  clearTimeout(timer);
}
