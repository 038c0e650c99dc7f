/** From a decoded row to what is kept of it: columns and digests, no values. */
import type { Digest, SourceChange } from '../../core/operation.ts';
import {
  type DecodedColumn,
  type DecodedTable,
  type RowMessage,
  UNCHANGED,
} from '../../wire/postgres/logical/index.ts';
import type { ObserveContext } from '../context.ts';
import type { Catalog, CatalogTable } from '../postgres/catalog.ts';
import { shownName } from '../sql/names.ts';
import { CHANGE_LIMITS } from './limits.ts';

export type Cells = Readonly<Record<string, Digest | null>>;

/** A row's change as it is kept until its transaction is told. */
export interface KeptRow extends DecodedTable {
  readonly action: SourceChange['action'];
  readonly old: Cells | null;
  readonly oldIs: RowMessage['oldIs'];
  readonly now: Cells | null;
  /** Columns that the change left alone and that the server therefore did not send. */
  readonly unchanged: readonly string[];
  /** The one row that stands for all rows of its table. */
  readonly truncated?: boolean;
}

const SYSTEM_SCHEMA = /^(?:pg_catalog|information_schema|pg_toast|pg_(?:toast_)?temp_\d+)$/;

/** Whether a table is the server's own, or a session's. */
export function isSystemTable({ schema }: DecodedTable): boolean {
  return SYSTEM_SCHEMA.test(schema);
}

/** Cells take the path of result cells on the wire (text, cut, digest), so that equal cells have equal digests. */
function cells(columns: readonly DecodedColumn[] | null, digest: ObserveContext['digest']): Cells | null {
  if (columns === null) return null;
  const kept: [string, Digest | null][] = [];
  for (const { name, value } of columns) {
    if (value === UNCHANGED) continue;
    kept.push([name, value === null ? null : digest.scalar(value.slice(0, CHANGE_LIMITS.value))]);
  }
  return Object.fromEntries(kept);
}

export function keptRow(message: RowMessage, digest: ObserveContext['digest']): KeptRow {
  const { schema, table, action, oldIs } = message;
  const unchanged = (message.now ?? []).flatMap(({ name, value }) => (value === UNCHANGED ? [name] : []));
  return {
    schema,
    table,
    action,
    old: cells(message.old, digest),
    oldIs,
    now: cells(message.now, digest),
    unchanged,
  };
}

/** Values kept of a row. */
export function weight({ old, now }: KeptRow): number {
  return 1 + (old === null ? 0 : Object.keys(old).length) + (now === null ? 0 : Object.keys(now).length);
}

/** What the history says of one row. */
export type RowFields = Pick<
  SourceChange,
  'table' | 'action' | 'row' | 'before' | 'after' | 'changed' | 'truncated'
>;

/** The table as the catalog knows it; changes of a partition are told as changes of the table at the top. */
export function catalogTable(row: DecodedTable, catalog: Catalog): CatalogTable | undefined {
  return catalog.tableByName(shownName(row.schema, row.table));
}

export function rowFields(kept: KeptRow, catalog: Catalog): RowFields {
  const own = catalogTable(kept, catalog);
  const table = own?.root ?? shownName(kept.schema, kept.table);
  if (kept.truncated === true) return { table, action: kept.action, truncated: true };
  const before = beforeOf(kept, own);
  const row = keyOf(kept, (own?.root === undefined ? own : (catalog.tableByName(table) ?? own))?.primaryKey);
  return {
    table,
    action: kept.action,
    ...(row === null ? {} : { row }),
    ...(before === null ? {} : { before }),
    ...(kept.now === null ? {} : { after: kept.now }),
    ...changedOf(kept, before),
  };
}

function keyOf({ old, now }: KeptRow, primaryKey: readonly string[] = []): Record<string, Digest> | null {
  if (primaryKey.length === 0) return null;
  const key: Record<string, Digest> = {};
  for (const column of primaryKey) {
    const value = now?.[column] ?? old?.[column];
    if (value === undefined || value === null) return null;
    key[column] = value;
  }
  return key;
}

/** A full old row leaves out its NULLs when it comes from test_decoding; of a deleted row only the catalog names them. */
function beforeOf(kept: KeptRow, table: CatalogTable | undefined): Cells | null {
  if (kept.old === null || kept.oldIs !== 'full' || kept.action !== 'delete' || table === undefined)
    return kept.old;
  const nulls = table.columns.filter((name) => !(name in kept.old!) && !table.generated.includes(name));
  return nulls.length === 0
    ? kept.old
    : { ...kept.old, ...Object.fromEntries(nulls.map((name) => [name, null])) };
}

function changedOf(
  { action, now, oldIs, unchanged }: KeptRow,
  before: Cells | null,
): { readonly changed?: readonly string[] } {
  if (action !== 'update' || before === null || now === null || oldIs !== 'full') return {};
  const left = new Set(unchanged);
  const columns = new Set([...Object.keys(before), ...Object.keys(now)]);
  return {
    changed: [...columns].filter((name) => !left.has(name) && (before[name] ?? null) !== (now[name] ?? null)),
  };
}
