/**
 * Canonical text of a JSON container in a cell, a parameter or a string: compact, keys sorted, scalars canonical. A
 * `jsonb` column gives back other spacing and another order of keys than was written.
 */
import { canonical } from './canonical.ts';
import { decodeJson } from './json.ts';
import type { Tree } from './tree.ts';

/** Longest text that is brought into canonical form; longer ones are compared as they are. */
const LONGEST_DOCUMENT = 65_536;

/** Canonical text of a JSON object or array; null for every other text. */
export function canonicalDocument(text: string): string | null {
  const first = text.charCodeAt(0);
  if ((first !== 0x7b && first !== 0x5b) || text.length > LONGEST_DOCUMENT) return null;
  const decoded = decodeJson(text);
  if (decoded === null) return first === 0x7b ? canonicalArray(text) : null;
  if (decoded.cut) return null;
  return canonicalTree(decoded.tree);
}

const ARRAY_ELEMENT = /"((?:[^"\\]|\\.)*)"|([^",{}]+)/y;

/** A one-dimensional PostgreSQL array (`{a,"b c",NULL}`) as the list that drivers make of it; null for other texts. See
 * https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO */
function canonicalArray(text: string): string | null {
  if (!text.endsWith('}')) return null;
  const items: string[] = [];
  let at = 1;
  while (at < text.length - 1) {
    ARRAY_ELEMENT.lastIndex = at;
    const match = ARRAY_ELEMENT.exec(text);
    if (match === null) return null;
    const [whole, quoted, plain] = match;
    items.push(JSON.stringify(canonical(quoted?.replace(/\\(.)/g, '$1') ?? plain ?? '').text));
    at += whole.length;
    if (at < text.length - 1 && text[at] !== ',') return null;
    at++;
  }
  return `[${items.join(',')}]`;
}

/** Canonical text of a decoded container. */
export function canonicalTree(tree: Tree): string {
  if (tree.kind === 'list') return `[${tree.items.map(canonicalTree).join(',')}]`;
  if (tree.kind === 'map') {
    const entries = tree.entries.map(([key, value]) => `${JSON.stringify(key)}:${canonicalTree(value)}`);
    return `{${entries.sort().join(',')}}`;
  }
  return tree.kind === 'bytes' ? '' : JSON.stringify(canonical(tree.text).text);
}
