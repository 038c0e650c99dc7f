import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concat } from '../../../../src/wire/postgres/encode.ts';
import {
  type DecodedColumn,
  type LogicalMessage,
  type RowMessage,
  UNCHANGED,
} from '../../../../src/wire/postgres/logical/messages.ts';
import { PgOutputDecoder } from '../../../../src/wire/postgres/logical/pgoutput.ts';
import { fromServerTime } from '../../../../src/wire/postgres/logical/replication.ts';
import { textReader } from '../../../../src/wire/postgres/text.ts';
import { int, type PrintedRelation, pgoutput } from './printers.ts';

const items: PrintedRelation = {
  id: 16_400,
  schema: 'public',
  table: 'items',
  columns: [
    { name: 'id', type: 23, key: true },
    { name: 'näme', type: 1043, key: false },
    { name: 'note', type: 25, key: false },
  ],
};

const columns = (...values: readonly DecodedColumn['value'][]): readonly DecodedColumn[] =>
  items.columns.map(({ name, type, key }, index) => ({
    name,
    typeOid: type,
    typeName: null,
    value: values[index] ?? null,
    key,
  }));

const change = (
  action: RowMessage['action'],
  oldIs: RowMessage['oldIs'],
  old: readonly DecodedColumn[] | null,
  now: readonly DecodedColumn[] | null,
): RowMessage => ({ kind: 'row', action, schema: 'public', table: 'items', old, oldIs, now });

/** A decoder that knows the table. */
function knowing(relation: PrintedRelation = items): PgOutputDecoder {
  const decoder = new PgOutputDecoder();
  decoder.decode(pgoutput.relation(relation));
  return decoder;
}

describe('a transaction', () => {
  test('begin and commit', () => {
    const decoder = new PgOutputDecoder();
    expect(decoder.decode(pgoutput.begin(0x16_b374n, 5n, 4_000_000_000))).toEqual({
      kind: 'begin',
      xid: 4_000_000_000,
      committed: fromServerTime(5n),
    });
    expect(decoder.decode(pgoutput.commit(0x16_b374n, 0x1_0000_00ffn, 5n))).toEqual({
      kind: 'commit',
      xid: 4_000_000_000,
      lsn: '1/FF',
      committed: fromServerTime(5n),
    });
    // The number belongs to one transaction only.
    expect(decoder.decode(pgoutput.commit(1n, 2n, 5n))).toMatchObject({ xid: null });
  });

  test.each<[string, RowMessage]>([
    ['insert', change('insert', null, null, columns('1', 'ä', null))],
    ['update', change('update', null, null, columns('1', "it's", UNCHANGED))],
    ['update of the key', change('update', 'key', columns('1').slice(0, 1), columns('2', '', null))],
    ['update with the full row', change('update', 'full', columns('1', 'x', null), columns('2', '', null))],
    ['delete by key', change('delete', 'key', columns('1').slice(0, 1), null)],
    ['delete with the full row', change('delete', 'full', columns('1', 'x', null), null)],
  ])('%s', (_, row) => expect(knowing().decode(pgoutput.row(items, row))).toEqual(row));

  test('truncate', () => {
    const decoder = knowing();
    decoder.decode(pgoutput.relation({ ...items, id: 7, schema: 'a.b', table: 'c' }));
    expect(decoder.decode(pgoutput.truncate([7, items.id], 3))).toEqual({
      kind: 'truncate',
      tables: [
        { schema: 'a.b', table: 'c' },
        { schema: 'public', table: 'items' },
      ],
    });
    expect(decoder.decode(pgoutput.truncate([7, 8], 0)).kind).toBe('other');
  });
});

