/**
 * Versioned keys: a reader asks for a generation first and then for a key that carries it (`itemgen:1` gives 5, then
 * `item:1:g5`). What it then reads was chosen when the generation was read, so that is when its hit began: a reader that had
 * the old generation before a write was over overlaps the write, however late it comes to its value. And whoever counts a
 * generation up removes the keys that carry the old one, as far as their readers are concerned.
 *
 * Many a number stands in a key and in some other value by chance. A generation is one only if the two names have something
 * in common, the part is no column of the key's lineage, and a second value of the same generation was followed the same way.
 */
import { addTo } from './multimap.ts';
import { type CacheRead, type CacheWrite, type Digest, saysLittle } from './operation.ts';
import type { KeyState, Version } from './versions.ts';

/** Between reading the generation and the value lies at most this; ns. */
const MOMENT = 1e9;
/** … and this long while it may yet be chance: what is lost then are the first hits of a staleness. */
const DOUBTFUL_MOMENT = 100e6;
/** Values, misses, kinds of keys and generations remembered. */
const MAX_VALUES = 10_000;
/** Generations of one kind that wait for their second value. */
const MAX_SEEN = 256;
/** Keys that carry one generation which are followed. */
const MAX_DEPENDENTS = 64;
/** What a missing generation counts as. */
const FIRST = new Set(['0', '1']);

/** One kind of key that carries one kind of generation. */
export interface Family {
  /** The first value that was followed, by the generation's key; empty once it is confirmed. */
  readonly seen: Map<string, Digest>;
  /** A second value of a generation was followed: it is no chance. */
  confirmed: boolean;
}

const CONFIRMED: Family = { seen: new Map(), confirmed: true };

export class Generations {
  readonly #values = new Map<Digest, CacheRead | CacheWrite>();
  /** Misses, by the parts of the key that was missing. */
  readonly #missing = new Map<Digest, CacheRead>();
  readonly #dependents = new Map<string, Map<KeyState, Family>>();
  readonly #families = new Map<string, Family>();
  /** Names of generations by the kind of key: of confirmed families. */
  readonly #generationsOf = new Map<string, Set<string>>();

  /** A value that was read or written; one scalar may be a generation. */
  note(version: Version, read: CacheRead | CacheWrite): void {
    const leaves = version.payload?.leaves;
    const [only] = leaves ?? [];
    if (leaves?.length === 1 && only !== undefined && only[0] === '') keep(this.#values, only[1], read);
  }

  miss(key: KeyState, read: CacheRead): void {
    for (const part of key.parts) keep(this.#missing, part, read);
  }

  /** Keys that carry a generation's value, by the generation's key; told once, when it changes. */
  takeDependents(key: KeyState): Iterable<readonly [KeyState, Family]> {
    const dependents = this.#dependents.get(key.id) ?? [];
    this.#dependents.delete(key.id);
    return dependents;
  }

  /** Notes the generation that a read's key carries, if it carries one, and tells when the read began: at its own invocation,
   * or at that of the generation's read before it. */
  follow(key: KeyState, read: CacheRead): number {
    let began = read.invoke;
    let first = false;
    for (const part of key.parts) {
      const text = key.texts.get(part);
      if (text === undefined || key.boundColumns.has(part)) continue;
      first ||= FIRST.has(text);
      const earlier = this.#values.get(part);
      if (earlier === undefined || !isBefore(earlier, read) || !haveInCommon(key, part, earlier.key))
        continue;
      const moment = this.#isGeneration(key, part, text, earlier) ? MOMENT : DOUBTFUL_MOMENT;
      if (read.invoke - earlier.invoke <= moment) began = Math.min(began, earlier.invoke);
    }
    return first ? Math.min(began, this.#sinceMissing(key, read)) : began;
  }

  /** Notes that a key carries a generation; true when that is no chance. */
  #isGeneration(key: KeyState, part: Digest, text: string, earlier: CacheRead | CacheWrite): boolean {
    const kind = kindOf(key.name, text);
    const generation = kindOf(earlier.key);
    const name = `${kind}\u0000${generation}`;
    let family = this.#families.get(name);
    if (family === undefined) {
      if (this.#families.size >= MAX_VALUES) return false;
      // A random value stands in two names by no chance; a number may.
      family = { seen: new Map(), confirmed: !saysLittle(part) };
      this.#families.set(name, family);
      if (family.confirmed) addTo(this.#generationsOf, kind, generation);
    }
    if (!family.confirmed) {
      const before = family.seen.get(earlier.key);
      family.confirmed = before !== undefined && before !== part;
      if (family.confirmed) {
        family.seen.clear();
        addTo(this.#generationsOf, kind, generation);
      } else if (family.seen.size < MAX_SEEN) family.seen.set(earlier.key, part);
    }
    this.#depends(key, earlier, family);
    return family.confirmed;
  }

  #depends(key: KeyState, on: CacheRead | CacheWrite, family: Family): void {
    const id = `${on.db} ${on.key}`;
    const known = this.#dependents.get(id);
    if (known === undefined) {
      if (this.#dependents.size < MAX_VALUES) this.#dependents.set(id, new Map([[key, family]]));
    } else if (known.size < MAX_DEPENDENTS) known.set(key, family);
  }

  /** A generation that is not there counts as the first one. */
  #sinceMissing(key: KeyState, read: CacheRead): number {
    let began = Number.POSITIVE_INFINITY;
    for (const [part, text] of partsOf(key)) {
      if (!FIRST.has(text) || key.boundColumns.has(part)) continue;
      const generations = this.#generationsOf.get(kindOf(key.name, text));
      if (generations === undefined) continue;
      for (const other of key.parts) {
        const miss = this.#missing.get(other);
        if (miss === undefined || !isBefore(miss, read) || !generations.has(kindOf(miss.key))) continue;
        this.#depends(key, miss, CONFIRMED);
        began = Math.min(began, miss.invoke);
      }
    }
    return began;
  }
}

function* partsOf(key: KeyState): Iterable<readonly [Digest, string]> {
  for (const part of key.parts) {
    const text = key.texts.get(part);
    if (text !== undefined) yield [part, text];
  }
}

/** A name without its numbers; with the place of the part that may be a generation: the last that has this text. */
function kindOf(name: string, generation?: string): string {
  const at = generation === undefined ? -1 : name.lastIndexOf(generation);
  const marked = at < 0 ? name : `${name.slice(0, at)}\u0001${name.slice(at + (generation?.length ?? 0))}`;
  return marked.replace(/\d+/g, '#');
}

/** Whether the generation's name and the key share a word or a value besides the generation. */
function haveInCommon(key: KeyState, part: Digest, generation: string): boolean {
  for (const word of key.names) if (word.length > 1 && generation.toLowerCase().includes(word)) return true;
  const words = generation.split(/[^A-Za-z0-9]+/);
  for (const [other, text] of partsOf(key)) if (other !== part && words.includes(text)) return true;
  return false;
}

function isBefore(earlier: CacheRead | CacheWrite, read: CacheRead): boolean {
  if (earlier.key === read.key || earlier.return === null) return false;
  return earlier.return <= read.invoke && read.invoke - earlier.invoke <= MOMENT;
}

function keep<T>(map: Map<Digest, T>, digest: Digest, read: T): void {
  map.delete(digest);
  map.set(digest, read);
  if (map.size > MAX_VALUES) map.delete(map.keys().next().value!);
}
