/**
 * Who committed a transaction, from what the server tells of its clients (`pg_stat_activity`). The stream names no client,
 * so this is evidence of time: a client whose last statement was sent before the commit and was over after it.
 *
 * @see https://www.postgresql.org/docs/current/monitoring-stats.html#MONITORING-PG-STAT-ACTIVITY-VIEW
 */
import type { OutsideClient } from '../../core/operation.ts';
import { CHANGE_LIMITS } from './limits.ts';

/** One client of the server at one moment. Times in microseconds since 1970 by the server's clock; null where there is
 * none, or where this user may not see it. */
export interface ServerClient {
  readonly pid: number;
  readonly application: string | null;
  readonly user: string | null;
  readonly state: string | null;
  readonly backendStart: number | null;
  readonly queryStart: number | null;
  readonly stateChange: number | null;
  readonly xactStart: number | null;
  /** The transaction id it holds, 32 bits. */
  readonly xid: number | null;
}

/** A commit as far as it matters here. */
export interface CommitTime {
  readonly xid: number;
  /** Microseconds since 1970 by the server's clock; null when not told. */
  readonly committed: number | null;
}

/** `holds`: it is this transaction's. `fits`: its last statement contains the commit. `perhaps`: a look later will tell.
 * `unknown`: it may have been, for it has gone on since, or does not show what it does. */
export type ClientFit = 'holds' | 'fits' | 'perhaps' | 'unknown' | 'no';

export function clientFit(client: ServerClient, { xid, committed }: CommitTime): ClientFit {
  if (client.xid === xid) return 'holds';
  const { state, backendStart, queryStart, stateChange, xactStart } = client;
  if (committed === null || (backendStart !== null && backendStart > committed)) return 'no';
  if (state === null) return 'unknown';
  if (queryStart === null) return 'no';
  if (queryStart > committed) return 'unknown';
  if (state !== 'active') return stateChange !== null && stateChange >= committed ? 'fits' : 'no';
  // Between the commit and the end of its statement a client has no transaction; a procedure may have its next one.
  if (xactStart === null || xactStart > committed) return 'fits';
  return client.xid === null ? 'perhaps' : 'no';
}

/** Who committed, as far as it is known. */
export interface KnownClient {
  readonly pid: number;
  readonly client: OutsideClient;
}

/** Gathers, over several looks, who may have committed one transaction. */
export class Committer {
  readonly #time: CommitTime;
  readonly #proxied: (pid: number) => boolean;
  readonly #seen = new Map<number, { readonly fit: ClientFit; readonly client: OutsideClient }>();
  #holder: KnownClient | null = null;

  /** `proxied`: whether a process serves a connection that passes the proxy. */
  constructor(time: CommitTime, proxied: (pid: number) => boolean) {
    this.#time = time;
    this.#proxied = proxied;
  }

  /** Whether a further look may tell more. */
  get open(): boolean {
    if (this.#holder !== null) return false;
    const fits = [...this.#seen.values()].map(({ fit }) => fit);
    return fits.includes('perhaps') && !fits.includes('fits');
  }

  /** Takes what the clients were doing at a moment, in microseconds since 1970 by the server's clock. */
  look({ clients, server }: { readonly clients: readonly ServerClient[]; readonly server: number }): void {
    // Before the commit, a client shows itself only by holding the transaction.
    const after = this.#time.committed !== null && server >= this.#time.committed;
    for (const one of clients) {
      const client = { application: one.application, user: one.user };
      const fit = clientFit(one, this.#time);
      if (fit === 'holds') this.#holder = { pid: one.pid, client };
      // What the first look after the commit says of a client stays true; later it has gone on.
      const before = this.#seen.get(one.pid)?.fit ?? 'perhaps';
      if (after && before === 'perhaps') this.#seen.set(one.pid, { fit, client });
    }
  }

  /** The one client that fits while no other may have been it; null when that cannot be said. Of the proxied connections
   * that have gone on, the wire tells whether they wrote: they do not keep another client from being named. */
  get known(): KnownClient | null {
    if (this.#holder !== null) return this.#holder;
    const fitting = [...this.#seen].filter(([, { fit }]) => fit === 'fits');
    const [first] = fitting;
    if (first === undefined || fitting.length > 1) return null;
    const [pid, { client }] = first;
    const inside = this.#proxied(pid);
    const doubtful = [...this.#seen].some(
      ([other, { fit }]) => fit === 'unknown' && (inside || !this.#proxied(other)),
    );
    return doubtful ? null : { pid, client };
  }
}

/** Which server processes serve proxied connections. */
export class ProxiedProcesses {
  readonly #sessions = new Map<number, { readonly session: string; ended: number | null }>();
  readonly #pids = new Map<string, number>();
  readonly #clock: () => number;

  /** `clock`: integer ns. */
  constructor(clock: () => number) {
    this.#clock = clock;
  }

  began(session: string, pid: number): void {
    if (this.#sessions.size >= CHANGE_LIMITS.processes) this.#forget();
    this.#sessions.delete(pid);
    this.#sessions.set(pid, { session, ended: null });
    this.#pids.set(session, pid);
  }

  ended(session: string): void {
    const pid = this.#pids.get(session);
    this.#pids.delete(session);
    const known = pid === undefined ? undefined : this.#sessions.get(pid);
    if (known?.session === session) known.ended = this.#clock();
  }

  /** The proxied session that a server process serves; null when it serves another client. */
  session(pid: number): string | null {
    const known = this.#sessions.get(pid);
    if (known === undefined) return null;
    if (known.ended === null || this.#clock() - known.ended < CHANGE_LIMITS.processNs) return known.session;
    this.#sessions.delete(pid);
    return null;
  }

  /** Ended ones first; else the oldest. */
  #forget(): void {
    for (const [pid, { session, ended }] of this.#sessions) {
      if (ended === null && this.#sessions.size < CHANGE_LIMITS.processes) continue;
      this.#sessions.delete(pid);
      if (this.#pids.get(session) === pid) this.#pids.delete(session);
    }
  }
}