describe('relations', () => {
  test('a new description replaces the old one', () => {
    const decoder = knowing();
    const renamed = { ...items, table: 'things', columns: items.columns.slice(0, 1) };
    decoder.decode(pgoutput.relation(renamed));
    const row = change('insert', null, null, columns('1').slice(0, 1));
    expect(decoder.decode(pgoutput.row(renamed, row))).toEqual({ ...row, table: 'things' });
    expect(decoder.decode(pgoutput.row(items, row)).kind).toBe('other');
  });

  test('no schema stands for pg_catalog', () => {
    const relation = { ...items, schema: 'pg_catalog' };
    const row = { ...change('insert', null, null, columns('1')), schema: 'pg_catalog' };
    expect(knowing(relation).decode(pgoutput.row(relation, row))).toEqual(row);
  });

  test('a change of a table that was not described is other', () => {
    const row = change('insert', null, null, columns('1'));
    expect(new PgOutputDecoder().decode(pgoutput.row(items, row))).toEqual({
      kind: 'other',
      what: 'a change of relation 16400, which was not described',
    });
  });

  test('as many are kept as were allowed, the ones in use first', () => {
    const decoder = new PgOutputDecoder(undefined, 2);
    const table = (id: number): PrintedRelation => ({ ...items, id });
    const kindOf = (id: number): LogicalMessage['kind'] =>
      decoder.decode(pgoutput.row(table(id), change('insert', null, null, columns('1')))).kind;
    decoder.decode(pgoutput.relation(table(1)));
    decoder.decode(pgoutput.relation(table(2)));
    expect(kindOf(1)).toBe('row');
    decoder.decode(pgoutput.relation(table(3)));
    expect([kindOf(1), kindOf(2), kindOf(3)]).toEqual(['row', 'other', 'row']);
  });
});

describe('values', () => {
  const one = (type: number, value: Uint8Array, text?: string): LogicalMessage => {
    const relation = { ...items, columns: [{ name: 'a', type, key: false }] };
    const decoder = new PgOutputDecoder(text === undefined ? undefined : textReader(text));
    decoder.decode(pgoutput.relation(relation));
    return decoder.decode(
      concat([Uint8Array.of(0x49), int(4, items.id), Uint8Array.of(0x4e), int(2, 1), value]),
    );
  };
  const told = (letter: string, bytes: readonly number[]): Uint8Array =>
    concat([Uint8Array.of(letter.charCodeAt(0)), int(4, bytes.length), Uint8Array.from(bytes)]);

  test('in binary form become text where the type is known', () => {
    expect(one(23, told('b', [0, 0, 1, 0]))).toMatchObject({ now: [{ value: '256' }] });
    expect(one(99_999, told('b', [0, 0, 1, 0])).kind).toBe('other');
    expect(one(23, told('b', [1])).kind).toBe('other');
  });

  test('in the encoding of the client', () => {
    expect(one(25, told('t', [0xe9]), 'LATIN1')).toMatchObject({ now: [{ value: 'é' }] });
  });

  test('of a form that does not exist', () => {
    expect(one(25, told('x', [1])).kind).toBe('other');
  });
});

describe('what is not a committed change of a row', () => {
  test.each<[string, Uint8Array, string]>([
    ['origin', pgoutput.origin(1n, 'elsewhere'), 'origin elsewhere'],
    ['type', pgoutput.type(16_500, 'public', 'mood'), 'type public.mood'],
    ['type of the system', pgoutput.type(16_500, '', 'mood'), 'type pg_catalog.mood'],
    ['message', pgoutput.message('app', 'secret'), 'message app'],
    ['relation', pgoutput.relation(items), 'relation public.items'],
    ['nothing', new Uint8Array(), 'an empty message'],
    ['a type of message to come', Uint8Array.of(0x7a, 1), 'a message of type 122'],
  ])('%s', (_, bytes, what) => expect(new PgOutputDecoder().decode(bytes)).toEqual({ kind: 'other', what }));

  const insert = change('insert', null, null, columns('1', 'a', 'b'));

  test('streamed changes are passed over, descriptions among them are kept', () => {
    const decoder = new PgOutputDecoder();
    decoder.decode(pgoutput.streamStart(9));
    expect(decoder.decode(pgoutput.relation(items, 9))).toMatchObject({ what: 'relation public.items' });
    const streamed = pgoutput.streamed(pgoutput.row(items, insert), 9);
    expect(decoder.decode(streamed)).toEqual({ kind: 'other', what: 'a change of a streamed transaction' });
    expect(decoder.decode(pgoutput.streamed(pgoutput.message('p', 'c'), 9))).toMatchObject({
      what: 'message p',
    });
    decoder.decode(pgoutput.streamStop());
    decoder.decode(pgoutput.begin(1n, 2n, 10));
    expect(decoder.decode(pgoutput.row(items, insert))).toEqual(insert);
  });

  test('prepared changes are passed over', () => {
    const decoder = knowing();
    decoder.decode(pgoutput.beginPrepare());
    expect(decoder.decode(pgoutput.row(items, insert)).kind).toBe('other');
    decoder.decode(pgoutput.prepare());
    expect(decoder.decode(pgoutput.row(items, insert))).toEqual(insert);
  });
});

