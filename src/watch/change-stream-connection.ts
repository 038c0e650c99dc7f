/** The replication connection of one stream: makes the slot, starts streaming, answers keepalives. */
import type pg from 'pg';
import {
  decodeReplication,
  encodeStandbyStatus,
  formatLsn,
  parseLsn,
  type StreamPlugin,
} from '../observe/changes/index.ts';
import { connectPostgres } from './bypass.ts';
import { endStreaming, sendCopyData, serverProcess, startCopyBoth } from './change-stream-pg.ts';
import type { Store } from './stores.ts';

/** A status is sent this often, so that the server keeps no log for us and does not take us for dead, ms. */
const STATUS_EVERY_MS = 1_000;
/** While waiting for a position, the server is asked this often how far it is, ms. */
const ASK_EVERY_MS = 10;

/** Text output as the decoders of the wire's binary values give it, whatever role and database set. */
const SETTINGS = [
  `SET client_encoding = 'UTF8'`,
  `SET DateStyle = 'ISO, MDY'`,
  `SET IntervalStyle = 'postgres'`,
  `SET TimeZone = 'UTC'`,
  `SET extra_float_digits = 1`,
  `SET bytea_output = 'hex'`,
  'SET statement_timeout = 0',
  'SET lock_timeout = 0',
  'SET idle_in_transaction_session_timeout = 0',
];

const PLUGIN_OPTIONS: Readonly<Record<StreamPlugin, (publications: string) => string>> = {
  test_decoding: () => `"include-xids" 'on', "include-timestamp" 'on', "skip-empty-xacts" 'on'`,
  pgoutput: (publications) => `proto_version '1', publication_names '${publications.replaceAll("'", "''")}'`,
};

export interface StreamEvents {
  /** One message of the output plugin; the bytes are valid during the call only. */
  readonly message: (payload: Uint8Array, lsn: string) => void;
  readonly ended: (error: Error | null) => void;
}

export class StreamConnection {
  readonly #client: pg.Client;
  readonly #name: string;
  #position = 0n;
  #status: NodeJS.Timeout | null = null;
  /** Whether the stream is over, and whether the connection is. */
  #over = false;
  #ended = false;

  private constructor(client: pg.Client, name: string) {
    this.#client = client;
    this.#name = name;
  }

  /** Connects. `name`: of the slot, and the application name under which the server lists the connection. */
  static async open(store: Store, name: string): Promise<StreamConnection> {
    const extras = { application_name: name, query_timeout: 0, replication: 'database' } as const;
    const { client } = await connectPostgres(store, extras);
    const connection = new StreamConnection(client, name);
    try {
      for (const sql of SETTINGS) await client.query(sql);
    } catch (error) {
      await connection.end();
      throw error;
    }
    return connection;
  }

  /** Process id of the server's side. */
  get process(): number | null {
    return serverProcess(this.#client);
  }

  /** What the server and its database are: two connections with equal answers see the same changes. */
  async identity(): Promise<string> {
    const { rows } = await this.#client.query<{ systemid: string; dbname: string }>('IDENTIFY_SYSTEM');
    return `${rows[0]?.systemid}/${rows[0]?.dbname}`;
  }

  /** Makes the slot; waits until every transaction is over that was writing when it began. */
  async createSlot(plugin: StreamPlugin): Promise<void> {
    await this.#client.query(
      `CREATE_REPLICATION_SLOT "${this.#name}" TEMPORARY LOGICAL ${plugin} NOEXPORT_SNAPSHOT`,
    );
  }

  /** Starts the stream; resolves once it runs. */
  async start(plugin: StreamPlugin, publications: string, events: StreamEvents): Promise<void> {
    const options = PLUGIN_OPTIONS[plugin](publications);
    await startCopyBoth(this.#client, `START_REPLICATION SLOT "${this.#name}" LOGICAL 0/0 (${options})`, {
      data: (chunk) => this.#data(chunk, events),
      ended: (error) => {
        this.#over = true;
        this.#stopStatus();
        events.ended(error);
      },
    });
    this.#status = setInterval(() => this.#report(false), STATUS_EVERY_MS);
    this.#status.unref();
  }

  #data(chunk: Uint8Array, events: StreamEvents): void {
    const message = decodeReplication(chunk);
    if (message.kind === 'data') {
      this.#advance(message.start);
      events.message(message.payload, formatLsn(message.start));
    } else if (message.kind === 'keepalive') {
      this.#advance(message.end);
      if (message.reply) this.#report(false);
    }
  }

  #advance(position: bigint): void {
    if (position > this.#position) this.#position = position;
  }

  /** Nothing is kept for later, so all that has arrived is done with. */
  #report(reply: boolean): void {
    if (this.#over || this.#ended) return;
    const at = this.#position;
    const sent = BigInt(Date.now()) * 1_000n;
    sendCopyData(this.#client, encodeStandbyStatus({ written: at, flushed: at, applied: at, sent, reply }));
  }

  /** Resolves with true once the stream has passed a position of the log, with false after `limitMs` or at its end. */
  async passes(lsn: string, limitMs: number): Promise<boolean> {
    const target = parseLsn(lsn) ?? 0n;
    for (const until = performance.now() + limitMs; this.#position < target; ) {
      if (this.#over || this.#ended || performance.now() > until) return false;
      this.#report(true);
      await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
    }
    return true;
  }

  #stopStatus(): void {
    if (this.#status !== null) clearInterval(this.#status);
    this.#status = null;
  }

  /** Ends the connection and, with it, the slot. */
  async end(): Promise<void> {
    this.#stopStatus();
    if (this.#ended) return;
    this.#ended = true;
    await endStreaming(this.#client);
  }
}
