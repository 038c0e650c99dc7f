/** Exchanges made by hand, and a catalog without a database. */
import type { Catalog, CatalogTable } from '../../../src/observe/postgres/catalog.ts';
import type { StatementExchange } from '../../../src/observe/postgres/exchange.ts';
import type { Names } from '../../../src/observe/sql/names.ts';

let clock = 0;

/** An autocommitted, successful statement unless told otherwise. */
export function exchange(sql: string, more: Partial<StatementExchange> = {}): StatementExchange {
  return {
    session: 'pg:1',
    sql,
    part: 0,
    params: [],
    columns: [],
    rows: [],
    truncated: false,
    tag: 'UPDATE 1',
    sqlstate: null,
    before: 'I',
    after: 'I',
    implicit: false,
    tx: null,
    invoke: ++clock,
    return: ++clock,
    ...more,
  };
}

export function table(name: string, columns: string, more: Partial<CatalogTable> = {}): CatalogTable {
  const names = columns.split(' ');
  return {
    oid: 20_000,
    schema: 'public',
    name,
    kind: 'table',
    columns: names,
    primaryKey: ['id'],
    uniqueKeys: [],
    attributes: new Map(names.map((one, index) => [index + 1, { name: one, type: 25 }])),
    generated: [],
    replicaIdentity: ['id'],
    referencedBy: [],
    triggers: [],
    ...more,
  };
}

export function fixedCatalog(tables: readonly CatalogTable[]): Catalog {
  const names: Names = {
    version: 1,
    table: (_, name) => tables.find((one) => one.name === name) ?? null,
    routine: () => 'builtin',
  };
  return {
    readable: true,
    failure: null,
    begun: 1,
    version: 1,
    database: 'app',
    tableByOid: (oid) => tables.find((one) => one.oid === oid),
    tableByName: (name) => tables.find((one) => one.name === name),
    tables: () => tables,
    mayLearn: () => false,
    names: () => names,
    refresh: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
}
