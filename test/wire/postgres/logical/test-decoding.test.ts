import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type DecodedColumn,
  type LogicalMessage,
  type RowMessage,
  UNCHANGED,
} from '../../../../src/wire/postgres/logical/messages.ts';
import {
  type IdentityLookup,
  parseTestDecoding,
} from '../../../../src/wire/postgres/logical/test-decoding.ts';
import { parseTimestamp } from '../../../../src/wire/postgres/logical/timestamp.ts';
import { printRow, printTable, quoteIdentifier } from './printers.ts';

const column = (
  name: string,
  typeName: string,
  value: DecodedColumn['value'],
  key = false,
): DecodedColumn => ({ name, typeOid: null, typeName, value, key });

const row = (message: LogicalMessage): RowMessage => {
  if (message.kind !== 'row') throw new Error(`not a row: ${JSON.stringify(message)}`);
  return message;
};

/** Reads the one column of an insert. */
const inserted = (text: string): DecodedColumn | undefined =>
  row(parseTestDecoding(`table public.t: INSERT: ${text}`)).now?.[0];

const at = (iso: string, micros = 0n): bigint => BigInt(Date.parse(iso)) * 1000n + micros;

describe('borders of a transaction', () => {
  test.each<[string, LogicalMessage]>([
    ['BEGIN 123', { kind: 'begin', xid: 123, committed: null }],
    ['BEGIN 4294967295', { kind: 'begin', xid: 4_294_967_295, committed: null }],
    ['BEGIN', { kind: 'begin', xid: 0, committed: null }],
    ['COMMIT 123', { kind: 'commit', xid: 123, lsn: null, committed: null }],
    ['COMMIT', { kind: 'commit', xid: null, lsn: null, committed: null }],
    [
      'COMMIT 123 (at 2024-01-01 10:00:00.123456+00)',
      { kind: 'commit', xid: 123, lsn: null, committed: at('2024-01-01T10:00:00.123Z', 456n) },
    ],
    [
      'COMMIT (at 2024-01-01 10:00:00.1+05:30)',
      { kind: 'commit', xid: null, lsn: null, committed: at('2024-01-01T04:30:00.100Z') },
    ],
    ['COMMIT 5 (at (timestamp out of range))', { kind: 'commit', xid: 5, lsn: null, committed: null }],
  ])('%s', (text, message) => expect(parseTestDecoding(text)).toEqual(message));

  test.each([
    'BEGIN x',
    'BEGIN 1 ',
    "COMMIT PREPARED 'BEGIN 1', txid 5",
    "PREPARE TRANSACTION 'it''s', txid 5 (at 2024-01-01 10:00:00+00)",
    "ROLLBACK PREPARED 'gid', txid 5",
    'opening a streamed block for transaction TXN 5',
    'streaming change for transaction',
    'aborting streamed (sub)transaction TXN 5',
    'committing streamed transaction TXN 5 (at 2024-01-01 10:00:00+00)',
    'message: transactional: 1 prefix: p, sz: 9 content:BEGIN 123',
    'message: transactional: 1 prefix: p, sz: 9 content:\nBEGIN 123',
    '',
    'table',
  ])('%j is neither', (text) => expect(parseTestDecoding(text).kind).toBe('other'));

  test('a description of what is not understood holds no value', () => {
    expect(parseTestDecoding("PREPARE TRANSACTION 'secret', txid 5")).toEqual({
      kind: 'other',
      what: 'PREPARE TRANSACTION',
    });
    const broken = parseTestDecoding("table public.t: INSERT: a[text]:'secret");
    expect(broken).toEqual({ kind: 'other', what: 'a change of public.t that is not understood' });
  });
});

