/**
 * A key as code builds it: literal texts, and variables named by the columns that its segments stand for.
 */
import { keyParts } from '../keys.ts';
import type { Digest } from '../operation.ts';
import type { KeyState } from '../versions.ts';
import { identifier } from './statement.ts';

/** A piece of a key. */
export type KeyPiece =
  | { readonly text: string }
  | {
      readonly name: string;
      /** `items.id`, where lineage tells it. */
      readonly column: string | null;
    };

export interface KeyPattern {
  readonly pieces: readonly KeyPiece[];
  /** The template as findings show it. */
  readonly template: string;
}

const PLACES = /(\{id\}|\{hash\})/;

/** What code would build the keys of a template from. `table`: the table that the finding is about. */
export function keyPattern(key: KeyState, template: string, table: string | null): KeyPattern {
  const texts = template.split(PLACES);
  const values = valuesOf(key.name, texts);
  const used = new Set<string>();
  const pieces = texts.flatMap((text, i): KeyPiece[] => {
    if (i % 2 === 0) return text === '' ? [] : [{ text }];
    const column = columnOf(key, values[(i - 1) / 2], table);
    const wanted = nameOf(column, text === '{hash}', texts[i - 1] ?? '', table);
    let name = wanted;
    for (let n = 2; used.has(name); n++) name = `${wanted}_${n}`;
    used.add(name);
    return [{ name, column }];
  });
  return { pieces, template };
}

/** What stands in a key's name where the template varies. */
function valuesOf(name: string, texts: readonly string[]): readonly string[] {
  const pattern = texts
    .map((text, i) => (i % 2 === 1 ? '(.+?)' : text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')))
    .join('');
  return new RegExp(`^${pattern}$`, 's').exec(name)?.slice(1) ?? [];
}

/** The column that a segment stands for; of several, the one of the table in question. */
function columnOf(key: KeyState, text: string | undefined, table: string | null): string | null {
  if (text === undefined) return null;
  const digest = [...key.texts].find(([, known]) => known === text)?.[0] ?? digestWithin(key, text);
  const columns = digest === undefined ? undefined : key.boundColumns.get(digest);
  if (columns === undefined) return null;
  const own = [...columns].filter((column) => column.startsWith(`${table}.`));
  // Where ids of two tables are alike, a value stands for both.
  return own.find((column) => column === `${table}.id`) ?? own[0] ?? [...columns][0] ?? null;
}

/** A segment may have a prefix that templates keep apart: of its parts the one that is known. */
function digestWithin(key: KeyState, text: string): Digest | undefined {
  for (const part of keyParts(text))
    for (const [digest, known] of key.texts) if (known === part) return digest;
  return undefined;
}

function nameOf(column: string | null, isDigest: boolean, before: string, table: string | null): string {
  if (column !== null) {
    const [owner = '', name = ''] = [column.slice(0, column.lastIndexOf('.')), column.split('.').at(-1)];
    if (owner === table || name !== 'id') return identifier(name);
    return `${identifier(singular(owner))}_id`;
  }
  if (isDigest) return 'digest';
  const word = keyParts(before).at(-1) ?? '';
  if (table !== null && singular(word) === singular(table)) return 'id';
  return /^[A-Za-z]\w*$/.test(word) ? `${identifier(singular(word))}_id` : 'id';
}

/** `items` → `item`, `categories` → `category`: for a variable's name. */
export function singular(table: string): string {
  const name = table.split('.').at(-1) ?? table;
  if (/ies$/.test(name)) return name.replace(/ies$/, 'y');
  return /[^s]s$/.test(name) ? name.slice(0, -1) : name;
}

/** Variables of a key that a statement on this table cannot know. */
export function foreignNames({ pieces }: KeyPattern, table: string | null): readonly string[] {
  return pieces.flatMap((piece) =>
    'name' in piece && piece.column !== null && !piece.column.startsWith(`${table}.`) ? [piece.name] : [],
  );
}
