/** What is kept of a key: made at its first use, and what is learned of it with each value. */
import { keyParts, lookOf } from './keys.ts';
import type { Digest } from './operation.ts';
import { foldName } from './payload.ts';
import { asOf } from './source.ts';
import { intervalOf } from './version-match.ts';
import { emptyStats, type KeyState, type Removal, type Version } from './versions.ts';

export const CACHE_LIMITS = {
  /** Values that a key may have at one time (writes that overlap, scripts that may have written). */
  live: 6,
  misses: 64,
  removals: 12,
  /** Scripts that may have filled a key. */
  scripts: 16,
  feeders: 64,
} as const;

/** A key at its first use. `parts`: its segments with their digests. */
export function createKey(db: number, name: string, parts: readonly (readonly [string, Digest])[]): KeyState {
  const id = `${db} ${name}`;
  const texts = keyParts(name);
  const key: KeyState = {
    id,
    name,
    db,
    parts: new Set(parts.filter(([text]) => !isNamespace(text, texts)).map(([, digest]) => digest)),
    names: new Set(texts.filter((text) => lookOf(text) === 'word').map(foldName)),
    texts: new Map(parts.map(([text, digest]) => [digest, text])),
    live: [],
    misses: [],
    removals: [],
    lastHit: null,
    gone: null,
    scripts: [],
    feeders: new Set(),
    fedRows: new Set(),
    fedTables: new Set(),
    required: new Map(),
    fedColumns: new Set(),
    bound: new Set(),
    boundColumns: new Map(),
    generations: new Map(),
    stats: emptyStats(),
  };
  return key;
}

/** The first segment names the kind of thing; that a parameter has the same text says nothing. */
function isNamespace(text: string, texts: readonly string[]): boolean {
  return texts.length > 1 && text === texts[0] && lookOf(text) === 'word';
}

/** Notes what feeds the key, from a value whose sources are known. */
export function learnLineage(version: Version): void {
  const { key } = version;
  key.stats.fills++;
  for (const source of version.sources) {
    keepIn(key.feeders, source.read.op.shape);
    bindColumns(key, source);
    for (const table of source.read.tables) keepIn(key.fedTables, table);
    for (const column of fedColumns(source, version)) keepIn(key.fedColumns, column);
    for (const token of source.read.tokens) {
      const text = key.parts.has(token) ? key.texts.get(token) : undefined;
      if (text !== undefined) keepIn(key.bound, text);
    }
    for (const row of source.rows)
      for (const image of row.images) if (image.id !== null) keepIn(key.fedRows, image.id);
  }
}

/** Of a payload that is readable only in part, any column may stand in the rest. */
function fedColumns(
  { kind, read, rows }: Version['sources'][number],
  { payload }: Version,
): readonly string[] {
  const { op } = read;
  if (kind !== 'values' || op.kind !== 'read' || op.aggregate || payload?.truncated === true)
    return read.tables.map((table) => `${table}.*`);
  const found = rows.flatMap(({ columns }) => columns.map(({ table, column }) => `${table}.${column}`));
  return [...found, ...op.where.columns];
}

/** When the first of the reads behind what the key holds now began; ns. null: not known. */
export function madeAt({ live }: KeyState): number | null {
  const reads = live.flatMap((version) => version.sources.map(({ read }) => asOf(read).invoke));
  return reads.length === 0 || live.some(({ sources }) => sources.length === 0) ? null : Math.min(...reads);
}

/** Notes which column a key's segment is, by the equalities of the statement behind it, and what those require. */
function bindColumns(key: KeyState, source: Version['sources'][number]): void {
  const { op } = source.read;
  const wheres = op.kind === 'read' ? [op.where] : op.effects.map((effect) => effect.where);
  for (const equality of wheres.flatMap((where) => where.equal)) {
    require(key.required, `${equality.table}.${equality.column}`, equality.values);
    for (const value of equality.values) {
      if (!key.parts.has(value)) continue;
      const columns = key.boundColumns.get(value);
      const column = `${equality.table}.${equality.column}`;
      if (columns === undefined) key.boundColumns.set(value, new Set([column]));
      else if (columns.size < CACHE_LIMITS.feeders) columns.add(column);
    }
  }
}

function require(required: KeyState['required'], column: string, values: readonly Digest[]): void {
  let known = required.get(column);
  if (known === undefined) {
    if (required.size >= CACHE_LIMITS.feeders) return;
    known = new Set();
    required.set(column, known);
  }
  for (const value of values) keepIn(known, value);
}

function keepIn<T>(set: Set<T>, item: T): void {
  if (set.size < CACHE_LIMITS.feeders) set.add(item);
}

/** Appends; the oldest goes when there are too many. */
export function keep<T>(list: T[], item: T, most: number): void {
  list.push(item);
  if (list.length > most) list.shift();
}

/** A removal or rewrite, before any write lays claim to it. */
export function createRemoval({
  sources,
  generation,
  ...told
}: Pick<Removal, 'op' | 'key' | 'kind' | 'failed' | 'hitSomething'> & {
  readonly sources: Version['sources'];
  readonly generation: Removal['generation'];
}): Removal {
  return {
    ...told,
    interval: intervalOf(told.op),
    made: madeAt(told.key),
    origin: sources.find((source) => source.read.own)?.read.txn ?? null,
    ...(generation === undefined ? {} : { generation }),
    candidates: [],
    claim: null,
  };
}
