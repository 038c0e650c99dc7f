/**
 * Keys that carry a generation: `item:7:v3`, where `itemgen:7` holds `3`. Raising the generation ends every key that
 * carries the old one, though no key of the template is removed. Learned from values: another key held exactly what stands
 * in a part of the name that is no column of a row.
 */
import type { Digest } from '../operation.ts';
import type { KeyState } from '../versions.ts';
import type { MappedSegment } from './coverage-map.ts';
import type { Parts } from './segments.ts';

/** Share of the keys that carry a generation, from which on it is believed. */
const SHARE = 0.3;

export interface Generations {
  /** Whether a key holds a generation that keys of the template carry. */
  readonly carries: (key: KeyState) => boolean;
  /** Whether raising `generation` ends `key`. */
  readonly stands: (generation: KeyState, key: KeyState) => boolean;
}

export const NO_GENERATIONS: Generations = { carries: () => false, stands: () => false };

/** The generations of a template. `scalars`: keys that held a single value, by that value. */
export function generationsOf(
  keys: readonly KeyState[],
  parts: (key: KeyState) => Parts | null,
  segments: readonly MappedSegment[],
  scalars: ReadonlyMap<Digest, ReadonlySet<KeyState>>,
  templateOf: (key: KeyState) => string,
): Generations {
  const free = segments.flatMap((columns, i) => (columns.length === 0 ? [i] : []));
  if (free.length === 0) return NO_GENERATIONS;
  const carriers = new Map<string, Carriers>();
  let informed = 0;
  for (const key of keys) {
    const digests = parts(key);
    if (digests === null) continue;
    informed++;
    for (const i of free) {
      const digest = digests[i];
      if (digest == null) continue;
      const rest = digests.toSpliced(i, 1).join();
      for (const holder of scalars.get(digest) ?? []) {
        if (holder === key || !speaksOfSame(holder, key, digest)) continue;
        note(carriers, templateOf(holder), key, `${i} ${rest} ${holder.id}`);
      }
    }
  }
  const holders = new Set(
    [...carriers]
      .filter(([, { keys: members, again }]) => again && members.size >= informed * SHARE)
      .map(([template]) => template),
  );
  if (holders.size === 0) return NO_GENERATIONS;
  const carries = (key: KeyState) => holders.has(templateOf(key));
  return { carries, stands: (generation, key) => carries(generation) && speaksOfSame(generation, key, null) };
}

interface Carriers {
  readonly keys: Set<KeyState>;
  readonly entities: Set<string>;
  /** Two keys that differ in the generation alone were met: an id that equals a counter once is no generation. */
  again: boolean;
}

function note(carriers: Map<string, Carriers>, template: string, key: KeyState, entity: string): void {
  let known = carriers.get(template);
  if (known === undefined) {
    known = { keys: new Set(), entities: new Set(), again: false };
    carriers.set(template, known);
  }
  known.again ||= known.entities.has(entity);
  known.keys.add(key);
  known.entities.add(entity);
}

/** `itemgen:7` speaks of `item:7:v3`, and `gen:items` of all: what varies in its name stands in the key's too. */
function speaksOfSame(holder: KeyState, key: KeyState, generation: Digest | null): boolean {
  for (const part of holder.parts) {
    const text = holder.texts.get(part) ?? '';
    if (part === generation || !/\d/.test(text)) continue;
    if (!key.parts.has(part)) return false;
  }
  return true;
}
