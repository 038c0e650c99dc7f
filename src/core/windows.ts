/**
 * Staleness windows: opened when a commit changes what a cached value was made from, or when a fill lands that carries a
 * value from before a commit; counted by hits; closed by removal, refill, expiry, or by the source returning to the value.
 */

import { carries, decide, isAnotherValue, isSetElsewhere } from './confirm.ts';
import { type Effect, effectsOf } from './effects.ts';
import { addTo } from './multimap.ts';
import type { CacheRead, Digest, SourceBorder } from './operation.ts';
import {
  asOf,
  type Change,
  type Commit,
  type PrimaryKeys,
  type ReadFact,
  type RowId,
  type Transaction,
} from './source.ts';
import { effectsOnUnseen } from './unseen.ts';
import type { EndKind, HitCount, Removal, Version, Window } from './versions.ts';
import { countHit, emptyCount } from './versions.ts';
import type { WriteRecord } from './writes.ts';

export const WINDOW_LIMITS = {
  /** Open windows of one version. */
  perVersion: 32,
  /** Commits remembered per table, for fills that are still under way. */
  recentWrites: 1024,
  /** Ended windows that counted hits, and that did not. */
  counted: 10_000,
  quiet: 4_000,
  /** Windows that wait for a later read of a row. */
  awaiting: 10_000,
} as const;

/** Effects that only a later read or fill can confirm. */
function needsConfirmation(effects: readonly Effect[]): boolean {
  return !effects.some((effect) => effect.sure);
}

export class Windows {
  readonly #primaryKey: PrimaryKeys;
  readonly #current = new Set<Window>();
  #counted: Window[] = [];
  #quiet: Window[] = [];
  readonly #byRow = new Map<RowId, Set<Version>>();
  readonly #byTable = new Map<string, Set<Version>>();
  /** Versions with a list, a figure or "no row" over the table: any of its rows may matter. */
  readonly #byPredicate = new Map<string, Set<Version>>();
  readonly #recent = new Map<string, WriteRecord[]>();
  readonly #awaiting = new Map<RowId, Window[]>();
  readonly #own = new WeakMap<Transaction, readonly Version[]>();
  /** Hits on what a transaction made of its own changes, while it is open. */
  readonly #dirty = new WeakMap<Version, HitCount>();
  readonly #unseen = new Map<Digest, Set<Version>>();

