/**
 * The lineage of a template: what was learned key by key, merged, and which changes of the source matter to it. A column
 * matters when its value was found in what is cached, or when a condition that chooses the rows looks at it; a figure
 * depends on the columns that its statement mentions.
 */

import type { LearnedPlaces } from '../lineage.ts';
import { append } from '../multimap.ts';
import type { Digest, SourceRead, SourceWrite } from '../operation.ts';
import type { PrimaryKeys } from '../source.ts';
import type { MappedSource, RowsKind } from './coverage-map.ts';
import { isByKey, type KeyFacts, type ShapeFacts } from './gather.ts';

/** What one statement gives to a template. */
export interface Feed {
  readonly op: SourceRead | SourceWrite;
  readonly fills: number;
  /** Fills of which it explains more than any other statement. */
  readonly first: number;
  readonly certain: boolean;
  readonly negative: boolean;
  readonly unreadable: boolean;
  readonly mostRows: number;
  /** `table.column` of the values found. */
  readonly found: ReadonlySet<string>;
  /** Values that its conditions required every time, by `table.column`: constants of the statement. */
  readonly constants: ReadonlyMap<string, Digest>;
}

/** What of a table matters to a template. */
export interface TableLineage {
  readonly table: string;
  /** Its values stand in what is cached. */
  readonly found: ReadonlySet<string>;
  /** It chooses rows, or a figure is computed from it. */
  readonly chooses: ReadonlySet<string>;
  /** What is cached cannot be read; these columns were. */
  readonly unreadable: ReadonlySet<string>;
  /** How sure it is that a new row of the table can show. */
  readonly inserts: 'certain' | 'likely' | 'no';
  readonly deletes: 'certain' | 'likely' | 'no';
  readonly certain: boolean;
  readonly feeds: readonly Feed[];
}

/** A statement that ran beside another and explains a little more of the payload than that is behind this share of the
 * fills at least, or of this share alone; else it is held to be a coincidence. */
const BESIDE = 0.25;
const ALONE = 0.05;

/** The statements behind a template, from what its keys know. */
export function feedsOf(keys: readonly KeyFacts[], places: LearnedPlaces): readonly Feed[] {
  const byShape = new Map<string, ShapeFacts[]>();
  let fills = 0;
  for (const facts of keys) {
    fills += facts.fills;
    for (const [shape, one] of facts.shapes) {
      append(byShape, shape, one);
    }
  }
  const feeds = [...byShape]
    .map(([shape, all]) => feedOf(shape, all, places))
    .filter((feed) => feed.fills >= fills * BESIDE || feed.first >= fills * ALONE);
  const read = new Set(feeds.flatMap(({ op }) => (op.kind === 'read' ? op.tables : [])));
  // What a write returned of its own change adds nothing to what is read of the same rows.
  return feeds.filter(({ op }) => op.kind === 'read' || op.effects.some(({ table }) => !read.has(table)));
}

function feedOf(shape: string, all: readonly ShapeFacts[], places: LearnedPlaces): Feed {
  const found = new Set<string>();
  for (const { columns } of all) {
    for (const fed of columns.values()) {
      if (fed.table !== null && (fed.strong || places.confirmed(shape, fed)))
        found.add(`${fed.table}.${fed.column}`);
    }
  }
  return {
    op: all.at(-1)!.op,
    fills: all.reduce((sum, one) => sum + one.fills, 0),
    first: all.reduce((sum, one) => sum + one.first, 0),
    certain: all.some((one) => one.certain),
    negative: all.some((one) => one.negative),
    unreadable: all.every((one) => one.unreadable),
    mostRows: Math.max(...all.map((one) => one.mostRows)),
    found,
    constants: constantsOf(all),
  };
}

function constantsOf(all: readonly ShapeFacts[]): ReadonlyMap<string, Digest> {
  const constants = new Map<string, Digest>();
  // What one key alone required may as well be its own.
  if (all.length < 2) return constants;
  for (const [name, value] of all[0]!.required)
    if (value !== null && all.every((one) => one.required.get(name) === value)) constants.set(name, value);
  return constants;
}

