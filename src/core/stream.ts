/**
 * The change stream's transactions, and which of them the wire has shown already. A transaction of the stream belongs to a
 * proxied commit when their times fit and each change that the wire shows stands in it; what no proxied commit explains was
 * made outside: by a cron job, an administrator, another service.
 *
 * The server tells no connection with a change. So the match is by row content and interval; the client that the server's
 * activity named (`proxied`) decides only between commits that fit equally well.
 */
import type { Digest, OutsideClient, SourceChange } from './operation.ts';
import { type Commit, cellDigest, type Interval, type PrimaryKeys, type RowId, rowId } from './source.ts';

export const STREAM_LIMITS = {
  /** A transaction of the stream waits this long, in the history's time, for its COMMIT's reply; ns. */
  waitNs: 50e6,
  /** Proxied commits that wait for their transaction of the stream; the oldest go first. */
  commits: 2_048,
  /** Transactions of the stream that wait. */
  transactions: 4_096,
  /** Outside commits that may yet turn out to be proxied ones whose reply was late. */
  outside: 512,
} as const;

/** One committed transaction as the stream told it. */
export interface StreamTransaction {
  readonly xid: number;
  readonly session: string;
  readonly interval: Interval;
  readonly rows: readonly SourceChange[];
  readonly proxied: string | null;
  readonly client: OutsideClient | null;
}

/** Gathers the changes of one transaction, which come one after another. */
export class StreamGatherer {
  readonly #open = new Map<string, SourceChange[]>();

  /** The whole transaction with its last change; null before. */
  add(change: SourceChange): StreamTransaction | null {
    const rows = this.#open.get(change.session) ?? [];
    const [first] = rows;
    if (first !== undefined && first.xid !== change.xid) rows.length = 0;
    rows.push(change);
    if (change.index + 1 < change.count) {
      this.#open.set(change.session, rows);
      return null;
    }
    this.#open.delete(change.session);
    return {
      xid: change.xid,
      session: change.session,
      interval: { invoke: change.invoke, return: change.return ?? Number.POSITIVE_INFINITY },
      rows,
      proxied: change.proxied ?? null,
      client: change.client ?? null,
    };
  }
}

/** How well a commit explains a transaction; less is better. */
type Fit = 0 | 1 | 2 | null;

/** A proxied commit that waits for its transaction of the stream. */
export interface WaitingCommit {
  readonly commit: Commit;
  /** False for statements that may have written without showing it: a function call. */
  readonly shown: boolean;
}

export class StreamMatcher {
  readonly #primaryKey: PrimaryKeys;
  #commits: WaitingCommit[] = [];
  #transactions: StreamTransaction[] = [];
  #outside: { readonly txn: StreamTransaction; readonly commit: Commit }[] = [];

  constructor(primaryKey: PrimaryKeys) {
    this.#primaryKey = primaryKey;
  }

