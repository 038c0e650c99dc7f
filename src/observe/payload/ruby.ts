/**
 * Ruby's Marshal format 4.8 to a tree (ruby-doc.org, doc/marshal.rdoc; marshal.c). Nothing is looked up or called: an object
 * is its instance variables. ruby-objects.ts knows what Time, BigDecimal and Active Record's attributes mean.
 */
import { LIMITS } from './limits.ts';
import { objectTree, rubyFloat, rubyInteger, userTree } from './ruby-objects.ts';
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

const NOT_RUBY = new Error('not Ruby Marshal');
const VERSION = [4, 8] as const;

interface Cursor {
  readonly bytes: Buffer;
  at: number;
  nodes: number;
  cut: boolean;
  readonly symbols: string[];
  /** By order of appearance; links refer to it. */
  readonly objects: Tree[];
}

/** Decodes a Marshal dump; null unless it is one from the first byte to the last. */
export function decodeRuby(input: Uint8Array): Decoded | null {
  if (input[0] !== VERSION[0] || input[1] !== VERSION[1]) return null;
  const bytes = Buffer.from(input.buffer, input.byteOffset, input.byteLength);
  const cursor: Cursor = { bytes, at: 2, nodes: 0, cut: false, symbols: [], objects: [] };
  try {
    const tree = value(cursor, 0);
    return cursor.cut || cursor.at === bytes.length ? { tree, cut: cursor.cut } : null;
  } catch (error) {
    if (error === NOT_RUBY) return null;
    throw error;
  }
}

function value(cursor: Cursor, depth: number): Tree {
  // Without an index of lengths nothing behind a value that is too deep can be found.
  if (++cursor.nodes > LIMITS.nodes || depth > LIMITS.depth) cursor.cut = true;
  if (cursor.cut) return NULL;
  const type = String.fromCharCode(byte(cursor));
  const read = READERS[type];
  if (read === undefined) throw NOT_RUBY;
  return read(cursor, depth);
}

type Reader = (cursor: Cursor, depth: number) => Tree;

/** By type byte. */
const READERS: Readonly<Record<string, Reader>> = {
  '0': () => NULL,
  T: () => TRUE,
  F: () => FALSE,
  i: (cursor) => plainLeaf(String(fixnum(cursor))),
  ':': (cursor) => textLeaf(newSymbol(cursor)),
  ';': (cursor) => textLeaf(linkedSymbol(cursor)),
  '@': (cursor) => cursor.objects[fixnum(cursor)] ?? NULL,
  I: (cursor, depth) => withVariables(cursor, depth),
  '"': (cursor) => remember(cursor, stringTree(chunk(cursor))),
  '/': (cursor) => {
    const source = stringTree(chunk(cursor));
    byte(cursor);
    return remember(cursor, source);
  },
  f: (cursor) => remember(cursor, plainLeaf(rubyFloat(chunk(cursor).toString('latin1')))),
  l: (cursor) => {
    const sign = byte(cursor);
    return remember(cursor, plainLeaf(rubyInteger(sign === 0x2d, take(cursor, 2 * fixnum(cursor)))));
  },
  '[': (cursor, depth) => arrayBody(cursor, depth),
  '{': (cursor, depth) => hashBody(cursor, depth),
  '}': (cursor, depth) => {
    const hash = hashBody(cursor, depth);
    value(cursor, depth + 1);
    return hash;
  },
  o: (cursor, depth) => objectBody(cursor, depth),
  S: (cursor, depth) => objectBody(cursor, depth),
  u: (cursor) => {
    const name = symbol(cursor);
    return remember(cursor, userTree(name, chunk(cursor)));
  },
  U: (cursor, depth) => {
    const place = reserve(cursor);
    const name = symbol(cursor);
    return settle(cursor, place, objectTree(name, [['', value(cursor, depth + 1)]]));
  },
  e: (cursor, depth) => {
    symbol(cursor);
    return value(cursor, depth);
  },
  C: (cursor, depth) => {
    symbol(cursor);
    return value(cursor, depth);
  },
  c: (cursor) => remember(cursor, textLeaf(chunk(cursor).toString('utf8'))),
  m: (cursor) => remember(cursor, textLeaf(chunk(cursor).toString('utf8'))),
  M: (cursor) => remember(cursor, textLeaf(chunk(cursor).toString('utf8'))),
};

