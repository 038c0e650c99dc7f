/** What a recording or a committed map tells for a purge: which keys a row feeds, and what a fill costs at the source. */
import { statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Onlooker } from '../core/analyse.ts';
import type { MappedSegment, RowsKind } from '../core/map/coverage-map.ts';
import { Mapper } from '../core/map/map.ts';
import { rowId } from '../core/source.ts';
import type { KeyState, Version } from '../core/versions.ts';
import { readMapFile } from '../mapfile/index.ts';
import { newestRecording } from '../recording/locate.ts';
import { HISTORY_FILE } from '../recording/manifest.ts';
import { openRecording, type Recording } from '../recording/reader.ts';
import type { ExpectedCalls, Selection } from './contract.ts';
import { matcherOf } from './matcher.ts';

/** Keys of a recording whose fills are counted; of later ones the cost is not known. */
const MAX_KEYS = 200_000;

/** A template as a recording or a map tells it. */
export interface KnownTemplate {
  readonly template: string;
  readonly db: number;
  readonly segments: readonly MappedSegment[];
  readonly sources: readonly {
    readonly table: string;
    readonly rows: RowsKind;
    readonly where: readonly string[];
  }[];
}

export interface Lineage {
  /** Where it is from, for people. */
  readonly origin: string;
  readonly templates: readonly KnownTemplate[];
  /** Primary key columns of a table; undefined: not known. */
  primaryKey(table: string): readonly string[] | undefined;
  /** Keys that a recording saw fed by a row, in one database; null: it cannot tell. */
  fedBy(table: string, values: readonly string[], db: number): readonly string[] | null;
  /** Average number of statements behind a fill, by template; null where nothing was seen. */
  callsPerFill(template: string, db: number): number | null;
}

interface Fills {
  readonly key: KeyState;
  fills: number;
  calls: number;
}

/** Keeps the keys that were filled, and counts. */
class Fillings implements Onlooker {
  readonly keys = new Map<KeyState, Fills>();

  filled(version: Version): void {
    if (version.sources.length === 0) return;
    let known = this.keys.get(version.key);
    if (known === undefined) {
      if (this.keys.size >= MAX_KEYS) return;
      known = { key: version.key, fills: 0, calls: 0 };
      this.keys.set(version.key, known);
    }
    known.fills++;
    known.calls += version.sources.length;
  }

  committed(): void {}
}

/** Reads a recording through. Throws as opening one does. */
export function lineageOfRecording(path: string): Lineage {
  const recording = openRecording(path);
  const fillings = new Fillings();
  const mapper = new Mapper(fillings);
  const primaryKeys = new Map<string, readonly string[]>();
  for (const op of recording.operations) {
    if (op.kind === 'table') primaryKeys.set(op.table, op.primaryKey);
    mapper.add(op);
  }
  const { templates } = mapper.result();
  const filled = [...fillings.keys.values()];
  return {
    origin: `recording ${recording.folder}`,
    templates,
    primaryKey: (table) => primaryKeys.get(table),
    fedBy: (table, values, db) => fedBy(filled, recording, { table, values, db }),
    callsPerFill: (template, db) => callsPerFill(filled, template, db),
  };
}

/** Reads a committed map. Throws WSE501 to WSE504. */
export function lineageOfMap(path: string): Lineage {
  const { templates } = readMapFile(path);
  return {
    origin: `map ${path}`,
    templates,
    primaryKey: () => undefined,
    fedBy: () => null,
    callsPerFill: () => null,
  };
}

/** Where lineage may be taken from. */
export interface Sources {
  /** Folder of a recording; undefined: the newest, if there is one. */
  readonly recording: string | undefined;
  readonly map: string | undefined;
}

/** Bytes of a history up to which it is read for a forecast alone: whoever purges one key does not want to wait. */
const FORECAST_BYTES = 64 << 20;

/** A recording or map that was asked for must be there; the newest recording, only for the forecast, need not. */
export function lineageFor(cwd: string, { rows }: Selection, { recording, map }: Sources): Lineage | null {
  if (map !== undefined) return lineageOfMap(resolve(cwd, map));
  if (recording !== undefined || rows.length > 0)
    return lineageOfRecording(recording === undefined ? newestRecording(cwd) : resolve(cwd, recording));
  try {
    const newest = newestRecording(cwd);
    const { size } = statSync(join(newest, HISTORY_FILE));
    return size > FORECAST_BYTES ? null : lineageOfRecording(newest);
  } catch {
    return null;
  }
}

interface Row {
  readonly table: string;
  readonly values: readonly string[];
  readonly db: number;
}

/** A recording holds digests; what a digest stands for is known where a key's name holds the same text. */
function fedBy(filled: readonly Fills[], { reveal }: Recording, row: Row): readonly string[] | null {
  const ids = new Set<string>();
  const digestsOf = (text: string): ReadonlySet<string> => {
    const found = new Set<string>();
    for (const { key } of filled)
      for (const [digest, known] of key.texts) if (known === text) found.add(digest);
    return found;
  };
  const wanted = row.values.map(digestsOf);
  if (wanted.every(({ size }) => size > 0))
    for (const digests of combinations(wanted.map((set) => [...set]))) ids.add(rowId(row.table, digests));
  const isRow = (id: string): boolean => ids.has(id) || revealed(id, row, reveal);
  const keys = filled
    .filter(({ key }) => key.db === row.db && [...key.fedRows].some(isRow))
    .map(({ key }) => key.name);
  return ids.size === 0 && keys.length === 0 ? null : keys;
}

function revealed(id: string, { table, values }: Row, reveal: Recording['reveal']): boolean {
  const prefix = `${table}\u0000`;
  if (!id.startsWith(prefix)) return false;
  const cells = id.slice(prefix.length).split(',');
  return cells.length === values.length && cells.every((digest, i) => reveal(digest) === values[i]);
}

function combinations(lists: readonly (readonly string[])[]): readonly (readonly string[])[] {
  return lists.reduce<readonly (readonly string[])[]>(
    (all, list) => all.flatMap((head) => list.map((one) => [...head, one])),
    [[]],
  );
}

function callsPerFill(filled: readonly Fills[], template: string, db: number): number | null {
  const matches = matcherOf(template);
  let fills = 0;
  let calls = 0;
  for (const one of filled) {
    if (one.key.db !== db || !matches(one.key.name)) continue;
    fills += one.fills;
    calls += one.calls;
  }
  return fills === 0 ? null : calls / fills;
}

/** Counts keys by the template that they belong to and says what their fills will cost. */
export class Forecast {
  readonly #templates: readonly {
    readonly template: string;
    readonly db: number;
    readonly matches: (key: string) => boolean;
  }[];
  readonly #counts = new Map<string | null, number>();
  readonly #lineage: Lineage | null;

  constructor(lineage: Lineage | null, db: number) {
    this.#lineage = lineage;
    this.#templates = (lineage?.templates ?? [])
      .filter((known) => known.db === db)
      .map(({ template }) => ({ template, db, matches: matcherOf(template) }));
  }

  add(key: string): void {
    const template = this.#templates.find(({ matches }) => matches(key))?.template ?? null;
    this.#counts.set(template, (this.#counts.get(template) ?? 0) + 1);
  }

  result(): readonly ExpectedCalls[] {
    return [...this.#counts]
      .map(([template, keys]) => {
        const known = this.#templates.find((one) => one.template === template);
        const calls = known === undefined ? null : this.#lineage?.callsPerFill(known.template, known.db);
        return { template, keys, callsPerFill: calls ?? null };
      })
      .sort((a, b) => b.keys - a.keys);
  }
}
