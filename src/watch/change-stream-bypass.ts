/** The stream's own connection past the proxy: for questions about transactions, and for what is made and removed. */
import type pg from 'pg';
import { type Look, lookQuery, readLook } from '../observe/changes/index.ts';
import { connectPostgres } from './bypass.ts';
import type { Store } from './stores.ts';

/** Longest wait for a lock on the service's tables (publications need one), ms. */
const LOCK_LIMIT_MS = 200;
/** A connection that was lost is made again, at most this often, ms. */
const AGAIN_AFTER_MS = 1_000;

export class StreamBypass {
  readonly #store: Store;
  #client: pg.Client;
  #version: number;
  #lost = false;
  #tried = 0;
  #ended = false;

  private constructor(store: Store, client: pg.Client, version: number) {
    this.#store = store;
    this.#version = version;
    this.#client = client;
    this.#watch(client);
  }

  static async open(store: Store): Promise<StreamBypass> {
    const { client, version } = await connect(store);
    return new StreamBypass(store, client, version);
  }

  /** Settings for a connection that lives as long as the watch. Only for one to the server itself. */
  async settle(): Promise<void> {
    await settle(this.#client);
  }

  get client(): pg.Client {
    return this.#client;
  }

  #watch(client: pg.Client): void {
    client.on('end', () => {
      if (client === this.#client) this.#lost = true;
    });
  }

  /** Asks about transactions and clients; undefined when there was no usable answer. `clock`: integer ns. */
  async look(clock: () => number): Promise<Look | undefined> {
    await this.#reconnect();
    const text = lookQuery(this.#version);
    const asked = clock();
    // Prepared: planning it takes the server longer than running it.
    const { rows } = await this.#client.query<Record<string, unknown>>({ name: 'look', text });
    return readLook(rows[0], asked, clock());
  }

  /** A database's clients are sometimes all sent away, ours with them. */
  async #reconnect(): Promise<void> {
    const now = performance.now();
    if (!this.#lost || this.#ended || now - this.#tried < AGAIN_AFTER_MS) return;
    this.#tried = now;
    const { client, version } = await connect(this.#store);
    if (this.#ended) {
      await client.end();
      return;
    }
    await settle(client);
    this.#client = client;
    this.#version = version;
    this.#lost = false;
    this.#watch(client);
  }

  /** Runs a statement; null when it failed. */
  async attempt(sql: string, values: readonly unknown[] = []): Promise<pg.QueryResult | null> {
    try {
      await this.#reconnect();
      return await this.#client.query(sql, [...values]);
    } catch {
      return null;
    }
  }

  async end(): Promise<void> {
    this.#ended = true;
    await this.#client.end().catch(() => undefined);
  }
}

/** The connection lives as long as the watch, whatever role and database set. */
async function settle(client: pg.Client): Promise<void> {
  await client.query(
    `SELECT set_config(name, '0', false) FROM pg_catalog.pg_settings
     WHERE name IN ('idle_session_timeout', 'idle_in_transaction_session_timeout')`,
  );
  // Whoever waits for a lock makes others wait behind it.
  await client.query(`SET lock_timeout = ${LOCK_LIMIT_MS}`);
}

async function connect(store: Store): Promise<{ readonly client: pg.Client; readonly version: number }> {
  const { client } = await connectPostgres(store);
  try {
    const { rows } = await client.query<{ version: number }>(
      `SELECT current_setting('server_version_num')::int AS version`,
    );
    return { client, version: rows[0]?.version ?? 0 };
  } catch (error) {
    await client.end().catch(() => undefined);
    throw error;
  }
}
