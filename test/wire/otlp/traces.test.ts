import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type AttributeValue,
  type DecodeOptions,
  decodeTraces,
  decodeTracesJson,
  encodeAccepted,
  encodeFailure,
} from '../../../src/wire/otlp/index.ts';
import {
  type Attribute,
  bytesField,
  jsonOf,
  protobufOf,
  type Resource,
  type Span,
  tag,
  type Unknown,
  type Value,
  varint,
} from './encoder.ts';

const WANTED = ['service.name', 'db.system', 'port'];
const OPTIONS: DecodeOptions = { wanted: new Set(WANTED), maxSpans: 1_000 };

const hex = (bytes: number) =>
  fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((id) => Buffer.from(id).toString('hex'));
const key = fc.oneof(fc.constantFrom(...WANTED), fc.string({ unit: 'grapheme', maxLength: 12 }));
const value: fc.Arbitrary<Value> = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.record({ string: fc.string({ unit: 'grapheme' }) }),
    fc.record({ bool: fc.boolean() }),
    fc.record({ int: fc.maxSafeInteger() }),
    fc.record({ double: fc.double() }),
    fc.record({ bytes: fc.uint8Array({ maxLength: 20 }) }),
    fc.constant({ empty: true as const }),
    fc.record({ array: fc.array(tie('value'), { maxLength: 3 }) }),
    fc.record({
      map: fc.array(fc.record({ key: fc.string(), value: tie('value') }), { maxLength: 3 }),
    }),
  ),
})).value;
const attributes = fc.uniqueArray(fc.record({ key, value }), { maxLength: 6, selector: (item) => item.key });
const span: fc.Arbitrary<Span> = fc.record({
  trace: hex(16),
  span: hex(8),
  parent: fc.oneof(hex(8), fc.constant('')),
  name: fc.string({ unit: 'grapheme' }),
  kind: fc.integer({ min: 0, max: 5 }),
  start: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  end: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  attributes,
  status: fc.integer({ min: 0, max: 2 }),
});
const resource: fc.Arbitrary<Resource> = fc.record({
  attributes,
  scopes: fc.array(fc.array(span, { maxLength: 3 }), { maxLength: 3 }),
});
const request = fc.array(resource, { maxLength: 3 });
const unknown = fc.subarray<Unknown>(['varint', 'fixed64', 'bytes', 'group', 'fixed32']);

function scalar(value: Value): AttributeValue | undefined {
  if ('string' in value) return value.string;
  if ('bool' in value) return value.bool;
  if ('int' in value) return value.int;
  return 'double' in value ? value.double : undefined;
}

function read(attributes: readonly Attribute[]): Map<string, AttributeValue> {
  const found = new Map<string, AttributeValue>();
  for (const { key, value } of attributes) {
    const plain = scalar(value);
    if (WANTED.includes(key) && plain !== undefined) found.set(key, plain);
  }
  return found;
}

/** What a decoder must make of the resources. */
function expected(resources: readonly Resource[]) {
  const found = resources.map((resource) => ({
    attributes: read(resource.attributes),
    spans: resource.scopes.flat().map((span) => ({ ...span, attributes: read(span.attributes) })),
  }));
  return { resources: found.filter(({ spans }) => spans.length > 0), excess: 0 };
}

/** JSON has one zero. */
const withoutNegativeZero = (resources: readonly Resource[]): readonly Resource[] =>
  JSON.parse(JSON.stringify(resources, plain), revive) as readonly Resource[];
const plain = (_: string, item: unknown): unknown => {
  if (typeof item === 'bigint') return { $bigint: String(item) };
  if (typeof item === 'number' && !Number.isFinite(item)) return { $number: String(item) };
  return item instanceof Uint8Array ? { $bytes: [...item] } : item;
};
const revive = (_: string, item: unknown): unknown => {
  const { $bigint, $number, $bytes } = (item ?? {}) as Record<string, unknown>;
  if ($bigint !== undefined) return BigInt($bigint as string);
  if ($number !== undefined) return Number($number);
  return $bytes === undefined ? item : Uint8Array.from($bytes as number[]);
};

