/**
 * Values in binary format → the text the server would have sent. Covers the built-in types that drivers exchange in
 * binary; what is not known gives undefined rather than a guess. OIDs of built-in types are fixed (pg_type.dat); types
 * made by extensions and enums have OIDs of their own in every database.
 */
import { arrayText } from './arrays.ts';
import { dateText, intervalText, timestampText, timeText, timeWithZoneText } from './datetime.ts';
import { addressText, hex, macText } from './network.ts';
import { float4Text, float8Text, numericText } from './numbers.ts';
import { rangeText } from './ranges.ts';
import { BodyReader } from './reader.ts';
import { readUtf8, type TextReader } from './text.ts';

/** OIDs of built-in types, by their name in pg_type. */
export const TypeOid = {
  bool: 16,
  bytea: 17,
  char: 18,
  name: 19,
  int8: 20,
  int2: 21,
  int2vector: 22,
  int4: 23,
  text: 25,
  oid: 26,
  xid: 28,
  cid: 29,
  oidvector: 30,
  json: 114,
  xml: 142,
  cidr: 650,
  float4: 700,
  float8: 701,
  unknown: 705,
  macaddr8: 774,
  macaddr: 829,
  inet: 869,
  bpchar: 1042,
  varchar: 1043,
  date: 1082,
  time: 1083,
  timestamp: 1114,
  timestamptz: 1184,
  interval: 1186,
  timetz: 1266,
  bit: 1560,
  varbit: 1562,
  numeric: 1700,
  refcursor: 1790,
  uuid: 2950,
  pgLsn: 3220,
  jsonb: 3802,
  jsonpath: 4072,
  xid8: 5069,
} as const;

/** Array type → element type. */
const ELEMENT = new Map<number, number>([
  [1000, TypeOid.bool],
  [1001, TypeOid.bytea],
  [1002, TypeOid.char],
  [1003, TypeOid.name],
  [1005, TypeOid.int2],
  [1007, TypeOid.int4],
  [1009, TypeOid.text],
  [1011, TypeOid.xid],
  [1012, TypeOid.cid],
  [1014, TypeOid.bpchar],
  [1015, TypeOid.varchar],
  [1016, TypeOid.int8],
  [1021, TypeOid.float4],
  [1022, TypeOid.float8],
  [1028, TypeOid.oid],
  [1040, TypeOid.macaddr],
  [775, TypeOid.macaddr8],
  [1041, TypeOid.inet],
  [651, TypeOid.cidr],
  [1115, TypeOid.timestamp],
  [1182, TypeOid.date],
  [1183, TypeOid.time],
  [1185, TypeOid.timestamptz],
  [1187, TypeOid.interval],
  [1231, TypeOid.numeric],
  [1270, TypeOid.timetz],
  [1561, TypeOid.bit],
  [1563, TypeOid.varbit],
  [143, TypeOid.xml],
  [199, TypeOid.json],
  [2201, TypeOid.refcursor],
  [2951, TypeOid.uuid],
  [3221, TypeOid.pgLsn],
  [3807, TypeOid.jsonb],
  [4073, TypeOid.jsonpath],
  [271, TypeOid.xid8],
]);

/** Range type → type of its bounds. */
const BOUND = new Map<number, number>([
  [3904, TypeOid.int4],
  [3906, TypeOid.numeric],
  [3908, TypeOid.timestamp],
  [3910, TypeOid.timestamptz],
  [3912, TypeOid.date],
  [3926, TypeOid.int8],
]);

type Decoder = (reader: BodyReader) => string | undefined;

/** Wraps a decoder of values that have one possible length. */
function sized(size: number, decode: Decoder): Decoder {
  return (reader) => (reader.left === size ? decode(reader) : undefined);
}

const textDecoder: Decoder = (reader) => reader.textOf(reader.left);

/** jsonb and jsonpath begin with a version, of which there is one so far. */
const versionedText: Decoder = (reader) => (reader.uint8() === 1 ? reader.textOf(reader.left) : undefined);

const float = (reader: BodyReader, size: 4 | 8): number => {
  const { bytes } = reader;
  const view = new DataView(bytes.buffer, bytes.byteOffset + reader.skip(size), size);
  return size === 4 ? view.getFloat32(0) : view.getFloat64(0);
};

const boolText = sized(1, (reader) => (reader.uint8() === 0 ? 'f' : 't'));

const byteaText: Decoder = (reader) => `\\x${hex(reader.bytes, reader.at, reader.end)}`;