function byte(cursor: Cursor): number {
  const next = cursor.bytes[cursor.at++];
  if (next === undefined) throw NOT_RUBY;
  return next;
}

function take(cursor: Cursor, count: number): Buffer {
  if (count < 0 || cursor.at + count > cursor.bytes.length) throw NOT_RUBY;
  cursor.at += count;
  return cursor.bytes.subarray(cursor.at - count, cursor.at);
}

/** A small integer: one byte with an offset of five, or its length in bytes (negative: of a negative number) and they. */
function fixnum(cursor: Cursor): number {
  const first = (byte(cursor) << 24) >> 24;
  if (first === 0) return 0;
  if (first > 4) return first - 5;
  if (first < -4) return first + 5;
  const width = Math.abs(first);
  const unsigned = take(cursor, width).readUIntLE(0, width);
  return first > 0 ? unsigned : unsigned - 2 ** (8 * width);
}

function chunk(cursor: Cursor): Buffer {
  return take(cursor, fixnum(cursor));
}

function newSymbol(cursor: Cursor): string {
  const name = chunk(cursor).toString('utf8');
  cursor.symbols.push(name);
  return name;
}

function linkedSymbol(cursor: Cursor): string {
  const name = cursor.symbols[fixnum(cursor)];
  if (name === undefined) throw NOT_RUBY;
  return name;
}

function symbol(cursor: Cursor): string {
  const type = String.fromCharCode(byte(cursor));
  if (type === ';') return linkedSymbol(cursor);
  if (type === ':') return newSymbol(cursor);
  if (type !== 'I' || byte(cursor) !== 0x3a) throw NOT_RUBY;
  // A symbol with an encoding of its own.
  const name = newSymbol(cursor);
  variables(cursor, 0);
  return name;
}

function stringTree(bytes: Buffer): Tree {
  const text = bytes.toString('utf8');
  return text.includes('\ufffd') ? { kind: 'bytes', bytes } : textLeaf(text);
}

function remember(cursor: Cursor, tree: Tree): Tree {
  cursor.objects.push(tree);
  return tree;
}

/** Takes an object's number before its content is read; a link to it from inside gives null. */
function reserve(cursor: Cursor): number {
  return cursor.objects.push(NULL) - 1;
}

function settle(cursor: Cursor, place: number, tree: Tree): Tree {
  cursor.objects[place] = tree;
  return tree;
}

/** A value followed by instance variables: a string's encoding, a Time's zone. */
function withVariables(cursor: Cursor, depth: number): Tree {
  if (cursor.bytes[cursor.at] !== 0x75) {
    const tree = value(cursor, depth);
    variables(cursor, depth);
    return tree;
  }
  cursor.at++;
  const name = symbol(cursor);
  const body = chunk(cursor);
  variables(cursor, depth);
  return remember(cursor, userTree(name, body));
}

function variables(cursor: Cursor, depth: number): [string, Tree][] {
  const entries: [string, Tree][] = [];
  const count = fixnum(cursor);
  for (let i = 0; i < count && !cursor.cut; i++) entries.push([symbol(cursor), value(cursor, depth + 1)]);
  return entries;
}

function arrayBody(cursor: Cursor, depth: number): Tree {
  const items: Tree[] = [];
  const tree = remember(cursor, listOf(items));
  const count = fixnum(cursor);
  for (let i = 0; i < count && !cursor.cut; i++) items.push(value(cursor, depth + 1));
  return tree;
}

function hashBody(cursor: Cursor, depth: number): Tree {
  const entries: [string, Tree][] = [];
  const tree = remember(cursor, entriesOf(entries));
  const count = fixnum(cursor);
  for (let i = 0; i < count && !cursor.cut; i++) {
    const key = keyText(value(cursor, depth + 1));
    entries.push([key, value(cursor, depth + 1)]);
  }
  return tree;
}

function objectBody(cursor: Cursor, depth: number): Tree {
  const place = reserve(cursor);
  const name = symbol(cursor);
  return settle(cursor, place, objectTree(name, variables(cursor, depth)));
}
