import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NULL_DIGEST } from '../../../src/core/operation.ts';
import { createDigester } from '../../../src/observe/payload/index.ts';

const { scalar, identity } = createDigester(new Uint8Array(16).fill(7));

const EQUAL: readonly (readonly [why: string, texts: readonly string[]])[] = [
  ['numbers', ['12', '12.00', '12.0', '1.2e1', '1.2E+01', '120e-1', '0.12e2']],
  ['small fractions', ['0.5', '.5', '0.50', '5e-1', '5E-1']],
  ['zero', ['0', '-0', '0.00', '0e5', '-0.0']],
  ['negative numbers', ['-7.25', '-7.250', '-725e-2']],
  ['integers beyond doubles', ['9007199254740993', '9007199254740993.0', '9.007199254740993e15']],
  ['decimals beyond doubles', ['1299.000000000000000001', '1299.0000000000000000010']],
  ['huge numbers', ['1e300', '10e299', '1.0e300']],
  ['tiny numbers', ['1e-300', '0.1e-299']],
  ['booleans of PostgreSQL, JSON and Python', ['t', 'true', 'True', 'TRUE']],
  ['false likewise', ['f', 'false', 'False', 'FALSE']],
  [
    'timestamps',
    [
      '2024-01-01 10:00:00+00',
      '2024-01-01T10:00:00Z',
      '2024-01-01T10:00:00.000Z',
      '2024-01-01 10:00:00',
      '2024-01-01T10:00:00',
      '2024-01-01T10:00:00+00:00',
      '2024-01-01T12:00:00+02:00',
      '2024-01-01 12:00:00+02',
      '2024-01-01 05:30:00-0430',
      '2024-01-01 10:00:00 UTC',
      '2024-01-01T10:00',
    ],
  ],
  [
    'timestamps with fractions, as drivers cut them',
    ['2024-01-01 10:00:00.123456+00', '2024-01-01T10:00:00.123Z', '2024-01-01T10:00:00.123456789Z'],
  ],
  ['fractions without trailing zeros', ['2024-01-01 10:00:00.5', '2024-01-01T10:00:00.500Z']],
  ['a date and its midnight', ['2024-02-29', '2024-02-29T00:00:00.000Z', '2024-02-29 00:00:00']],
  ['an offset over the end of a year', ['2023-12-31 23:30:00-01', '2024-01-01T00:30:00Z']],
  ['times of day', ['10:00:00.500', '10:00:00.5']],
  [
    'UUIDs',
    [
      '3b241101-e2bb-4255-8caf-4136c566a962',
      '3B241101-E2BB-4255-8CAF-4136C566A962',
      '3b241101e2bb42558caf4136c566a962',
      '{3b241101-e2bb-4255-8caf-4136c566a962}',
      'urn:uuid:3b241101-e2bb-4255-8caf-4136c566a962',
    ],
  ],
  ['bytea that holds text', ['\\x68656c6c6f', 'hello']],
  ['bytea in either case', ['\\xDEADBEEF', '\\xdeadbeef']],
  ['texts padded by char(n)', ['red', 'red       ']],
  [
    'arrays of PostgreSQL and JSON',
    ['{red,"dark blue",12.50,NULL,t}', '["red", "dark blue", 12.5, null, true]'],
  ],
  ['arrays of arrays', ['{{1,2},{3,4}}', '[[1,2],[3,4.0]]']],
  ['quoted array elements', ['{"a,b","c\\"d","{e}"}', '["a,b","c\\"d","{e}"]']],
  ['empty containers', ['{}', '[]', '{ }']],
  [
    'JSON documents in cells',
    ['{"b": [1, 2.0], "a": "x"}', '{"a":"x","b":[1,2]}', '{ "b":[1.0,"2"],"a":"x" }'],
  ],
];

const DIFFERENT: readonly (readonly [string, string])[] = [
  ['007', '7'],
  ['+4917012345', '4917012345'],
  ['12', '12.01'],
  ['9007199254740993', '9007199254740992'],
  ['0.1', '0.1000000000000000055511151231257827'],
  ['1e5', '1e6'],
  ['true', '1'],
  ['yes', 'true'],
  ['Ann', 'ann'],
  [' Ann', 'Ann'],
  ['Ann  Lee', 'Ann Lee'],
  ['2024-01-01', '2024-01-02'],
  ['2024-01-01T10:00:00Z', '2024-01-01T10:00:00+01:00'],
  ['2024-01-01T10:00:00.001Z', '2024-01-01T10:00:00.002Z'],
  ['2023-02-29', '2023-03-01'],
  ['24:00:00', '00:00:00'],
  ['null', ''],
  ['NaN', 'null'],
  ['[1,2]', '[2,1]'],
  ['{"a":1}', '{"a":2}'],
  ['1.2.3', '1.2'],
  ['12,5', '12.5'],
  ['0x10', '16'],
  ['{a,b', '["a","b"]'],
  ['{a,,b}', '["a","b"]'],
  ['{a,b} and more', '{a,b}'],
  ['5e99999999999', '5e99999999998'],
];

