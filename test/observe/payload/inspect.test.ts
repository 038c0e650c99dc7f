import { deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { encode } from '@msgpack/msgpack';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NULL_DIGEST } from '../../../src/core/operation.ts';
import { LIMITS } from '../../../src/observe/payload/limits.ts';
import { digester, hasWord, inspect, leafAt, leavesOf } from './support.ts';

const ITEM = { id: 4711, name: 'Ann Lee', price: 1299.5, tags: ['red', 'blue'], gone: null, ok: true };
const ITEM_LEAVES = leavesOf({
  id: '4711',
  name: 'Ann Lee',
  price: '1299.5',
  'tags.0': 'red',
  'tags.1': 'blue',
  gone: 'null',
  ok: 'true',
});
const JSON_TEXT = JSON.stringify(ITEM);

describe('formats', () => {
  const cases: readonly (readonly [string, string | Uint8Array])[] = [
    ['json', JSON_TEXT],
    ['json', `  ${JSON.stringify(ITEM, null, 2)}\n`],
    ['json', `\ufeff${JSON_TEXT}`],
    ['gzip+json', gzipSync(JSON_TEXT)],
    ['zlib+json', deflateSync(JSON_TEXT)],
    ['zlib+json', deflateSync(JSON_TEXT, { level: 1 })],
    ['deflate+json', deflateRawSync(JSON_TEXT)],
    ['gzip+zlib+json', gzipSync(deflateSync(JSON_TEXT))],
    ['msgpack', encode(ITEM)],
    ['gzip+msgpack', gzipSync(encode(ITEM))],
    ['base64+json', Buffer.from(JSON_TEXT).toString('base64')],
    ['base64+json', Buffer.from(JSON_TEXT).toString('base64url')],
    ['base64+gzip+json', gzipSync(JSON_TEXT).toString('base64')],
    ['base64+msgpack', Buffer.from(encode(ITEM)).toString('base64')],
    ['prefix+json', `v1:${JSON_TEXT}`],
    ['prefix+json', Buffer.concat([Buffer.from([1]), Buffer.from(JSON_TEXT)])],
    ['prefix+zlib+json', Buffer.concat([Buffer.from([0, 0x11, 1]), deflateSync(JSON_TEXT)])],
    ['prefix+gzip+json', Buffer.concat([Buffer.from('Z2'), gzipSync(JSON_TEXT)])],
    [
      'php',
      'a:6:{s:2:"id";i:4711;s:4:"name";s:7:"Ann Lee";s:5:"price";d:1299.5;s:4:"tags";a:2:{i:0;s:3:"red";i:1;s:4:"blue";}s:4:"gone";N;s:2:"ok";b:1;}',
    ],
    [
      'php',
      'O:8:"App\\Item":6:{s:2:"id";i:4711;s:7:"\0*\0name";s:7:"Ann Lee";s:15:"\0App\\Item\0price";d:1299.5;s:4:"tags";a:2:{i:0;s:3:"red";i:1;s:4:"blue";}s:4:"gone";N;s:2:"ok";b:1;}',
    ],
  ];

  it.each(cases)('%s', (format, value) => {
    const payload = inspect(value);
    expect(payload.format).toBe(format);
    expect(payload.leaves).toEqual(ITEM_LEAVES);
    expect(payload.truncated).toBeUndefined();
    expect(hasWord(payload, 'Ann')).toBe(true);
    expect(hasWord(payload, 'Lee')).toBe(true);
  });

  it.each([
    ['12.00', '12'],
    ['Ann Lee', 'Ann Lee'],
    ['2024-01-01 10:00:00', '2024-01-01T10:00:00Z'],
    ['Some sentence.', 'Some sentence.'],
    ['N/A', 'N/A'],
    ['id: 42', 'id: 42'],
    ['Zoë', 'Zoë'],
    ['{not json}', '{not json}'],
    ['[draft] a title', '[draft] a title'],
    ['"unfinished', '"unfinished'],
    ['true story', 'true story'],
    ['12 13', '12 13'],
  ])('text %j is itself', (text, equal) => {
    const payload = inspect(text);
    expect(payload.format).toBe('text');
    expect(payload.leaves).toEqual(leavesOf({ '': equal }));
  });

  it('reads a JSON string, bare booleans and null', () => {
    expect(inspect('"Ann Lee"').leaves).toEqual(leavesOf({ '': 'Ann Lee' }));
    expect(inspect('true').leaves).toEqual(leavesOf({ '': 'true' }));
    expect(inspect('null').leaves).toEqual([['', NULL_DIGEST]]);
  });

  it('keeps digits that doubles lose', () => {
    const payload = inspect('{"big":9007199254740993,"exact":1.10000000000000000001,"exp":1.5E3}');
    expect(payload.leaves).toEqual(
      leavesOf({ big: '9007199254740993', exact: '1.10000000000000000001', exp: '1500' }),
    );
    expect(inspect(encode({ n: 2n ** 63n - 1n }, { useBigInt64: true })).leaves).toEqual(
      leavesOf({ n: '9223372036854775807' }),
    );
  });

  it('decodes escapes', () => {
    expect(inspect('{"a":"\\u00e9\\ud83d\\ude00\\n\\"x\\\\\\/"}').leaves).toEqual(
      leavesOf({ a: 'é😀\n"x\\/' }),
    );
  });

  it('reads JSON lines', () => {
    expect(inspect('{"a":1234}\n{"a":5678}\n').leaves).toEqual(leavesOf({ '0.a': '1234', '1.a': '5678' }));
  });

  it('accepts NaN and Infinity as Python writes them', () => {
    expect(inspect('{"a":NaN,"b":-Infinity,"c":12.5}').leaves).toEqual(
      leavesOf({ a: 'NaN', b: '-Infinity', c: '12.5' }),
    );
  });

  it('reads single-precision numbers as the database writes them', () => {
    expect(inspect(encode({ f: 0.1, g: 1299.5 }, { forceFloat32: true })).leaves).toEqual(
      leavesOf({ f: '0.1', g: '1299.5' }),
    );
  });

  it('reads MessagePack timestamps and bytes', () => {
    const payload = inspect(
      encode({ at: new Date('2024-01-01T10:00:00.250Z'), raw: Buffer.from('{"x":4711}') }),
    );
    expect(leafAt(payload, 'at')).toBe(digester.scalar('2024-01-01 10:00:00.25'));
    expect(leafAt(payload, 'raw.x')).toBe(digester.scalar('4711'));
  });

  it('reads forms', () => {
    const payload = inspect('id=4711&name=Ann+Lee&city=K%C3%B6ln');
    expect(payload.format).toBe('form');
    expect(payload.leaves).toEqual(leavesOf({ id: '4711', name: 'Ann Lee', city: 'Köln' }));
  });

  it('unpacks LZ4 frames: literals, an overlapping match, a stored block', () => {
    const header = [0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82];
    // `{"a":"` then `x` and a match of 9 at distance 1, then `"}`.
    const sequence = [0x75, ...Buffer.from('{"a":"x'), 1, 0, 0x20, ...Buffer.from('"}')];
    const stored = [...Buffer.from('\n{"a":"y"}')];
    const frame = Buffer.from([
      ...header,
      ...[sequence.length, 0, 0, 0],
      ...sequence,
      ...[stored.length, 0, 0, 0x80],
      ...stored,
      ...[0, 0, 0, 0],
    ]);
    const payload = inspect(frame);
    expect(payload.format).toBe('lz4+json');
    expect(payload.leaves).toEqual(leavesOf({ '0.a': 'xxxxxxxxxx', '1.a': 'y' }));
  });

  it('names a compression it cannot undo, and says that nothing is known of the content', () => {
    const payload = inspect(Buffer.from('fd377a585a0000', 'hex'));
    expect(payload).toEqual({ format: 'xz', leaves: [], truncated: true });
  });

  it('finds the readable runs of unknown binary formats', () => {
    const protobuf = Buffer.concat([
      Buffer.from([0x08, 0xe7, 0x24, 0x12, 7]),
      Buffer.from('Ann Lee'),
      Buffer.from([0x1a, 9]),
      Buffer.from('Königsweg'),
      Buffer.from([0xff, 0x00]),
    ]);
    const payload = inspect(protobuf);
    expect(payload.format).toBe('binary');
    expect(payload.truncated).toBe(true);
    expect(hasWord(payload, 'Ann Lee')).toBe(true);
    expect(hasWord(payload, 'Königsweg')).toBe(true);
  });

  it('says of noise that nothing is known', () => {
    const noise = Uint8Array.from(
      { length: 4096 },
      (_, i) => (i * 7919 + ((i * i) >> 3) + (i % 251) * 31) & 0xff,
    );
    const payload = inspect(noise);
    expect(payload).toEqual({ format: 'binary', leaves: [], truncated: true });
  });
});

