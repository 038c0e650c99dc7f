/**
 * PostgreSQL past the gates: who waits for whom, who still has a connection, and ending what a crashed or cut execution left
 * behind. One connection of our own is kept open for it.
 */
import type pg from 'pg';
import { connectPostgres } from '../../watch/bypass.ts';
import type { Store } from '../../watch/stores.ts';

/** Time for an answer on the connection that is kept, ms. */
const ANSWER_LIMIT_MS = 10_000;

/** Longest time for one step of set-up or reset, ms. */
export const STEP_LIMIT_MS = 120_000;

/** A server process of somebody's connection. */
export interface Backend {
  readonly pid: number;
  readonly application: string;
  /** `idle in transaction`…; empty when this user may not see it. */
  readonly state: string;
}

/** Waits for row, table and advisory locks, and those of a deferrable serializable transaction for a safe snapshot. */
const WAITING = {
  name: 'whystale_waiting',
  text: `select pid, pg_blocking_pids(pid) || pg_safe_snapshot_blocking_pids(pid) as behind
    from unnest($1::int[]) as pid`,
};

const CLIENTS = `select pid, coalesce(application_name, '') as application, coalesce(state, '') as state
  from pg_stat_activity where datid is not null and pid <> pg_backend_pid()
  and coalesce(backend_type, 'client backend') = 'client backend'`;

export class Backends {
  readonly #store: Store;
  #client: Promise<pg.Client> | null = null;
  /** Server processes of others that were there before our instances. */
  #strangers: ReadonlySet<number> = new Set();
  readonly #own = new Set<number>();
  #spare: Promise<pg.Client | null> | null = null;

  constructor(store: Store) {
    this.#store = store;
  }

  /** The connection that is kept; opened again after it broke. */
  async client(): Promise<pg.Client> {
    this.#client ??= this.#open();
    const opening = this.#client;
    try {
      return await opening;
    } catch (error) {
      if (this.#client === opening) this.#client = null;
      throw error;
    }
  }

  async #open(): Promise<pg.Client> {
    const { client } = await connectPostgres(this.#store, { query_timeout: ANSWER_LIMIT_MS });
    client.once('end', () => {
      this.#client = null;
    });
    return client;
  }

  /** To be called before the first instance: whoever is connected now is not ours. */
  async noteStrangers(): Promise<void> {
    this.#strangers = new Set((await this.#clients()).map(({ pid }) => pid));
  }

  /**
   * A connection without any state of a former use, for one step. Logging in costs several milliseconds (SCRAM makes it slow on
   * purpose), so one that was given back and emptied by DISCARD ALL serves again.
   */
  async borrow(): Promise<pg.Client> {
    const spare = await this.#spare;
    this.#spare = null;
    return spare ?? this.#fresh();
  }

  /** Takes it back; one that cannot be emptied, in a transaction for example, is ended. */
  giveBack(client: pg.Client): void {
    this.#spare = client.query('discard all').then(
      () => client,
      () => {
        void client.end().catch(() => undefined);
        return null;
      },
    );
  }

  async #fresh(): Promise<pg.Client> {
    const { client } = await connectPostgres(this.#store, { query_timeout: STEP_LIMIT_MS });
    const pid = pidOf(client);
    this.#own.add(pid);
    client.once('end', () => {
      this.#own.delete(pid);
      this.#spare = null;
    });
    return client;
  }

  /** Of these server processes, those that wait, with what they wait for. */
  async waiting(pids: readonly number[]): Promise<ReadonlyMap<number, readonly number[]>> {
    if (pids.length === 0) return new Map();
    const client = await this.client();
    const { rows } = await client.query<{ pid: number; behind: number[] }>({ ...WAITING, values: [pids] });
    return new Map(rows.flatMap(({ pid, behind }) => (behind.length === 0 ? [] : [[pid, behind]])));
  }

  /** Server processes of the instances: all but ours and those that were there before. */
  async instances(): Promise<readonly Backend[]> {
    return (await this.#clients()).filter(({ pid }) => !this.#strangers.has(pid) && !this.#own.has(pid));
  }

  async #clients(): Promise<readonly Backend[]> {
    return (await (await this.client()).query<Backend>(CLIENTS)).rows;
  }

  /** Ends server processes; false when this user may not. */
  async terminate(pids: readonly number[]): Promise<boolean> {
    const client = await this.client();
    try {
      await client.query('select pg_terminate_backend(pid) from unnest($1::int[]) as pid', [pids]);
      return true;
    } catch {
      return false;
    }
  }

  async close(): Promise<void> {
    const open = [await this.#client?.catch(() => null), await this.#spare];
    await Promise.allSettled(open.map((client) => client?.end()));
  }
}

/** The server process behind a connection; `pg` keeps it for cancelling. */
export function pidOf(client: pg.Client): number {
  return (client as pg.Client & { readonly processID?: number }).processID ?? 0;
}
