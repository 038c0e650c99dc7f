/**
 * Versioned keys: a reader asks for a generation first and then for a key that carries it (`itemgen:1` gives 5, then
 * `item:1:g5`). What it then reads was chosen when the generation was read, so that is when its hit began: a reader that had
 * the old generation before a write was over overlaps the write, however late it comes to its value. And whoever counts a
 * generation up removes the keys that carry the old one, as far as their readers are concerned.
 *
 * Many a number stands in a key and in some other value by chance. A generation is one only if the two names have something
 * in common, the part is no column of the key's lineage, and a second value of the same generation was followed the same way.
 * Of several keys with that value (`gen:4` and `gen:5` both give 7), the one is meant whose numbers stand in the key too.
 * Under load many readers read one generation at a time: the last of each that was over before the key was asked for counts.
 */
import { haveInCommon, isColumn, Kinds, kindOf, partsOf } from './generation-names.ts';
import {
  type CacheRead,
  type CacheScript,
  type CacheWrite,
  type Digest,
  type Payload,
  saysLittle,
} from './operation.ts';
import type { KeyState, Version } from './versions.ts';

/** Between reading the generation and the value lies at most this; ns. */
const MOMENT = 1e9;
/** … and this long while it may yet be chance: what is lost then are the first hits of a staleness. */
const DOUBTFUL_MOMENT = 100e6;
/** Values, misses, kinds of keys and generations remembered. */
const MAX_VALUES = 10_000;
/** Keys that showed one value, and reads of one such key, the last of each. */
const MAX_SIGHTED = 64;
const MAX_READS = 24;
/** Generations of one kind that wait for their second value. */
const MAX_SEEN = 256;
/** Keys that carry one generation which are followed. */
const MAX_DEPENDENTS = 64;
/** What a missing generation counts as. */
const FIRST = new Set(['0', '1']);

/** One kind of key that may carry one kind of generation. */
class Family {
  /** The first value that was followed, by the generation's key. */
  readonly #seen = new Map<string, Digest>();
  /** A second value of a generation was followed. */
  #again: boolean;
  #agreed = 0;
  #outdated = 0;

  /** `told`: a random value stands in two names by no chance; a number may. */
  constructor(told: boolean) {
    this.#again = told;
  }

  /** Whether it is no chance. A page's number equals a counter for a while, and then the counter goes on without it. */
  get confirmed(): boolean {
    return this.#again && this.#agreed >= this.#outdated;
  }