/** Tables that a statement takes rows from: those it names, and those its result columns belong to. */
function tablesOf({ op }: Feed): ReadonlySet<string> {
  const tables = new Set(op.kind === 'read' ? op.tables : op.effects.map((effect) => effect.table));
  for (const { table } of op.columns) if (table !== null) tables.add(table);
  return tables;
}

/** What of each table matters, by table. */
export function tableLineages(
  feeds: readonly Feed[],
  primaryKey: PrimaryKeys,
): ReadonlyMap<string, TableLineage> {
  const tables = new Set(feeds.flatMap((feed) => [...tablesOf(feed)]));
  const lineages = new Map<string, TableLineage>();
  for (const table of tables) {
    const its = feeds.filter((feed) => tablesOf(feed).has(table));
    const lineage = tableLineage(table, its, primaryKey);
    if (matters(lineage)) lineages.set(table, lineage);
  }
  return lineages;
}

function matters({ found, chooses, unreadable, inserts, deletes }: TableLineage): boolean {
  return found.size + chooses.size + unreadable.size > 0 || inserts !== 'no' || deletes !== 'no';
}

function tableLineage(table: string, feeds: readonly Feed[], primaryKey: PrimaryKeys): TableLineage {
  const found = new Set<string>();
  const chooses = new Set<string>();
  const unreadable = new Set<string>();
  for (const feed of feeds) {
    for (const column of columnsOf(feed.found, table)) found.add(column);
    for (const column of choosing(feed, table, primaryKey)) chooses.add(column);
    if (feed.unreadable) for (const column of readColumns(feed, table)) unreadable.add(column);
  }
  return {
    table,
    found,
    chooses,
    unreadable,
    inserts: surest(feeds.map((feed) => insertsMatter(feed, table, primaryKey))),
    deletes: surest(feeds.map((feed) => deletesMatter(feed, table, primaryKey))),
    certain: feeds.some((feed) => feed.certain),
    feeds,
  };
}

type Sureness = TableLineage['inserts'];

function surest(all: readonly Sureness[]): Sureness {
  if (all.includes('certain')) return 'certain';
  return all.includes('likely') ? 'likely' : 'no';
}

/** Columns of a table among `table.column` names. */
function columnsOf(names: Iterable<string>, table: string): string[] {
  const prefix = `${table}.`;
  return [...names].filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
}

function readColumns({ op }: Feed, table: string): string[] {
  return op.columns.flatMap((one) => (one.table === table && one.column !== null ? [one.column] : []));
}

/** Columns by which rows are chosen: all that conditions look at, less a primary key that asks for one row. */
function choosing(feed: Feed, table: string, primaryKey: PrimaryKeys): readonly string[] {
  const { op } = feed;
  if (op.kind !== 'read') return [];
  const columns = new Set(columnsOf(op.where.columns, table));
  for (const { table: of, column } of op.where.equal) if (of === table) columns.add(column);
  if (isByKey(op, table, primaryKey)) for (const column of primaryKey(table) ?? []) columns.delete(column);
  return [...columns];
}

function hasOwnEquality({ op }: Feed, table: string): boolean {
  return op.kind === 'read' && op.where.equal.some((one) => one.table === table);
}

export function insertsMatter(feed: Feed, table: string, primaryKey: PrimaryKeys): Sureness {
  const { op } = feed;
  if (op.kind !== 'read' || !op.tables.includes(table)) return 'no';
  if (feed.negative) return 'certain';
  if (isByKey(op, table, primaryKey)) return 'no';
  const sure = feed.certain && op.tables.length === 1 && op.where.complete && !op.where.limited;
  if (op.aggregate) return sure ? 'certain' : 'likely';
  if (hasOwnEquality(feed, table)) {
    // One row asked for by another unique column: a new row would be another one.
    if (feed.mostRows <= 1 && op.where.complete) return 'no';
    return sure ? 'certain' : 'likely';
  }
  if (op.tables.length === 1) return sure ? 'certain' : 'likely';
  return feed.mostRows > 1 ? 'likely' : 'no';
}