describe('documents within documents', () => {
  it('decodes JSON strings inside strings', () => {
    const payload = inspect(
      JSON.stringify({ data: JSON.stringify({ id: 4711, inner: JSON.stringify([5678]) }) }),
    );
    expect(leafAt(payload, 'data.id')).toBe(digester.scalar('4711'));
    expect(leafAt(payload, 'data.inner.0')).toBe(digester.scalar('5678'));
    expect(leafAt(payload, 'data')).toBe(digester.scalar('{"id":4711,"inner":"[5678]"}'));
  });

  it('decodes base64 inside strings', () => {
    const payload = inspect(JSON.stringify({ body: gzipSync('{"id":4711}').toString('base64') }));
    expect(leafAt(payload, 'body.id')).toBe(digester.scalar('4711'));
  });

  it('reads a Redis hash by its fields', () => {
    const payload = digester.inspectFields(
      new Map([
        ['id', Buffer.from('4711')],
        ['name', Buffer.from('Ann Lee')],
        ['meta', Buffer.from('{"price":12.50,"tags":["red"]}')],
      ]),
    );
    expect(payload.format).toBe('hash');
    expect(payload.leaves).toEqual(
      leavesOf({ id: '4711', name: 'Ann Lee', 'meta.price': '12.5', 'meta.tags.0': 'red' }),
    );
    expect(hasWord(payload, 'Lee')).toBe(true);
    expect(digester.inspectFields(new Map()).empty).toBe(true);
  });
});

