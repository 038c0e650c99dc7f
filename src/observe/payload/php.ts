/**
 * PHP's serialize() format to a tree: `a:1:{s:4:"name";s:3:"Ann";}`. Lengths count bytes. Private and protected
 * property names carry the class between NUL bytes, which is dropped. References (`r:`, `R:`) stand for values
 * already seen and give no leaf of their own.
 */
import { LIMITS } from './limits.ts';
import {
  type Decoded,
  entriesOf,
  FALSE,
  keyText,
  NULL,
  plainLeaf,
  TRUE,
  type Tree,
  textLeaf,
} from './tree.ts';
import { decodeWhole } from './whole.ts';

const NOT_PHP = new Error('not PHP serialisation');
const LONGEST_NUMBER = 400;

interface Cursor {
  readonly bytes: Buffer;
  at: number;
  nodes: number;
  cut: boolean;
  readonly partial: boolean;
}

/** Decodes PHP serialisation. `partial`: the bytes are the beginning of a longer document. */
export function decodePhp(input: Uint8Array, partial = false): Decoded | null {
  const bytes = Buffer.from(input.buffer, input.byteOffset, input.byteLength);
  const cursor: Cursor = { bytes, at: 0, nodes: 0, cut: false, partial };
  return decodeWhole(cursor, value, (error) => error === NOT_PHP);
}

function value(cursor: Cursor, depth: number, put: (tree: Tree) => void): void {
  if (++cursor.nodes > LIMITS.nodes || depth > LIMITS.depth) cursor.cut = true;
  if (cursor.cut || !has(cursor, 2)) return;
  const tag = String.fromCharCode(cursor.bytes[cursor.at] as number);
  cursor.at++;
  if (tag === 'N') {
    put(NULL);
    expect(cursor, ';');
    return;
  }
  expect(cursor, ':');
  if (tag === 'b') put(until(cursor, ';') === '1' ? TRUE : FALSE);
  else if (tag === 'i' || tag === 'd') put(plainLeaf(numberText(cursor)));
  else if (tag === 's' || tag === 'S' || tag === 'E') textBody(cursor, put);
  else if (tag === 'a') entriesBody(cursor, depth, put);
  else if (tag === 'O' || tag === 'C') objectBody(cursor, tag, depth, put);
  else if (tag === 'r' || tag === 'R') until(cursor, ';');
  else throw NOT_PHP;
}

/** An object: its class name, then its properties or, for classes that serialise themselves, bytes. */
function objectBody(cursor: Cursor, tag: 'O' | 'C', depth: number, put: (tree: Tree) => void): void {
  quoted(cursor);
  expect(cursor, ':');
  if (tag === 'O') entriesBody(cursor, depth, put);
  else customBody(cursor, put);
}

function has(cursor: Cursor, count: number): boolean {
  if (cursor.at + count <= cursor.bytes.length) return true;
  if (!cursor.partial) throw NOT_PHP;
  cursor.cut = true;
  return false;
}

function expect(cursor: Cursor, char: string): void {
  if (cursor.cut || !has(cursor, 1)) return;
  if (cursor.bytes[cursor.at] !== char.charCodeAt(0)) throw NOT_PHP;
  cursor.at++;
}

function until(cursor: Cursor, char: string): string {
  const end = cursor.bytes.subarray(cursor.at, cursor.at + LONGEST_NUMBER).indexOf(char);
  if (end < 0) {
    if (cursor.partial) cursor.cut = true;
    else throw NOT_PHP;
    return '';
  }
  const token = cursor.bytes.toString('latin1', cursor.at, cursor.at + end);
  cursor.at += end + 1;
  return token;
}

function numberText(cursor: Cursor): string {
  const token = until(cursor, ';');
  if (!cursor.cut && !/^(?:-?[0-9.]+(?:E[+-]?[0-9]+)?|-?INF|NAN)$/i.test(token)) throw NOT_PHP;
  return token;
}

function count(cursor: Cursor): number {
  const token = until(cursor, ':');
  if (cursor.cut) return 0;
  if (!/^[0-9]{1,9}$/.test(token)) throw NOT_PHP;
  return Number(token);
}

function quoted(cursor: Cursor): Buffer {
  const length = count(cursor);
  expect(cursor, '"');
  if (cursor.cut || !has(cursor, length)) return Buffer.alloc(0);
  const bytes = cursor.bytes.subarray(cursor.at, cursor.at + length);
  cursor.at += length;
  expect(cursor, '"');
  return bytes;
}

function textBody(cursor: Cursor, put: (tree: Tree) => void): void {
  const bytes = quoted(cursor);
  expect(cursor, ';');
  put(phpText(bytes));
}

/** PHP's texts are bytes: what is not UTF-8 is looked at as bytes again. */
export function phpText(bytes: Buffer): Tree {
  const decoded = bytes.toString('utf8');
  return decoded.includes('\ufffd') ? { kind: 'bytes', bytes } : textLeaf(decoded);
}

function entriesBody(cursor: Cursor, depth: number, put: (tree: Tree) => void): void {
  const size = count(cursor);
  expect(cursor, '{');
  const entries: [string, Tree][] = [];
  put(entriesOf(entries));
  for (let i = 0; i < size && !cursor.cut; i++) {
    let key: Tree = NULL;
    value(cursor, depth + 1, (tree) => {
      key = tree;
    });
    value(cursor, depth + 1, (tree) => entries.push([propertyName(keyText(key)), tree]));
  }
  expect(cursor, '}');
}

/** `\0Class\0name` and `\0*\0name` are private and protected properties. */
export function propertyName(key: string): string {
  return key.startsWith('\0') ? key.slice(key.indexOf('\0', 1) + 1) : key;
}

function customBody(cursor: Cursor, put: (tree: Tree) => void): void {
  const length = count(cursor);
  expect(cursor, '{');
  if (cursor.cut || !has(cursor, length)) return;
  put({ kind: 'bytes', bytes: cursor.bytes.subarray(cursor.at, cursor.at + length) });
  cursor.at += length;
  expect(cursor, '}');
}
