/**
 * Decoders of server messages. Every decoder takes the captured body `bytes[start, end)` and gives undefined when it is
 * not what the protocol says.
 */
import { readValues, type ValueVisitor } from './frontend.ts';
import type { TransactionStatus } from './messages.ts';
import { BodyReader } from './reader.ts';
import { readUtf8, type TextReader } from './text.ts';

export interface ColumnDescription {
  readonly name: string;
  /** OID of the column's table; 0 when the column is computed. */
  readonly table: number;
  /** Attribute number of the column; 0 when it is computed. */
  readonly attribute: number;
  /** OID of the type. */
  readonly type: number;
  /** 0 text, 1 binary; always 0 when a statement rather than a portal was described. */
  readonly format: number;
}

export function decodeRowDescription(
  bytes: Uint8Array,
  start: number,
  end: number,
  text: TextReader = readUtf8,
): ColumnDescription[] | undefined {
  const reader = new BodyReader(bytes, start, end, text);
  const columns: ColumnDescription[] = [];
  for (let left = reader.uint16(); left > 0; left--) {
    const name = reader.text();
    const table = reader.uint32();
    const attribute = reader.int16();
    const type = reader.uint32();
    reader.skip(6); // type size and type modifier
    const format = reader.int16();
    if (reader.failed) return undefined;
    columns.push({ name, table, attribute, type, format });
  }
  return reader.failed ? undefined : columns;
}

/** Visits the cells of a DataRow. Returns the number of columns it announces; a body captured in part gives fewer
 * visits. */
export function visitDataRow(bytes: Uint8Array, start: number, end: number, visit: ValueVisitor): number {
  return readValues(new BodyReader(bytes, start, end), visit);
}

/** The cells of a DataRow as views; null is NULL, undefined was not captured in full. What was not captured at all is
 * missing. */
export function decodeDataRow(
  bytes: Uint8Array,
  start: number,
  end: number,
): (Uint8Array | null | undefined)[] {
  const cells: (Uint8Array | null | undefined)[] = [];
  visitDataRow(bytes, start, end, (_index, source, from, to, length) => {
    if (length < 0) cells.push(null);
    else cells.push(to - from === length ? source.subarray(from, to) : undefined);
  });
  return cells;
}

/** The tag of CommandComplete, e.g. `INSERT 0 1`. */
export function decodeCommandComplete(bytes: Uint8Array, start: number, end: number): string | undefined {
  const reader = new BodyReader(bytes, start, end);
  const tag = reader.text();
  return reader.failed ? undefined : tag;
}

export function decodeReadyForQuery(
  bytes: Uint8Array,
  start: number,
  end: number,
): TransactionStatus | undefined {
  if (end - start !== 1) return undefined;
  const status = String.fromCharCode(bytes[start] as number);
  return status === 'I' || status === 'T' || status === 'E' ? status : undefined;
}

/** ErrorResponse and NoticeResponse. */
export interface ErrorFields {
  /** Severity that is never translated (`ERROR`, `FATAL`, `PANIC`…); the translated one from servers before 9.6. */
  readonly severity: string;
  /** SQLSTATE. */
  readonly code: string;
  readonly message: string;
  /** All fields by their type letter ("Error and Notice Message Fields"). */
  readonly fields: ReadonlyMap<string, string>;
}

export function decodeError(
  bytes: Uint8Array,
  start: number,
  end: number,
  text: TextReader = readUtf8,
): ErrorFields {
  const reader = new BodyReader(bytes, start, end, text);
  const fields = new Map<string, string>();
  while (reader.left > 0 && !reader.failed) {
    const letter = reader.uint8();
    if (letter === 0) break;
    fields.set(String.fromCharCode(letter), reader.text());
  }
  return {
    severity: fields.get('V') ?? fields.get('S') ?? '',
    code: fields.get('C') ?? '',
    message: fields.get('M') ?? '',
    fields,
  };
}

/** Parameter type OIDs of a described statement. */
export function decodeParameterDescription(
  bytes: Uint8Array,
  start: number,
  end: number,
): number[] | undefined {
  const reader = new BodyReader(bytes, start, end);
  const types: number[] = [];
  for (let left = reader.uint16(); left > 0 && !reader.failed; left--) types.push(reader.uint32());
  return reader.failed ? undefined : types;
}

export interface ParameterStatus {
  readonly name: string;
  readonly value: string;
}

export function decodeParameterStatus(
  bytes: Uint8Array,
  start: number,
  end: number,
): ParameterStatus | undefined {
  const reader = new BodyReader(bytes, start, end);
  const name = reader.text();
  const value = reader.text();
  return reader.failed ? undefined : { name, value };
}

/** BackendKeyData. The secret is 4 bytes in protocol 3.0 and up to 256 in 3.2; it permits cancelling, so it must not
 * be kept in recordings. */
export interface BackendKey {
  readonly process: number;
  readonly secret: Uint8Array;
}

export function decodeBackendKey(bytes: Uint8Array, start: number, end: number): BackendKey | undefined {
  const reader = new BodyReader(bytes, start, end);
  const process = reader.int32();
  return reader.failed ? undefined : { process, secret: bytes.slice(reader.at, end) };
}

export interface Notification {
  readonly process: number;
  readonly channel: string;
  readonly payload: string;
}

export function decodeNotification(
  bytes: Uint8Array,
  start: number,
  end: number,
  text: TextReader = readUtf8,
): Notification | undefined {
  const reader = new BodyReader(bytes, start, end, text);
  const process = reader.int32();
  const channel = reader.text();
  const payload = reader.text();
  return reader.failed ? undefined : { process, channel, payload };
}

/** CopyInResponse, CopyOutResponse, CopyBothResponse. */
export interface CopyResponse {
  /** 0 text, 1 binary. */
  readonly format: number;
  readonly columnFormats: readonly number[];
}

export function decodeCopyResponse(bytes: Uint8Array, start: number, end: number): CopyResponse | undefined {
  const reader = new BodyReader(bytes, start, end);
  const format = reader.uint8();
  const columnFormats: number[] = [];
  for (let left = reader.uint16(); left > 0 && !reader.failed; left--) columnFormats.push(reader.int16());
  return reader.failed ? undefined : { format, columnFormats };
}
