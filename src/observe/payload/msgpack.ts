/**
 * MessagePack to a tree (github.com/msgpack/msgpack, spec.md). Strict: the bytes must be used up exactly, since almost
 * any bytes begin with something that could be MessagePack.
 */
import { LIMITS } from './limits.ts';
import {
  type Decoded,
  entriesOf,
  FALSE,
  keyText,
  listOf,
  NULL,
  plainLeaf,
  TRUE,
  type Tree,
  textLeaf,
} from './tree.ts';
import { decodeWhole } from './whole.ts';

const NOT_MSGPACK = new Error('not MessagePack');
/** Extension type of timestamps. */
const TIMESTAMP = -1;
const UTF8 = new TextDecoder('utf-8', { fatal: true });

interface Cursor {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  at: number;
  nodes: number;
  cut: boolean;
  readonly partial: boolean;
}

/** Decodes MessagePack bytes. `partial`: the bytes are the beginning of a longer document. */
export function decodeMsgpack(bytes: Uint8Array, partial = false): Decoded | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const cursor: Cursor = { bytes, view, at: 0, nodes: 0, cut: false, partial };
  return decodeWhole(
    cursor,
    value,
    (error) => error === NOT_MSGPACK || error instanceof RangeError || error instanceof TypeError,
  );
}

function value(cursor: Cursor, depth: number, put: (tree: Tree) => void): void {
  if (++cursor.nodes > LIMITS.nodes || depth > LIMITS.depth) cursor.cut = true;
  if (cursor.cut || !has(cursor, 1)) return;
  const tag = cursor.bytes[cursor.at++] as number;
  if (tag < 0x80) put(plainLeaf(String(tag)));
  else if (tag < 0x90) mapBody(cursor, tag & 0x0f, depth, put);
  else if (tag < 0xa0) listBody(cursor, tag & 0x0f, depth, put);
  else if (tag < 0xc0) text(cursor, tag & 0x1f, put);
  else if (tag >= 0xe0) put(plainLeaf(String(tag - 256)));
  else tagged(cursor, tag, depth, put);
}

/** Tags 0xc0 to 0xdf, whose length or value follows. */
function tagged(cursor: Cursor, tag: number, depth: number, put: (tree: Tree) => void): void {
  const constant = CONSTANTS[tag];
  if (constant !== undefined) put(constant);
  else if (tag >= 0xc4 && tag <= 0xc6) bytesBody(cursor, size(cursor, tag - 0xc4), put);
  else if (tag >= 0xc7 && tag <= 0xc9) extension(cursor, size(cursor, tag - 0xc7), put);
  else if (tag >= 0xca && tag <= 0xd3) number(cursor, tag, put);
  else if (tag >= 0xd4 && tag <= 0xd8) extension(cursor, 1 << (tag - 0xd4), put);
  else if (tag >= 0xd9 && tag <= 0xdb) text(cursor, size(cursor, tag - 0xd9), put);
  else if (tag >= 0xdc && tag <= 0xdd) listBody(cursor, size(cursor, tag - 0xdc + 1), depth, put);
  else if (tag >= 0xde) mapBody(cursor, size(cursor, tag - 0xde + 1), depth, put);
  // 0xc1 is never used.
  else throw NOT_MSGPACK;
}

const CONSTANTS: Readonly<Record<number, Tree>> = { 192: NULL, 194: FALSE, 195: TRUE };

/** Whether `count` more bytes are there; the end of a partial document cuts. */
function has(cursor: Cursor, count: number): boolean {
  if (cursor.at + count <= cursor.bytes.length) return true;
  if (!cursor.partial) throw NOT_MSGPACK;
  cursor.cut = true;
  return false;
}

/** A length of 1, 2 or 4 bytes, big endian; `width` is its binary logarithm. */
function size(cursor: Cursor, width: number): number {
  if (!has(cursor, 1 << width)) return 0;
  const at = cursor.at;
  cursor.at += 1 << width;
  if (width === 0) return cursor.view.getUint8(at);
  return width === 1 ? cursor.view.getUint16(at) : cursor.view.getUint32(at);
}