describe('a request in protobuf', () => {
  it('is read as it was written, fields of later versions passed over', () => {
    fc.assert(
      fc.property(request, unknown, (resources, strange) => {
        expect(decodeTraces(protobufOf(resources, strange), OPTIONS)).toEqual(expected(resources));
      }),
    );
  });

  it('is read from the middle of a buffer', () => {
    fc.assert(
      fc.property(request, (resources) => {
        const body = protobufOf(resources);
        const padded = Buffer.concat([Buffer.alloc(3, 0xff), body, Buffer.alloc(3, 0xff)]);
        expect(decodeTraces(padded.subarray(3, 3 + body.length), OPTIONS)).toEqual(expected(resources));
      }),
    );
  });

  it('that was cut off never throws, and never gives what was not sent', () => {
    fc.assert(
      fc.property(fc.tuple(request, fc.nat()), ([resources, at]) => {
        const body = protobufOf(resources);
        const read = decodeTraces(body.subarray(0, at % (body.length + 1)), OPTIONS);
        // A cut between two resources is a request of its own.
        const whole = expected(resources).resources;
        if (read !== null) expect(whole.slice(0, read.resources.length)).toEqual(read.resources);
      }),
    );
  });

  it('of any bytes never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        decodeTraces(bytes, OPTIONS);
      }),
      { numRuns: 2_000 },
    );
  });

  it('with bytes changed never throws', () => {
    fc.assert(
      fc.property(
        request,
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 5 }),
        (resources, changes) => {
          const body = protobufOf(resources);
          for (const [at, byte] of changes) if (body.length > 0) body[at % body.length] = byte;
          decodeTraces(body, OPTIONS);
        },
      ),
      { numRuns: 1_000 },
    );
  });

  const nested = (depth: number) =>
    Uint8Array.from([...Array(depth).fill(tag(900, 3)), ...Array(depth).fill(tag(900, 4))].flat());

  it.each([
    ['a length past the end', [0x0a, 5, 1]],
    ['a varint without end', [0x0a, ...Array(11).fill(0xff)]],
    ['field number zero', [0x02, 0]],
    ['wire type 6', [0x0e, 0]],
    ['a group that is not open', tag(1, 4)],
    ['a group that is not closed', tag(900, 3)],
    ['a group closed by another', [...tag(900, 3), ...tag(901, 4)]],
    ['groups nested too deep', nested(100_000)],
    ['damage in a span', bytesField(1, bytesField(2, bytesField(2, [0x0a, 99])))],
    [
      'damage in an attribute that is not wanted',
      bytesField(1, bytesField(2, bytesField(2, bytesField(9, [0x0a, 99])))),
    ],
  ] as const)('with %s is damaged', (_, bytes) => {
    expect(decodeTraces(Uint8Array.from(bytes as Iterable<number>), OPTIONS)).toBeNull();
  });

  it.each([
    ['nothing', []],
    ['a known field of another wire type', [...tag(1, 0), ...varint(3n)]],
    ['groups within the bound', nested(10)],
  ] as const)('with %s has no spans', (_, bytes) => {
    expect(decodeTraces(Uint8Array.from(bytes as Iterable<number>), OPTIONS)).toEqual({
      resources: [],
      excess: 0,
    });
  });
});

