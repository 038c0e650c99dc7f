/**
 * Lineage: which source reads fed a cached value, and through which columns.
 *
 * Evidence is weighed for each read in the miss-to-fill interval: result cells found in the payload (by name and value, or
 * by a value that says much), key segments that equal a parameter or primary key, and cells that contradict the payload.
 * Interval alone is no lineage: an authentication query that runs inside the interval explains nothing in the payload that
 * the real read does not explain better, and is dropped.
 */
import { type Digest, saysLittle } from './operation.ts';
import { foldName, type Leaf, type PayloadIndex } from './payload.ts';
import type { Cell, ReadFact, ResultRow, RowImage } from './source.ts';

/** What the key's name contributes. */
export interface KeyNames {
  /** Digests of its segments. */
  readonly parts: ReadonlySet<Digest>;
  /** Its literal segments, folded: `item:1:price` holds the name `price`. */
  readonly names: ReadonlySet<string>;
}

/** A column found in the payload. */
export interface FedColumn {
  /** null: computed column. */
  readonly table: string | null;
  readonly column: string;
  /** Where in the payload. */
  readonly place: string;
  /** The value that was cached. */
  readonly value: Digest;
  /** Found by name, or by a value that says much. Otherwise only many versions make it certain. */
  readonly strong: boolean;
}

export interface FedRow {
  readonly images: readonly RowImage[];
  readonly columns: readonly FedColumn[];
}

/** A read that fed a value. */
export interface Source {
  readonly read: ReadFact;
  readonly rows: readonly FedRow[];
  /** Values found in the payload decide, not the interval. */
  readonly certain: boolean;
  readonly points: number;
  /** Key segments equal a parameter or primary key of the read. */
  readonly keyed: boolean;
  /** How the payload stands for the result: its rows' values; "no row"; or not readable. */
  readonly kind: 'values' | 'negative' | 'unreadable';
}

const POINTS = {
  /** Name and value agree, and the value says much. */
  namedDistinct: 2,
  /** Name and value agree; the value says little. */
  named: 1,
  /** The value alone, and it says much. */
  distinct: 1.5,
  /** The value stands among the words of a text. */
  word: 0.75,
  /** … and another row's word stands there too: a rendered list. */
  wordOfAnother: 0.5,
  /** The value alone, and it says little: counts only over several versions. */
  weak: 0.1,
  /** A key segment equals a parameter or primary key. */
  keyed: 1,
  /** The payload is one scalar and the result one cell: nothing else it could be. */
  only: 1,
} as const;

/** From here on lineage is certain. */
const CERTAIN = 2;

/** The place of a column that stands among the words of a text. */
const WORDS = 'words';

interface CellMatch {
  readonly cell: Cell;
  readonly leaf: Leaf | null;
  readonly points: number;
  readonly strong: boolean;
}

/** Learned places of weak matches: the same column at the same place with at least two different values. */
export class LearnedPlaces {
  readonly #values = new Map<string, Set<Digest>>();

  static readonly MAX = 50_000;

