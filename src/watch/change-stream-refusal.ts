/** Why a server gives no change stream, in words, with the command that mends it. */
import type pg from 'pg';

export interface Refusal {
  /** A few words: `wal_level is replica, logical is needed`. */
  readonly reason: string;
  /** What mends it; null when nothing does. */
  readonly mend: string | null;
  /** The server is a standby: its changes come from its primary. */
  readonly standby: boolean;
}

const STANDBY: Refusal = {
  reason: 'this server is a standby; changes are told by its primary',
  mend: 'name the primary as --postgres',
  standby: true,
};

/** What can be told before anything is tried; null: nothing speaks against it. */
export async function refusedBefore(client: pg.Client): Promise<Refusal | null> {
  const { rows } = await client.query<{ level: string; standby: boolean }>(
    `SELECT current_setting('wal_level') AS level, pg_catalog.pg_is_in_recovery() AS standby`,
  );
  const [row] = rows;
  if (row?.standby === true) return STANDBY;
  if (row === undefined || row.level === 'logical') return null;
  return refusal(
    `wal_level is ${row.level}, logical is needed`,
    'ALTER SYSTEM SET wal_level = logical; then restart the server',
  );
}

function refusal(reason: string, mend: string | null): Refusal {
  return { reason, mend, standby: false };
}

/** SQLSTATEs of refusals that no other output plugin would help against. */
const KNOWN: Readonly<Record<string, (message: string, user: string) => Refusal>> = {
  // object_not_in_prerequisite_state: wal_level, or a server without slots.
  '55000': (message) => refusal(message, 'ALTER SYSTEM SET wal_level = logical; then restart the server'),
  // insufficient_privilege
  '42501': (_, user) => refusal(`user ${user} may not replicate`, `ALTER ROLE ${user} REPLICATION`),
  // configuration_limit_exceeded
  '53400': () =>
    refusal('all replication slots are in use', 'raise max_replication_slots, then restart the server'),
  // too_many_connections
  '53300': (message) => refusal(message, 'raise max_wal_senders or max_connections, then restart the server'),
  '28000': (message) => refusal(message, 'allow this user’s replication connections in pg_hba.conf'),
};

/** Why an attempt failed; null when it may have been the output plugin alone. */
export function refusedBy(error: unknown, user: string): Refusal | null {
  const { code, message } = error as { readonly code?: string; readonly message?: string };
  return KNOWN[code ?? '']?.(message ?? '', user) ?? null;
}

/** Any failure as a refusal. A pooler refuses the parameter `replication`, in words of its own. */
export function refusedAnyway(error: unknown, user: string): Refusal {
  const message = error instanceof Error ? error.message : String(error);
  const known = refusedBy(error, user);
  if (known !== null) return known;
  return /startup parameter|replication/i.test(message)
    ? refusal(`a pooler in between or the server refuses replication (${message})`, 'name the server itself')
    : refusal(message, null);
}

/** What a refusal means, for the user. */
export function refusalText({ reason, mend }: Refusal): string {
  const command = mend === null ? '' : ` To have it: ${mend} (whystale doctor shows more).`;
  return `No change stream: ${reason}. Changes that do not pass the proxy (psql, cron jobs, other services) and what triggers change are therefore not seen.${command}`;
}