describe('empty documents', () => {
  it.each([
    '',
    'null',
    '[]',
    '{}',
    '""',
    ' [ ] ',
    'N;',
    'a:0:{}',
    gzipSync('[]'),
    encode(null),
    encode([]),
    encode({}),
  ])('%j says that there is nothing', (value) => expect(inspect(value).empty).toBe(true));

  it.each(['0', 'false', '[null]', '{"items":[]}', ' ', '"0"'])('%j says something', (value) =>
    expect(inspect(value).empty).toBeUndefined());
});

describe('words', () => {
  it.each([
    ['<p class="name">Ann Lee</p><td>€12.00</td>', ['Ann', 'Lee', 'Ann Lee', '12']],
    ['<a href="/items/4711" title="Red &amp; Blue">x</a>', ['4711', 'Red & Blue', '/items/4711']],
    ['<li>Total: 1,299.00 EUR</li>', ['1299', 'EUR', 'Total']],
    ['<li>Summe: 1.299,50 €</li>', ['1299.5']],
    ['Preis 12,50 EUR', ['12.5']],
    ["1'299.00 CHF", ['1299']],
    ['id;name;price\n4711;Ann Lee;12.50\n', ['4711', 'Ann Lee', '12.5', 'name']],
    ['4711,"Shirt, red",12.50', ['4711', 'Shirt, red', '12.5']],
    ['<item id="4711"><name>Ann Lee</name></item>', ['4711', 'Ann Lee']],
    ['updated 2024-01-01 10:00:00.5+00 by ann@example.org', ['2024-01-01T10:00:00.500Z', 'ann@example.org']],
    ['Dr. Ann Maria Lee-Smith (Köln)', ['Ann Maria Lee-Smith', 'Lee-Smith', 'Smith', 'Köln']],
    ['user 3b241101-e2bb-4255-8caf-4136c566a962 left', ['3B241101E2BB42558CAF4136C566A962']],
    ['&#65;nn &#x4c;ee <b>x</b>', ['Ann Lee']],
    ['a title of rather many words indeed', ['a title of rather many words indeed', 'rather many words']],
  ])('%j', (text, expected) => {
    const payload = inspect(text);
    expect(expected.filter((word) => !hasWord(payload, word))).toEqual([]);
  });

  it('come from text leaves too', () => {
    const payload = inspect(JSON.stringify({ html: '<b>Ann</b> owes €1,299.00' }));
    expect(hasWord(payload, 'Ann')).toBe(true);
    expect(hasWord(payload, '1299')).toBe(true);
  });

  it('do not come from plain scalars', () => {
    expect(inspect('{"a":"4711","b":"2024-01-01 10:00:00","c":"word"}').words).toBeUndefined();
  });
});

