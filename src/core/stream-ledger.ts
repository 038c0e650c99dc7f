/**
 * The change stream's part of the ledger: corrects what proxied commits changed (which rows exactly, to which values,
 * what triggers changed besides), and makes commits of what was written outside.
 */

import type { RowImages } from './images.ts';
import { groupedBy } from './multimap.ts';
import type { Digest, SourceChange, SourceStream } from './operation.ts';
import {
  type Change,
  type Commit,
  committedAt,
  type Interval,
  keyOf,
  type PrimaryKeys,
  type RowId,
} from './source.ts';
import { rowOfChange, StreamGatherer, StreamMatcher, type StreamTransaction } from './stream.ts';
import { addsNothing, type Cells, cellsOf, changesOf, type KnownRow } from './stream-changes.ts';

const NOTHING: Cells = new Map();

export interface StreamEvents {
  onCommit(commit: Commit): void;
  /** The changes of a commit were told more exactly: `added` are new. */
  onAmend(commit: Commit, added: readonly Change[]): void;
  /** What was taken for an outside commit was a proxied one: its reply came late. */
  onRetract(commit: Commit): void;
}

/** Primary keys of an outside write that are kept as its tokens. */
const MAX_TOKENS = 1_000;

export class StreamLedger {
  readonly #events: StreamEvents;
  readonly #images: RowImages;
  readonly #primaryKey: PrimaryKeys;
  readonly #gatherer = new StreamGatherer();
  readonly #matcher: StreamMatcher;
  /** Tables that the stream has told a change of. */
  readonly #told = new Set<string>();
  #insertOnly: ReadonlySet<string> = new Set();
  #streaming = false;

  constructor(images: RowImages, primaryKey: PrimaryKeys, events: StreamEvents) {
    this.#images = images;
    this.#primaryKey = primaryKey;
    this.#events = events;
    this.#matcher = new StreamMatcher(primaryKey);
  }

  /** Whether the stream has been read. */
  get streaming(): boolean {
    return this.#streaming;
  }

  stream(op: SourceStream): void {
    this.#streaming ||= op.state === 'begin';
    if (op.state === 'begin') this.#insertOnly = new Set(op.insertOnly);
  }

  change(op: SourceChange): void {
    this.#streaming = true;
    const txn = this.#gatherer.add(op);
    if (txn === null) return;
    const by = this.#matcher.transaction(txn);
    if (by !== null) this.#reconcile(by.commit, txn);
  }

  /** A proxied commit. `shown`: false when the wire did not show what it wrote, if anything. */
  committed(commit: Commit, shown: boolean): void {
    if (!this.#streaming) return;
    const found = this.#matcher.commit({ commit, shown });
    if (found === null) return;
    if (found.mistaken !== null) {
      for (const change of found.mistaken.changes) change.superseded = true;
      this.#events.onRetract(found.mistaken);
    }
    this.#reconcile(commit, found.txn);
  }

  /** Decides on transactions that have waited long enough for their COMMIT; `now` in the history's time, ns. */
  settle(now: number): void {
    for (const { txn, by } of this.#matcher.overdue(now)) {
      if (by === null) this.#outside(txn);
      else if (by.shown) this.#reconcile(by.commit, txn);
      else this.#reveal(by.commit, txn);
    }
  }

  #reconcile(commit: Commit, txn: StreamTransaction): void {
    const wire = byTable(commit.changes);
    const told = byTable(this.#changes(txn, commit.changes));
    const kept: Change[] = [];
    const added: Change[] = [];
    for (const [table, changes] of wire) {
      const stream = told.get(table) ?? [];
      if (!this.#knows(table, txn) || (stream.length > 0 && addsNothing(changes, stream))) {
        kept.push(...changes);
        told.delete(table);
        continue;
      }
      for (const change of changes) change.superseded = true;
      // The statement that did it says more than the row that came of it.
      const [first] = changes;
      const shown = new Map(changes.flatMap((change) => [...(change.shown ?? [])]));
      if (first !== undefined) added.push(...stream.map((change) => ({ ...change, op: first.op, shown })));
      told.delete(table);
    }
    for (const changes of told.values()) added.push(...changes);
    this.#remember(txn, commit.interval);
    if (kept.length === commit.changes.length && added.length === 0) return;
    commit.changes = [...kept, ...added];
    this.#events.onAmend(commit, added);
  }

  /** Whether the stream tells all that a transaction did to a table. */
  #knows(table: string, txn: StreamTransaction): boolean {
    if (this.#insertOnly.has(table)) return false;
    const rows = txn.rows.filter((row) => row.table === table);
    return rows.length > 0 ? !rows.some((row) => row.truncated) : this.#told.has(table);
  }

  /** What a function call of a proxied session wrote. */
  #reveal(commit: Commit, txn: StreamTransaction): void {
    commit.changes = this.#changes(txn, []);
    this.#events.onCommit(commit);
    this.#remember(txn, commit.interval);
  }

