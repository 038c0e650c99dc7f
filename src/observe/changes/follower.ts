/**
 * Follows one change stream: messages in, operations of the history out.
 *
 * A transaction arrives as soon as its commit is in the log, a moment before other transactions see it. So the server is
 * asked, past the proxy, whether it is visible, and the answer's arrival is the transaction's `return`. One question is
 * under way at a time and serves all transactions that have arrived. The same answer tells what the server's clients are
 * doing; it is asked for as soon as a transaction's first message is there, because a short-lived client is soon gone.
 */
import type { Operation, SourceChange } from '../../core/operation.ts';
import type { ObserveContext, Unnumbered } from '../context.ts';
import type { Catalog } from '../postgres/catalog.ts';
import type { MetTables } from '../postgres/operations-tables.ts';
import { shownName } from '../sql/names.ts';
import { Committer, type ProxiedProcesses } from './activity.ts';
import type { StreamDecoder } from './decoder.ts';
import { type GatheredTransaction, TransactionGatherer } from './gatherer.ts';
import { CHANGE_LIMITS } from './limits.ts';
import type { Look } from './look.ts';
import { type KeptRow, rowFields } from './rows.ts';
import { ServerClock } from './server-clock.ts';
import { isOver } from './snapshot.ts';

export interface FollowerTools {
  /** Name of the stream in the history, e.g. `stream:1`. */
  readonly session: string;
  readonly context: ObserveContext;
  readonly catalog: Catalog;
  readonly met: MetTables;
  readonly processes: ProxiedProcesses;
  /** Integer ns since the recording started. */
  readonly clock: () => number;
  /** Asks the server; undefined when it gave no usable answer. */
  readonly look: () => Promise<Look | undefined>;
  readonly pause: (ms: number) => Promise<void>;
  readonly decode: StreamDecoder;
}

interface Waiting {
  readonly transaction: GatheredTransaction;
  readonly committer: Committer;
  /** Resolves when the catalog has been read for it; null: it knows enough. */
  readonly catalog: Promise<void> | null;
  /** When it was seen to be visible, ns. */
  visible: number | null;
  /** Its place in the order of returns, kept while the catalog or the client is not known yet. */
  fill: ((ops: readonly Unnumbered<Operation>[]) => void) | null;
  again: number;
}

export class ChangeFollower {
  readonly clock = new ServerClock();
  readonly #tools: FollowerTools;
  readonly #gatherer: TransactionGatherer;
  readonly #asked = new Set<string>();
  #waiting: Waiting[] = [];
  #weight = 0;
  #looks: Look[] = [];
  #looking: Promise<void> | null = null;
  #catalog: Promise<void> | null = null;
  #stopped = false;

  constructor(tools: FollowerTools) {
    this.#tools = tools;
    this.#gatherer = new TransactionGatherer(tools.context.digest);
  }

  /** Takes one message of the output plugin; `lsn` is where it stands in the log. Never throws. */
  take(payload: Uint8Array, lsn: string): void {
    try {
      this.#take(payload, lsn);
    } catch (cause) {
      this.#degrade('change-stream-failed', `A change could not be told: ${String(cause)}`);
    }
  }

  /** Resolves when nothing waits any more. */
  async settled(): Promise<void> {
    while (this.#looking !== null || this.#catalog !== null) await (this.#looking ?? this.#catalog);
  }

  /** Asks the server once, for its clock. */
  async measure(): Promise<void> {
    await this.#look();
  }

  /** Tells what still waits with an unknown outcome; nothing is told afterwards. */
  stop(): void {
    this.#stopped = true;
    for (const waiting of this.#waiting.splice(0)) this.#tell(waiting);
  }

  #take(payload: Uint8Array, lsn: string): void {
    if (this.#stopped) return;
    const { decode, clock } = this.#tools;
    const gatherer = this.#gatherer;
    const message = decode(payload, gatherer.keeps);
    if (message.kind === 'head') {
      gatherer.unread(message, message.action);
      return;
    }
    if (message.kind === 'other' && /^a (?:damaged|change|truncate)\b/.test(message.what)) {
      this.#degrade('change-stream-strange', `The change stream told something unknown: ${message.what}.`);
    }
    const room = CHANGE_LIMITS.values - this.#weight - gatherer.weight;
    const done = gatherer.take(message, { lsn, at: clock() }, room);
    if (done !== null) this.#arrived(done);
    if (message.kind === 'begin' || done !== null) this.#ask();
  }

  #arrived(transaction: GatheredTransaction): void {
    if (transaction.rows.length === 0) return;
    const { processes } = this.#tools;
    const committer = new Committer(
      { xid: transaction.xid, committed: transaction.committed },
      (pid) => processes.session(pid) !== null,
    );
    for (const look of this.#looks) committer.look(look);
    const catalog = transaction.rows.some((row) => this.#unknown(row)) ? this.#read() : this.#catalog;
    this.#weight += transaction.weight;
    this.#waiting.push({ transaction, committer, catalog, visible: null, fill: null, again: 0 });
    if (this.#waiting.length > CHANGE_LIMITS.waiting) {
      this.#degrade('change-stream-behind', 'The change stream came faster than its transactions were seen.');
      const oldest = this.#waiting.shift();
      if (oldest !== undefined) this.#tell(oldest);
    }
  }

  /** Whether the catalog should be read for a row: its table, or one of its columns, is not known yet. Asked once each. */
  #unknown({ schema, table, now }: KeptRow): boolean {
    const { catalog } = this.#tools;
    const name = shownName(schema, table);
    const known = catalog.tableByName(name);
    const columns = known?.columns;
    const missing = now === null ? [] : Object.keys(now).filter((column) => !columns?.includes(column));
    if (columns !== undefined && missing.length === 0) return false;
    const form = `${name} ${missing.join(' ')}`;
    if (this.#asked.has(form)) return false;
    if (this.#asked.size >= CHANGE_LIMITS.asked) this.#asked.clear();
    this.#asked.add(form);
    return true;
  }

  #read(): Promise<void> {
    const reading = this.#tools.catalog.refresh().then(() => {
      if (this.#catalog === reading) this.#catalog = null;
    });
    this.#catalog = reading;
    return reading;
  }

  #ask(): void {
    if (this.#stopped) return;
    this.#looking ??= this.#looksWhileNeeded().finally(() => {
      this.#looking = null;
    });
  }

