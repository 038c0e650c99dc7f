/**
 * Canonical text of lists and objects: compact, keys sorted, scalars canonical. A `jsonb` column gives back other spacing
 * and another order of keys than was written, and an array column is `{a,b}` in PostgreSQL and `["a","b"]` in JSON.
 */
import { bytesText, canonical } from './canonical.ts';
import { decodeJson } from './json.ts';
import { listOf, NULL, type Tree, textLeaf } from './tree.ts';

/** Longest text that is brought into canonical form; longer ones are compared as they are. */
const LONGEST_DOCUMENT = 65_536;
/** Scalars and containers of a container that is compared as a whole. */
const LARGEST_CONTAINER = 5_000;

/** Canonical text of a JSON object or array, or of a PostgreSQL array; null for every other text. */
export function canonicalDocument(text: string): string | null {
  const first = text.charCodeAt(0);
  if ((first !== 0x7b && first !== 0x5b) || text.length > LONGEST_DOCUMENT) return null;
  const decoded = decodeJson(text);
  if (decoded !== null) return decoded.cut ? null : canonicalTree(decoded.tree);
  const array = first === 0x7b ? decodeArray(text) : null;
  return array === null ? null : canonicalTree(array);
}

/** Canonical text of a container; null when it is too large to be compared as a whole. */
export function canonicalTree(tree: Tree): string | null {
  const budget = { left: LARGEST_CONTAINER };
  const text = write(tree, budget);
  return budget.left < 0 ? null : text;
}

function write(tree: Tree, budget: { left: number }): string {
  if (--budget.left < 0) return '';
  if (tree.kind === 'list') return `[${tree.items.map((item) => write(item, budget)).join(',')}]`;
  if (tree.kind === 'map') {
    // PostgreSQL's empty array and JSON's empty object are one text.
    if (tree.entries.length === 0) return '[]';
    const entries = tree.entries.map(([key, value]) => `${JSON.stringify(key)}:${write(value, budget)}`);
    return `{${entries.sort().join(',')}}`;
  }
  return JSON.stringify(canonical(tree.kind === 'bytes' ? bytesText(tree.bytes) : tree.text).text);
}

const DEEPEST_ARRAY = 6;

/** PostgreSQL's array text (manual, section "Array Input and Output Syntax"); null for every other text. */
function decodeArray(text: string): Tree | null {
  const cursor = { text, at: 0 };
  const tree = arrayBody(cursor, 0);
  return tree !== null && cursor.at === text.length ? tree : null;
}

function arrayBody(cursor: { readonly text: string; at: number }, depth: number): Tree | null {
  const items: Tree[] = [];
  cursor.at++;
  if (cursor.text[cursor.at] === '}') {
    cursor.at++;
    return listOf(items);
  }
  for (;;) {
    const isNested = cursor.text[cursor.at] === '{';
    if (isNested && depth >= DEEPEST_ARRAY) return null;
    const item = isNested ? arrayBody(cursor, depth + 1) : element(cursor);
    if (item === null) return null;
    items.push(item);
    const end = cursor.text[cursor.at++];
    if (end === '}') return listOf(items);
    if (end !== ',') return null;
  }
}

const QUOTED = /"((?:[^"\\]|\\.)*)"/sy;
const BARE = /[^",{}\\\s](?:[^",{}\\]*[^",{}\\\s])?/y;

function element(cursor: { readonly text: string; at: number }): Tree | null {
  QUOTED.lastIndex = cursor.at;
  const quoted = QUOTED.exec(cursor.text);
  if (quoted !== null) {
    cursor.at = QUOTED.lastIndex;
    return textLeaf((quoted[1] as string).replace(/\\(.)/gs, '$1'));
  }
  BARE.lastIndex = cursor.at;
  const bare = BARE.exec(cursor.text);
  if (bare === null) return null;
  cursor.at = BARE.lastIndex;
  return bare[0] === 'NULL' ? NULL : textLeaf(bare[0]);
}