  /** A proxied commit: the transaction that waited for it, or was taken for an outside one, if it fits exactly. */
  commit(
    waiting: WaitingCommit,
  ): { readonly txn: StreamTransaction; readonly mistaken: Commit | null } | null {
    if (waiting.shown) {
      const at = this.#transactions.findIndex((txn) => this.#fit(waiting, txn) === 0);
      if (at >= 0) return { txn: this.#transactions.splice(at, 1)[0]!, mistaken: null };
      const late = this.#outside.findIndex(({ txn }) => this.#fit(waiting, txn) === 0);
      if (late >= 0) {
        const { txn, commit } = this.#outside.splice(late, 1)[0]!;
        return { txn, mistaken: commit };
      }
    }
    this.#commits.push(waiting);
    if (this.#commits.length > STREAM_LIMITS.commits)
      this.#commits = this.#commits.slice(STREAM_LIMITS.commits / 2);
    return null;
  }

  /** Remembers what was taken for an outside commit: a proxied one's reply may still come. */
  outside(txn: StreamTransaction, commit: Commit): void {
    this.#outside.push({ txn, commit });
    if (this.#outside.length > STREAM_LIMITS.outside)
      this.#outside = this.#outside.slice(STREAM_LIMITS.outside / 2);
  }

  /** A transaction of the stream: the commit that it fits exactly; else it waits. */
  transaction(txn: StreamTransaction): WaitingCommit | null {
    const exact = this.#best(txn, 0);
    if (exact !== null) return exact;
    this.#transactions.push(txn);
    return null;
  }

  /** Transactions that have waited long enough, each with the commit that explains it less exactly, or null: outside. */
  overdue(now: number): readonly { readonly txn: StreamTransaction; readonly by: WaitingCommit | null }[] {
    if (this.#transactions.length === 0) return [];
    const crowded = this.#transactions.length > STREAM_LIMITS.transactions;
    const due = this.#transactions.filter(
      (txn) => crowded || txn.interval.return + STREAM_LIMITS.waitNs <= now,
    );
    if (due.length === 0) return [];
    this.#transactions = this.#transactions.filter((txn) => !due.includes(txn));
    return due.map((txn) => ({ txn, by: this.#best(txn, txn.client === null ? 2 : 1) }));
  }

  #best(txn: StreamTransaction, worst: 0 | 1 | 2): WaitingCommit | null {
    let best: WaitingCommit | null = null;
    let least = Number.POSITIVE_INFINITY;
    for (const waiting of this.#commits) {
      const fit = this.#fit(waiting, txn);
      if (fit === null || fit > worst) continue;
      const score = fit * 2 + (txn.proxied === waiting.commit.session ? 0 : 1);
      if (score < least) {
        least = score;
        best = waiting;
      }
    }
    if (best !== null) this.#commits = this.#commits.filter((waiting) => waiting !== best);
    return best;
  }

  #fit({ commit, shown }: WaitingCommit, txn: StreamTransaction): Fit {
    // The commit time lies within the COMMIT's interval; the transaction's interval contains the commit time.
    if (txn.interval.invoke > commit.interval.return || txn.interval.return < commit.interval.invoke)
      return null;
    if (!shown) return txn.proxied === null || txn.proxied === commit.session ? 2 : null;
    let fit: Fit = 0;
    let met = false;
    for (const change of commit.changes) {
      const rows = txn.rows.filter((row) => row.table === change.table);
      if (rows.length === 0) {
        // Undone by ROLLBACK TO SAVEPOINT, or a table that the stream does not tell.
        fit = 1;
        continue;
      }
      met = true;
      if (rows.some((row) => row.truncated)) continue;
      const ids = new Map(rows.map((row) => [rowOfChange(row, this.#primaryKey), row]));
      if (change.rows !== null && !ids.has(null) && ![...change.rows].every((id) => ids.has(id))) return null;
      if (!this.#carries(change.set, change.rows, ids)) fit = 1;
    }
    return met ? fit : null;
  }

  /** Whether each row that a statement names carries the values that it set. */
  #carries(
    set: ReadonlyMap<string, Digest | '?'>,
    rows: ReadonlySet<RowId> | null,
    ids: ReadonlyMap<RowId | null, SourceChange>,
  ): boolean {
    const named = rows === null ? [...ids.values()] : [...rows].flatMap((id) => ids.get(id) ?? []);
    return named.every((row) =>
      [...set].every(([column, value]) => {
        const now = row.after?.[column];
        return value === '?' || now === undefined || cellDigest(now) === value;
      }),
    );
  }
}

/** The row that a change names; null when its table has no key or the stream does not tell it. */
export function rowOfChange(change: SourceChange, primaryKey: PrimaryKeys): RowId | null {
  const { row } = change;
  if (row === undefined) return null;
  const key = primaryKey(change.table) ?? Object.keys(row);
  const values = key.map((column) => row[column]);
  return key.length > 0 && values.every((value) => value !== undefined)
    ? rowId(change.table, values as readonly Digest[])
    : null;
}