  async #looksWhileNeeded(): Promise<void> {
    let { pauseMs } = CHANGE_LIMITS as { pauseMs: number };
    for (;;) {
      const began = this.#tools.clock();
      const told = await this.#look();
      if (this.#waiting.length === 0 || this.#stopped) return;
      // Asking all the time would cost the server a processor.
      const took = (this.#tools.clock() - began) / 1e6;
      pauseMs = told ? CHANGE_LIMITS.pauseMs : Math.min(CHANGE_LIMITS.longestPauseMs, pauseMs * 2);
      await this.#tools.pause(Math.max(pauseMs, took * (CHANGE_LIMITS.lookShare - 1)));
    }
  }

  /** One question and what follows from the answer; whether a transaction could be told. */
  async #look(): Promise<boolean> {
    const look = await this.#tools.look().catch(() => undefined);
    if (look !== undefined) {
      this.clock.sample(look.asked, look.answered, look.server);
      this.#looks = [...this.#looks.slice(1 - CHANGE_LIMITS.looks), look];
    }
    return this.#settle(look);
  }

  #settle(look: Look | undefined): boolean {
    const batch = this.#waiting;
    this.#waiting = [];
    const rest = batch.filter((waiting) => !this.#done(waiting, look));
    this.#waiting = [...rest, ...this.#waiting];
    return rest.length < batch.length;
  }

  /** Tells a transaction if the answer, or the time gone by, allows it. */
  #done(waiting: Waiting, look: Look | undefined): boolean {
    const { transaction, committer } = waiting;
    const now = look?.answered ?? this.#tools.clock();
    if (look !== undefined) {
      committer.look(look);
      if (waiting.visible === null && isOver(transaction.xid, look.snapshot)) waiting.visible = now;
    }
    const late = now - transaction.arrived > CHANGE_LIMITS.visibleMs * 1e6;
    if (waiting.visible === null && !late) return false;
    if (!late && committer.open && waiting.again++ < CHANGE_LIMITS.againForClient) {
      waiting.fill ??= this.#tools.context.sink.reserve();
      return false;
    }
    this.#tell(waiting);
    return true;
  }

  #tell(waiting: Waiting): void {
    this.#weight -= waiting.transaction.weight;
    const { sink } = this.#tools.context;
    if (waiting.catalog === null || this.#catalog === null) {
      const ops = this.#operations(waiting);
      if (waiting.fill !== null) waiting.fill(ops);
      else for (const op of ops) sink.emit(op);
      return;
    }
    const fill = waiting.fill ?? sink.reserve();
    void waiting.catalog.then(() => fill(this.#operations(waiting)));
  }

  #operations({ transaction, committer, visible }: Waiting): Unnumbered<Operation>[] {
    const { session, catalog, met, processes } = this.#tools;
    const { xid, lsn, committed, arrived } = transaction;
    const earliest = committed === null ? null : this.clock.earliest(committed, arrived);
    const invoke = Math.max(0, Math.min(earliest ?? transaction.began, transaction.began));
    const known = committer.known;
    const proxied = known === null ? null : processes.session(known.pid);
    const rows = transaction.rows.map((row) => rowFields(row, catalog));
    const changes = rows.map(
      (fields, index): Unnumbered<SourceChange> => ({
        tier: 'source',
        kind: 'change',
        session,
        invoke,
        return: visible,
        status: visible === null ? 'info' : 'ok',
        ...fields,
        xid,
        lsn,
        committed: isoMicros(committed ?? 0),
        index,
        count: rows.length,
        ...(proxied === null ? {} : { proxied }),
        ...(known === null || proxied !== null ? {} : { client: known.client }),
      }),
    );
    const tables = met.meet(new Set(rows.map(({ table }) => table)), { session, at: visible ?? arrived });
    return [...tables, ...changes];
  }

  #degrade(code: string, text: string): void {
    this.#tools.context.degrade(code, text);
  }
}

/** Microseconds since 1970 as ISO 8601. */
export function isoMicros(micros: number): string {
  const millis = Math.floor(micros / 1_000);
  const rest = Math.floor(micros - millis * 1_000);
  return new Date(millis).toISOString().replace('Z', `${String(rest).padStart(3, '0')}Z`);
}
