/**
 * The change stream of one PostgreSQL: opens it, feeds the history, and leaves nothing behind. The slot is temporary: the
 * server drops it with its connection, whatever ends this process. The service never waits for the stream.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { SourceStream } from '../core/operation.ts';
import { ChangeFollower, type StreamPlugin, streamDecoder } from '../observe/changes/index.ts';
import type { ObserveContext } from '../observe/context.ts';
import { shownName } from '../observe/sql/names.ts';
import type { ServerObject } from '../report/watch-summary.ts';
import { StreamBypass } from './change-stream-bypass.ts';
import { StreamConnection } from './change-stream-connection.ts';
import { clearLeftovers, streamName } from './change-stream-leftovers.ts';
import { type Coverage, Publications } from './change-stream-publications.ts';
import { type Refusal, refusedAnyway, refusedBefore, refusedBy } from './change-stream-refusal.ts';
import type { SourceLink } from './links.ts';
import type { Store } from './stores.ts';

/** The service is started after this time even if open transactions keep the stream from beginning, ms. */
const START_LIMIT_MS = 3_000;
/** Readings of the server's clock before the stream begins, and the pause between later ones, ms. */
const CLOCK_ROUNDS = 5;
const CLOCK_EVERY_MS = 30_000;
/** Longest waits at the end, ms: for the stream to pass the service's last change, for its transactions to be told, and
 * for the slot to be gone. */
const PASS_LIMIT_MS = 1_000;
const SETTLE_LIMIT_MS = 1_000;
const GONE_LIMIT_MS = 1_000;
const GONE_POLL_MS = 10;
/** What the publications cover is brought up to date this often, ms. */
const COVERAGE_EVERY_MS = 1_000;

export interface ChangeStreamTools {
  readonly context: ObserveContext;
  /** Integer ns since the recording started. */
  readonly clock: () => number;
  readonly source: SourceLink;
  /** Name of the stream in the history, e.g. `stream:1`. */
  readonly session: string;
  /** Databases that are followed already; this one is added. */
  readonly followed: Set<string>;
  /** Called when a stream that was `late` has begun after all, or was refused. */
  readonly onLate: (stream: ChangeStream) => void;
}

/** `late`: it begins once transactions are over that were open; `twice`: another stream follows the same database. */
export type StreamState = 'on' | 'late' | 'off' | 'twice';

export class ChangeStream {
  readonly #store: Store;
  readonly #tools: ChangeStreamTools;
  readonly #name = streamName(process.pid);
  readonly #created: ServerObject[] = [];
  #bypass: StreamBypass | null = null;
  #connection: StreamConnection | null = null;
  #follower: ChangeFollower | null = null;
  #publications: Publications | null = null;
  #plugin: StreamPlugin = 'test_decoding';
  #slot = false;
  #running = false;
  #timers: NodeJS.Timeout[] = [];
  #closing: Promise<readonly ServerObject[]> | null = null;
  /** Whether the end was asked for from outside. */
  #asked = false;
  state: StreamState = 'off';
  refusal: Refusal | null = null;

  private constructor(store: Store, tools: ChangeStreamTools) {
    this.#store = store;
    this.#tools = tools;
  }

  /** Opens the stream if the server allows it; never rejects, see {@link state} and {@link refusal}. */
  static async open(store: Store, tools: ChangeStreamTools): Promise<ChangeStream> {
    const stream = new ChangeStream(store, tools);
    const begun = stream.#begin().then(
      (state) => {
        stream.state = state;
      },
      async (error: unknown) => {
        stream.refusal ??= refusedAnyway(error, store.user ?? '');
        stream.state = 'off';
        stream.#closing ??= stream.#close();
        await stream.#closing;
      },
    );
    const early = new AbortController();
    const limit = pause(START_LIMIT_MS, true, { signal: early.signal, ref: false }).catch(() => false);
    if (await Promise.race([begun.then(() => false), limit])) {
      stream.state = 'late';
      void begun.then(() => {
        if (!stream.#asked) tools.onLate(stream);
      });
    }
    early.abort();
    return stream;
  }

