/** Result columns and rows: from OIDs and attribute numbers to tables and columns, from texts to digests. */
import type { Digest, ResultColumn } from '../../core/operation.ts';
import type { ObserveContext } from '../context.ts';
import type { Analyser } from '../sql/analyse.ts';
import type { Catalog } from './catalog.ts';
import type { ExchangeColumn, StatementExchange } from './exchange.ts';

function columnOf(column: ExchangeColumn, catalog: Catalog, analyser: Analyser): ResultColumn {
  const table = column.table === 0 ? undefined : catalog.tableByOid(column.table);
  const name = table?.attributes.get(column.attribute)?.name;
  if (!table || name === undefined) return { name: column.name, table: null, column: null };
  if (table.kind === 'table') return { name: column.name, table: table.name, column: name };
  const origin = analyser.origins(table, catalog.names()).get(name);
  return { name: column.name, table: origin?.table ?? null, column: origin?.column ?? null };
}

export function resultColumns(
  exchange: StatementExchange,
  catalog: Catalog,
  analyser: Analyser,
): readonly ResultColumn[] {
  return exchange.columns.map((column) => columnOf(column, catalog, analyser));
}

/** Whether a reading of the catalog may tell more of an exchange's columns. */
export function wantsCatalog(exchange: StatementExchange, catalog: Catalog): boolean {
  // Asked of every column, because asking once is what keeps an unknown table from being asked about again.
  return exchange.columns.filter((column) => column.table !== 0 && catalog.mayLearn(column.table)).length > 0;
}

export function digestRows(
  exchange: StatementExchange,
  digest: ObserveContext['digest'],
): readonly (readonly (Digest | null)[])[] {
  return exchange.rows.map((row) =>
    row.map((cell) => (cell === null || cell === undefined ? null : digest.scalar(cell))),
  );
}

/** True when a cell could not be decoded: it then stands as null, which it may not be. */
export function hasUnknownCells(exchange: StatementExchange): boolean {
  return exchange.rows.some((row) => row.includes(undefined));
}

/** Rows selected or affected, from the command tag. */
export function tagCount(tag: string | null): number {
  const count = /(\d+)$/.exec(tag ?? '')?.[1];
  return count === undefined ? 0 : Number(count);
}
