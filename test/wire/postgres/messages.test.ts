import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as backend from '../../../src/wire/postgres/backend.ts';
import { encodeBackend as B, encodeFrontend as F } from '../../../src/wire/postgres/encode.ts';
import * as frontend from '../../../src/wire/postgres/frontend.ts';
import { textReader } from '../../../src/wire/postgres/text.ts';

type Decoder<T> = (bytes: Uint8Array, start: number, end: number) => T;

/** Decodes the body of an encoded message, placed inside a larger buffer. */
function body<T>(message: Uint8Array, decode: Decoder<T>, header = 5): T {
  const padded = new Uint8Array(message.length + 6).fill(0xaa);
  padded.set(message, 3);
  return decode(padded, 3 + header, 3 + message.length);
}

const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text));

describe('messages survive encoding and decoding', () => {
  test('startup packets', () => {
    const startup = F.startup({ user: 'é', database: 'd' }, (3 << 16) | 2);
    expect(body(startup, frontend.decodeStartup, 4)).toEqual({
      kind: 'startup',
      major: 3,
      minor: 2,
      parameters: new Map([
        ['user', 'é'],
        ['database', 'd'],
      ]),
    });
    expect(body(F.sslRequest(), frontend.decodeStartup, 4)).toEqual({ kind: 'ssl' });
    expect(body(F.gssencRequest(), frontend.decodeStartup, 4)).toEqual({ kind: 'gssenc' });
    expect(body(F.cancelRequest(1, new Uint8Array(32)), frontend.decodeStartup, 4)).toEqual({
      kind: 'cancel',
    });
  });

  test('client messages', () => {
    expect(body(F.query('select é'), frontend.decodeQuery)).toEqual({ sql: 'select é', cut: false });
    expect(body(F.parse('s', 'q', [23, 4_000_000_000]), frontend.decodeParse)).toEqual({
      name: 's',
      sql: 'q',
      types: [23, 4_000_000_000],
      cut: false,
    });
    const bind = {
      portal: 'p',
      statement: 's',
      formats: [0, 1],
      values: ['a', Uint8Array.of(0, 1), null, ''],
      resultFormats: [1],
    };
    expect(body(F.bind(bind), frontend.decodeBind)).toEqual({
      ...bind,
      values: [bytes('a'), Uint8Array.of(0, 1), null, bytes('')],
      cut: false,
    });
    expect(body(F.describe('portal', 'p'), frontend.decodeTarget)).toEqual({ target: 'portal', name: 'p' });
    expect(body(F.close('statement', 's'), frontend.decodeTarget)).toEqual({
      target: 'statement',
      name: 's',
    });
    expect(body(F.execute('p', 10), frontend.decodeExecute)).toEqual({ portal: 'p', maxRows: 10 });
    expect(body(F.functionCall(952), frontend.decodeFunctionCall)).toEqual({ functionOid: 952 });
  });

  test('server messages', () => {
    const column = { name: 'price', table: 16_400, attribute: 3, type: 23, format: 1 };
    expect(body(B.rowDescription([column]), backend.decodeRowDescription)).toEqual([column]);
    expect(body(B.dataRow(['a', null, '']), backend.decodeDataRow)).toEqual([bytes('a'), null, bytes('')]);
    expect(body(B.commandComplete('INSERT 0 1'), backend.decodeCommandComplete)).toBe('INSERT 0 1');
    expect(body(B.readyForQuery('E'), backend.decodeReadyForQuery)).toBe('E');
    expect(body(B.errorResponse('42601', 'bad', 'FATAL'), backend.decodeError)).toMatchObject({
      severity: 'FATAL',
      code: '42601',
      message: 'bad',
    });
    expect(body(B.parameterDescription([23, 0]), backend.decodeParameterDescription)).toEqual([23, 0]);
    expect(body(B.parameterStatus('TimeZone', 'UTC'), backend.decodeParameterStatus)).toEqual({
      name: 'TimeZone',
      value: 'UTC',
    });
    expect(body(B.backendKeyData(-5, Uint8Array.of(1, 2)), backend.decodeBackendKey)).toEqual({
      process: -5,
      secret: Uint8Array.of(1, 2),
    });
    expect(body(B.notification(9, 'c', 'p'), backend.decodeNotification)).toEqual({
      process: 9,
      channel: 'c',
      payload: 'p',
    });
    expect(body(B.copyInResponse(1, [1, 1]), backend.decodeCopyResponse)).toEqual({
      format: 1,
      columnFormats: [1, 1],
    });
  });
});

describe('damaged bodies', () => {
  const all: Decoder<unknown>[] = [
    frontend.decodeStartup,
    frontend.decodeQuery,
    frontend.decodeParse,
    frontend.decodeBind,
    frontend.decodeTarget,
    frontend.decodeExecute,
    frontend.decodeFunctionCall,
    backend.decodeRowDescription,
    backend.decodeDataRow,
    backend.decodeCommandComplete,
    backend.decodeReadyForQuery,
    backend.decodeError,
    backend.decodeParameterDescription,
    backend.decodeParameterStatus,
    backend.decodeBackendKey,
    backend.decodeNotification,
    backend.decodeCopyResponse,
  ];
  test('no decoder throws or reads outside its body', () => {
    const within = (input: Uint8Array, around: number): Uint8Array => {
      const padded = new Uint8Array(input.length + 8).fill(around);
      padded.set(input, 4);
      return padded;
    };
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (input) => {
        const [one, other] = [within(input, 0x41), within(input, 0)];
        const decodeAll = (bytes: Uint8Array) => all.map((decode) => decode(bytes, 4, 4 + input.length));
        expect(decodeAll(one)).toEqual(decodeAll(other));
      }),
      { numRuns: 300 },
    );
  });

  test('what was captured in part keeps its beginning', () => {
    const parse = F.parse('s', 'select 12345');
    expect(frontend.decodeParse(parse, 5, 16)).toEqual({ name: 's', sql: 'select 12', types: [], cut: true });
    const row = B.dataRow(['ab', 'cdef', 'g']);
    expect(backend.decodeDataRow(row, 5, 5 + 2 + 6 + 6)).toEqual([bytes('ab'), undefined]);
  });
});

test('client encodings', () => {
  const latin = Uint8Array.of(0x63, 0xe9);
  expect(textReader('LATIN1')(latin, 0, 2)).toBe('cé');
  expect(textReader('UTF8')(Uint8Array.of(0xc3, 0xa9), 0, 2)).toBe('é');
  expect(textReader('SQL_ASCII')(latin, 0, 2)).toBe('c\ufffd');
});