describe('canonical text', () => {
  it.each(EQUAL)('%s are equal', (_, texts) => {
    expect(new Set(texts.map(scalar)).size).toBe(1);
  });

  it.each(DIFFERENT)('%s is not %s', (a, b) => {
    expect(scalar(a)).not.toBe(scalar(b));
  });

  it('null has the digest that core names', () => {
    expect(scalar('null')).toBe(NULL_DIGEST);
  });

  it.each([
    '',
    'null',
    'true',
    't',
    '0',
    '999',
    '-999',
    '9.99',
    '12.50',
    'ab',
    'é',
    '日本',
    '0.05',
  ])('marks %j as common', (text) => expect(scalar(text)).toMatch(/^h:[0-9a-f]{12}~$/));

  it.each([
    '1000',
    '-1000',
    '1299.00',
    '0.125',
    'abc',
    '2024-01-01',
    'wahr',
    '日本語',
  ])('does not mark %j', (text) => expect(scalar(text)).toMatch(/^h:[0-9a-f]{12}$/));

  it('holds equal integers equal, whatever their scale, and different ones different', () => {
    fc.assert(
      fc.property(fc.bigInt(), fc.bigInt(), fc.nat(20), fc.nat(20), (a, b, zeros, exponent) => {
        const spelled = zeros === 0 ? `${a}` : `${a}.${'0'.repeat(zeros)}`;
        expect(scalar(spelled)).toBe(scalar(`${a}`));
        // `00` would be a text.
        if (a !== 0n) expect(scalar(`${a}${'0'.repeat(exponent)}e-${exponent}`)).toBe(scalar(`${a}`));
        expect(scalar(`${a}`) === scalar(`${b}`)).toBe(a === b);
      }),
    );
  });

  it('agrees with JavaScript about which numbers JSON.stringify writes', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.double({ noNaN: true }), (a, b) => {
        expect(scalar(String(a))).toBe(scalar(a.toExponential()));
        expect(scalar(String(a)) === scalar(String(b))).toBe(a === b);
      }),
    );
  });

  it('names a moment the same in every zone', () => {
    fc.assert(
      fc.property(
        fc.date({
          min: new Date('0001-01-02T00:00:00Z'),
          max: new Date('9999-12-30T00:00:00Z'),
          noInvalidDate: true,
        }),
        fc.integer({ min: -14 * 60, max: 14 * 60 }),
        (moment, offset) => {
          const local = new Date(moment.getTime() + offset * 60_000).toISOString().slice(0, -1);
          const size = Math.abs(offset);
          const [hours, minutes] = [Math.floor(size / 60), size % 60].map((n) => String(n).padStart(2, '0'));
          const sign = offset < 0 ? '-' : '+';
          const iso = scalar(moment.toISOString());
          expect(scalar(`${local}${sign}${hours}:${minutes}`)).toBe(iso);
          expect(scalar(`${local.replace('T', ' ')}${sign}${hours}${minutes}`)).toBe(iso);
        },
      ),
    );
  });

  it('compares all other texts exactly, but for trailing spaces', () => {
    const word = fc
      .string({ unit: 'grapheme', minLength: 3 })
      .filter((text) => /^[^\d\s\\{[."'-]\D*$/u.test(text) && text.isWellFormed());
    fc.assert(
      fc.property(word, word, (a, b) => {
        expect(scalar(a) === scalar(b)).toBe(a.replace(/ +$/, '') === b.replace(/ +$/, ''));
      }),
    );
  });

  it('takes any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(scalar(text)).toMatch(/^h:[0-9a-f]{12}~?$/);
      }),
    );
  });

  it('hashes long texts too, and equal ones equally', () => {
    const long = 'x'.repeat(100_000);
    expect(scalar(long)).toBe(scalar(`${long}  `));
    expect(scalar(long)).not.toBe(scalar(`${long}y`));
  });
});

describe('identity', () => {
  it('is equal exactly for equal bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.uint8Array(), (a, b) => {
        expect(identity(a) === identity(b)).toBe(Buffer.compare(a, b) === 0);
      }),
    );
    expect(identity(Buffer.from('12'))).not.toBe(identity(Buffer.from('12.0')));
  });

  it('marks values that say little', () => {
    expect(identity(Buffer.from('1'))).toMatch(/~$/);
    expect(identity(Buffer.from('{"a":1}'))).not.toMatch(/~$/);
  });

  it('depends on the key', () => {
    const other = createDigester(new Uint8Array(16).fill(8));
    expect(other.identity(Buffer.from('value'))).not.toBe(identity(Buffer.from('value')));
    expect(other.scalar('value')).not.toBe(scalar('value'));
  });

  it('does not change with the size of earlier values', () => {
    const small = Buffer.from('value');
    const before = identity(small);
    identity(new Uint8Array(300_000));
    expect(identity(small)).toBe(before);
  });
});

describe('reveal', () => {
  it('knows short texts lately seen and forgets old ones', () => {
    const digester = createDigester(new Uint8Array(16));
    const first = digester.scalar('the first');
    expect(digester.reveal(first)).toBe('the first');
    const long = digester.scalar('long '.repeat(100));
    expect(digester.reveal(long)).toBeUndefined();
    for (let i = 0; i < 50_000; i++) digester.scalar(`value ${i}`);
    expect(digester.reveal(first)).toBeUndefined();
  });
});
