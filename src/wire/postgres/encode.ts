/**
 * Encoder of messages, both directions. Field values are the caller's responsibility; texts must not contain the zero
 * byte, which ends them on the wire.
 */
import { Backend, Frontend, StartupCode, Target, type TransactionStatus } from './messages.ts';
import { utf8 } from './text.ts';

type Part = Uint8Array;

/** A value of Bind or DataRow: text, bytes in binary format, or NULL. */
export type WireValue = string | Uint8Array | null;

const int16 = (value: number): Part => Uint8Array.of((value >> 8) & 0xff, value & 0xff);
const int32 = (value: number): Part =>
  Uint8Array.of((value >>> 24) & 0xff, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff);
const cstring = (text: string): Part => concat([utf8(text), Uint8Array.of(0)]);

/** Joins byte strings. */
export function concat(parts: readonly Uint8Array[]): Uint8Array {
  let size = 0;
  for (const part of parts) size += part.length;
  const whole = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** A message with a type byte. */
export function message(type: number, ...parts: readonly Part[]): Uint8Array {
  const body = concat(parts);
  return concat([Uint8Array.of(type), int32(body.length + 4), body]);
}

function packet(...parts: readonly Part[]): Uint8Array {
  const body = concat(parts);
  return concat([int32(body.length + 4), body]);
}

function counted<T>(list: readonly T[], part: (item: T) => Part): Part {
  return concat([int16(list.length), ...list.map(part)]);
}

function wireValue(value: WireValue): Part {
  if (value === null) return int32(-1);
  const bytes = typeof value === 'string' ? utf8(value) : value;
  return concat([int32(bytes.length), bytes]);
}

/** Messages a client sends. */
export const encodeFrontend = {
  startup: (parameters: Readonly<Record<string, string>>, version: number = StartupCode.version30) =>
    packet(
      int32(version),
      ...Object.entries(parameters).flatMap(([name, value]) => [cstring(name), cstring(value)]),
      Uint8Array.of(0),
    ),
  sslRequest: () => packet(int32(StartupCode.ssl)),
  gssencRequest: () => packet(int32(StartupCode.gssenc)),
  cancelRequest: (process: number, secret: Uint8Array) =>
    packet(int32(StartupCode.cancel), int32(process), secret),
  password: (secret: string) => message(Frontend.password, cstring(secret)),
  query: (sql: string) => message(Frontend.query, cstring(sql)),
  parse: (name: string, sql: string, types: readonly number[] = []) =>
    message(Frontend.parse, cstring(name), cstring(sql), counted(types, int32)),
  bind: (bind: {
    readonly portal?: string;
    readonly statement?: string;
    readonly formats?: readonly number[];
    readonly values?: readonly WireValue[];
    readonly resultFormats?: readonly number[];
  }) =>
    message(
      Frontend.bind,
      cstring(bind.portal ?? ''),
      cstring(bind.statement ?? ''),
      counted(bind.formats ?? [], int16),
      counted(bind.values ?? [], wireValue),
      counted(bind.resultFormats ?? [], int16),
    ),
  describe: (target: keyof typeof Target, name = '') =>
    message(Frontend.describe, Uint8Array.of(Target[target]), cstring(name)),
  execute: (portal = '', maxRows = 0) => message(Frontend.execute, cstring(portal), int32(maxRows)),
  close: (target: keyof typeof Target, name = '') =>
    message(Frontend.close, Uint8Array.of(Target[target]), cstring(name)),
  sync: () => message(Frontend.sync),
  flush: () => message(Frontend.flush),
  functionCall: (functionOid: number, values: readonly WireValue[] = []) =>
    message(Frontend.functionCall, int32(functionOid), int16(0), counted(values, wireValue), int16(0)),
  copyData: (data: Uint8Array) => message(Frontend.copyData, data),
  copyDone: () => message(Frontend.copyDone),
  copyFail: (reason: string) => message(Frontend.copyFail, cstring(reason)),
  terminate: () => message(Frontend.terminate),
} as const;

/** A result column as RowDescription says it; sizes are those of a type of varying length. */
export interface EncodedColumn {
  readonly name: string;
  readonly table?: number;
  readonly attribute?: number;
  readonly type: number;
  readonly format?: number;
}

const columnPart = (column: EncodedColumn): Part =>
  concat([
    cstring(column.name),
    int32(column.table ?? 0),
    int16(column.attribute ?? 0),
    int32(column.type),
    int16(-1),
    int32(-1),
    int16(column.format ?? 0),
  ]);

const fieldsPart = (fields: Readonly<Record<string, string>>): Part =>
  concat([
    ...Object.entries(fields).flatMap(([letter, value]) => [utf8(letter), cstring(value)]),
    Uint8Array.of(0),
  ]);

const copyPart = (format: number, columnFormats: readonly number[]): Part =>
  concat([Uint8Array.of(format), counted(columnFormats, int16)]);

/** Messages a server sends. */
export const encodeBackend = {
  authenticationOk: () => message(Backend.authentication, int32(0)),
  parameterStatus: (name: string, value: string) =>
    message(Backend.parameterStatus, cstring(name), cstring(value)),
  backendKeyData: (process: number, secret: Uint8Array) =>
    message(Backend.backendKeyData, int32(process), secret),
  readyForQuery: (status: TransactionStatus = 'I') => message(Backend.readyForQuery, utf8(status)),
  rowDescription: (columns: readonly EncodedColumn[]) =>
    message(Backend.rowDescription, counted(columns, columnPart)),
  dataRow: (values: readonly WireValue[]) => message(Backend.dataRow, counted(values, wireValue)),
  commandComplete: (tag: string) => message(Backend.commandComplete, cstring(tag)),
  emptyQueryResponse: () => message(Backend.emptyQueryResponse),
  /** Fields by their type letter; `S` and `V` severity, `C` SQLSTATE, `M` message. */
  errorResponse: (code: string, text = 'failed', severity = 'ERROR') =>
    message(Backend.errorResponse, fieldsPart({ S: severity, V: severity, C: code, M: text })),
  noticeResponse: (code: string, text = 'noted', severity = 'NOTICE') =>
    message(Backend.noticeResponse, fieldsPart({ S: severity, V: severity, C: code, M: text })),
  notification: (process: number, channel: string, payload: string) =>
    message(Backend.notification, int32(process), cstring(channel), cstring(payload)),
  parseComplete: () => message(Backend.parseComplete),
  bindComplete: () => message(Backend.bindComplete),
  closeComplete: () => message(Backend.closeComplete),
  noData: () => message(Backend.noData),
  portalSuspended: () => message(Backend.portalSuspended),
  parameterDescription: (types: readonly number[]) =>
    message(Backend.parameterDescription, counted(types, int32)),
  copyInResponse: (format = 0, columnFormats: readonly number[] = []) =>
    message(Backend.copyInResponse, copyPart(format, columnFormats)),
  copyOutResponse: (format = 0, columnFormats: readonly number[] = []) =>
    message(Backend.copyOutResponse, copyPart(format, columnFormats)),
  copyBothResponse: (format = 0, columnFormats: readonly number[] = []) =>
    message(Backend.copyBothResponse, copyPart(format, columnFormats)),
  copyData: (data: Uint8Array) => message(Backend.copyData, data),
  copyDone: () => message(Backend.copyDone),
  functionCallResponse: (value: WireValue) => message(Backend.functionCallResponse, wireValue(value)),
  negotiateProtocolVersion: (minor: number, options: readonly string[] = []) =>
    message(Backend.negotiateProtocolVersion, int32(minor), int32(options.length), ...options.map(cstring)),
} as const;