  note(shape: string, column: FedColumn): void {
    const key = `${shape}\u0000${column.table}.${column.column}\u0000${column.place}`;
    const values = this.#values.get(key);
    if (values === undefined) {
      if (this.#values.size < LearnedPlaces.MAX) this.#values.set(key, new Set([column.value]));
    } else if (values.size < 3) values.add(column.value);
  }

  /** Whether at least two versions agreed. */
  confirmed(shape: string, column: FedColumn): boolean {
    const key = `${shape}\u0000${column.table}.${column.column}\u0000${column.place}`;
    return (this.#values.get(key)?.size ?? 0) >= 2;
  }
}

/** Weighs one read against one payload; null when it explains nothing or contradicts. */
export function weigh(read: ReadFact, payload: PayloadIndex, key: KeyNames): Source | null {
  const keyed = [...key.parts].some((part) => read.tokens.has(part));
  if (payload.unreadable) return keyed ? unreadable(read) : null;
  if (read.rows.length === 0) return negative(read, payload, keyed);
  const rows: FedRow[] = [];
  let best = 0;
  for (const row of read.rows) {
    const matched = weighRow(row, payload, key);
    if (matched === null) continue;
    rows.push({ images: row.images, columns: matched.columns });
    best = Math.max(best, matched.points);
  }
  if (rows.length === 0) return null;
  const only = payload.leaves.length === 1 && rows.length === 1 && valueCells(rows[0]!, key).length === 1;
  const points =
    best + (keyed ? POINTS.keyed : 0) + (only ? POINTS.only : 0) + rendered(rows) * POINTS.wordOfAnother;
  const strong = rows.some((row) => row.columns.some((column) => column.strong));
  // Nothing but what the key's name says anyway, or next to nothing: a marker or a lock, not a cached row.
  if (points < POINTS.keyed || (!strong && rows.every((row) => valueCells(row, key).length === 0)))
    return null;
  return {
    read,
    rows: only ? rows.map(strengthen) : rows,
    certain: points >= CERTAIN && (strong || (only && keyed)),
    points,
    keyed,
    kind: 'values',
  };
}

/** Rows besides the first whose own words stand in a text. */
function rendered(rows: readonly FedRow[]): number {
  const words = new Set<Digest>();
  for (const { columns } of rows) {
    const word = columns.find(({ place, value }) => place === WORDS && !words.has(value));
    if (word !== undefined) words.add(word.value);
  }
  return Math.max(0, words.size - 1);
}

function strengthen(row: FedRow): FedRow {
  return { images: row.images, columns: row.columns.map((column) => ({ ...column, strong: true })) };
}

/** Matched columns that the key's name does not already tell. */
function valueCells(row: FedRow, key: KeyNames): readonly FedColumn[] {
  return row.columns.filter((column) => !key.parts.has(column.value));
}

function unreadable(read: ReadFact): Source {
  const rows = read.rows.map((row) => ({ images: row.images, columns: [] }));
  return { read, rows, certain: false, points: POINTS.keyed, keyed: true, kind: 'unreadable' };
}

function negative(read: ReadFact, payload: PayloadIndex, keyed: boolean): Source | null {
  if (read.op.kind !== 'read') return null;
  // A marker that is not recognised as empty may still stand for "no row" when the key names what was asked for.
  const small = payload.leaves.length <= 1 && payload.words.size <= 4;
  if (!payload.empty && !(keyed && small)) return null;
  const points = (keyed ? POINTS.keyed : 0) + (payload.empty ? POINTS.only : 0);
  return { read, rows: [], certain: keyed && payload.empty, points, keyed, kind: 'negative' };
}

function weighRow(
  row: ResultRow,
  payload: PayloadIndex,
  key: KeyNames,
): { readonly points: number; readonly columns: readonly FedColumn[] } | null {
  const element = bestElement(row, payload, key);
  const matches: CellMatch[] = [];
  let mismatches = 0;
  for (const cell of row.cells) {
    const match = matchCell(cell, element, payload, key);
    if (match !== null) matches.push(match);
    else if (contradicts(cell, element, payload)) mismatches++;
  }
  const solid = matches.filter((match) => match.strong).length;
  if (matches.length === 0 || mismatches > solid) return null;
  const points = matches.reduce((sum, match) => sum + match.points, 0) - mismatches;
  if (points <= 0) return null;
  return { points, columns: matches.map(fedColumn) };
}

function fedColumn(match: CellMatch): FedColumn {
  const { cell, leaf, strong } = match;
  const column = cell.column ?? cell.name;
  return { table: cell.table, column, place: leaf?.place ?? WORDS, value: cell.value, strong };
}

function names(cell: Cell, leaf: Leaf, key: KeyNames): boolean {
  if (leaf.name === '') return leaf.path === '' && key.names.has(foldName(cell.column ?? cell.name));
  return leaf.name === foldName(cell.name) || (cell.column !== null && leaf.name === foldName(cell.column));
}

function leafPoints(cell: Cell, leaf: Leaf, key: KeyNames): number {
  const little = saysLittle(cell.value);
  if (names(cell, leaf, key)) return little ? POINTS.named : POINTS.namedDistinct;
  return little ? POINTS.weak : POINTS.distinct;
}

/** The list element that a row stands in: the one that explains most of its cells. */
function bestElement(row: ResultRow, payload: PayloadIndex, key: KeyNames): string {
  if (payload.elements.size <= 1 && !payload.leaves.some((leaf) => leaf.element !== '')) return '';
  const tally = new Map<string, number>();
  for (const cell of row.cells) {
    const found = new Map<string, number>();
    for (const leaf of payload.byValue.get(cell.value) ?? []) {
      const points = leafPoints(cell, leaf, key);
      if (points > (found.get(leaf.element) ?? 0)) found.set(leaf.element, points);
    }
    for (const [element, points] of found) tally.set(element, (tally.get(element) ?? 0) + points);
  }
  let best = '';
  let most = 0;
  for (const [element, points] of tally) {
    if (points > most) {
      best = element;
      most = points;
    }
  }
  return best;
}

function matchCell(cell: Cell, element: string, payload: PayloadIndex, key: KeyNames): CellMatch | null {
  let match: CellMatch | null = null;
  for (const leaf of payload.byValue.get(cell.value) ?? []) {
    if (leaf.element !== element) continue;
    const points = leafPoints(cell, leaf, key);
    if (match === null || points > match.points) match = { cell, leaf, points, strong: points > POINTS.weak };
  }
  if (match !== null) return match;
  // A word of a text counts only where no field of the cell's own name says otherwise.
  if (payload.words.has(cell.value) && !saysLittle(cell.value) && !contradicts(cell, element, payload)) {
    return { cell, leaf: null, points: POINTS.word, strong: true };
  }
  return null;
}

/** A leaf of the same name with another value in the same element. */
function contradicts(cell: Cell, element: string, payload: PayloadIndex): boolean {
  const named = payload.elements.get(element);
  if (named === undefined) return false;
  const leaves =
    named.get(foldName(cell.name)) ?? (cell.column === null ? undefined : named.get(foldName(cell.column)));
  return leaves !== undefined && !payload.truncated;
}

/** Reads that are weighed for one fill; the latest are taken. */
export const MAX_CANDIDATES = 256;

/**
 * Chooses the reads behind a payload: strongest first, each must explain something that no stronger one explains.
 *
 * @param request the fill's request, where it is known: of equal executions its own is taken
 */
export function chooseSources(
  candidates: readonly ReadFact[],
  payload: PayloadIndex,
  key: KeyNames,
  request?: number,
): readonly Source[] {
  const best = new Map<string, Source>();
  for (const read of candidates.slice(-MAX_CANDIDATES)) {
    const source = weigh(read, payload, key);
    if (source === null) continue;
    const same = `${read.op.shape}\u0000${read.op.params.join(',')}`;
    const other = best.get(same);
    // Of equally likely ones the latest is taken: whatever is stale by it is stale by the others too.
    if (other === undefined || likelier(source, other, request)) best.set(same, source);
  }
  const ranked = [...best.values()].sort((a, b) => b.points - a.points || order(b) - order(a));
  const chosen: Source[] = [];
  const explained = new Set<string>();
  for (const source of ranked) {
    if (explains(source, explained, chosen.length)) chosen.push(source);
  }
  return withoutCovered(chosen);
}

/** What is told by one read as a whole is not told by another that tells a part of it, however well the key's name fits that one:
 * page 1 is no list of category 1. */
function withoutCovered(chosen: readonly Source[]): readonly Source[] {
  if (chosen.length < 2) return chosen;
  const told = new Map(chosen.map((source) => [source, toldBy(source)]));
  return chosen.filter((source) => {
    const own = told.get(source)!;
    return !chosen.some((other) => {
      const all = told.get(other)!;
      return all.size > own.size && [...own].every((one) => all.has(one));
    });
  });
}

function toldBy({ rows }: Source): ReadonlySet<string> {
  return new Set(rows.flatMap(({ columns }) => columns.map(({ place, value }) => `${place}\u0000${value}`)));
}

/** Of equal executions: a stronger one; the fill's own request; one whose transaction does not write, since who writes rows seldom
 * fills from what they were before. */
function likelier(source: Source, than: Source, request: number | undefined): boolean {
  if (source.points !== than.points) return source.points > than.points;
  const near = nearness(source.read, request) - nearness(than.read, request);
  return near !== 0 ? near > 0 : !(writesToo(source.read) && !writesToo(than.read));
}

function nearness({ op }: ReadFact, request: number | undefined): number {
  if (request === undefined || op.request === undefined) return 0;
  return op.request === request ? 1 : -1;
}

function writesToo({ txn, own }: ReadFact): boolean {
  return !own && txn !== null && txn.writes.length > 0;
}

function order(source: Source): number {
  return source.read.op.invoke;
}

function explains(source: Source, explained: Set<string>, chosen: number): boolean {
  if (source.kind !== 'values') return chosen === 0;
  let fresh = false;
  for (const row of source.rows) {
    for (const column of row.columns) {
      const what = `${column.place}\u0000${column.value}`;
      if (explained.has(what)) continue;
      if (column.strong || chosen === 0) fresh = true;
    }
  }
  if (!fresh) return false;
  for (const row of source.rows)
    for (const column of row.columns) explained.add(`${column.place}\u0000${column.value}`);
  return true;
}

/** Tables that feed a value through these sources. */
export function tablesOf(sources: readonly Source[]): readonly string[] {
  const tables = new Set<string>();
  for (const source of sources) for (const table of source.read.tables) tables.add(table);
  return [...tables].sort();
}