describe('commit times', () => {
  test.each<[string, bigint | null]>([
    ['1970-01-01 00:00:00+00', 0n],
    ['1970-01-01 00:00:00.000001+00', 1n],
    ['1969-12-31 23:59:59.9+00', -100_000n],
    ['2024-02-29 12:00:00.5-03', at('2024-02-29T15:00:00.500Z')],
    ['2024-02-29 12:00:00-03:30', at('2024-02-29T15:30:00Z')],
    ['1880-01-01 00:00:00+05:53:28', at('1879-12-31T18:06:32Z')],
    ['12024-01-01 00:00:00+00', at('+012024-01-01T00:00:00Z')],
    ['infinity', null],
    ['-infinity', null],
    ['0044-03-15 12:00:00+00 BC', null],
    ['2024-01-01 10:00:00', null],
    ['999999-01-01 10:00:00+00', null],
    ['01/02/2024 10:00:00 CET', null],
  ])('%s', (text, micros) => expect(parseTimestamp(text)).toBe(micros));
});

describe('rows', () => {
  test('an insert', () => {
    expect(
      parseTestDecoding(
        "table public.items: INSERT: id[integer]:1 name[character varying]:'it''s' note[text]:null",
      ),
    ).toEqual({
      kind: 'row',
      action: 'insert',
      schema: 'public',
      table: 'items',
      old: null,
      oldIs: null,
      now: [
        column('id', 'integer', '1'),
        column('name', 'character varying', "it's"),
        column('note', 'text', null),
      ],
    });
  });

  test('an update of the key', () => {
    expect(
      parseTestDecoding(
        "table public.items: UPDATE: old-key: id[integer]:1 new-tuple: id[integer]:2 name[character varying]:'a'",
      ),
    ).toMatchObject({
      action: 'update',
      old: [column('id', 'integer', '1', true)],
      oldIs: 'key',
      now: [column('id', 'integer', '2', true), column('name', 'character varying', 'a')],
    });
  });

  test('an update that leaves the key alone tells no old row', () => {
    expect(
      parseTestDecoding('table public.items: UPDATE: id[integer]:2 name[text]:unchanged-toast-datum'),
    ).toMatchObject({
      old: null,
      oldIs: null,
      now: [column('id', 'integer', '2'), column('name', 'text', UNCHANGED)],
    });
  });

  test('a delete by key, and one that tells nothing', () => {
    expect(parseTestDecoding('table public.items: DELETE: id[integer]:1')).toMatchObject({
      action: 'delete',
      old: [column('id', 'integer', '1', true)],
      oldIs: 'key',
      now: null,
    });
    expect(parseTestDecoding('table public.items: DELETE: (no-tuple-data)')).toMatchObject({
      action: 'delete',
      old: null,
      oldIs: null,
      now: null,
    });
  });

  test('a table without columns', () => {
    expect(row(parseTestDecoding('table public.t: INSERT:')).now).toEqual([]);
  });

  test('quoted names, and text that looks like syntax', () => {
    const value =
      "x'' new-tuple: id[integer]:9 old-key: \"q\"[text]:''null''\ntable a.b: DELETE: (no-tuple-data)";
    expect(
      parseTestDecoding(
        `table "My Schema"."My:Table, ""x"".": UPDATE: old-key: "new-tuple: a[b]:1"[text]:'o' new-tuple: "new-tuple: a[b]:1"[text]:'${value}' "order"[integer]:-1`,
      ),
    ).toEqual({
      kind: 'row',
      action: 'update',
      schema: 'My Schema',
      table: 'My:Table, "x".',
      old: [column('new-tuple: a[b]:1', 'text', 'o', true)],
      oldIs: 'key',
      now: [
        column('new-tuple: a[b]:1', 'text', value.replaceAll("''", "'"), true),
        column('order', 'integer', '-1'),
      ],
    });
  });

  test.each<[string, string, DecodedColumn['value']]>([
    ['n[numeric(10,2)]:-12.50', 'numeric(10,2)', '-12.50'],
    ['n[numeric]:NaN', 'numeric', 'NaN'],
    ['f[double precision]:-Infinity', 'double precision', '-Infinity'],
    ['f[real]:1e-07', 'real', '1e-07'],
    ["a[integer[]]:'{1,NULL,3}'", 'integer[]', '{1,NULL,3}'],
    ['a[text[]]:\'{"it\'\'s","a b"}\'', 'text[]', '{"it\'s","a b"}'],
    [
      "t[timestamp without time zone]:'2024-01-01 10:00:00'",
      'timestamp without time zone',
      '2024-01-01 10:00:00',
    ],
    ["b[bytea]:'\\x00ff'", 'bytea', '\\x00ff'],
    ["b[bit varying]:B''", 'bit varying', ''],
    ["b[bit]:B'0101'", 'bit', '0101'],
    ['b[boolean]:true', 'boolean', 't'],
    ['b[boolean]:false', 'boolean', 'f'],
    ['m["My ]Type"]:\'x\'', '"My ]Type"', 'x'],
    ['m["My Schema"."a""[b"[]]:\'{}\'', '"My Schema"."a""[b"[]', '{}'],
    ['c["char"]:\'n\'', '"char"', 'n'],
    ["t[text]:''", 'text', ''],
    ["t[text]:''''", 'text', "'"],
    ["t[text]:'null'", 'text', 'null'],
    ["t[text]:'unchanged-toast-datum'", 'text', 'unchanged-toast-datum'],
    ["t[text]:'back\\slash\nand line'", 'text', 'back\\slash\nand line'],
    ['j[jsonb]:\'{"a": [1, "]:\'\'"]}\'', 'jsonb', '{"a": [1, "]:\'"]}'],
    ['t[text]:unchanged-toast-datum', 'text', UNCHANGED],
    ['t[text]:null', 'text', null],
  ])('%s', (text, typeName, value) => {
    const [name = ''] = text.split('[');
    expect(inserted(text)).toEqual(column(name, typeName, value));
  });

  test.each([
    "table public.t: INSERT: a[text]:'open",
    'table public.t: INSERT: a[text:1',
    'table public.t: INSERT: a["text]:1',
    'table public.t: INSERT: a[integer]1',
    'table public.t: INSERT: a[integer]:',
    'table public.t: INSERT: a[integer]:{}',
    'table public.t: INSERT: a[integer]:1  b[integer]:2',
    'table public.t: INSERT: (no-tuple-data) a[integer]:1',
    'table public.t: INSERT: a[integer]:1 ',
    "table public.t: INSERT: a[text]:'x'y",
    'table public.t: UPDATE: old-key: a[integer]:1',
    'table public.t: MERGE: a[integer]:1',
    'table public.t, public.u: INSERT: a[integer]:1',
    'table "public.t: INSERT: a[integer]:1',
    'table .t: INSERT:',
    'table ',
    'table public.',
    'table public.t',
  ])('%s is not understood', (text) => expect(parseTestDecoding(text).kind).toBe('other'));

  test('a long text is read in one go', () => {
    const value = 'it\'s "long" '.repeat(400_000);
    const text = `table public.t: INSERT: a[text]:'${value.replaceAll("'", "''")}' b[integer]:1`;
    expect(row(parseTestDecoding(text)).now).toEqual([
      column('a', 'text', value),
      column('b', 'integer', '1'),
    ]);
    expect(parseTestDecoding(`table public.t: INSERT: a[${'['.repeat(2_000_000)}`).kind).toBe('other');
    expect(parseTestDecoding(`table public.t: INSERT: a[integer]:${'1'.repeat(2_000_000)}`).kind).toBe(
      'other',
    );
    expect(parseTestDecoding(`table "${'""'.repeat(1_000_000)}`).kind).toBe('other');
  });
});

