/**
 * What a server and a client say to each other inside CopyData once START_REPLICATION runs, and the two units of that
 * conversation: positions in the write-ahead log, and microseconds since 2000-01-01.
 *
 * Source: https://www.postgresql.org/docs/current/protocol-replication.html
 */
import { BodyReader } from '../reader.ts';

/** From 1970-01-01 to 2000-01-01, PostgreSQL's epoch, in microseconds. */
const EPOCH_MICROS = 946_684_800_000_000n;
const WORD_BITS = 32n;
const LSN_BITS = 64;
const LSN_TEXT = /^([0-9A-Fa-f]{1,8})\/([0-9A-Fa-f]{1,8})$/;

const DATA = 0x77; // w
const KEEPALIVE = 0x6b; // k
const STATUS = 0x72; // r
/** Type, three positions, clock, flag. */
const STATUS_SIZE = 1 + 8 + 8 + 8 + 8 + 1;

/** A position in the write-ahead log as PostgreSQL writes it: `0/16B3748`. Only the lowest 64 bits count. */
export function formatLsn(lsn: bigint): string {
  const bits = BigInt.asUintN(LSN_BITS, lsn);
  const hex = (word: bigint): string => word.toString(16).toUpperCase();
  return `${hex(bits >> WORD_BITS)}/${hex(BigInt.asUintN(32, bits))}`;
}

/** The position that a text like `0/16B3748` names, leading zeros allowed; null when it is none. */
export function parseLsn(text: string): bigint | null {
  const match = LSN_TEXT.exec(text);
  return match === null ? null : (BigInt(`0x${match[1]}`) << WORD_BITS) | BigInt(`0x${match[2]}`);
}

/** Microseconds since 2000-01-01, as the server counts → microseconds since 1970. */
export function fromServerTime(micros: bigint): bigint {
  return micros + EPOCH_MICROS;
}

/** Microseconds since 1970 → microseconds since 2000-01-01, as the server counts. */
export function toServerTime(micros: bigint): bigint {
  return micros - EPOCH_MICROS;
}

/** A piece of the stream: in logical replication, one message of the output plugin. */
export interface ReplicationData {
  readonly kind: 'data';
  /** Where the piece stands in the log; for a commit, where the commit record ends. */
  readonly start: bigint;
  /** How far the server has come. */
  readonly end: bigint;
  /** The server's clock at sending, in microseconds since 1970. */
  readonly sent: bigint;
  /** A view into the bytes that were decoded. */
  readonly payload: Uint8Array;
}

/** The server's sign of life. */
export interface ReplicationKeepalive {
  readonly kind: 'keepalive';
  /** How far the server has come. */
  readonly end: bigint;
  /** The server's clock at sending, in microseconds since 1970. */
  readonly sent: bigint;
  /** The server hangs up unless a status comes soon. */
  readonly reply: boolean;
}

/** A message of another kind, or a damaged one. */
export interface ReplicationOther {
  readonly kind: 'other';
  readonly what: string;
}

export type ReplicationMessage = ReplicationData | ReplicationKeepalive | ReplicationOther;

/** Decodes the body of a CopyData message from the server; never throws. */
export function decodeReplication(bytes: Uint8Array): ReplicationMessage {
  const reader = new BodyReader(bytes, 0, bytes.length);
  const type = reader.uint8();
  if (type === DATA) return data(reader);
  if (type === KEEPALIVE) return keepalive(reader);
  return { kind: 'other', what: bytes.length === 0 ? 'an empty message' : `a message of type ${type}` };
}

function data(reader: BodyReader): ReplicationMessage {
  const start = position(reader);
  const end = position(reader);
  const sent = fromServerTime(reader.int64());
  if (reader.failed) return { kind: 'other', what: 'damaged data' };
  return { kind: 'data', start, end, sent, payload: reader.bytes.subarray(reader.at, reader.end) };
}

function keepalive(reader: BodyReader): ReplicationMessage {
  const end = position(reader);
  const sent = fromServerTime(reader.int64());
  const reply = reader.uint8() !== 0;
  return reader.failed
    ? { kind: 'other', what: 'a damaged keepalive' }
    : { kind: 'keepalive', end, sent, reply };
}

function position(reader: BodyReader): bigint {
  return BigInt.asUintN(LSN_BITS, reader.int64());
}

/** How far a client has come. Positions name the byte after the last one that was processed. */
export interface StandbyStatus {
  readonly written: bigint;
  /** The server may drop the log up to here, and a slot goes on from here. */
  readonly flushed: bigint;
  readonly applied: bigint;
  /** The client's clock, in microseconds since 1970. */
  readonly sent: bigint;
  /** Whether the server is to answer at once. */
  readonly reply: boolean;
}

/** The body of a CopyData message that tells the server how far the client has come. */
export function encodeStandbyStatus(status: StandbyStatus): Uint8Array {
  const bytes = new Uint8Array(STATUS_SIZE);
  const view = new DataView(bytes.buffer);
  let at = 0;
  view.setUint8(at++, STATUS);
  for (const value of [status.written, status.flushed, status.applied, toServerTime(status.sent)]) {
    view.setBigUint64(at, BigInt.asUintN(LSN_BITS, value));
    at += 8;
  }
  view.setUint8(at, status.reply ? 1 : 0);
  return bytes;
}
