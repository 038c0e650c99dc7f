/**
 * Decoders of client messages. Every decoder takes the captured body `bytes[start, end)` and gives undefined when it is
 * not what the protocol says. Views into `bytes` are only valid as long as those are.
 *
 * There is none for password and SASL messages: their content is never looked at.
 */
import { StartupCode, Target } from './messages.ts';
import { BodyReader } from './reader.ts';
import { readUtf8, type TextReader } from './text.ts';

/** A packet of the startup phase. */
export type StartupPacket =
  | { readonly kind: 'ssl' | 'gssenc' | 'cancel' }
  | {
      readonly kind: 'startup';
      readonly major: number;
      readonly minor: number;
      /** `user`, `database`, `replication`, `options`, run-time parameters, `_pq_.` protocol options. */
      readonly parameters: ReadonlyMap<string, string>;
    };

export function decodeStartup(bytes: Uint8Array, start: number, end: number): StartupPacket | undefined {
  const reader = new BodyReader(bytes, start, end);
  const request = reader.int32();
  if (request === StartupCode.ssl) return { kind: 'ssl' };
  if (request === StartupCode.gssenc) return { kind: 'gssenc' };
  if (request === StartupCode.cancel) return { kind: 'cancel' };
  const parameters = new Map<string, string>();
  while (reader.left > 1 && !reader.failed) {
    const name = reader.text();
    if (name === '') break;
    parameters.set(name, reader.text());
  }
  if (reader.failed || request >>> 16 !== 3) return undefined;
  return { kind: 'startup', major: request >>> 16, minor: request & 0xffff, parameters };
}

/** Query. `cut`: the body was captured only in part. */
export interface QueryMessage {
  readonly sql: string;
  readonly cut: boolean;
}

export function decodeQuery(
  bytes: Uint8Array,
  start: number,
  end: number,
  text: TextReader = readUtf8,
): QueryMessage {
  const reader = new BodyReader(bytes, start, end, text);
  const sql = reader.text();
  return { sql, cut: reader.failed };
}

export interface ParseMessage {
  readonly name: string;
  readonly sql: string;
  /** Parameter type OIDs as far as the client states them; 0 leaves the choice to the server. */
  readonly types: readonly number[];
  /** The body was captured only in part: `sql` may be cut and `types` may be missing. */
  readonly cut: boolean;
}

export function decodeParse(
  bytes: Uint8Array,
  start: number,
  end: number,
  text: TextReader = readUtf8,
): ParseMessage {
  const reader = new BodyReader(bytes, start, end, text);
  const name = reader.text();
  const sql = reader.text();
  const types: number[] = [];
  for (let left = reader.uint16(); left > 0 && !reader.failed; left--) {
    const type = reader.uint32();
    if (!reader.failed) types.push(type);
  }
  return { name, sql, types, cut: reader.failed };
}

/** Takes one value of Bind or DataRow: `length` is its length on the wire, -1 for NULL; `[from, to)` what was captured
 * of it. */
export type ValueVisitor = (
  index: number,
  bytes: Uint8Array,
  from: number,
  to: number,
  length: number,
) => void;

export interface BindMessage {
  readonly portal: string;
  readonly statement: string;
  /** Format codes as sent: none (all text), one (for all), or one for each parameter. */
  readonly formats: readonly number[];
  /** Values in order; null is NULL, undefined was not captured in full. */
  readonly values: readonly (Uint8Array | null | undefined)[];
  readonly resultFormats: readonly number[];
  readonly cut: boolean;
}

export function decodeBind(
  bytes: Uint8Array,
  start: number,
  end: number,
  text: TextReader = readUtf8,
): BindMessage {
  const reader = new BodyReader(bytes, start, end, text);
  const portal = reader.text();
  const statement = reader.text();
  const formats = readInt16s(reader);
  const values: (Uint8Array | null | undefined)[] = [];
  readValues(reader, (_index, source, from, to, length) => {
    if (length < 0) values.push(null);
    else values.push(to - from === length ? source.subarray(from, to) : undefined);
  });
  const resultFormats = readInt16s(reader);
  return { portal, statement, formats, values, resultFormats, cut: reader.failed };
}

function readInt16s(reader: BodyReader): number[] {
  const list: number[] = [];
  for (let left = reader.uint16(); left > 0 && !reader.failed; left--) list.push(reader.int16());
  return list;
}

/** Visits the counted values at the reader. Returns how many the message announces. */
export function readValues(reader: BodyReader, visit: ValueVisitor): number {
  const count = reader.uint16();
  for (let index = 0; index < count && !reader.failed; index++) {
    const length = reader.int32();
    if (reader.failed) break;
    if (length < 0) visit(index, reader.bytes, reader.at, reader.at, -1);
    else {
      const from = reader.at;
      reader.skip(length);
      visit(index, reader.bytes, from, reader.at, length);
    }
  }
  return count;
}

/** The format code of value `index` under the rule of Bind and of its result columns. */
export function formatOf(formats: readonly number[], index: number): number {
  return formats.length === 1 ? (formats[0] as number) : (formats[index] ?? 0);
}

/** Describe or Close: what it names. */
export interface TargetMessage {
  readonly target: 'statement' | 'portal';
  readonly name: string;
}

export function decodeTarget(
  bytes: Uint8Array,
  start: number,
  end: number,
  text: TextReader = readUtf8,
): TargetMessage | undefined {
  const reader = new BodyReader(bytes, start, end, text);
  const code = reader.uint8();
  const name = reader.text();
  if (reader.failed || (code !== Target.statement && code !== Target.portal)) return undefined;
  return { target: code === Target.statement ? 'statement' : 'portal', name };
}

export interface ExecuteMessage {
  readonly portal: string;
  /** Most rows to return; 0: all. */
  readonly maxRows: number;
}

export function decodeExecute(
  bytes: Uint8Array,
  start: number,
  end: number,
  text: TextReader = readUtf8,
): ExecuteMessage | undefined {
  const reader = new BodyReader(bytes, start, end, text);
  const portal = reader.text();
  const maxRows = reader.int32();
  return reader.failed ? undefined : { portal, maxRows: Math.max(0, maxRows) };
}

/** FunctionCall: the function's OID; arguments are not decoded. */
export function decodeFunctionCall(
  bytes: Uint8Array,
  start: number,
  end: number,
): { readonly functionOid: number } | undefined {
  const reader = new BodyReader(bytes, start, end);
  const functionOid = reader.uint32();
  return reader.failed ? undefined : { functionOid };
}
