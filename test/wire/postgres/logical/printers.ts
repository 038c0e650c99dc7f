/** Writes what a server writes: the text of test_decoding, the bytes of pgoutput. Only for round trips in tests. */
import { concat } from '../../../../src/wire/postgres/encode.ts';
import {
  type DecodedColumn,
  type DecodedTable,
  type RowMessage,
  UNCHANGED,
} from '../../../../src/wire/postgres/logical/messages.ts';
import { utf8 } from '../../../../src/wire/postgres/text.ts';

/** `quote_identifier`, with a sample of the keywords that it quotes. */
export function quoteIdentifier(name: string): string {
  const plain = /^[a-z_][a-z0-9_]*$/.test(name) && !['user', 'select', 'table', 'order'].includes(name);
  return plain ? name : `"${name.replaceAll('"', '""')}"`;
}

/** Types whose values `print_literal` does not quote. */
const BARE = new Set(['smallint', 'integer', 'bigint', 'oid', 'real', 'double precision', 'numeric']);

function literal({ typeName, value }: DecodedColumn): string {
  if (value === null) return 'null';
  if (value === UNCHANGED) return 'unchanged-toast-datum';
  const type = typeName ?? '';
  if (BARE.has(type)) return value;
  if (type === 'bit' || type === 'bit varying') return `B'${value}'`;
  if (type === 'boolean') return value === 't' ? 'true' : 'false';
  return `'${value.replaceAll("'", "''")}'`;
}

function tuple(columns: readonly DecodedColumn[], skipNulls: boolean): string {
  return columns
    .filter((column) => !(skipNulls && column.value === null))
    .map((column) => ` ${quoteIdentifier(column.name)}[${column.typeName}]:${literal(column)}`)
    .join('');
}

export const printTable = ({ schema, table }: DecodedTable): string =>
  `${quoteIdentifier(schema)}.${quoteIdentifier(table)}`;

/** A row's change as test_decoding prints it. */
export function printRow(row: RowMessage): string {
  const head = `table ${printTable(row)}: ${row.action.toUpperCase()}:`;
  const now = row.now === null ? ' (no-tuple-data)' : tuple(row.now, false);
  const old = row.old === null ? null : tuple(row.old, true);
  if (row.action === 'insert') return head + now;
  if (row.action === 'delete') return head + (old ?? ' (no-tuple-data)');
  return old === null ? head + now : `${head} old-key:${old} new-tuple:${now}`;
}

const text = (value: string): Uint8Array => concat([utf8(value), Uint8Array.of(0)]);

/** An integer of `size` bytes. */
export function int(size: 1 | 2 | 4 | 8, value: number | bigint): Uint8Array {
  const bytes = new Uint8Array(size);
  let rest = BigInt.asUintN(size * 8, BigInt(value));
  for (let at = size - 1; at >= 0; at--) {
    bytes[at] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return bytes;
}

const type = (letter: string): Uint8Array => Uint8Array.of(letter.charCodeAt(0));

export interface PrintedRelation extends DecodedTable {
  readonly id: number;
  readonly columns: readonly { readonly name: string; readonly type: number; readonly key: boolean }[];
}

/** Messages of pgoutput. */
export const pgoutput = {
  begin: (lsn: bigint, committed: bigint, xid: number) =>
    concat([type('B'), int(8, lsn), int(8, committed), int(4, xid)]),
  commit: (lsn: bigint, end: bigint, committed: bigint) =>
    concat([type('C'), int(1, 0), int(8, lsn), int(8, end), int(8, committed)]),
  origin: (lsn: bigint, name: string) => concat([type('O'), int(8, lsn), text(name)]),
  relation: (relation: PrintedRelation, stream: number | null = null) =>
    concat([
      type('R'),
      ...(stream === null ? [] : [int(4, stream)]),
      int(4, relation.id),
      text(relation.schema === 'pg_catalog' ? '' : relation.schema),
      text(relation.table),
      type('d'),
      int(2, relation.columns.length),
      ...relation.columns.flatMap((column) => [
        int(1, column.key ? 1 : 0),
        text(column.name),
        int(4, column.type),
        int(4, -1),
      ]),
    ]),
  type: (oid: number, schema: string, name: string) =>
    concat([type('Y'), int(4, oid), text(schema), text(name)]),
  row: (relation: PrintedRelation, row: RowMessage) =>
    concat([
      type({ insert: 'I', update: 'U', delete: 'D' }[row.action]),
      int(4, relation.id),
      ...(row.old === null ? [] : [type(row.oldIs === 'key' ? 'K' : 'O'), values(relation, row.old)]),
      ...(row.now === null ? [] : [type('N'), values(relation, row.now)]),
    ]),
  truncate: (ids: readonly number[], flags: number) =>
    concat([type('T'), int(4, ids.length), int(1, flags), ...ids.map((id) => int(4, id))]),
  message: (prefix: string, content: string) =>
    concat([type('M'), int(1, 1), int(8, 1), text(prefix), int(4, content.length), utf8(content)]),
  streamStart: (xid: number) => concat([type('S'), int(4, xid), int(1, 1)]),
  streamStop: () => type('E'),
  streamed: (message: Uint8Array, xid: number) =>
    concat([message.subarray(0, 1), int(4, xid), message.subarray(1)]),
  beginPrepare: () => concat([type('b'), int(8, 1), int(8, 2), int(8, 3), int(4, 4), text('gid')]),
  prepare: () => concat([type('P'), int(1, 0), int(8, 1), int(8, 2), int(8, 3), int(4, 4), text('gid')]),
};

/** A tuple has a place for each column of its relation; those that are not told are NULL. */
function values(relation: PrintedRelation, columns: readonly DecodedColumn[]): Uint8Array {
  const told = new Map<string, DecodedColumn['value']>(columns.map((column) => [column.name, column.value]));
  return concat([
    int(2, relation.columns.length),
    ...relation.columns.map(({ name }) => {
      const value = told.get(name) ?? null;
      if (value === null) return type('n');
      if (value === UNCHANGED) return type('u');
      const bytes = utf8(value);
      return concat([type('t'), int(4, bytes.length), bytes]);
    }),
  ]);
}