const noZero = fc.string({ unit: 'binary', maxLength: 40 }).filter((text) => !text.includes('\0'));
const oid = fc.nat({ max: 0xffff_ffff });
const told = fc
  .record({
    id: oid,
    schema: noZero.filter((text) => text !== ''),
    table: noZero,
    action: fc.constantFrom('insert', 'update', 'delete'),
    oldIs: fc.constantFrom('key', 'full', null),
    columns: fc.uniqueArray(
      fc.record({
        name: noZero,
        type: oid,
        key: fc.boolean(),
        old: fc.option(noZero),
        now: fc.oneof(fc.option(noZero), fc.constant(UNCHANGED)),
      }),
      { selector: ({ name }) => name, maxLength: 6 },
    ),
  })
  .map(({ id, schema, table, action, oldIs, columns }) => {
    const relation: PrintedRelation = { id, schema, table, columns };
    const side = (side: 'old' | 'now'): DecodedColumn[] =>
      columns.map((c) => ({ name: c.name, typeOid: c.type, typeName: null, value: c[side], key: c.key }));
    const is = action === 'insert' ? null : action === 'delete' ? (oldIs ?? 'key') : oldIs;
    const old = is === null ? null : side('old').filter((column) => is === 'full' || column.key);
    const now = action === 'delete' ? null : side('now');
    const row: RowMessage = { kind: 'row', action, schema, table, old, oldIs: is, now };
    return { relation, row };
  });

describe('round trips', () => {
  test('rows', () => {
    fc.assert(
      fc.property(told, ({ relation, row }) => {
        expect(knowing(relation).decode(pgoutput.row(relation, row))).toEqual(row);
      }),
      { numRuns: 500 },
    );
  });

  test('what is cut short, or longer than it should be, is other', () => {
    fc.assert(
      fc.property(told, fc.nat(), ({ relation, row }, place) => {
        for (const bytes of [
          pgoutput.relation(relation),
          pgoutput.row(relation, row),
          pgoutput.truncate([relation.id], 0),
        ]) {
          const decoder = knowing(relation);
          const cut = place % bytes.length;
          expect(decoder.decode(bytes.subarray(0, cut)).kind).toBe('other');
          expect(decoder.decode(concat([bytes, Uint8Array.of(0)])).kind).toBe('other');
          // And it harms nothing that follows.
          expect(decoder.decode(pgoutput.row(relation, row))).toEqual(row);
        }
      }),
    );
    for (const bytes of [pgoutput.begin(1n, 2n, 3), pgoutput.commit(1n, 2n, 3n)]) {
      for (let length = 1; length < bytes.length; length++) {
        expect(new PgOutputDecoder().decode(bytes.subarray(0, length)).kind).toBe('other');
      }
    }
  });

  test('no bytes throw', () => {
    const letter = fc.constantFrom(...'BCORYIUDTMSEAcbPKrpsz').map((text) => text.charCodeAt(0));
    const junk = fc.oneof(
      fc.uint8Array(),
      fc.tuple(letter, fc.uint8Array()).map(([type, rest]) => Uint8Array.of(type, ...rest)),
    );
    fc.assert(
      fc.property(
        told,
        fc.array(junk),
        fc.nat(),
        fc.nat({ max: 255 }),
        ({ relation, row }, stream, place, noise) => {
          const decoder = knowing(relation);
          for (const bytes of stream) decoder.decode(bytes);
          const damaged = pgoutput.row(relation, row).slice();
          damaged[place % damaged.length] = noise;
          decoder.decode(damaged);
        },
      ),
      { numRuns: 500 },
    );
  });
});