describe('what the old row is', () => {
  const update = (old: string, now: string, identity?: IdentityLookup): RowMessage =>
    row(parseTestDecoding(`table public.t: UPDATE: old-key:${old} new-tuple:${now}`, identity));

  test('every column: the full row', () => {
    const { old, oldIs, now } = update(' a[integer]:1 b[integer]:2', ' a[integer]:1 b[integer]:3');
    expect(oldIs).toBe('full');
    expect(old?.every((column) => column.key)).toBe(true);
    expect(now?.every((column) => column.key)).toBe(true);
  });

  test('nothing that differs: the full row, whose other columns were NULL', () => {
    expect(update(' a[integer]:1', ' a[integer]:1 b[integer]:3')).toMatchObject({
      oldIs: 'full',
      old: [column('a', 'integer', '1', true), column('b', 'integer', null, true)],
    });
    expect(update('', ' a[integer]:1 b[integer]:3')).toMatchObject({
      oldIs: 'full',
      old: [column('a', 'integer', null, true), column('b', 'integer', null, true)],
    });
  });

  test('a key whose TOASTed value is left out of the new row stays a key', () => {
    expect(update(" a[text]:'long'", ' a[text]:unchanged-toast-datum b[integer]:3').oldIs).toBe('key');
  });

  test('the catalog knows better', () => {
    const full = update(
      ' a[integer]:1 b[integer]:2',
      ' a[integer]:1 b[integer]:3 c[integer]:null',
      () => 'full',
    );
    expect(full).toMatchObject({ oldIs: 'full', old: [{}, {}, { name: 'c', value: null }] });
    const key = update(' a[integer]:1', ' a[integer]:2 b[integer]:3', () => ['a']);
    expect(key).toMatchObject({ oldIs: 'key', now: [{ key: true }, { key: false }] });
    const insert = parseTestDecoding('table s.t: INSERT: a[integer]:1 b[integer]:3', ({ schema, table }) =>
      schema === 's' && table === 't' ? ['b'] : undefined,
    );
    expect(insert).toMatchObject({ oldIs: null, now: [{ key: false }, { key: true }] });
    const gone = parseTestDecoding('table s.t: DELETE: a[integer]:1', () => 'full');
    expect(gone).toMatchObject({ oldIs: 'full', now: null });
  });

  test('a catalog that has changed since does not mislead', () => {
    const row = update(' a[integer]:1 b[integer]:2', ' a[integer]:1 b[integer]:3', () => ['a']);
    expect(row.oldIs).toBe('full');
  });
});