  get plugin(): StreamPlugin {
    return this.#plugin;
  }

  async #begin(): Promise<StreamState> {
    const bypass = await StreamBypass.open(this.#store);
    this.#bypass = bypass;
    this.refusal = await refusedBefore(bypass.client);
    if (this.refusal !== null) throw new Error(this.refusal.reason);
    const connection = await StreamConnection.open(this.#store, this.#name);
    this.#connection = connection;
    // Not before: a pooler, which refuses the replication connection, would hand our settings on to others.
    await bypass.settle();
    this.#created.push(...(await clearLeftovers(bypass.client)));
    const identity = await connection.identity();
    if (this.#tools.followed.has(identity)) {
      this.#closing ??= this.#close();
      await this.#closing;
      return 'twice';
    }
    this.#tools.followed.add(identity);
    const coverage = await this.#makeSlot(bypass, connection);
    await this.#follow(bypass, connection);
    this.#tell('begin', coverage);
    return 'on';
  }

  /** With test_decoding; with pgoutput where that is not installed. */
  async #makeSlot(bypass: StreamBypass, connection: StreamConnection): Promise<Coverage | null> {
    try {
      await connection.createSlot('test_decoding');
      this.#slot = true;
      return null;
    } catch (error) {
      if (this.#closing !== null || refusedBy(error, this.#store.user ?? '') !== null) throw error;
    }
    this.#plugin = 'pgoutput';
    // Before the slot: the plugin looks publications up as they were at the time of the change.
    this.#publications = new Publications(() => bypass.client, this.#name);
    const coverage = await this.#publications.update();
    await connection.createSlot('pgoutput');
    this.#slot = true;
    return coverage;
  }

  async #follow(bypass: StreamBypass, connection: StreamConnection): Promise<void> {
    const { source, clock, context, session } = this.#tools;
    const follower = new ChangeFollower({
      session,
      context,
      clock,
      look: () => bypass.look(clock),
      ...source,
      pause: (ms) => pause(ms),
      decode: streamDecoder(this.#plugin, ({ schema, table }) => {
        const known = source.catalog.tableByName(shownName(schema, table));
        return known?.replicaIdentity.length === known?.columns.length ? 'full' : known?.replicaIdentity;
      }),
    });
    this.#follower = follower;
    for (let round = 0; round < CLOCK_ROUNDS; round++) await follower.measure();
    await connection.start(this.#plugin, this.#publications?.names ?? '', {
      message: (payload, lsn) => follower.take(payload, lsn),
      ended: (error) => this.#ended(error),
    });
    this.#running = true;
    this.#every(CLOCK_EVERY_MS, () => follower.measure());
    if (this.#publications !== null) this.#every(COVERAGE_EVERY_MS, () => this.#cover());
  }

  /** Repeats work, one run at a time; its failures do not matter, the next run may succeed. */
  #every(ms: number, work: () => Promise<void>): void {
    let busy = false;
    const timer = setInterval(() => {
      if (busy) return;
      busy = true;
      void work()
        .catch(() => undefined)
        .finally(() => {
          busy = false;
        });
    }, ms);
    timer.unref();
    this.#timers.push(timer);
  }

  async #cover(): Promise<void> {
    const coverage = await this.#publications?.update();
    if (coverage != null && this.#running) this.#tell('begin', coverage);
  }

  #tell(state: SourceStream['state'], coverage: Coverage | null): void {
    const { context, clock, session } = this.#tools;
    const at = clock();
    context.sink.emit({
      tier: 'source',
      kind: 'stream',
      session,
      invoke: at,
      return: at,
      status: 'ok',
      state,
      plugin: this.#plugin,
      insertOnly: coverage?.insertOnly ?? [],
      tables: coverage?.tables ?? this.#loggedTables(),
    });
    const parts = [...(coverage?.insertOnly ?? []), ...(coverage?.untold ?? [])];
    if (parts.length > 0) context.degrade('change-stream-part', partText(coverage!));
  }

  /** All tables, unless some keep no log. */
  #loggedTables(): readonly string[] | null {
    const tables = [...this.#tools.source.catalog.tables()];
    if (!tables.some(({ unlogged }) => unlogged === true)) return null;
    return tables
      .filter(({ kind, unlogged }) => kind === 'table' && unlogged !== true)
      .map(({ name }) => name);
  }

  #ended(error: Error | null): void {
    if (!this.#running) return;
    this.#running = false;
    void this.#connection?.end();
    this.#tell('end', null);
    const why = error === null ? 'the server ended it' : error.message;
    this.#tools.context.degrade(
      'change-stream-ended',
      `The change stream ended early (${why}): changes past the proxy are no longer seen.`,
    );
  }

  /** Waits, for about a second at most, until all that is in the log now has been told. */
  async finish(): Promise<void> {
    const follower = this.#follower;
    if (!this.#running || follower === null) return;
    const answer = await this.#bypass?.attempt('SELECT pg_catalog.pg_current_wal_insert_lsn()::text AS lsn');
    await this.#connection?.passes(String(answer?.rows[0]?.lsn), PASS_LIMIT_MS);
    await Promise.race([follower.settled(), pause(SETTLE_LIMIT_MS, undefined, { ref: false })]);
  }

  /** Ends the stream and removes what it made; safe to call at any time. Gives what was made. */
  close(): Promise<readonly ServerObject[]> {
    this.#asked = true;
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<readonly ServerObject[]> {
    this.#running = false;
    for (const timer of this.#timers.splice(0)) clearInterval(timer);
    this.#follower?.stop();
    const connection = this.#connection;
    // A server that waits for open transactions to end does not notice that its client has left.
    if (connection !== null && !this.#slot) await this.#terminate(connection.process);
    await connection?.end();
    if (this.#slot) this.#created.push(await this.#slotGone());
    for (const drop of this.#publications?.drops ?? []) this.#created.push(await this.#drop(drop));
    await this.#bypass?.end();
    return this.#created;
  }

  async #terminate(process: number | null): Promise<void> {
    if (process === null) return;
    await this.#bypass?.attempt('SELECT pg_catalog.pg_terminate_backend($1)', [process]);
  }

  async #slotGone(): Promise<ServerObject> {
    const what = `temporary replication slot ${this.#name}`;
    const removeWith = `SELECT pg_drop_replication_slot('${this.#name}')`;
    const sql = 'SELECT FROM pg_catalog.pg_replication_slots WHERE slot_name = $1';
    for (
      const until = performance.now() + GONE_LIMIT_MS;
      performance.now() < until;
      await pause(GONE_POLL_MS)
    ) {
      const answer = await this.#bypass?.attempt(sql, [this.#name]);
      // A server that is gone keeps no temporary slot.
      if (answer == null || answer.rowCount === 0) return { what, removed: true };
    }
    return { what, removed: false, removeWith };
  }

  async #drop(sql: string): Promise<ServerObject> {
    const what = `publication ${sql.split(' ').at(-1)}`;
    const removed = (await this.#bypass?.attempt(sql)) != null;
    return removed ? { what, removed } : { what, removed: false, removeWith: sql };
  }
}

function partText({ insertOnly, untold }: Coverage): string {
  const parts = [
    ...(insertOnly.length === 0
      ? []
      : [`only INSERTs of ${listed(insertOnly)} are told (no primary key or other replica identity)`]),
    ...(untold.length === 0 ? [] : [`nothing of ${listed(untold)} (owned by another user)`]),
  ];
  return `The output plugin test_decoding is not installed on the server, so the change stream is partial: ${parts.join('; ')}.`;
}

/** Names that are spelled out; beyond that they are counted. */
const NAMES_SHOWN = 5;

function listed(names: readonly string[]): string {
  const shown = names.slice(0, NAMES_SHOWN).join(', ');
  return names.length <= NAMES_SHOWN ? shown : `${shown} and ${names.length - NAMES_SHOWN} more`;
}