describe('bounds', () => {
  it('cuts leaves', () => {
    const payload = inspect(JSON.stringify(Array.from({ length: LIMITS.leaves + 1 }, (_, i) => i)));
    expect(payload.leaves.length).toBe(LIMITS.leaves);
    expect(payload.truncated).toBe(true);
    const whole = inspect(JSON.stringify(Array.from({ length: LIMITS.leaves }, (_, i) => i)));
    expect(whole.truncated).toBeUndefined();
  });

  it('cuts words', () => {
    const payload = inspect(Array.from({ length: 10_000 }, (_, i) => `word${i}`).join(' '));
    expect(payload.words?.length).toBe(LIMITS.words);
  });

  it('cuts depth', () => {
    const deep = `${'['.repeat(10_000)}1${']'.repeat(10_000)}`;
    expect(inspect(deep).truncated).toBe(true);
    expect(inspect(`${'{"a":'.repeat(63)}4711${'}'.repeat(63)}`).truncated).toBeUndefined();
    expect(inspect(`${'a:1:{i:0;'.repeat(500)}i:1;${'}'.repeat(500)}`).truncated).toBe(true);
    expect(inspect(Buffer.concat([Buffer.alloc(5000, 0x91), Buffer.from([1])])).truncated).toBe(true);
  });

  it('reads the beginning of documents that are too long', () => {
    const long = JSON.stringify({ id: 4711, name: 'Ann', pad: 'x'.repeat(2 * LIMITS.bytes), last: 1 });
    const payload = inspect(long);
    expect(payload.format).toBe('json');
    expect(payload.truncated).toBe(true);
    expect(payload.leaves).toEqual(leavesOf({ id: '4711', name: 'Ann' }));
  });

  it.each([
    ['gzip', gzipSync],
    ['zlib', deflateSync],
  ] as const)('unpacks only the beginning of a %s bomb', (format, pack) => {
    const bomb = pack(
      Buffer.concat([Buffer.from('{"id":4711,"pad":"'), Buffer.alloc(64 * LIMITS.bytes, 0x61)]),
    );
    const payload = inspect(bomb);
    expect(payload.format).toBe(`${format}+json`);
    expect(payload.truncated).toBe(true);
    expect(leafAt(payload, 'id')).toBe(digester.scalar('4711'));
  });

  it.each([
    ['points', `a${'.'.repeat(500_000)}b c`],
    ['angle brackets', '<'.repeat(300_000) + '<a'.repeat(100_000)],
    ['quotes', `<a ${'="'.repeat(200_000)}`],
    ['grouped digits', `1,2 ${'1,222'.repeat(100_000)}`],
    ['brackets', '['.repeat(500_000)],
    ['escapes', `"${'\\\\'.repeat(200_000)}`],
    ['broken documents in strings', JSON.stringify(Array.from({ length: 1900 }, () => '{"a":'.repeat(20)))],
  ])('looks at many %s in time in proportion to their number', (_, text) => {
    expect(inspect(text).format).toMatch(/^(text|json)$/);
  });

  it('does not unpack endlessly nested compression', () => {
    let packed: Uint8Array = Buffer.from('{"id":4711}');
    for (let i = 0; i < 20; i++) packed = gzipSync(packed);
    expect(inspect(packed).leaves.length).toBeLessThanOrEqual(1);
  });
});

