import { deflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { digester, hasWord, inspect, leafAt, leavesOf } from './support.ts';

/** Bytes of a dump as Ruby's source would write them. */
function bytes(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

/** Marshal's numbers, symbols and strings, for dumps put together here. */
function number(value: number): string {
  if (value === 0) return '\0';
  if (value > 0 && value < 123) return String.fromCharCode(value + 5);
  const hex = Buffer.alloc(4);
  hex.writeUInt32LE(value);
  const width = value < 0x100 ? 1 : value < 0x10000 ? 2 : value < 0x1000000 ? 3 : 4;
  return String.fromCharCode(width) + hex.toString('latin1', 0, width);
}
const symbol = (name: string): string => `:${number(name.length)}${name}`;
const string = (text: string): string => {
  const utf8 = Buffer.from(text).toString('latin1');
  return `I"${number(utf8.length)}${utf8}${number(1)}${symbol('E')}T`;
};
const hash = (...entries: readonly (readonly [string, string])[]): string =>
  `{${number(entries.length)}${entries.flat().join('')}`;
const object = (name: string, ...variables: readonly (readonly [string, string])[]): string =>
  `o${symbol(name)}${number(variables.length)}${variables.map(([key, value]) => symbol(key) + value).join('')}`;
const dump = (body: string): Buffer => bytes(`\x04\x08${body}`);

describe('Ruby Marshal', () => {
  it.each([
    ['0', 'null'],
    ['T', 'true'],
    ['i\0', '0'],
    ['i\n', '5'],
    ['i\x7f', '122'],
    ['i\x01{', '123'],
    ['i\x02\xd2\x04', '1234'],
    ['i\xfa', '-1'],
    ['i\xff\x84', '-124'],
    ['i\x04\xff\xff\xff\x3f', '1073741823'],
    ['l+\x07\0\0\0\x80', '2147483648'],
    ['l-\x09\x01\0\0\0\0\0\0\x80', '-9223372036854775809'],
    ['f\x0812.5', null],
    ['f\x0912.5', '12.5'],
    ['f\x08inf', 'Infinity'],
    [string('Zoë'), 'Zoë'],
    [symbol('red'), 'red'],
    ['u:\x0fBigDecimal\x0f18:0.125e2', '12.5'],
  ])('%j', (body, expected) => {
    const payload = inspect(dump(body));
    if (expected === null) return expect(payload.format).not.toBe('ruby');
    expect(payload.format).toBe('ruby');
    expect(payload.leaves).toEqual(leavesOf({ '': expected }));
  });

  it('reads hashes, arrays and linked symbols', () => {
    const row = hash([symbol('id'), 'i\x02\x67\x12'], [symbol('name'), string('Ann Lee')]);
    const second = `{${number(2)};\0i\x02\x68\x12;\x06${string('Bo')}`;
    const payload = inspect(dump(`[${number(2)}${row}${second}`));
    expect(payload.leaves).toEqual(
      leavesOf({ '0.id': '4711', '0.name': 'Ann Lee', '1.id': '4712', '1.name': 'Bo' }),
    );
    expect(hasWord(payload, 'Lee')).toBe(true);
  });

  it('follows links to objects', () => {
    // The array is object 0, the string object 1.
    expect(inspect(dump(`[${number(2)}${string('shared')}@${number(1)}`)).leaves).toEqual(
      leavesOf({ '0': 'shared', '1': 'shared' }),
    );
  });

  it('reads a cache entry of Rails 6.1', () => {
    const entry =
      '\x04\bo: ActiveSupport::Cache::Entry\t:\x0b@valueI"\babc\x06:\x06ET:\r@version0:\x10@created_atf\x060:\x10@expires_inf\x171750785191.5503879';
    const payload = inspect(bytes(entry));
    expect(payload.format).toBe('ruby');
    expect(payload.leaves).toEqual(leavesOf({ '': 'abc' }));
  });

  it('reads cache entries of Rails 7.0 and 7.1, packed and compressed', () => {
    const row = hash([string('id'), 'i\x02\x67\x12'], [string('name'), string('Ann Lee')]);
    const expires = Buffer.alloc(12, 0xff);
    const at = (payload: ReturnType<typeof inspect>, path: string) => leafAt(payload, path);
    const seven = inspect(
      Buffer.concat([bytes('\0'), dump(`[${number(3)}${row}f\x09inf0`.replace('f\x09', 'f\x08'))]),
    );
    expect(seven.format).toBe('prefix+ruby');
    expect(at(seven, '0.id')).toBe(digester.scalar('4711'));
    const plain = inspect(Buffer.concat([bytes('\0\x11\x01'), expires, dump(row)]));
    expect(plain.format).toBe('prefix+ruby');
    expect(at(plain, 'name')).toBe(digester.scalar('Ann Lee'));
    const packed = inspect(Buffer.concat([bytes('\0\x11\x81'), expires, deflateSync(dump(row))]));
    expect(packed.format).toBe('prefix+zlib+ruby');
    expect(at(packed, 'id')).toBe(digester.scalar('4711'));
  });

  it('reads the attributes of a record as the database gave them', () => {
    const attribute = (value: string): string =>
      object(
        'ActiveModel::Attribute::FromDatabase',
        ['@name', string('price')],
        ['@value_before_type_cast', string(value)],
        ['@type', object('ActiveRecord::Type::Decimal', ['@precision', 'i\x0f'])],
      );
    const attributes = hash([string('id'), attribute('4711')], [string('price'), attribute('12.50')]);
    const record = object(
      'Item',
      ['@new_record', 'F'],
      ['@attributes', object('ActiveModel::AttributeSet', ['@attributes', attributes])],
    );
    const payload = inspect(dump(record));
    expect(leafAt(payload, 'id')).toBe(digester.scalar('4711'));
    expect(leafAt(payload, 'price')).toBe(digester.scalar('12.5'));
  });

  it('reads times and dates', () => {
    const body = Buffer.alloc(8);
    const date = 2 ** 31 + 2 ** 30 + (2024 - 1900) * 2 ** 14 + 0 * 2 ** 10 + 2 * 2 ** 5 + 10;
    body.writeUInt32LE(date, 0);
    body.writeUInt32LE(30 * 2 ** 26 + 15 * 2 ** 20 + 250_000, 4);
    const time = `Iu${symbol('Time')}${number(8)}${body.toString('latin1')}${number(1)}${symbol('zone')}0`;
    const day = `U${symbol('Date')}[${number(6)}i\0i${number(2_460_312)}i\0i\0i\0f${number(7)}2299161`;
    const payload = inspect(
      dump(hash([string('at'), time], [string('on'), day], [string('n'), 'i\x02\x67\x12'])),
    );
    expect(payload.leaves).toEqual(leavesOf({ at: '2024-01-02 10:30:15.25', on: '2024-01-02', n: '4711' }));
  });

  it('ends on damage', () => {
    const whole = dump(hash([string('id'), 'i\x02\x67\x12'], [string('name'), string('Ann Lee')]));
    for (let end = 2; end < whole.length; end++)
      expect(inspect(whole.subarray(0, end)).format).not.toBe('ruby');
  });
});