describe('truncates', () => {
  test.each([
    ['table public.a: TRUNCATE: (no-flags)', [{ schema: 'public', table: 'a' }]],
    [
      'table public.a, "X, Y"."b: TRUNCATE:": TRUNCATE: restart_seqs cascade',
      [
        { schema: 'public', table: 'a' },
        { schema: 'X, Y', table: 'b: TRUNCATE:' },
      ],
    ],
  ])('%s', (text, tables) => expect(parseTestDecoding(text)).toEqual({ kind: 'truncate', tables }));
});

const noZero = (text: string): boolean => !text.includes('\0');
const syntax = fc.constantFrom(
  "'",
  "''",
  '"',
  '[',
  ']',
  ']:',
  ' ',
  '\n',
  ' new-tuple:',
  'null',
  'B',
  '.',
  ', ',
  ':',
);
const anyText = fc
  .oneof(
    fc.string({ unit: 'binary' }).filter(noZero),
    fc.array(fc.oneof(syntax, fc.string({ maxLength: 3 })), { maxLength: 12 }).map((parts) => parts.join('')),
  )
  .filter(noZero);
const name = fc.oneof(anyText, fc.constantFrom('id', 'user', '_a1')).filter((text) => text !== '');
const bareType = fc.constantFrom(
  'smallint',
  'integer',
  'bigint',
  'oid',
  'real',
  'double precision',
  'numeric',
);
const quotedType = fc.oneof(
  fc.constantFrom(
    'text',
    'character varying',
    'integer[]',
    'time with time zone',
    '"char"',
    'numeric(10,2)[]',
  ),
  name.map(quoteIdentifier),
  fc.tuple(name, name).map(([schema, type]) => `${quoteIdentifier(schema)}.${quoteIdentifier(type)}[]`),
);
const number = fc.oneof(
  fc.double().map(String),
  fc.bigInt().map(String),
  fc.constantFrom('NaN', 'Infinity', '-Infinity', '1e-07', '0.00'),
);
const valued = fc.oneof(
  fc.tuple(bareType, number),
  fc.tuple(quotedType, anyText),
  fc.tuple(fc.constantFrom('bit', 'bit varying'), fc.string({ unit: fc.constantFrom('0', '1') })),
  fc.tuple(fc.constant('boolean'), fc.constantFrom('t', 'f')),
);
const columns = fc.uniqueArray(
  fc.tuple(name, valued, fc.constantFrom('value', 'value', 'null', 'unchanged')),
  {
    selector: ([name]) => name,
    minLength: 1,
    maxLength: 6,
  },
);
const keyCount = fc.nat({ max: 5 });