function number(cursor: Cursor, tag: number, put: (tree: Tree) => void): void {
  const float = tag === 0xca || tag === 0xcb;
  const bytes = tag === 0xca ? 4 : tag === 0xcb ? 8 : 1 << ((tag - 0xcc) % 4);
  if (!has(cursor, bytes)) return;
  const { view, at } = cursor;
  cursor.at += bytes;
  if (!float) put(plainLeaf(integerText(view, at, bytes, tag >= 0xd0)));
  else put(plainLeaf(bytes === 4 ? float32Text(view.getFloat32(at)) : String(view.getFloat64(at))));
}

function integerText(view: DataView, at: number, bytes: number, signed: boolean): string {
  if (bytes === 8) return String(signed ? view.getBigInt64(at) : view.getBigUint64(at));
  if (bytes === 4) return String(signed ? view.getInt32(at) : view.getUint32(at));
  if (bytes === 2) return String(signed ? view.getInt16(at) : view.getUint16(at));
  return String(signed ? view.getInt8(at) : view.getUint8(at));
}

/** Shortest decimal that is this single-precision number, as PostgreSQL writes a `real`. */
function float32Text(value: number): string {
  for (let digits = 1; digits < 9; digits++) {
    const text = value.toPrecision(digits);
    if (Math.fround(Number(text)) === value) return text;
  }
  return String(value);
}

function text(cursor: Cursor, length: number, put: (tree: Tree) => void): void {
  if (cursor.cut || !has(cursor, length)) return;
  const bytes = cursor.bytes.subarray(cursor.at, cursor.at + length);
  cursor.at += length;
  put(textLeaf(UTF8.decode(bytes)));
}

function bytesBody(cursor: Cursor, length: number, put: (tree: Tree) => void): void {
  if (cursor.cut || !has(cursor, length)) return;
  put({ kind: 'bytes', bytes: cursor.bytes.subarray(cursor.at, cursor.at + length) });
  cursor.at += length;
}

function extension(cursor: Cursor, length: number, put: (tree: Tree) => void): void {
  if (cursor.cut || !has(cursor, length + 1)) return;
  const type = cursor.view.getInt8(cursor.at);
  const start = cursor.at + 1;
  cursor.at = start + length;
  const moment = type === TIMESTAMP ? timestamp(cursor.view, start, length) : null;
  if (moment !== null) put(plainLeaf(moment));
  else put({ kind: 'bytes', bytes: cursor.bytes.subarray(start, start + length) });
}

function timestamp(view: DataView, at: number, length: number): string | null {
  let seconds: number;
  let nanos = 0;
  if (length === 4) {
    seconds = view.getUint32(at);
  } else if (length === 8) {
    const high = view.getUint32(at);
    nanos = high >>> 2;
    seconds = (high & 3) * 2 ** 32 + view.getUint32(at + 4);
  } else if (length === 12) {
    nanos = view.getUint32(at);
    seconds = Number(view.getBigInt64(at + 4));
  } else {
    return null;
  }
  const date = new Date(seconds * 1000 + Math.floor(nanos / 1e6));
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}

function listBody(cursor: Cursor, count: number, depth: number, put: (tree: Tree) => void): void {
  const items: Tree[] = [];
  put(listOf(items));
  for (let i = 0; i < count && !cursor.cut; i++) value(cursor, depth + 1, (tree) => items.push(tree));
}

function mapBody(cursor: Cursor, count: number, depth: number, put: (tree: Tree) => void): void {
  const entries: [string, Tree][] = [];
  put(entriesOf(entries));
  for (let i = 0; i < count && !cursor.cut; i++) {
    let key: Tree = NULL;
    value(cursor, depth + 1, (tree) => {
      key = tree;
    });
    value(cursor, depth + 1, (tree) => entries.push([keyText(key), tree]));
  }
}
