/** Names of generations and of the keys that carry them: what the two have in common, and what tells one from another. */
import type { Digest } from './operation.ts';
import type { KeyState } from './versions.ts';

/** Kinds of names remembered. */
const MAX_KINDS = 10_000;

/** Which numbers in names of one kind differ from name to name: they say what a generation is of. */
export class Kinds {
  readonly #known = new Map<string, { readonly numbers: readonly string[]; readonly vary: boolean[] }>();

  note(name: string): void {
    const kind = kindOf(name);
    const numbers = numbersIn(name);
    const known = this.#known.get(kind);
    if (known !== undefined)
      for (const [i, number] of numbers.entries()) known.vary[i] ||= number !== known.numbers[i];
    else if (this.#known.size < MAX_KINDS) this.#known.set(kind, { numbers, vary: numbers.map(() => false) });
  }

  /** Whether the numbers that tell this generation from others stand in the key too, besides the generation itself. */
  isOfSame(generation: string, key: string, value: string): boolean {
    const vary = this.#known.get(kindOf(generation))?.vary ?? [];
    const at = key.lastIndexOf(value);
    const numbers = new Set(numbersIn(`${key.slice(0, at)}\u0001${key.slice(at + value.length)}`));
    return numbersIn(generation).every((number, i) => vary[i] !== true || numbers.has(number));
  }
}

function numbersIn(name: string): readonly string[] {
  return name.match(/\d+/g) ?? [];
}

/** Whether a part is a column of the key's lineage. The generation of `item:3:3` has the same text as the row's id. */
export function isColumn(key: KeyState, part: Digest): boolean {
  if (!key.boundColumns.has(part)) return false;
  return stands(key, key.texts.get(part)) < 2;
}

/** How often a text stands in a key's name. */
function stands({ name }: KeyState, text: string | undefined): number {
  return name.split(/[^A-Za-z0-9]+/).filter((word) => word === text).length;
}

export function* partsOf(key: KeyState): Iterable<readonly [Digest, string]> {
  for (const part of key.parts) {
    const text = key.texts.get(part);
    if (text !== undefined) yield [part, text];
  }
}

/** A name without its numbers; with the place of the part that may be a generation: the last that has this text. */
export function kindOf(name: string, generation?: string): string {
  const at = generation === undefined ? -1 : name.lastIndexOf(generation);
  const marked = at < 0 ? name : `${name.slice(0, at)}\u0001${name.slice(at + (generation?.length ?? 0))}`;
  return marked.replace(/\d+/g, '#');
}

/** Whether the generation's name and the key share a word or a value besides the generation. */
export function haveInCommon(key: KeyState, part: Digest, generation: string): boolean {
  for (const word of key.names) if (word.length > 1 && generation.toLowerCase().includes(word)) return true;
  const words = generation.split(/[^A-Za-z0-9]+/);
  for (const [other, text] of partsOf(key))
    if (words.includes(text) && (other !== part || stands(key, text) > 1)) return true;
  return false;
}