  /** All windows that are remembered: those that may still count, those that counted, and the last that did not. */
  get opened(): readonly Window[] {
    return [...this.#quiet, ...this.#counted, ...this.#current];
  }

  constructor(primaryKey: PrimaryKeys) {
    this.#primaryKey = primaryKey;
  }

  /** Follows a version: later commits will be held against it, and those since its reads are now. */
  follow(version: Version): void {
    const tables = new Set<string>();
    for (const source of version.sources) {
      this.#followOwn(version, source.read);
      for (const table of source.read.tables) tables.add(table);
      for (const row of source.rows)
        for (const image of row.images) if (image.id !== null) addTo(this.#byRow, image.id, version);
    }
    let earliest = Number.POSITIVE_INFINITY;
    for (const source of version.sources) earliest = Math.min(earliest, asOf(source.read).invoke);
    const seen = new Set<WriteRecord>();
    for (const table of tables) {
      addTo(this.#byTable, table, version);
      if (hasPredicate(version, table, this.#primaryKey)) addTo(this.#byPredicate, table, version);
      const recent = this.#recent.get(table) ?? [];
      for (let i = recent.length - 1; i >= 0; i--) {
        const write = recent[i]!;
        if (write.commit.interval.return < earliest) break;
        // A value that is told by a hit was filled before some of these.
        const filledAfter = version.since.return > write.commit.interval.return;
        if (!seen.has(write) && write.retracted !== true) this.#open(version, write, filledAfter);
        seen.add(write);
      }
    }
    if (version.windows.length === 0) return;
    for (const write of seen) if (write.retracted !== true) closeRestored(version, write.commit);
  }

  /** What a transaction read of its own changes is not committed yet. */
  #followOwn(version: Version, read: ReadFact): void {
    const { txn } = read;
    if (txn === null || !read.own || txn.state === 'committed') return;
    if (txn.state === 'rolled back') this.#openUncommitted(version, txn, txn.endOp ?? -1);
    else {
      this.#own.set(txn, [...(this.#own.get(txn) ?? []), version]);
      this.#dirty.set(version, emptyCount());
    }
  }

  /** Follows a value whose fill was not seen, by what its key's name says. */
  followUnseen(version: Version): void {
    if (version.payload === null) return;
    for (const part of version.key.texts.keys()) addTo(this.#unseen, part, version);
  }

  /** Stops holding commits against a version. */
  leave(version: Version, kind: EndKind, at: number, removal: Removal | null): void {
    version.ended = true;
    version.endKind = kind;
    for (const window of version.windows) {
      window.end ??= { kind, at, removal };
      this.#retire(window);
    }
    if (version.fill === null) for (const part of version.key.texts.keys()) drop(this.#unseen, part, version);
    for (const source of version.sources) {
      for (const table of source.read.tables) {
        drop(this.#byTable, table, version);
        drop(this.#byPredicate, table, version);
      }
      for (const row of source.rows)
        for (const image of row.images) if (image.id !== null) drop(this.#byRow, image.id, version);
    }
  }

  /** A window that can count no more: without hits it only tells how often its kind of write is followed by a removal. */
  #retire(window: Window): void {
    if (!this.#current.delete(window)) return;
    const list = window.hits.count > 0 ? this.#counted : this.#quiet;
    list.push(window);
    if (this.#quiet.length > WINDOW_LIMITS.quiet) this.#quiet = this.#quiet.slice(WINDOW_LIMITS.quiet / 2);
    if (this.#counted.length > WINDOW_LIMITS.counted)
      this.#counted = this.#counted.slice(WINDOW_LIMITS.counted / 2);
  }

  /** Holds a commit against all cached values that its rows or tables feed. */
  commit(write: WriteRecord): void {
    for (const version of this.#affected(write, write.commit.changes)) this.#open(version, write, false);
  }

  /** Holds what the change stream told more exactly against the values that it feeds; hits that were counted before count
   * on. */
  amend(write: WriteRecord, added: readonly Change[]): void {
    const { interval } = write.commit;
    for (const version of this.#affected(write, added)) {
      const counted = version.windows.find((window) => window.write === write);
      const effects = effectsOf(version.sources, { ...write.commit, changes: added }, this.#primaryKey);
      const unseen = version.fill === null && version.sources.length === 0;
      const found = unseen ? effectsOnUnseen(version, write) : effects;
      if (found.length === 0 || version.windows.length >= WINDOW_LIMITS.perVersion) continue;
      this.#add(version, write, found, version.since.return > interval.return, counted?.hits);
    }
  }

  #affected(write: WriteRecord, changes: readonly Change[]): ReadonlySet<Version> {
    const affected = new Set<Version>();
    for (const change of changes) {
      const recent = this.#recent.get(change.table) ?? [];
      if (recent.at(-1) !== write) recent.push(write);
      if (recent.length > WINDOW_LIMITS.recentWrites) recent.splice(0, WINDOW_LIMITS.recentWrites / 2);
      this.#recent.set(change.table, recent);
      for (const id of change.rows ?? [])
        for (const version of this.#byRow.get(id) ?? []) affected.add(version);
      const others = change.rows === null ? this.#byTable : this.#byPredicate;
      for (const version of others.get(change.table) ?? []) affected.add(version);
    }
    for (const token of write.rowTokens.keys())
      for (const version of this.#unseen.get(token) ?? []) affected.add(version);
    return affected;
  }

  /** A transaction was rolled back: what was cached from its own rows was never committed. */
  rollback(txn: Transaction, border: SourceBorder): void {
    for (const version of this.#own.get(txn) ?? []) this.#openUncommitted(version, txn, border.id);
  }

  #openUncommitted(version: Version, txn: Transaction, op: number): void {
    const interval = txn.end ?? { invoke: txn.begin, return: txn.begin };
    const changes: Commit['changes'] = [];
    const shape = [...new Set(txn.writes.map((write) => write.op.shape))].join('; ');
    const began = txn.writes[0]?.op.invoke ?? txn.begin;
    const commit: Commit = {
      op,
      session: txn.session,
      interval,
      began,
      txn,
      changes,
      shape,
      tokens: new Set(),
    };
    const write: WriteRecord = { commit, removals: [], request: null, rowTokens: new Map() };
    this.#add(version, write, [], interval.return < version.since.invoke, this.#dirty.get(version));
    if (version.endKind === undefined) return;
    // Served and gone before the rollback.
    const window = version.windows.at(-1)!;
    window.end = { kind: version.endKind, at: interval.invoke, removal: null };
    this.#retire(window);
  }

  /** Counts a hit in the windows whose commit had returned before the hit began. */
  hit(version: Version, read: CacheRead, began: number = read.invoke): void {
    const dirty = this.#dirty.get(version);
    if (dirty !== undefined && isAnother(read, version)) countHit(dirty, read, began);
    for (const window of version.windows) {
      if (window.confirmed === 'no' || window.end?.kind === 'restored') continue;
      if (began <= window.write.commit.interval.return) continue;
      if (read.fields !== undefined && !readsChanged(window, read)) continue;
      countHit(window.hits, read, began);
    }
  }

  /** Takes the version's last counted hit back: its reader discarded the value and refilled it. */
  discard(version: Version, read: CacheRead): void {
    for (const window of version.windows) {
      if (window.hits.last?.id !== read.id) continue;
      if (window.hits.early.length === window.hits.count) window.hits.early.pop();
      window.hits.count--;
      if (window.hits.count === 0) {
        window.hits.first = null;
        window.hits.last = null;
      }
    }
  }

  /** A later read of a row confirms or refutes effects whose new value was not on the wire. */
  read(read: ReadFact): void {
    if (this.#awaiting.size === 0 || read.own) return;
    for (const row of read.rows) {
      for (const image of row.images) {
        const waiting = image.id === null ? undefined : this.#awaiting.get(image.id);
        if (waiting === undefined) continue;
        const left = waiting.filter((window) => !decide(window, image.id!, image.cells, read));
        if (left.length === 0) this.#awaiting.delete(image.id!);
        else this.#awaiting.set(image.id!, left);
      }
    }
  }

  /** The next fill of the same key confirms or refutes effects on a predicate: it differs, or it does not. */
  refilled(previous: Version, next: Version): void {
    if (next.digest === null || next.sources.length === 0) return;
    for (const window of previous.windows) {
      if (
        window.confirmed === 'no' ||
        window.effects.every((effect) => effect.kind === 'changed' && effect.sure)
      )
        continue;
      if (!isReadAfter(next, window)) continue;
      const differs =
        isAnotherValue(previous, next) && window.effects.some((e) => this.#showsIn(next, e, window.write));
      window.confirmed = differs ? 'yes' : 'no';
      window.nextDiffers = differs;
    }
  }

  /** The next fill after a removal confirms a change of a row that could not be told from others: it shows it. That it does not says
   * nothing, because more may have changed meanwhile. */
  filledAgain(previous: Version, next: Version): void {
    for (const window of previous.windows) {
      if (window.confirmed !== 'open' || window.hits.count === 0) continue;
      const changed = window.effects.filter((effect) => effect.kind === 'changed' && !effect.touched);
      if (!isReadAfter(next, window)) continue;
      if (!changed.some((effect) => this.#showsIn(next, effect, window.write))) continue;
      window.confirmed = 'yes';
      window.nextDiffers = true;
    }
  }

  /** That a later fill differs speaks for a change of some row only if it carries what this change has set, and no other. */
  #showsIn(next: Version, effect: Effect, write: WriteRecord): boolean {
    if (effect.kind !== 'changed' || effect.touched) return true;
    return effect.columns.some(
      (changed) =>
        carries(next, effect, changed) &&
        !isSetElsewhere(this.#recent.get(changed.table) ?? [], changed, write),
    );
  }

  #open(version: Version, write: WriteRecord, filledAfter: boolean): void {
    if (version.windows.length >= WINDOW_LIMITS.perVersion) return;
    const effects =
      version.fill === null && version.sources.length === 0
        ? effectsOnUnseen(version, write)
        : effectsOf(version.sources, write.commit, this.#primaryKey);
    if (!filledAfter) closeRestored(version, write.commit);
    if (effects.length > 0) this.#add(version, write, effects, filledAfter);
  }

  #add(
    version: Version,
    write: WriteRecord,
    effects: readonly Effect[],
    filledAfter: boolean,
    hits?: HitCount,
  ): void {
    const window: Window = {
      version,
      write,
      effects,
      confirmed: effects.length > 0 && needsConfirmation(effects) ? 'open' : 'yes',
      nextDiffers: false,
      filledAfter,
      hits: hits === undefined ? emptyCount() : { ...hits, early: [...hits.early] },
      removals: [...version.key.removals],
      end: null,
    };
    version.windows.push(window);
    this.#current.add(window);
    if (window.confirmed === 'open') this.#await(window);
  }

  #await(window: Window): void {
    for (const effect of window.effects) {
      if (effect.kind !== 'changed' || effect.rowId === null || this.#awaiting.size >= WINDOW_LIMITS.awaiting)
        continue;
      const waiting = this.#awaiting.get(effect.rowId);
      if (waiting === undefined) this.#awaiting.set(effect.rowId, [window]);
      else if (waiting.length < WINDOW_LIMITS.perVersion) waiting.push(window);
    }
  }
}

/** A list, a figure, "no row", or a row without a known key: any change of the table may matter. */
function hasPredicate(version: Version, table: string, primaryKey: PrimaryKeys): boolean {
  return version.sources.some((source) => {
    const { op } = source.read;
    if (op.kind !== 'read' || !op.tables.includes(table)) return false;
    if (op.aggregate || source.kind === 'negative') return true;
    const key = primaryKey(table);
    const byKey = key?.every((column) =>
      op.where.equal.some((e) => e.table === table && e.column === column),
    );
    return byKey !== true;
  });
}

/** Whether a value is read by somebody else than who wrote it, as far as that can be told. */
function isAnother(read: CacheRead, { fill }: Version): boolean {
  if (fill === null || read.session === fill.session) return false;
  return read.request === undefined || read.request !== fill.request;
}

/** Whether something behind a value was read after the window's commit. */
function isReadAfter({ sources }: Version, { write }: Window): boolean {
  return sources.some(({ read }) => asOf(read).invoke > write.commit.interval.return);
}

function readsChanged(window: Window, read: CacheRead): boolean {
  const columns = window.effects.flatMap((effect) => effect.columns);
  if (columns.length === 0) return true;
  return columns.some(
    (column) => column.place === '' || (column.place.split('.')[0] ?? '') in (read.fields ?? {}),
  );
}

/** A later commit that sets the cached values again ends the staleness. */
function closeRestored(version: Version, commit: Commit): void {
  for (const window of version.windows) {
    if (window.end !== null || window.effects.length === 0) continue;
    const earlier = window.write.commit;
    if (earlier === commit || earlier.interval.return > commit.interval.return) continue;
    const restored = window.effects.every((effect) => {
      if (effect.kind === 'entered') return isDeleted(effect.rowId, commit);
      if (effect.kind !== 'changed') return false;
      return effect.columns.every((column) =>
        commit.changes.some(
          (change) =>
            change.table === column.table &&
            effect.rowId !== null &&
            change.rows?.has(effect.rowId) === true &&
            (change.after.get(effect.rowId)?.get(column.column) ?? change.set.get(column.column)) ===
              column.old,
        ),
      );
    });
    if (restored) window.end = { kind: 'restored', at: commit.interval.invoke, removal: null };
  }
}

function isDeleted(id: RowId | null, commit: Commit): boolean {
  return (
    id !== null &&
    commit.changes.some((change) => change.action === 'delete' && change.rows?.has(id) === true)
  );
}

function drop<K>(map: Map<K, Set<Version>>, key: K, version: Version): void {
  const set = map.get(key);
  if (set === undefined) return;
  set.delete(version);
  if (set.size === 0) map.delete(key);
}