/** The one-byte type "char": ASCII as it is, other bytes in octal (charout). */
const charText = sized(1, (reader) => {
  const byte = reader.uint8();
  if (byte === 0) return '';
  return byte < 0x80 ? String.fromCharCode(byte) : `\\${byte.toString(8).padStart(3, '0')}`;
});

const uuidText = sized(16, (reader) =>
  hex(reader.bytes, reader.at, reader.end).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'),
);

const lsnText = sized(8, (reader) => {
  const part = (): string => reader.uint32().toString(16).toUpperCase();
  const high = part();
  return `${high}/${part()}`;
});

const bitText: Decoder = (reader) => {
  const count = reader.int32();
  if (reader.failed || count < 0 || reader.left !== Math.ceil(count / 8)) return undefined;
  let text = '';
  while (reader.left > 0) text += reader.uint8().toString(2).padStart(8, '0');
  return text.slice(0, count);
};

const DECODERS = new Map<number, Decoder>([
  [TypeOid.bool, boolText],
  [TypeOid.bytea, byteaText],
  [TypeOid.char, charText],
  [TypeOid.int2, sized(2, (reader) => String(reader.int16()))],
  [TypeOid.int4, sized(4, (reader) => String(reader.int32()))],
  [TypeOid.int8, sized(8, (reader) => String(reader.int64()))],
  [TypeOid.float4, sized(4, (reader) => float4Text(float(reader, 4)))],
  [TypeOid.float8, sized(8, (reader) => float8Text(float(reader, 8)))],
  [TypeOid.xid8, sized(8, (reader) => String(BigInt.asUintN(64, reader.int64())))],
  [TypeOid.numeric, numericText],
  [TypeOid.uuid, uuidText],
  [TypeOid.jsonb, versionedText],
  [TypeOid.jsonpath, versionedText],
  [TypeOid.date, sized(4, dateText)],
  [TypeOid.time, sized(8, timeText)],
  [TypeOid.timetz, sized(12, timeWithZoneText)],
  [TypeOid.timestamp, sized(8, (reader) => timestampText(reader, ''))],
  [TypeOid.timestamptz, sized(8, (reader) => timestampText(reader, '+00'))],
  [TypeOid.interval, sized(16, intervalText)],
  [TypeOid.inet, addressText],
  [TypeOid.cidr, addressText],
  [TypeOid.macaddr, (reader) => macText(reader, 6)],
  [TypeOid.macaddr8, (reader) => macText(reader, 8)],
  [TypeOid.bit, bitText],
  [TypeOid.varbit, bitText],
  [TypeOid.pgLsn, lsnText],
]);

for (const oid of [TypeOid.oid, TypeOid.xid, TypeOid.cid]) {
  DECODERS.set(
    oid,
    sized(4, (reader) => String(reader.uint32())),
  );
}
const TEXT_LIKE = ['text', 'varchar', 'bpchar', 'name', 'unknown', 'json', 'xml', 'refcursor'] as const;
for (const name of TEXT_LIKE) DECODERS.set(TypeOid[name], textDecoder);

/** Largest array that is decoded, in elements. */
const MAX_ELEMENTS = 10_000;

/**
 * Text of the binary value `bytes[start, end)` of the type `oid`; undefined when the type is not known, or the bytes are
 * not a value of it. `text` reads the session's client encoding.
 */
export function decodeBinary(
  oid: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  text: TextReader = readUtf8,
): string | undefined {
  const reader = new BodyReader(bytes, start, end, text);
  const decode = DECODERS.get(oid);
  const value = decode === undefined ? composed(oid, reader, text) : decode(reader);
  return reader.failed ? undefined : value;
}

/** Arrays and ranges. */
function composed(oid: number, reader: BodyReader, text: TextReader): string | undefined {
  const inner = (type: number, from: number, to: number): string | undefined => {
    const part = new BodyReader(reader.bytes, from, to, text);
    const value = DECODERS.get(type)?.(part);
    return part.failed ? undefined : value;
  };
  const bound = BOUND.get(oid);
  if (bound !== undefined) return rangeText(reader, (from, to) => inner(bound, from, to));
  const spaced = oid === TypeOid.int2vector || oid === TypeOid.oidvector;
  if (!spaced && !ELEMENT.has(oid)) return undefined;
  // The element type stands in the value itself, which also covers arrays of domains over known types.
  return arrayText(reader, { spaced, maxElements: MAX_ELEMENTS, element: inner });
}
