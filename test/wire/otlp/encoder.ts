/** Writes ExportTraceServiceRequest in binary form and in JSON, independently of the decoders under test. */

export type Value =
  | { readonly string: string }
  | { readonly bool: boolean }
  | { readonly int: number }
  | { readonly double: number }
  | { readonly array: readonly Value[] }
  | { readonly map: readonly Attribute[] }
  | { readonly bytes: Uint8Array }
  | { readonly empty: true };
export interface Attribute {
  readonly key: string;
  readonly value: Value;
}
export interface Span {
  readonly trace: string;
  readonly span: string;
  readonly parent: string;
  readonly name: string;
  readonly kind: number;
  readonly start: bigint;
  readonly end: bigint;
  readonly attributes: readonly Attribute[];
  readonly status: number;
}
export interface Resource {
  readonly attributes: readonly Attribute[];
  readonly scopes: readonly (readonly Span[])[];
}

type Bytes = readonly number[];

export function varint(value: bigint): Bytes {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  do {
    const bits = Number(rest & 0x7fn);
    rest >>= 7n;
    bytes.push(rest === 0n ? bits : bits | 0x80);
  } while (rest !== 0n);
  return bytes;
}

export const tag = (field: number, type: number): Bytes => varint(BigInt(field) * 8n + BigInt(type));
export const bytesField = (field: number, body: Iterable<number>): Bytes => {
  const content = [...body];
  return [...tag(field, 2), ...varint(BigInt(content.length)), ...content];
};
const text = (field: number, value: string): Bytes => bytesField(field, Buffer.from(value));
const hex = (field: number, value: string): Bytes => bytesField(field, Buffer.from(value, 'hex'));
const int = (field: number, value: number): Bytes => [...tag(field, 0), ...varint(BigInt(value))];
const fixed64 = (field: number, value: bigint): Bytes => {
  const body = Buffer.alloc(8);
  body.writeBigUInt64LE(value);
  return [...tag(field, 1), ...body];
};
const double = (field: number, value: number): Bytes => {
  const body = Buffer.alloc(8);
  body.writeDoubleLE(value);
  return [...tag(field, 1), ...body];
};

/** A field that no reader knows, of every wire type. */
export type Unknown = 'varint' | 'fixed64' | 'bytes' | 'group' | 'fixed32';
const UNKNOWN: Readonly<Record<Unknown, Bytes>> = {
  varint: int(900, 7),
  fixed64: fixed64(901, 9n),
  bytes: text(902, 'later'),
  group: [...tag(903, 3), ...text(1, 'in'), ...tag(904, 3), ...tag(904, 4), ...tag(903, 4)],
  fixed32: [...tag(905, 5), 1, 2, 3, 4],
};

function anyValue(value: Value): Bytes {
  if ('string' in value) return text(1, value.string);
  if ('bool' in value) return int(2, value.bool ? 1 : 0);
  if ('int' in value) return int(3, value.int);
  if ('double' in value) return double(4, value.double);
  if ('array' in value)
    return bytesField(
      5,
      value.array.flatMap((item) => bytesField(1, anyValue(item))),
    );
  if ('map' in value)
    return bytesField(
      6,
      value.map.flatMap((item) => bytesField(1, keyValue(item))),
    );
  return 'bytes' in value ? bytesField(7, value.bytes) : [];
}

function keyValue({ key, value }: Attribute): Bytes {
  return [...text(1, key), ...bytesField(2, anyValue(value))];
}

function spanMessage(span: Span, unknown: readonly Unknown[]): Bytes {
  return [
    ...unknown.flatMap((name) => UNKNOWN[name]),
    ...hex(1, span.trace),
    ...hex(2, span.span),
    ...text(3, 'state=1'),
    ...(span.parent === '' ? [] : hex(4, span.parent)),
    ...text(5, span.name),
    ...int(6, span.kind),
    ...fixed64(7, span.start),
    ...fixed64(8, span.end),
    ...span.attributes.flatMap((attribute) => bytesField(9, keyValue(attribute))),
    ...int(10, 3),
    ...bytesField(11, text(2, 'event')),
    ...bytesField(15, [...text(2, 'message'), ...int(3, span.status)]),
  ];
}

export function protobufOf(resources: readonly Resource[], unknown: readonly Unknown[] = []): Uint8Array {
  const strange = unknown.flatMap((name) => UNKNOWN[name]);
  return Uint8Array.from(
    resources.flatMap((resource) =>
      bytesField(1, [
        ...strange,
        ...resource.scopes.flatMap((spans) =>
          bytesField(
            2,
            spans.flatMap((span) => bytesField(2, spanMessage(span, unknown))),
          ),
        ),
        // After the spans: the order of fields means nothing.
        ...bytesField(
          1,
          resource.attributes.flatMap((attribute) => bytesField(1, keyValue(attribute))),
        ),
        ...text(3, 'https://opentelemetry.io/schemas/1.0.0'),
      ]),
    ),
  );
}

function jsonValue(value: Value): unknown {
  if ('string' in value) return { stringValue: value.string };
  if ('bool' in value) return { boolValue: value.bool };
  if ('int' in value) return { intValue: value.int % 2 === 0 ? value.int : String(value.int) };
  if ('double' in value)
    return { doubleValue: Number.isFinite(value.double) ? value.double : String(value.double) };
  if ('array' in value) return { arrayValue: { values: value.array.map(jsonValue) } };
  if ('map' in value) return { kvlistValue: { values: value.map.map(jsonAttribute) } };
  return 'bytes' in value ? { bytesValue: Buffer.from(value.bytes).toString('base64') } : {};
}

const jsonAttribute = ({ key, value }: Attribute) => ({ key, value: jsonValue(value) });

export function jsonOf(resources: readonly Resource[]): Uint8Array {
  return Buffer.from(
    JSON.stringify({
      later: { unknown: [1] },
      resourceSpans: resources.map(({ attributes, scopes }) => ({
        resource: { attributes: attributes.map(jsonAttribute), droppedAttributesCount: 0 },
        scopeSpans: scopes.map((spans) => ({
          scope: { name: 'lamp' },
          spans: spans.map((span) => ({
            traceId: span.trace.toUpperCase(),
            spanId: span.span,
            ...(span.parent === '' ? {} : { parentSpanId: span.parent }),
            name: span.name,
            kind: span.kind,
            startTimeUnixNano: String(span.start),
            endTimeUnixNano: String(span.end),
            attributes: span.attributes.map(jsonAttribute),
            events: [],
            status: { code: span.status, message: null },
          })),
        })),
      })),
    }),
  );
}
