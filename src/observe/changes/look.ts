/** What is asked of the server about transactions that have arrived: are they visible, who made them, what is the time. */
import type { ServerClient } from './activity.ts';
import { CHANGE_LIMITS } from './limits.ts';
import { parseSnapshot, type Snapshot } from './snapshot.ts';

/** An answer of the server. */
export interface Look {
  readonly snapshot: Snapshot;
  readonly clients: readonly ServerClient[];
  /** The server's clock, microseconds since 1970. */
  readonly server: number;
  /** When it was asked for and when it was there, ns. */
  readonly asked: number;
  readonly answered: number;
}

const MICROS = (column: string): string => `(extract(epoch FROM ${column}) * 1000000)::bigint`;

/** Servers from this version on have 64-bit ids by a type of their own (`server_version_num`). */
const XID8 = 130_000;

/** The question; one row with `now`, `snapshot` and `clients`. Connections of ours are left out. */
export function lookQuery(serverVersion: number): string {
  const snapshot = serverVersion >= XID8 ? 'pg_current_snapshot()' : 'txid_current_snapshot()';
  return `SELECT ${MICROS('clock_timestamp()')}::text AS now, pg_catalog.${snapshot}::text AS snapshot,
  (SELECT json_agg(json_build_array(pid, application_name, usename, state, ${MICROS('query_start')},
      ${MICROS('state_change')}, ${MICROS('xact_start')}, backend_xid::text,
      ${MICROS('backend_start')}))
    FROM (SELECT * FROM pg_catalog.pg_stat_activity WHERE datname = current_database()
      AND backend_type = 'client backend' AND application_name NOT LIKE 'whystale%'
      ORDER BY state_change DESC NULLS LAST LIMIT ${CHANGE_LIMITS.clients}) a)::text AS clients`;
}

/** An answer's row; undefined when it is not one. */
export function readLook(
  row: Readonly<Record<string, unknown>> | undefined,
  asked: number,
  answered: number,
): Look | undefined {
  const snapshot = parseSnapshot(String(row?.snapshot));
  const server = Number(row?.now);
  if (snapshot === undefined || !Number.isFinite(server)) return undefined;
  return { snapshot, clients: readClients(row?.clients), server, asked, answered };
}

function readClients(text: unknown): readonly ServerClient[] {
  if (typeof text !== 'string') return [];
  const rows: unknown = JSON.parse(text);
  if (!Array.isArray(rows)) return [];
  return rows.flatMap((row: unknown) => (Array.isArray(row) ? [readClient(row)] : []));
}

function readClient(row: readonly unknown[]): ServerClient {
  const text = (at: number): string | null =>
    typeof row[at] === 'string' && row[at] !== '' ? row[at] : null;
  const number = (at: number): number | null => (typeof row[at] === 'number' ? row[at] : null);
  const xid = text(7);
  return {
    pid: number(0) ?? 0,
    application: text(1),
    user: text(2),
    state: text(3),
    backendStart: number(8),
    queryStart: number(4),
    stateChange: number(5),
    xactStart: number(6),
    xid: xid === null ? null : Number(xid),
  };
}
