/** A small shop's tables, as a catalog would tell them. */
import type { Names, TableInfo } from '../../../src/observe/sql/names.ts';
import { shownName } from '../../../src/observe/sql/names.ts';

function table(name: string, columns: string, more: Partial<TableInfo> = {}): TableInfo {
  return {
    name,
    kind: 'table',
    columns: columns.split(' '),
    primaryKey: ['id'],
    uniqueKeys: [{ name: `${name}_pkey`, columns: ['id'] }],
    ...more,
  };
}

const TABLES: readonly TableInfo[] = [
  table('items', 'id name price active shop_id updated_at', {
    uniqueKeys: [
      { name: 'items_pkey', columns: ['id'] },
      { name: 'items_name_key', columns: ['shop_id', 'name'] },
    ],
  }),
  table('shops', 'id title city'),
  table('reviews', 'id item_id stars body'),
  table('User', 'id email createdAt'),
  table('sales.orders', 'id item_id amount'),
  table('active_items', 'id name cost', {
    kind: 'view',
    primaryKey: [],
    uniqueKeys: [],
    definition:
      " SELECT items.id, items.name, items.price AS cost FROM items WHERE items.active = true AND items.name::text <> ''::text;",
  }),
];

export const SHOP: Names = {
  version: 1,
  table: (schema, name) => TABLES.find((one) => one.name === shownName(schema, name)) ?? null,
  routine: (_, name) => {
    if (name === 'touch_item') return 'writes';
    return name === 'item_title' ? 'reads' : 'builtin';
  },
};
