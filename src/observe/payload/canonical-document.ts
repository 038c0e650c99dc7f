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
  if (decoded === null || decoded.cut) return null;
  return write(decoded.tree);
}

function write(tree: Tree): string {
  if (tree.kind === 'list') return `[${tree.items.map(write).join(',')}]`;
  if (tree.kind === 'map') {
    const entries = tree.entries.map(([key, value]) => `${JSON.stringify(key)}:${write(value)}`);
    return `{${entries.sort().join(',')}}`;
  }
  return tree.kind === 'bytes' ? '' : JSON.stringify(canonical(tree.text).text);
}
