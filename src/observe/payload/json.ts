/**
 * JSON (RFC 8259) to a tree, with number texts kept exactly. Lenient where writers are: NaN and Infinity (Python,
 * Java), several documents one after another (JSON lines).
 */
import { LIMITS } from './limits.ts';
import {
  type Decoded,
  entriesOf,
  FALSE,
  listOf,
  NULL,
  plainLeaf,
  TRUE,
  type Tree,
  textLeaf,
} from './tree.ts';

const NUMBER = /-?(?:Infinity|[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)/y;
const LITERALS: readonly (readonly [string, Tree])[] = [
  ['null', NULL],
  ['true', TRUE],
  ['false', FALSE],
  ['NaN', plainLeaf('NaN')],
  ['Infinity', plainLeaf('Infinity')],
];
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

interface Cursor {
  readonly text: string;
  at: number;
  /** Scalars and containers met. */
  nodes: number;
  /** Set when the text ends early although it was cut, or when a bound was reached: what was read so far counts. */
  cut: boolean;
  /** True when the text is only the beginning of a longer one. */
  readonly partial: boolean;
}

/** Not JSON; thrown inside this file only. */
const NOT_JSON = new Error('not JSON');

/** Decodes JSON text. `partial`: the text is the beginning of a longer one and may end anywhere. */
export function decodeJson(text: string, partial = false): Decoded | null {
  const cursor: Cursor = { text, at: 0, nodes: 0, cut: false, partial };
  try {
    const documents: Tree[] = [];
    skipSpace(cursor);
    do {
      value(cursor, 0, (tree) => documents.push(tree));
      const before = cursor.at;
      skipSpace(cursor);
      // Only documents on lines of their own are JSON lines; `12 13` is a text.
      if (!cursor.cut && cursor.at < text.length && !text.slice(before, cursor.at).includes('\n'))
        return null;
    } while (!cursor.cut && cursor.at < text.length);
    const tree = documents.length === 1 ? (documents[0] as Tree) : listOf(documents);
    return { tree, cut: cursor.cut };
  } catch (error) {
    if (error === NOT_JSON) return null;
    throw error;
  }
}

/** Where the document that a text begins with ends; null when it begins with none. */
export function firstDocument(text: string): number | null {
  const cursor: Cursor = { text, at: 0, nodes: 0, cut: false, partial: false };
  try {
    value(cursor, 0, () => {});
    return cursor.cut ? null : cursor.at;
  } catch (error) {
    if (error === NOT_JSON) return null;
    throw error;
  }
}

/** Reads one value and hands it to `put` before its children are read, so that a cut keeps what was read. */
function value(cursor: Cursor, depth: number, put: (tree: Tree) => void): void {
  if (ended(cursor)) return;
  if (++cursor.nodes > LIMITS.nodes) {
    cursor.cut = true;
    return;
  }
  const first = cursor.text.charCodeAt(cursor.at);
  if (first === 0x22) {
    const text = stringToken(cursor);
    if (text !== null) put(textLeaf(text));
    return;
  }
  if (first !== 0x7b && first !== 0x5b) {
    const tree = literal(cursor);
    if (tree !== null) put(tree);
  } else if (depth >= LIMITS.depth) cursor.cut = true;
  else if (first === 0x7b) objectBody(cursor, depth, put);
  else arrayBody(cursor, depth, put);
}

function objectBody(cursor: Cursor, depth: number, put: (tree: Tree) => void): void {
  const entries: [string, Tree][] = [];
  put(entriesOf(entries));
  cursor.at++;
  skipSpace(cursor);
  if (taken(cursor, '}')) return;
  while (!ended(cursor)) {
    const key = stringToken(cursor);
    if (key === null) return;
    skipSpace(cursor);
    if (ended(cursor)) return;
    if (!taken(cursor, ':')) throw NOT_JSON;
    skipSpace(cursor);
    value(cursor, depth + 1, (tree) => entries.push([key, tree]));
    skipSpace(cursor);
    if (ended(cursor) || taken(cursor, '}')) return;
    if (!taken(cursor, ',')) throw NOT_JSON;
    skipSpace(cursor);
  }
}

function arrayBody(cursor: Cursor, depth: number, put: (tree: Tree) => void): void {
  const items: Tree[] = [];
  put(listOf(items));
  cursor.at++;
  skipSpace(cursor);
  if (taken(cursor, ']')) return;
  while (!ended(cursor)) {
    value(cursor, depth + 1, (tree) => items.push(tree));
    skipSpace(cursor);
    if (ended(cursor) || taken(cursor, ']')) return;
    if (!taken(cursor, ',')) throw NOT_JSON;
    skipSpace(cursor);
  }
}

/** Whether reading is over: cut before, or at the end of the text, which is an error unless the text is partial. */
function ended(cursor: Cursor): boolean {
  if (cursor.cut) return true;
  if (cursor.at < cursor.text.length) return false;
  if (!cursor.partial) throw NOT_JSON;
  cursor.cut = true;
  return true;
}

function taken(cursor: Cursor, char: string): boolean {
  if (cursor.cut || cursor.text[cursor.at] !== char) return false;
  cursor.at++;
  return true;
}

function skipSpace(cursor: Cursor): void {
  const { text } = cursor;
  for (;;) {
    const char = text.charCodeAt(cursor.at);
    if (char !== 0x20 && char !== 0x0a && char !== 0x0d && char !== 0x09) return;
    cursor.at++;
  }
}

/** A number or a word; null when the partial text ends inside it. */
function literal(cursor: Cursor): Tree | null {
  NUMBER.lastIndex = cursor.at;
  const number = NUMBER.exec(cursor.text);
  if (number !== null) {
    cursor.at = NUMBER.lastIndex;
    // A number at the very end of a partial text may go on.
    if (!cursor.partial || cursor.at < cursor.text.length) return plainLeaf(number[0]);
    cursor.cut = true;
    return null;
  }
  for (const [word, tree] of LITERALS) {
    if (!cursor.text.startsWith(word, cursor.at)) continue;
    cursor.at += word.length;
    return tree;
  }
  if (!cursor.partial || cursor.text.length - cursor.at > 8) throw NOT_JSON;
  cursor.cut = true;
  return null;
}

/** A string token; null when the partial text ends inside it. */
function stringToken(cursor: Cursor): string | null {
  const { text } = cursor;
  if (text.charCodeAt(cursor.at) !== 0x22) throw NOT_JSON;
  const start = ++cursor.at;
  for (let at = start; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (char === 0x22) {
      cursor.at = at + 1;
      return text.slice(start, at);
    }
    if (char === 0x5c) return escapedString(cursor, start, at);
    // Control characters do not belong into a string; a raw newline means that this is some other format.
    if (char < 0x20 && char !== 0x09) throw NOT_JSON;
  }
  cursor.at = text.length;
  ended(cursor);
  return null;
}

function escapedString(cursor: Cursor, start: number, firstEscape: number): string | null {
  const { text } = cursor;
  const pieces: string[] = [text.slice(start, firstEscape)];
  let at = firstEscape;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === 0x22) {
      cursor.at = at + 1;
      return pieces.join('');
    }
    if (code === 0x5c) {
      const length = text[at + 1] === 'u' ? 6 : 2;
      if (at + length > text.length) break;
      pieces.push(unescaped(text.slice(at + 1, at + length)));
      at += length;
      continue;
    }
    const plain = at;
    while (at < text.length && !isQuoteOrBackslash(text.charCodeAt(at))) at++;
    pieces.push(text.slice(plain, at));
  }
  cursor.at = text.length;
  ended(cursor);
  return null;
}

function isQuoteOrBackslash(code: number): boolean {
  return code === 0x22 || code === 0x5c;
}

/** The character that an escape stands for: its letter, or `u` and four hex digits. */
function unescaped(escaped: string): string {
  if (escaped.length === 1) {
    const plain = ESCAPES[escaped];
    if (plain === undefined) throw NOT_JSON;
    return plain;
  }
  if (!/^u[0-9a-fA-F]{4}$/.test(escaped)) throw NOT_JSON;
  return String.fromCharCode(Number.parseInt(escaped.slice(1), 16));
}