/** Rows as the server has them: a key that is never NULL, and other columns. */
const rows = fc
  .record({
    schema: name,
    table: name,
    action: fc.constantFrom('insert', 'update', 'delete'),
    columns,
    keyCount,
    oldIs: fc.constantFrom('key', 'full', null),
  })
  .map(({ schema, table, action, columns, keyCount, oldIs }): RowMessage => {
    const told = action === 'insert' ? null : oldIs;
    const row = (untouched: (value: string) => DecodedColumn['value']): readonly DecodedColumn[] =>
      columns.map(([name, [typeName, value], state], index) => {
        const isKey = index < keyCount;
        const shown = isKey || state === 'value' ? value : state === 'null' ? null : untouched(value);
        return column(name, typeName, shown, told === 'full' || isKey);
      });
    const now = row(() => UNCHANGED);
    const before = row((value) => value);
    // A delete's old row has no NULLs to show; a full old row is flattened, so nothing is left out of it.
    const visible = action === 'delete' ? before.filter((c) => c.value !== null) : before;
    const old = told === null ? null : told === 'full' ? visible : before.filter((c) => c.key);
    return { kind: 'row', action, schema, table, old, oldIs: told, now: action === 'delete' ? null : now };
  });

const identityOf =
  (message: RowMessage): IdentityLookup =>
  () =>
    message.oldIs === 'full'
      ? 'full'
      : (message.now ?? message.old ?? []).filter((column) => column.key).map((column) => column.name);

describe('round trips', () => {
  test('rows', () => {
    fc.assert(
      fc.property(rows, (message) => {
        expect(parseTestDecoding(printRow(message), identityOf(message))).toEqual(message);
      }),
      { numRuns: 500 },
    );
  });

  test('truncates', () => {
    const tables = fc.array(fc.record({ schema: name, table: name }), { minLength: 1, maxLength: 4 });
    const flags = fc.constantFrom(' (no-flags)', ' restart_seqs', ' cascade', ' restart_seqs cascade');
    fc.assert(
      fc.property(tables, flags, (tables, flags) => {
        const text = `table ${tables.map(printTable).join(', ')}: TRUNCATE:${flags}`;
        expect(parseTestDecoding(text)).toEqual({ kind: 'truncate', tables });
      }),
    );
  });

  test('no text throws, and no text that is cut short or damaged', () => {
    fc.assert(fc.property(anyText, (text) => void parseTestDecoding(text)));
    fc.assert(fc.property(anyText, (text) => void parseTestDecoding(`table ${text}`)));
    fc.assert(
      fc.property(rows, fc.nat(), anyText, (message, place, noise) => {
        const text = printRow(message);
        const cut = place % (text.length + 1);
        parseTestDecoding(text.slice(0, cut));
        parseTestDecoding(text.slice(0, cut) + noise + text.slice(cut));
      }),
      { numRuns: 500 },
    );
  });
});