  #outside(txn: StreamTransaction): void {
    const { interval, session, xid, client } = txn;
    const changes = this.#changes(txn, []);
    const verbs = txn.rows.map((row) => `${row.action.toUpperCase()} ${row.table}`);
    const commit: Commit = {
      op: txn.rows[0]?.id ?? 0,
      session,
      interval,
      began: interval.invoke,
      txn: committedAt(session, interval, txn.rows.at(-1)?.id ?? 0),
      changes,
      shape: `outside: ${[...new Set(verbs)].sort().join('; ')}`,
      tokens: tokensOf(changes),
      outside: { application: client?.application ?? null, user: client?.user ?? null, xid },
    };
    this.#events.onCommit(commit);
    this.#matcher.outside(txn, commit);
    this.#remember(txn, interval);
  }

  /** `wire`: the changes as the wire told them, whose images stand in the ledger already. */
  #changes(txn: StreamTransaction, wire: readonly Change[]): Change[] {
    for (const row of txn.rows) this.#told.add(row.table);
    return changesOf(txn.rows, this.#primaryKey, (row, id) => this.#known(txn, wire, row, id));
  }

  #known(txn: StreamTransaction, wire: readonly Change[], row: SourceChange, id: RowId | null): KnownRow {
    const statements = wire.filter(
      (change) => change.table === row.table && (change.rows === null || id === null || change.rows.has(id)),
    );
    const columns = new Set(statements.flatMap((change) => [...change.set.keys()]));
    const told = id === null ? undefined : statements.find((change) => change.rows?.has(id));
    if (id === null || told !== undefined) return { before: told?.before.get(id!) ?? NOTHING, columns };
    const last = this.#images.lastChange(id);
    // A commit that overlaps may have come before or after: what it left there is not known.
    if (last !== undefined && last.return >= txn.interval.invoke) return { before: NOTHING, columns };
    const image = this.#images.get(id);
    if (image !== undefined) return { before: new Map(image), columns };
    return { before: NOTHING, columns: wire.length > 0 || last !== undefined ? columns : null };
  }

  /** The stream tells whole rows: their images are known from now on. */
  #remember(txn: StreamTransaction, commit: Interval): void {
    for (const row of txn.rows) {
      const id = rowOfChange(row, this.#primaryKey);
      if (id === null) continue;
      // A later commit of the row may have been seen on the wire before the stream told this one.
      const last = this.#images.lastChange(id);
      if (last !== undefined && last.invoke > txn.interval.return) continue;
      if (row.action === 'delete') this.#images.deleted(id);
      else this.#images.remember(id, cellsOf(row.after), Math.max(commit.return, last?.return ?? 0));
      this.#images.changed(id, commit);
    }
  }
}

function tokensOf(changes: readonly Change[]): ReadonlySet<Digest> {
  const tokens = new Set<Digest>();
  for (const { rows } of changes) {
    for (const id of rows ?? []) {
      if (tokens.size >= MAX_TOKENS) return tokens;
      for (const value of keyOf(id)) tokens.add(value);
    }
  }
  return tokens;
}

function byTable(changes: readonly Change[]): Map<string, Change[]> {
  return groupedBy(changes, (change) => change.table);
}
