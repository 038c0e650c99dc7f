/**
 * What every decoder makes of bytes: a tree whose leaves are scalars as text. Numbers stay as they were written, so no
 * digit is lost on the way.
 */

/** A text leaf: may embed words or a further document. */
export interface TextLeaf {
  readonly kind: 'text';
  readonly text: string;
}

/** A number, boolean, null or moment in text form (`null` is null). */
export interface PlainLeaf {
  readonly kind: 'plain';
  readonly text: string;
}

/** Bytes inside a document: a text, an identifier or another document. */
export interface BytesLeaf {
  readonly kind: 'bytes';
  readonly bytes: Uint8Array;
}

export interface List {
  readonly kind: 'list';
  readonly items: Tree[];
}

/** Keys as text; a key may occur twice. */
export interface Entries {
  readonly kind: 'map';
  readonly entries: [key: string, value: Tree][];
}

export type Tree = TextLeaf | PlainLeaf | BytesLeaf | List | Entries;

export const NULL: PlainLeaf = { kind: 'plain', text: 'null' };
export const TRUE: PlainLeaf = { kind: 'plain', text: 'true' };
export const FALSE: PlainLeaf = { kind: 'plain', text: 'false' };

export function textLeaf(text: string): TextLeaf {
  return { kind: 'text', text };
}

export function plainLeaf(text: string): PlainLeaf {
  return { kind: 'plain', text };
}

export function listOf(items: Tree[]): List {
  return { kind: 'list', items };
}

export function entriesOf(entries: [string, Tree][]): Entries {
  return { kind: 'map', entries };
}

/** Text of a map's key; containers cannot be keys of any cached document that asks to be found by path. */
export function keyText(key: Tree): string {
  if (key.kind === 'text' || key.kind === 'plain') return key.text;
  if (key.kind === 'bytes') return Buffer.from(key.bytes).toString('utf8');
  return key.kind;
}

/** What a decoder answers: null when the bytes are not of its format. `cut`: a bound ended the decoding early. */
export interface Decoded {
  readonly tree: Tree;
  readonly cut: boolean;
}
