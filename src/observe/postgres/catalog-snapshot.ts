/** One reading of the system catalogs, arranged for look-ups. Pure. */
import { type Routine, shownName, type TableInfo } from '../sql/names.ts';
import type { CatalogRows, ForeignKeyRow, IndexRow } from './catalog-queries.ts';
import { type TriggerFacts, triggerFacts } from './catalog-triggers.ts';

/** What happens to rows of `child` when a row of the parent is deleted or its key changes. */
export interface Reference {
  readonly child: string;
  /** Columns of the child and, in the same order, those of the parent that they refer to. */
  readonly columns: readonly string[];
  readonly referenced: readonly string[];
  readonly onDelete: 'cascade' | 'set null' | 'set default' | 'none';
  readonly onUpdate: 'cascade' | 'set null' | 'set default' | 'none';
}

export interface TableTrigger {
  readonly on: readonly ('insert' | 'update' | 'delete' | 'truncate')[];
  readonly facts: TriggerFacts;
}

/** A table or view of the database. */
export interface CatalogTable extends TableInfo {
  readonly oid: number;
  readonly schema: string;
  /** Name of each column by attribute number. */
  readonly attributes: ReadonlyMap<number, { readonly name: string; readonly type: number }>;
  /** Columns computed from others. */
  readonly generated: readonly string[];
  /** Columns that identify an old row in the change stream; empty when UPDATE and DELETE cannot be published. */
  readonly replicaIdentity: readonly string[];
  /** The table at the top that this one is a partition of, by the name shown. */
  readonly root?: string;
  /** True when changes are not written to the log, so that no stream can tell them. */
  readonly unlogged?: boolean;
  readonly referencedBy: readonly Reference[];
  readonly triggers: readonly TableTrigger[];
}

export interface CatalogSnapshot {
  readonly tables: ReadonlyMap<number, CatalogTable>;
  readonly byName: ReadonlyMap<string, ReadonlyMap<string, CatalogTable>>;
  readonly routines: ReadonlyMap<string, ReadonlyMap<string, Routine>>;
  readonly searchPath: readonly string[];
  /** By the name shown. */
  readonly shown: ReadonlyMap<string, CatalogTable>;
  /** Name of the database; null when nothing was read. */
  readonly database: string | null;
}

export const EMPTY_SNAPSHOT: CatalogSnapshot = {
  tables: new Map(),
  byName: new Map(),
  routines: new Map(),
  searchPath: ['public'],
  shown: new Map(),
  database: null,
};

function groupBy<T>(rows: readonly T[], key: (row: T) => number): Map<number, T[]> {
  const groups = new Map<number, T[]>();
  for (const row of rows) {
    const group = groups.get(key(row));
    if (group) group.push(row);
    else groups.set(key(row), [row]);
  }
  return groups;
}

type Attributes = ReadonlyMap<number, { readonly name: string; readonly type: number }>;

function names(attributes: Attributes | undefined, numbers: readonly number[]): string[] {
  return numbers.flatMap((number) => attributes?.get(number)?.name ?? []);
}

function identityColumns(identity: string, attributes: Attributes, indexes: readonly IndexRow[]): string[] {
  if (identity === 'f') return [...attributes.values()].map((one) => one.name);
  const index = indexes.find((one) => (identity === 'i' ? one.identity : identity === 'd' && one.primary));
  return index ? names(attributes, index.columns) : [];
}

const ACTIONS: Readonly<Record<string, Reference['onDelete']>> = {
  c: 'cascade',
  n: 'set null',
  d: 'set default',
};

const TRIGGER_EVENTS = [
  [4, 'insert'],
  [8, 'delete'],
  [16, 'update'],
  [32, 'truncate'],
] as const;

function triggersOf(rows: CatalogRows): Map<number, TableTrigger[]> {
  const triggers = new Map<number, TableTrigger[]>();
  for (const row of rows.triggers) {
    const on = TRIGGER_EVENTS.flatMap(([bit, name]) => ((row.type & bit) === 0 ? [] : [name]));
    const list = triggers.get(row.relation) ?? [];
    list.push({ on, facts: triggerFacts(row.source) });
    triggers.set(row.relation, list);
  }
  return triggers;
}

function referencesOf(
  rows: readonly ForeignKeyRow[],
  attributes: ReadonlyMap<number, Attributes>,
  shownNames: ReadonlyMap<number, string>,
): Reference[] {
  return rows.map((row) => ({
    child: shownNames.get(row.child) ?? '',
    columns: names(attributes.get(row.child), row.columns),
    referenced: names(attributes.get(row.parent), row.referenced),
    onDelete: ACTIONS[row.ondelete] ?? 'none',
    onUpdate: ACTIONS[row.onupdate] ?? 'none',
  }));
}

