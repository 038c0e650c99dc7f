/**
 * What an earlier run left on a server: replication slots that nobody reads any more, and publications whose run is over.
 * Slots are temporary, so that the server drops them with their connection; publications cannot be.
 */
import { randomBytes } from 'node:crypto';
import type pg from 'pg';
import type { ServerObject } from '../report/watch-summary.ts';

/** Names of whatever whystale makes on a server, as a LIKE pattern. */
const OWN_NAMES = 'whystale\\_%';
/** Suffix of the publication for tables of which only INSERT can be told. */
export const INSERT_SUFFIX = '_insert';

/** Name of one run's slot, publications and replication connection. */
export function streamName(pid: number): string {
  return `whystale_${pid}_${randomBytes(4).toString('hex')}`;
}

export interface Leftover {
  readonly kind: 'slot' | 'publication';
  readonly name: string;
  /** Statement that removes it. */
  readonly drop: string;
}

// A run shows itself by its active slot, or by its replication connection, which bears the same name.
const LEFTOVERS = `
  SELECT 'slot' AS kind, slot_name::text AS name FROM pg_catalog.pg_replication_slots
  WHERE slot_name LIKE '${OWN_NAMES}' AND NOT active
  UNION ALL
  SELECT 'publication', p.pubname::text FROM pg_catalog.pg_publication p,
    LATERAL (SELECT regexp_replace(p.pubname::text, '${INSERT_SUFFIX}$', '') AS name) run
  WHERE p.pubname LIKE '${OWN_NAMES}'
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_replication_slots s WHERE s.slot_name = run.name AND s.active)
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_activity a WHERE a.application_name = run.name)
  ORDER BY 1 DESC, 2`;

/** Objects of runs that are over. Those of a run that is under way are not among them. */
export async function findLeftovers(client: pg.Client): Promise<readonly Leftover[]> {
  const { rows } = await client.query<{ kind: Leftover['kind']; name: string }>(LEFTOVERS);
  return rows.map(({ kind, name }) => ({
    kind,
    name,
    drop:
      kind === 'slot'
        ? `SELECT pg_drop_replication_slot(${client.escapeLiteral(name)})`
        : `DROP PUBLICATION IF EXISTS ${quoteName(name)}`,
  }));
}

/** Removes them one by one; those that could not be removed are given back with the server's reason. */
export async function removeLeftovers(
  client: pg.Client,
  leftovers: readonly Leftover[],
): Promise<readonly { readonly leftover: Leftover; readonly failure: string | null }[]> {
  const results: { leftover: Leftover; failure: string | null }[] = [];
  for (const leftover of leftovers) {
    const failure = await client.query(leftover.drop).then(
      () => null,
      (error: Error) => error.message,
    );
    results.push({ leftover, failure });
  }
  return results;
}

/** Finds and removes; what became of each, for the report. A server that does not answer such questions has none. */
export async function clearLeftovers(client: pg.Client): Promise<readonly ServerObject[]> {
  const found = await findLeftovers(client).catch(() => []);
  const results = await removeLeftovers(client, found);
  return results.map(({ leftover, failure }) => ({
    what: `${leftover.kind === 'slot' ? 'replication slot' : 'publication'} ${leftover.name}, left by an earlier run`,
    removed: failure === null,
    ...(failure === null ? {} : { removeWith: leftover.drop }),
  }));
}

/** An identifier as SQL takes it. */
export function quoteName(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
}
