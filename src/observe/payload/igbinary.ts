/**
 * igbinary, the compact form in which PHP serialises for caches: version 1 or 2 as four bytes, then one value. Numbers are big
 * endian; a text that was written before is named by its number, counted over texts and class names alike. References to arrays
 * and objects stand for values already seen and give no leaf of their own.
 * Source: igbinary's `src/php7/igbinary.c` and what the extension writes.
 */
import { LIMITS } from './limits.ts';
import { phpText, propertyName } from './php.ts';
import { type Decoded, entriesOf, FALSE, keyText, NULL, plainLeaf, TRUE, type Tree } from './tree.ts';
import { decodeWhole } from './whole.ts';

const NOT_IGBINARY = new Error('not igbinary');
const HEADER = 4;

/** Type bytes. Of those in threes the length, number or count follows in 1, 2 or 4 bytes. */
const TYPE = {
  null: 0x00,
  reference: 0x01,
  false: 0x04,
  true: 0x05,
  /** Positive and negative by turns: 1, 2 and 4 bytes; 8 bytes have numbers of their own. */
  integer: 0x06,
  double: 0x0c,
  emptyText: 0x0d,
  knownText: 0x0e,
  text: 0x11,
  array: 0x14,
  object: 0x17,
  knownClass: 0x1a,
  custom: 0x1d,
  integer64: 0x20,
  objectReference: 0x22,
  byReference: 0x25,
} as const;

interface Cursor {
  readonly bytes: Buffer;
  at: number;
  nodes: number;
  cut: boolean;
  readonly partial: boolean;
  readonly texts: Buffer[];
}

/** Whether bytes begin as igbinary does. */
export function looksLikeIgbinary(bytes: Uint8Array): boolean {
  return (
    bytes.length > HEADER &&
    bytes[0] === 0 &&
    bytes[1] === 0 &&
    bytes[2] === 0 &&
    (bytes[3] === 1 || bytes[3] === 2)
  );
}

/** Decodes igbinary. `partial`: the bytes are the beginning of a longer document. */
export function decodeIgbinary(input: Uint8Array, partial = false): Decoded | null {
  const bytes = Buffer.from(input.buffer, input.byteOffset, input.byteLength);
  const cursor: Cursor = { bytes, at: HEADER, nodes: 0, cut: false, partial, texts: [] };
  return decodeWhole(cursor, value, (error) => error === NOT_IGBINARY);
}

/** Reads one value and hands it over before its children are read, so that a cut keeps what was read. */
function value(cursor: Cursor, depth: number, put: (tree: Tree) => void): void {
  if (++cursor.nodes > LIMITS.nodes || depth > LIMITS.depth) cursor.cut = true;
  const type = unsigned(cursor, 1);
  if (cursor.cut) return;
  if (type === TYPE.null) put(NULL);
  else if (type === TYPE.false || type === TYPE.true) put(type === TYPE.true ? TRUE : FALSE);
  else if (type === TYPE.double) double(cursor, put);
  else if (type === TYPE.byReference) value(cursor, depth, put);
  else if (isInteger(type)) integer(cursor, type, put);
  else if (isText(type)) put(phpText(text(cursor, type)));
  else if (within(type, TYPE.array)) entries(cursor, sized(cursor, type - TYPE.array), depth, put);
  else if (within(type, TYPE.object) || within(type, TYPE.knownClass)) object(cursor, type, depth, put);
  else if (within(type, TYPE.custom)) custom(cursor, type, put);
  else if (within(type, TYPE.reference)) sized(cursor, type - TYPE.reference);
  else if (within(type, TYPE.objectReference)) sized(cursor, type - TYPE.objectReference);
  else throw NOT_IGBINARY;
}

function within(type: number, first: number): boolean {
  return type >= first && type < first + 3;
}

function isInteger(type: number): boolean {
  return (
    (type >= TYPE.integer && type < TYPE.double) || type === TYPE.integer64 || type === TYPE.integer64 + 1
  );
}

function isText(type: number): boolean {
  return type === TYPE.emptyText || within(type, TYPE.knownText) || within(type, TYPE.text);
}