function routinesOf(rows: CatalogRows): Map<string, Map<string, Routine>> {
  const routines = new Map<string, Map<string, Routine>>();
  for (const { schema, name, kind, writes } of rows.routines) {
    const group = routines.get(schema) ?? new Map<string, Routine>();
    group.set(name, kind === 'a' || kind === 'w' ? 'aggregate' : writes ? 'writes' : 'reads');
    routines.set(schema, group);
  }
  return routines;
}

/**
 * Arranges what was read. `home`: the database whose tables are shown by their own names; those of another bear its name,
 * as in `test_shop.public.items`, for the same tables may stand in both. Null: there is but one.
 */
export function snapshotOf(rows: CatalogRows, home: string | null = null): CatalogSnapshot {
  const shownIn = (schema: string, name: string): string =>
    home === null || rows.database === home ? shownName(schema, name) : `${rows.database}.${schema}.${name}`;
  const columns = groupBy(rows.columns, (row) => row.relation);
  const indexes = groupBy(rows.indexes, (row) => row.relation);
  const references = groupBy(rows.foreignKeys, (row) => row.parent);
  const triggers = triggersOf(rows);
  const shownNames = new Map(rows.relations.map((row) => [row.oid, shownIn(row.schema, row.name)]));
  const attributes = new Map<number, Attributes>();
  for (const [oid, list] of columns) {
    attributes.set(oid, new Map(list.map((row) => [row.number, { name: row.name, type: row.type }])));
  }
  const tables = new Map<number, CatalogTable>();
  const byName = new Map<string, Map<string, CatalogTable>>();
  const shown = new Map<string, CatalogTable>();
  for (const row of rows.relations) {
    const own = attributes.get(row.oid) ?? new Map();
    const unique = indexes.get(row.oid) ?? [];
    const primary = unique.find((index) => index.primary);
    const table: CatalogTable = {
      oid: row.oid,
      schema: row.schema,
      name: shownNames.get(row.oid)!,
      kind: row.kind === 'v' ? 'view' : 'table',
      columns: (columns.get(row.oid) ?? []).map((column) => column.name),
      primaryKey: primary ? names(own, primary.columns) : [],
      uniqueKeys: unique.map((index) => ({ name: index.name, columns: names(own, index.columns) })),
      ...(row.definition === null ? {} : { definition: row.definition }),
      attributes: own,
      generated: (columns.get(row.oid) ?? []).filter((one) => one.generated).map((one) => one.name),
      replicaIdentity: identityColumns(row.identity, own, unique),
      ...(row.root === null ? {} : { root: shownNames.get(row.root) ?? shownIn(row.schema, row.name) }),
      ...(row.persistence === 'u' ? { unlogged: true } : {}),
      referencedBy: referencesOf(references.get(row.oid) ?? [], attributes, shownNames),
      triggers: triggers.get(row.oid) ?? [],
    };
    tables.set(row.oid, table);
    shown.set(table.name, table);
    const schema = byName.get(row.schema) ?? new Map<string, CatalogTable>();
    byName.set(row.schema, schema.set(row.name, table));
  }
  const { searchPath, database } = rows;
  return { tables, byName, routines: routinesOf(rows), searchPath, shown, database };
}

function inPath<T>(
  groups: ReadonlyMap<string, ReadonlyMap<string, T>>,
  schema: string | undefined,
  name: string,
  path: readonly string[],
): T | null {
  if (schema !== undefined) return groups.get(schema)?.get(name) ?? null;
  for (const one of path) {
    const found = groups.get(one)?.get(name);
    if (found) return found;
  }
  return null;
}

/** Only one schema has a relation of that name: then it is meant, even when the path is not known to lead there. */
function onlyOne<T>(groups: ReadonlyMap<string, ReadonlyMap<string, T>>, name: string): T | null {
  const found = [...groups.values()].flatMap((group) => group.get(name) ?? []);
  return found.length === 1 ? found[0]! : null;
}

/** The table a name denotes under a search path. */
export function findTable(
  snapshot: CatalogSnapshot,
  schema: string | undefined,
  name: string,
  path: readonly string[],
): CatalogTable | null {
  const found = inPath(snapshot.byName, schema, name, path);
  return found ?? (schema === undefined ? onlyOne(snapshot.byName, name) : null);
}

/** What a function's name denotes under a search path; whatever nobody defined is PostgreSQL's own. */
export function findRoutine(
  snapshot: CatalogSnapshot,
  schema: string | undefined,
  name: string,
  path: readonly string[],
): Routine {
  const found = inPath(snapshot.routines, schema, name, path);
  return found ?? (schema === undefined ? onlyOne(snapshot.routines, name) : null) ?? 'builtin';
}
