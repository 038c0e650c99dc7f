import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concat } from '../../../../src/wire/postgres/encode.ts';
import {
  decodeReplication,
  encodeStandbyStatus,
  formatLsn,
  fromServerTime,
  parseLsn,
  toServerTime,
} from '../../../../src/wire/postgres/logical/replication.ts';
import { int } from './printers.ts';

const lsn = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });
const micros = fc.bigInt({ min: -(1n << 60n), max: 1n << 60n });

describe('positions in the log', () => {
  test.each([
    ['0/0', 0n],
    ['0/16B3748', 0x16b_3748n],
    ['16/B374D848', 0x16_b374_d848n],
    ['FFFFFFFF/FFFFFFFF', (1n << 64n) - 1n],
  ])('%s', (text, value) => {
    expect(formatLsn(value)).toBe(text);
    expect(parseLsn(text)).toBe(value);
  });

  test('survive writing and reading', () => {
    fc.assert(
      fc.property(lsn, (value) => {
        expect(parseLsn(formatLsn(value))).toBe(value);
      }),
    );
  });

  test('may be padded and in lower case', () => {
    expect(parseLsn('0/016b3748')).toBe(0x16b_3748n);
  });

  test.each([
    '',
    '/',
    '0',
    '0/',
    '/0',
    '0/123456789',
    'g/0',
    ' 0/0',
    '0/0\n',
    '0x1/0',
  ])('%j is none', (text) => {
    expect(parseLsn(text)).toBeNull();
  });
});

test('the server counts from 2000', () => {
  expect(fromServerTime(0n)).toBe(BigInt(Date.UTC(2000, 0, 1)) * 1000n);
  expect(toServerTime(fromServerTime(-5n))).toBe(-5n);
});

describe('messages inside CopyData', () => {
  test('data', () => {
    fc.assert(
      fc.property(lsn, lsn, micros, fc.uint8Array(), (start, end, sent, payload) => {
        const bytes = concat([Uint8Array.of(0x77), int(8, start), int(8, end), int(8, sent), payload]);
        expect(decodeReplication(bytes)).toEqual({
          kind: 'data',
          start,
          end,
          sent: fromServerTime(sent),
          payload: Uint8Array.from(payload),
        });
      }),
    );
  });

  test('a view that does not begin its buffer', () => {
    const whole = concat([Uint8Array.of(9, 9, 0x6b), int(8, 7n), int(8, 0n), Uint8Array.of(1, 9)]);
    expect(decodeReplication(whole.subarray(2, -1))).toEqual({
      kind: 'keepalive',
      end: 7n,
      sent: fromServerTime(0n),
      reply: true,
    });
  });

  test('the status that a client sends', () => {
    const sent = fromServerTime(0x0102_0304_0506_0708n);
    const status = { written: 0x10n, flushed: 0x20n, applied: (1n << 64n) - 1n, sent, reply: true };
    const expected = '72 0000000000000010 0000000000000020 ffffffffffffffff 0102030405060708 01';
    expect(Buffer.from(encodeStandbyStatus(status)).toString('hex')).toBe(expected.replaceAll(' ', ''));
    expect(encodeStandbyStatus({ ...status, reply: false }).at(-1)).toBe(0);
  });

  test('what is cut short or unknown is other', () => {
    const keepalive = concat([Uint8Array.of(0x6b), int(8, 7n), int(8, 0n), int(1, 0)]);
    const header = concat([Uint8Array.of(0x77), int(8, 7n), int(8, 0n), int(8, 0n)]);
    for (const whole of [keepalive, header]) {
      for (let length = 0; length < whole.length; length++) {
        expect(decodeReplication(whole.subarray(0, length)).kind).toBe('other');
      }
    }
    expect(decodeReplication(Uint8Array.of(0x73, 1, 2)).kind).toBe('other');
    fc.assert(fc.property(fc.uint8Array(), (bytes) => void decodeReplication(bytes)));
  });
});
