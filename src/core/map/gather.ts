/**
 * Looks on while a history is analysed and keeps, key by key, what fed it and how; and, commit by commit, which cached
 * values it changed at that moment. What it means is decided at the end, when templates are known.
 */

import type { Onlooker } from '../analyse.ts';
import { type Effect, effectsOf } from '../effects.ts';
import type { FedColumn, Source } from '../lineage.ts';
import { addTo } from '../multimap.ts';
import type { Digest, SourceRead, SourceWrite } from '../operation.ts';
import { indexPayload } from '../payload.ts';
import type { Commit, PrimaryKeys, RowId } from '../source.ts';
import { expiredBy } from '../version-match.ts';
import type { KeyState, Version, Window } from '../versions.ts';
import type { WriteRecord } from '../writes.ts';

export const GATHER_LIMITS = {
  /** Keys whose fills are looked at in detail. */
  keys: 100_000,
  /** Statements behind one key. */
  shapes: 32,
  /** Operations of one key whose request is looked for. */
  operations: 16,
  /** Different single values of one key: the generations that other keys may carry. */
  scalars: 64,
  /** Cached values that are held against one commit. */
  affected: 512,
  /** Keys that are looked up by one row or table. */
  index: 20_000,
  /** Commits that are remembered; the oldest go first. */
  commits: 20_000,
} as const;

/** What one statement gave to one key. */
export interface ShapeFacts {
  /** Its last execution: all have the same tables and conditions. */
  op: SourceRead | SourceWrite;
  fills: number;
  /** Fills of which it explains more than any other statement. */
  first: number;
  certain: boolean;
  /** The payload stood for "no row". */
  negative: boolean;
  /** The payload could not be read. */
  unreadable: boolean;
  /** Most rows in one result. */
  mostRows: number;
  /** Columns found in a payload, by table, column and place. */
  readonly columns: Map<string, FedColumn>;
  /** Values that conditions required, `table.column` to the value; null once there were several. */
  readonly required: Map<string, Digest | null>;
}

export interface KeyFacts {
  readonly key: KeyState;
  fills: number;
  readonly shapes: Map<string, ShapeFacts>;
  readonly formats: Set<string>;
  /** Ids of its first fills that no write made of its own change, and of the misses before them. */
  readonly operations: number[];
  /** Segments of the key's name, by digest: `table.column` that had this value in the one row behind it. */
  readonly equal: Map<Digest, Set<string>>;
  /** Times to live of past fills, ms. */
  minTtl: number | null;
  maxTtl: number | null;
  unbounded: number;
  /** The last fill: what EXPIRE makes of its time to live is known only at the next. */
  last: Version | null;
}

/** A cached value that a commit changed. */
export interface Affected {
  readonly key: KeyState;
  readonly effects: readonly Effect[];
  /** null where the analysis opened none, because the value has had too many. */
  readonly window: Window | null;
}

export class Gatherer implements Onlooker {
  readonly keys = new Map<KeyState, KeyFacts>();
  /** Cached values by the commit that changed them. */
  readonly affected = new Map<WriteRecord, Affected[]>();
  /** Keys that held a single value, by that value. */
  readonly scalars = new Map<Digest, Set<KeyState>>();
  /** Commits that changed rows. */
  commits = 0;
  readonly #primaryKey: PrimaryKeys;
  readonly #byRow = new Map<RowId, Set<KeyState>>();
  readonly #byTable = new Map<string, Set<KeyState>>();
  /** Keys with a list, a figure or "no row" over the table: any of its rows may matter. */
  readonly #byPredicate = new Map<string, Set<KeyState>>();

  constructor(primaryKey: PrimaryKeys) {
    this.#primaryKey = primaryKey;
  }

  filled(version: Version): void {
    const facts = this.#factsOf(version.key);
    if (facts === null) return;
    if (facts.last !== null) settle(facts, this.scalars);
    facts.last = version;
    if (version.payload !== null && version.sources.length > 0) facts.formats.add(version.payload.format);
    for (const [i, source] of version.sources.entries()) {
      noteSource(facts, source, i === 0);
      this.#index(version.key, source);
    }
    if (version.sources.length > 0) facts.fills++;
    if (version.fill !== null && (version.miss !== null || !version.sources.some(({ read }) => read.own)))
      noteOperations(facts, version);
  }

  committed(write: WriteRecord): void {
    if (write.commit.changes.length === 0) return;
    if (!this.affected.has(write)) this.commits++;
    const found = new Map<KeyState, Affected>();
    for (const key of this.#candidates(write.commit)) {
      if (found.size >= GATHER_LIMITS.affected) break;
      const affected = this.#affectedOf(key, write);
      if (affected !== null) found.set(key, affected);
    }
    for (const earlier of this.affected.get(write) ?? [])
      if (!found.has(earlier.key)) found.set(earlier.key, earlier);
    this.affected.set(write, [...found.values()]);
    if (this.affected.size > GATHER_LIMITS.commits) this.#forget();
  }