describe('any bytes', () => {
  const seeds: readonly Uint8Array[] = [
    Buffer.from(JSON_TEXT),
    gzipSync(JSON_TEXT),
    deflateSync(JSON_TEXT),
    encode(ITEM),
    Buffer.from('a:1:{s:4:"name";s:7:"Ann Lee";}'),
    Buffer.from('gASVGwAAAAAAAAB9lCiMAmlklEsqjARuYW1llIwDQW5ulHUu', 'base64'),
    Buffer.from('<p>Ann <b>Lee</b></p>'),
    Buffer.from('\x04\x08{\x07:\x07idi/:\x09nameI"\x0cAnn Lee\x06:\x06ET', 'latin1'),
    Buffer.from('04224d186040820e00000075', 'hex'),
  ];

  const wellFormed = (bytes: Uint8Array): void => {
    const payload = digester.inspect(bytes);
    expect(payload.format).not.toBe('');
    expect(payload.leaves.length).toBeLessThanOrEqual(LIMITS.leaves);
    expect(payload.words?.length ?? 0).toBeLessThanOrEqual(LIMITS.words);
    for (const [, value] of payload.leaves) expect(value).toMatch(/^h:[0-9a-f]{12}~?$/);
  };

  it('give a payload', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), wellFormed), { numRuns: 1500 });
  });

  it('give a payload when documents are damaged or cut', () => {
    const damaged = fc
      .record({
        seed: fc.constantFrom(...seeds),
        prefix: fc.uint8Array({ maxLength: 3 }),
        at: fc.nat(200),
        byte: fc.nat(255),
        end: fc.nat(250),
      })
      .map(({ seed, prefix, at, byte, end }) => {
        const bytes = Buffer.concat([prefix, seed]);
        bytes[at % bytes.length] = byte;
        return bytes.subarray(0, Math.max(1, end % (bytes.length + 1)));
      });
    fc.assert(fc.property(damaged, wellFormed), { numRuns: 2500 });
  });

  it('that are JSON give all their scalars', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
        const text = JSON.stringify(value);
        const payload = inspect(text);
        const scalars = [...scalarsOf(value)].map((leaf) => digester.scalar(leaf));
        const found = new Set(payload.leaves.map(([, digest]) => digest));
        expect(scalars.filter((digest) => !found.has(digest))).toEqual([]);
      }),
    );
  });

  it('that are MessagePack give what JSON gives', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 }), { minKeys: 1, noNullPrototype: true }),
        (value) => {
          const packed = inspect(encode(JSON.parse(JSON.stringify(value))));
          expect(packed.leaves).toEqual(inspect(JSON.stringify(value)).leaves);
        },
      ),
    );
  });
});

function* scalarsOf(value: unknown): Generator<string> {
  if (Array.isArray(value)) for (const item of value) yield* scalarsOf(item);
  else if (value !== null && typeof value === 'object')
    for (const item of Object.values(value)) yield* scalarsOf(item);
  else if (typeof value === 'number') yield JSON.stringify(value);
  else yield String(value);
}