  /** A key with this part was asked for after the generation had shown it. `current`: it had shown nothing else since. */
  followed(generation: string, part: Digest, current: boolean): void {
    if (current) this.#agreed++;
    else this.#outdated++;
    if (this.#again) return;
    const before = this.#seen.get(generation);
    if (before !== undefined) this.#again = before !== part;
    else if (this.#seen.size < MAX_SEEN) this.#seen.set(generation, part);
    if (this.#again) this.#seen.clear();
  }
}

/** A script was given a generation: whether it counted it up, the next read tells. */
interface Given {
  readonly before: Digest | null;
  /** When the script had returned; ns. */
  readonly until: number;
  readonly dependents: Dependents;
  readonly change: { confirmed: boolean };
}

type Sight = CacheRead | CacheWrite;

/** Keys that carry a generation, with the part of the name that it is. */
type Dependents = Map<KeyState, { readonly part: Digest; readonly family: Family }>;

/** A key that carries a generation, and whether that is no chance. */
export type Dependent = readonly [key: KeyState, certain: { readonly confirmed: boolean }];

export class Generations {
  /** Who showed a value, by the value; the last sights of each. */
  readonly #values = new Map<Digest, Map<string, Sight[]>>();
  /** Misses that nothing was stored after, by the parts of the key that was missing. */
  readonly #missing = new Map<Digest, Map<string, Sight[]>>();
  /** The value of each key that holds a single scalar. */
  readonly #current = new Map<string, Digest>();
  readonly #given = new Map<string, Given>();
  readonly #dependents = new Map<string, Dependents>();
  readonly #families = new Map<string, Family>();
  readonly #kinds = new Kinds();
  /** Kinds of keys that hold documents. */
  readonly #documents = new Set<string>();

  /** A value that was read or written; one scalar may be a generation. */
  note(version: Version, sight: Sight): void {
    const { key, payload } = version;
    if (sight.kind === 'write') this.stored(key, payload);
    const only = payload?.leaves.length === 1 ? payload.leaves[0] : undefined;
    if (only === undefined || only[0] !== '') return;
    const [, value] = only;
    keep(this.#values, value, key.id, sight);
    this.#kinds.note(key.name);
    this.#current.delete(key.id);
    this.#current.set(key.id, value);
    if (this.#current.size > MAX_VALUES) this.#current.delete(this.#current.keys().next().value!);
    this.#tell(key, value, sight);
  }

  /** Something was stored under a key. What holds a document is no generation, nor are others of its kind. */
  stored(key: KeyState, payload: Payload | null): void {
    for (const part of key.texts.keys()) this.#missing.get(part)?.delete(key.id);
    const isDocument = payload?.leaves.some(([path]) => path !== '') === true;
    if (isDocument && this.#documents.size < MAX_VALUES) this.#documents.add(kindOf(key.name));
  }

  /** The read after a script tells whether it counted up. */
  #tell(key: KeyState, value: Digest, sight: Sight): void {
    const given = this.#given.get(key.id);
    // What overlaps the script may still have seen the value before it.
    if (given === undefined || (given.before === value && sight.invoke <= given.until)) return;
    this.#given.delete(key.id);
    if (given.before !== value) given.change.confirmed = true;
    else
      for (const [dependent, { part, family }] of given.dependents)
        this.#add(key.id, dependent, part, family);
  }

  miss(key: KeyState, read: CacheRead): void {
    for (const part of key.parts) keep(this.#missing, part, key.id, read);
    this.#kinds.note(key.name);
  }

  /** Keys that carry a generation's value, by the generation's key; told once, when it changes. */
  takeDependents(key: KeyState): readonly Dependent[] {
    const dependents = this.#dependents.get(key.id);
    this.#dependents.delete(key.id);
    return unbound(dependents ?? []).map(([dependent, { family }]) => [dependent, family]);
  }

  /** The same when a script was given the generation: what it did is told by the next read. */
  giveDependents(key: KeyState, script: CacheScript): readonly Dependent[] {
    const dependents = this.#dependents.get(key.id);
    if (dependents === undefined || this.#given.size >= MAX_VALUES) return [];
    this.#dependents.delete(key.id);
    const change = { confirmed: false };
    this.#given.set(key.id, {
      before: this.#current.get(key.id) ?? null,
      until: script.return ?? script.invoke,
      dependents,
      change,
    });
    return unbound(dependents).map(([dependent, { family }]) => [dependent, both(family, change)]);
  }

  /** Notes the generation that a read's key carries, if it carries one, and tells when the read began: at its own invocation,
   * or at that of the generation's read before it. */
  follow(key: KeyState, read: CacheRead): number {
    let began = read.invoke;
    for (const [part, text] of partsOf(key)) {
      if (isColumn(key, part)) continue;
      const sight = this.#meant(key, part, text, this.#values.get(part), read);
      if (sight !== null) began = Math.min(began, this.#since(key, part, text, sight, read));
      else if (FIRST.has(text)) began = Math.min(began, this.#sinceMissing(key, part, text, read));
    }
    return began;
  }

  /** A generation that is not there counts as the first one. */
  #sinceMissing(key: KeyState, part: Digest, text: string, read: CacheRead): number {
    let best: Sight | null = null;
    for (const other of key.parts) {
      const sight = this.#meant(key, part, text, this.#missing.get(other), read);
      if (sight !== null && (best === null || sight.invoke > best.invoke)) best = sight;
    }
    return best === null ? read.invoke : this.#since(key, part, text, best, read);
  }

  /** The sight of the generation that the key carries: of those that have something in common with it and were over before it
   * was asked for, the last. */
  #meant(
    key: KeyState,
    part: Digest,
    text: string,
    sighted: ReadonlyMap<string, readonly Sight[]> | undefined,
    read: CacheRead,
  ): Sight | null {
    let best: Sight | null = null;
    for (const sights of sighted?.values() ?? []) {
      const sight = lastBefore(sights, read);
      if (sight === null || (best !== null && sight.invoke < best.invoke)) continue;
      if (!haveInCommon(key, part, sight.key) || this.#documents.has(kindOf(sight.key))) continue;
      if (this.#kinds.isOfSame(sight.key, key.name, text)) best = sight;
    }
    return best;
  }

  #since(key: KeyState, part: Digest, text: string, sight: Sight, read: CacheRead): number {
    const moment = this.#isGeneration(key, part, text, sight) ? MOMENT : DOUBTFUL_MOMENT;
    return read.invoke - sight.invoke <= moment ? sight.invoke : read.invoke;
  }

  /** Notes that a key carries a generation; true when that is no chance. */
  #isGeneration(key: KeyState, part: Digest, text: string, sight: Sight): boolean {
    const name = `${kindOf(key.name, text)}\u0000${kindOf(sight.key)}`;
    let family = this.#families.get(name);
    if (family === undefined) {
      if (this.#families.size >= MAX_VALUES) return false;
      family = new Family(!saysLittle(part));
      this.#families.set(name, family);
    }
    const shown = this.#current.get(`${sight.db} ${sight.key}`);
    family.followed(sight.key, part, shown === undefined || shown === part);
    this.#add(`${sight.db} ${sight.key}`, key, part, family);
    return family.confirmed;
  }

  #add(generation: string, key: KeyState, part: Digest, family: Family): void {
    if (key.generations.size < MAX_SIGHTED) key.generations.set(generation, family);
    const known = this.#dependents.get(generation);
    if (known === undefined) {
      if (this.#dependents.size < MAX_VALUES)
        this.#dependents.set(generation, new Map([[key, { part, family }]]));
    } else if (known.size < MAX_DEPENDENTS) known.set(key, { part, family });
  }
}

/** What was asked for before its lineage was known may turn out to be a column, which had the same value by chance. */
function unbound(
  dependents: Iterable<readonly [KeyState, { readonly part: Digest; readonly family: Family }]>,
) {
  return [...dependents].filter(([key, { part }]) => !isColumn(key, part));
}

function both(
  a: { readonly confirmed: boolean },
  b: { readonly confirmed: boolean },
): { readonly confirmed: boolean } {
  return {
    get confirmed() {
      return a.confirmed && b.confirmed;
    },
  };
}

/** The last sight that was over when the read was invoked. When there have been too many since to know it, the oldest known. */
function lastBefore(sights: readonly Sight[], read: CacheRead): Sight | null {
  for (let i = sights.length - 1; i >= 0; i--) {
    const sight = sights[i]!;
    if (sight.key === read.key || sight.db !== read.db) return null;
    if (sight.return !== null && sight.return <= read.invoke)
      return read.invoke - sight.invoke <= MOMENT ? sight : null;
  }
  const [oldest] = sights;
  return sights.length === MAX_READS && oldest !== undefined && oldest.invoke < read.invoke ? oldest : null;
}

function keep(map: Map<Digest, Map<string, Sight[]>>, digest: Digest, key: string, sight: Sight): void {
  const sighted = map.get(digest) ?? new Map<string, Sight[]>();
  map.delete(digest);
  map.set(digest, sighted);
  if (map.size > MAX_VALUES) map.delete(map.keys().next().value!);
  const sights = sighted.get(key) ?? [];
  sighted.delete(key);
  sighted.set(key, sights);
  if (sighted.size > MAX_SIGHTED) sighted.delete(sighted.keys().next().value!);
  sights.push(sight);
  if (sights.length > MAX_READS) sights.shift();
}