  #forget(): void {
    let left = GATHER_LIMITS.commits / 2;
    for (const write of this.affected.keys()) {
      if (left-- <= 0) return;
      this.affected.delete(write);
    }
  }

  /** Call it when the history has ended. */
  finish(): void {
    for (const facts of this.keys.values()) if (facts.last !== null) settle(facts, this.scalars);
  }

  #factsOf(key: KeyState): KeyFacts | null {
    const known = this.keys.get(key);
    if (known !== undefined) return known;
    if (this.keys.size >= GATHER_LIMITS.keys) return null;
    const facts: KeyFacts = {
      key,
      fills: 0,
      shapes: new Map(),
      formats: new Set(),
      operations: [],
      equal: new Map(),
      minTtl: null,
      maxTtl: null,
      unbounded: 0,
      last: null,
    };
    this.keys.set(key, facts);
    return facts;
  }

  #index(key: KeyState, { read, rows }: Source): void {
    for (const table of read.tables) {
      add(this.#byTable, table, key);
      if (read.rows.length === 0 || !isByKey(read.op, table, this.#primaryKey))
        add(this.#byPredicate, table, key);
    }
    for (const row of rows)
      for (const image of row.images) if (image.id !== null) add(this.#byRow, image.id, key);
  }

  #candidates(commit: Commit): ReadonlySet<KeyState> {
    const keys = new Set<KeyState>();
    for (const { rows, table } of commit.changes) {
      for (const id of rows ?? []) for (const key of this.#byRow.get(id) ?? []) keys.add(key);
      const others = rows === null ? this.#byTable : this.#byPredicate;
      for (const key of others.get(table) ?? []) if (key.live.length > 0) keys.add(key);
    }
    return keys;
  }

  #affectedOf(key: KeyState, write: WriteRecord): Affected | null {
    const { interval } = write.commit;
    const at = { invoke: interval.invoke, return: interval.invoke };
    for (const version of key.live) {
      if (version.since.return >= interval.invoke || expiredBy(version, at)) continue;
      const window = version.windows.findLast((one) => one.write === write) ?? null;
      if (window !== null) return { key, effects: window.effects, window };
      const effects = effectsOf(version.sources, write.commit, this.#primaryKey);
      if (effects.length > 0) return { key, effects, window: null };
    }
    return null;
  }
}

/** Whether a statement asks for one row of a table by its whole primary key. */
export function isByKey(op: SourceRead | SourceWrite, table: string, primaryKey: PrimaryKeys): boolean {
  if (op.kind !== 'read') return true;
  if (op.aggregate) return false;
  const key = primaryKey(table);
  return (
    key?.every((column) => op.where.equal.some((one) => one.table === table && one.column === column)) ===
    true
  );
}

function noteSource(facts: KeyFacts, source: Source, first: boolean): void {
  const { op } = source.read;
  let shape = facts.shapes.get(op.shape);
  if (shape === undefined) {
    if (facts.shapes.size >= GATHER_LIMITS.shapes) return;
    shape = {
      op,
      fills: 0,
      first: 0,
      certain: false,
      negative: false,
      unreadable: false,
      mostRows: 0,
      columns: new Map(),
      required: new Map(),
    };
    facts.shapes.set(op.shape, shape);
  }
  shape.op = op;
  shape.fills++;
  if (first) shape.first++;
  shape.certain ||= source.certain;
  shape.negative ||= source.kind === 'negative';
  shape.unreadable ||= source.kind === 'unreadable';
  shape.mostRows = Math.max(shape.mostRows, op.rows.length);
  for (const row of source.rows) {
    for (const fed of row.columns) {
      const id = `${fed.table}.${fed.column}\u0000${fed.place}`;
      const known = shape.columns.get(id);
      if (known === undefined || (fed.strong && !known.strong)) shape.columns.set(id, fed);
    }
  }
  noteRequired(shape, op);
  if (source.read.rows.length === 1) noteEqual(facts, source);
}

function noteRequired({ required }: ShapeFacts, op: SourceRead | SourceWrite): void {
  if (op.kind !== 'read') return;
  for (const { table, column, values } of op.where.equal) {
    const name = `${table}.${column}`;
    const value = values.length === 1 ? values[0]! : null;
    required.set(name, required.has(name) && required.get(name) !== value ? null : value);
  }
}

/** Cells of the one row behind a key that stand in its name. */
function noteEqual(facts: KeyFacts, { read }: Source): void {
  for (const { cells } of read.rows) {
    for (const { table, column, value } of cells) {
      if (table === null || column === null || !facts.key.parts.has(value)) continue;
      addTo(facts.equal, value, `${table}.${column}`);
    }
  }
}

function noteOperations({ operations }: KeyFacts, { fill, miss }: Version): void {
  if (operations.length >= GATHER_LIMITS.operations || fill === null) return;
  operations.push(fill.id);
  if (miss !== null) operations.push(miss.id);
}

/** Takes what is known of the last fill by now. */
function settle(facts: KeyFacts, scalars: Map<Digest, Set<KeyState>>): void {
  const { last, key } = facts;
  facts.last = null;
  if (last === null) return;
  if (last.ttl === null) facts.unbounded++;
  else if (last.ttl !== undefined) {
    facts.minTtl = Math.min(facts.minTtl ?? last.ttl, last.ttl);
    facts.maxTtl = Math.max(facts.maxTtl ?? last.ttl, last.ttl);
  }
  const leaves = last.payload === null ? [] : indexPayload(last.payload).leaves;
  const [only] = leaves;
  if (leaves.length === 1 && only?.path === '' && last.sources.length === 0) {
    const keys = scalars.get(only.value);
    if (keys === undefined) scalars.set(only.value, new Set([key]));
    else if (keys.size < GATHER_LIMITS.scalars) keys.add(key);
  }
}

function add<K>(map: Map<K, Set<KeyState>>, name: K, key: KeyState): void {
  const set = map.get(name);
  if (set === undefined) map.set(name, new Set([key]));
  else if (set.size < GATHER_LIMITS.index) set.add(key);
}