function has(cursor: Cursor, count: number): boolean {
  if (cursor.at + count <= cursor.bytes.length) return true;
  if (!cursor.partial) throw NOT_IGBINARY;
  cursor.cut = true;
  return false;
}

function unsigned(cursor: Cursor, width: number): number {
  if (cursor.cut || !has(cursor, width)) return 0;
  const number = cursor.bytes.readUIntBE(cursor.at, width);
  cursor.at += width;
  return number;
}

/** A number in 1, 2 or 4 bytes. */
function sized(cursor: Cursor, step: number): number {
  return unsigned(cursor, 1 << step);
}

function integer(cursor: Cursor, type: number, put: (tree: Tree) => void): void {
  const sign = type % 2 === 0 ? '' : '-';
  if (type >= TYPE.integer64) {
    if (!has(cursor, 8)) return;
    put(plainLeaf(`${sign}${cursor.bytes.readBigUInt64BE(cursor.at)}`));
    cursor.at += 8;
    return;
  }
  const number = sized(cursor, (type - TYPE.integer) >> 1);
  if (!cursor.cut) put(plainLeaf(number === 0 ? '0' : `${sign}${number}`));
}

function double(cursor: Cursor, put: (tree: Tree) => void): void {
  if (!has(cursor, 8)) return;
  put(plainLeaf(String(cursor.bytes.readDoubleBE(cursor.at))));
  cursor.at += 8;
}

/** A text, or one that was written before. */
function text(cursor: Cursor, type: number): Buffer {
  if (type === TYPE.emptyText) return Buffer.alloc(0);
  if (within(type, TYPE.knownText)) return known(cursor, sized(cursor, type - TYPE.knownText));
  return written(cursor, sized(cursor, type - TYPE.text));
}

function written(cursor: Cursor, length: number): Buffer {
  if (cursor.cut || !has(cursor, length)) return Buffer.alloc(0);
  const bytes = cursor.bytes.subarray(cursor.at, cursor.at + length);
  cursor.at += length;
  cursor.texts.push(bytes);
  return bytes;
}

function known(cursor: Cursor, number: number): Buffer {
  const bytes = cursor.texts[number];
  if (bytes === undefined && !cursor.cut) throw NOT_IGBINARY;
  return bytes ?? Buffer.alloc(0);
}

function entries(cursor: Cursor, count: number, depth: number, put: (tree: Tree) => void): void {
  const found: [string, Tree][] = [];
  put(entriesOf(found));
  for (let i = 0; i < count && !cursor.cut; i++) {
    const key = keyOf(cursor);
    if (!cursor.cut) value(cursor, depth + 1, (tree) => found.push([key, tree]));
  }
}

function keyOf(cursor: Cursor): string {
  const type = unsigned(cursor, 1);
  if (cursor.cut) return '';
  let key = '';
  if (isText(type)) key = text(cursor, type).toString('utf8');
  else if (isInteger(type))
    integer(cursor, type, (tree) => {
      key = keyText(tree);
    });
  else throw NOT_IGBINARY;
  return propertyName(key);
}

/** Its class, then its properties as an array, or the bytes of a class that serialises itself. */
function object(cursor: Cursor, type: number, depth: number, put: (tree: Tree) => void): void {
  if (within(type, TYPE.knownClass)) known(cursor, sized(cursor, type - TYPE.knownClass));
  else written(cursor, sized(cursor, type - TYPE.object));
  const body = unsigned(cursor, 1);
  if (cursor.cut) return;
  if (within(body, TYPE.array)) entries(cursor, sized(cursor, body - TYPE.array), depth, put);
  else if (within(body, TYPE.custom)) custom(cursor, body, put);
  else throw NOT_IGBINARY;
}

function custom(cursor: Cursor, type: number, put: (tree: Tree) => void): void {
  const length = sized(cursor, type - TYPE.custom);
  if (cursor.cut || !has(cursor, length)) return;
  put({ kind: 'bytes', bytes: cursor.bytes.subarray(cursor.at, cursor.at + length) });
  cursor.at += length;
}