function deletesMatter(feed: Feed, table: string, primaryKey: PrimaryKeys): Sureness {
  const { op } = feed;
  if (columnsOf(feed.found, table).length > 0) return feed.certain ? 'certain' : 'likely';
  if (op.kind !== 'read') return 'no';
  return op.aggregate || !isByKey(op, table, primaryKey) ? 'likely' : 'no';
}

/** Whether a statement that computes figures mentions a column of a table: `i.price` where `items i` is joined. */
export function mentions(shape: string, table: string, column: string): boolean {
  const name = table.split('.').at(-1)!;
  const aliases = new Set([table.toLowerCase(), name.toLowerCase()]);
  const declared = new RegExp(`"?\\b${escaped(name)}\\b"?\\s+(?:as\\s+)?"?([A-Za-z_]\\w*)"?`, 'gi');
  for (const [, alias] of shape.matchAll(declared)) aliases.add(alias!.toLowerCase());
  const used = new RegExp(`(?:"?([A-Za-z_]\\w*)"?\\.)?"?\\b${escaped(column)}\\b"?(?!\\s*\\()`, 'gi');
  for (const match of shape.matchAll(used)) {
    const [, qualifier] = match;
    if (qualifier !== undefined ? aliases.has(qualifier.toLowerCase()) : !isOutputName(shape, match.index))
      return true;
  }
  return false;
}

/** `sum(total) AS price` names a result, no column. */
function isOutputName(shape: string, at: number): boolean {
  return /\bas\s+$/i.test(shape.slice(Math.max(0, at - 8), at));
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

/** The sources of a template as the map tells them: one for each table and way of finding its rows. */
export function mappedSources(feeds: readonly Feed[], primaryKey: PrimaryKeys): readonly MappedSource[] {
  const groups = new Map<string, { table: string; rows: RowsKind; feeds: Feed[] }>();
  for (const feed of feeds) {
    for (const table of tablesOf(feed)) {
      const rows = rowsKind(feed, table, primaryKey);
      const id = `${table}\u0000${rows}`;
      const group = groups.get(id);
      if (group === undefined) groups.set(id, { table, rows, feeds: [feed] });
      else group.feeds.push(feed);
    }
  }
  return [...groups.values()]
    .map(({ table, rows, feeds: its }) => mappedSource(table, rows, its))
    .sort((a, b) => order(a.table, b.table) || order(a.rows, b.rows));
}

function mappedSource(table: string, rows: RowsKind, feeds: readonly Feed[]): MappedSource {
  const columns = sorted(feeds.flatMap((feed) => columnsOf(feed.found, table)));
  const read = sorted(feeds.flatMap((feed) => readColumns(feed, table)));
  return {
    table,
    rows,
    where: sorted(
      feeds.flatMap(({ op }) =>
        op.kind === 'read'
          ? columnsOf([...op.where.columns, ...op.where.equal.map((e) => `${e.table}.${e.column}`)], table)
          : [],
      ),
    ),
    columns,
    unused: read.filter((column) => !columns.includes(column)),
    absent: feeds.some((feed) => feed.negative),
    certain: feeds.some((feed) => feed.certain),
    statements: sorted(feeds.map((feed) => feed.op.shape)),
  };
}

function rowsKind(feed: Feed, table: string, primaryKey: PrimaryKeys): RowsKind {
  const { op } = feed;
  if (op.kind !== 'read') return 'one';
  if (op.aggregate) return 'figure';
  if (isByKey(op, table, primaryKey)) return 'one';
  if (hasOwnEquality(feed, table) || op.tables.length === 1)
    return feed.mostRows <= 1 && op.where.complete && hasOwnEquality(feed, table) ? 'one' : 'list';
  return 'joined';
}

/** Distinct texts in their plain order, the same in every locale. */
export function sorted(texts: Iterable<string>): string[] {
  return [...new Set(texts)].sort(order);
}

export function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
