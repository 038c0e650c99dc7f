/**
 * Numbers in keys' names that say nothing: `:1:book:7` (a version of the whole cache), `item:v3:7` (a version of its form).
 *
 * A number that all keys share where they share all that stands before it tells no key from another, yet it equals the id of
 * the first row of every table. It is left out of a key's parts, as long as no key has another number there.
 */
import { innerSegments, outerSegments } from './keys.ts';
import type { KeyState } from './versions.ts';

/** Beginnings of names remembered. */
const MAX_BEGINNINGS = 10_000;
/** Kinds of names that go on from a number, or ids that follow it, from which on it is a namespace. */
const KINDS = 2;
const IDS = 3;

/** A version of a form may be raised while watching, or be named wrongly once; a third number is an id or a generation. */
const VERSION = /(?:^|[^a-z])v$/i;
const VERSIONS = 2;

interface NumberHere {
  readonly texts: Set<string>;
  /** What follows it, without numbers. */
  readonly kinds: Set<string>;
  /** Ids that follow at once. */
  readonly ids: Set<string>;
  readonly keys: (readonly [key: KeyState, text: string])[];
}

export class Namespaces {
  /** What stands before a number, with the number; null where there are several. */
  readonly #beginnings = new Map<string, NumberHere | null>();

  /** Takes a key at its first use, and keeps its parts up to date from then on. */
  note(key: KeyState): void {
    let at = 0;
    for (const segment of outerSegments(key.name)) {
      for (const { text, look } of innerSegments(segment)) {
        const rest = key.name.slice(at + text.length);
        if (look === 'number' && rest !== '') this.#at(`${key.db} ${key.name.slice(0, at)}`, text, rest, key);
        at += text.length;
      }
    }
  }

  #at(before: string, text: string, rest: string, key: KeyState): void {
    let here = this.#beginnings.get(before);
    if (here === null) return;
    if (here === undefined) {
      if (this.#beginnings.size >= MAX_BEGINNINGS) return;
      here = { texts: new Set(), kinds: new Set(), ids: new Set(), keys: [] };
      this.#beginnings.set(before, here);
    }
    here.texts.add(text);
    if (here.texts.size > (VERSION.test(before) ? VERSIONS : 1)) {
      this.#beginnings.set(before, null);
      if (isNamespace(here)) for (const [other, its] of here.keys) restore(other, its);
      return;
    }
    here.keys.push([key, text]);
    if (isNamespace(here)) leaveOut(key, text);
    else {
      here.kinds.add(rest.replace(/\d+/g, '#'));
      const next = outerSegments(rest).find(({ look }) => look !== 'separator');
      if (next !== undefined && next.look !== 'word') here.ids.add(next.text);
      if (isNamespace(here)) for (const [other, its] of here.keys) leaveOut(other, its);
    }
  }
}

function isNamespace({ kinds, ids }: NumberHere): boolean {
  return kinds.size >= KINDS || ids.size >= IDS;
}

/** Only where something else in the name tells what it is of: `product:1` is about product 1, however often. */
function leaveOut(key: KeyState, text: string): void {
  const texts = outerSegments(key.name)
    .flatMap(innerSegments)
    .filter(({ look }) => look !== 'separator' && look !== 'word')
    .map((segment) => segment.text);
  if (texts.length < 2 || texts.filter((other) => other === text).length > 1) return;
  for (const [digest, known] of key.texts) if (known === text) key.parts.delete(digest);
}

function restore(key: KeyState, text: string): void {
  for (const [digest, known] of key.texts) if (known === text) key.parts.add(digest);
}