describe('a request in JSON', () => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(request.map(withoutNegativeZero), (resources) => {
        expect(decodeTracesJson(jsonOf(resources), OPTIONS)).toEqual(expected(resources));
      }),
    );
  });

  it.each([
    ['null where a field is absent', '{"resourceSpans":null}', 0],
    ['an empty object', '{}', 0],
    ['a resource without attributes', '{"resourceSpans":[{"scopeSpans":[{"spans":[{}]}]}]}', 1],
    ['numbers as numbers', '{"resourceSpans":[{"scopeSpans":[{"spans":[{"startTimeUnixNano":5}]}]}]}', 1],
    ['snake case, which is unknown', '{"resource_spans":[{"scope_spans":[{"spans":[{}]}]}]}', 0],
    ['enums by name', '{"resourceSpans":[{"scopeSpans":[{"spans":[{"kind":"SPAN_KIND_SERVER"}]}]}]}', 1],
  ])('may have %s', (_, text, spans) => {
    const read = decodeTracesJson(Buffer.from(text), OPTIONS);
    expect(read?.resources.flatMap((resource) => resource.spans)).toHaveLength(spans);
  });

  it.each([
    ['no JSON', 'resourceSpans'],
    ['a list', '[]'],
    ['null', 'null'],
    ['nothing', ''],
    ['spans that are no list', '{"resourceSpans":[{"scopeSpans":[{"spans":{}}]}]}'],
    ['a name that is no text', '{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":5}]}]}]}'],
    [
      'a time that is no integer',
      '{"resourceSpans":[{"scopeSpans":[{"spans":[{"endTimeUnixNano":"soon"}]}]}]}',
    ],
    ['a negative time', '{"resourceSpans":[{"scopeSpans":[{"spans":[{"endTimeUnixNano":-1}]}]}]}'],
    ['a kind that does not exist', '{"resourceSpans":[{"scopeSpans":[{"spans":[{"kind":"TABLE"}]}]}]}'],
    ['nesting past all bounds', '['.repeat(5_000_000)],
  ])('that is %s is damaged', (_, text) => {
    expect(decodeTracesJson(Buffer.from(text), OPTIONS)).toBeNull();
  });

  it('of any value never throws', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        decodeTracesJson(Buffer.from(text), OPTIONS);
        decodeTracesJson(
          Buffer.from(`{"resourceSpans":[{"resource":${text},"scopeSpans":[${text}]}]}`),
          OPTIONS,
        );
      }),
    );
  });
});

describe('spans past the limit', () => {
  const one: Span = {
    trace: '01'.repeat(16),
    span: '02'.repeat(8),
    parent: '',
    name: 'n',
    kind: 1,
    start: 1n,
    end: 2n,
    attributes: [],
    status: 0,
  };
  const many: readonly Resource[] = [{ attributes: [], scopes: [Array(7).fill(one), Array(5).fill(one)] }];

  it.each([
    ['protobuf', decodeTraces, protobufOf(many)],
    ['JSON', decodeTracesJson, jsonOf(many)],
  ] as const)('are counted, not decoded, in %s', (_, decode, body) => {
    const read = decode(body, { ...OPTIONS, maxSpans: 8 });
    expect(read?.excess).toBe(4);
    expect(read?.resources.flatMap(({ spans }) => spans)).toHaveLength(8);
  });
});

describe('answers', () => {
  it('leave everything unset after full success', () => {
    expect(Buffer.from(encodeAccepted('protobuf'))).toHaveLength(0);
    expect(Buffer.from(encodeAccepted('json')).toString()).toBe('{}');
  });

  it('name what was rejected', () => {
    expect([...encodeAccepted('protobuf', 300, 'Ab')]).toEqual([
      ...bytesField(1, [...tag(1, 0), ...varint(300n), ...bytesField(2, Buffer.from('Ab'))]),
    ]);
    expect(JSON.parse(Buffer.from(encodeAccepted('json', 300, 'Ab')).toString())).toEqual({
      partialSuccess: { rejectedSpans: '300', errorMessage: 'Ab' },
    });
  });

  it('say what failed as a Status', () => {
    expect([...encodeFailure('protobuf', 'no')]).toEqual([...bytesField(2, Buffer.from('no'))]);
    expect(Buffer.from(encodeFailure('json', 'no')).toString()).toBe('{"message":"no"}');
  });
});
