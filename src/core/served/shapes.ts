/** The shape of a cached document: how it was encoded, which places it has, and what kind each place is. */
import type { Digest, Payload } from '../operation.ts';
import { NULL_DIGEST } from '../operation.ts';
import { indexPayload } from '../payload.ts';

export const SHAPE_LIMITS = {
  /** Places of one document that are looked at. */
  places: 256,
  /** Shapes remembered. */
  shapes: 5_000,
} as const;

export interface Shape {
  /** Equal exactly for equal formats and places. */
  readonly name: string;
  readonly format: string;
  /** Places of scalars: `items.[].price`. */
  readonly places: ReadonlySet<string>;
  /** Places that were seen to hold null: what stands there otherwise is not known. */
  readonly nulls: Set<string>;
}

const cache = new WeakMap<Payload, Shape | 'none'>();

/** Null for what cannot be read whole, or holds nothing. Computed once for each payload object. */
export function shapeOf(payload: Payload | null): Shape | null {
  if (payload === null) return null;
  let known = cache.get(payload);
  if (known === undefined) {
    known = shapeOfPayload(payload) ?? 'none';
    cache.set(payload, known);
  }
  return known === 'none' ? null : known;
}

function shapeOfPayload(payload: Payload): Shape | null {
  if (payload.empty === true) return null;
  const index = indexPayload(payload);
  // A format that cannot be read is a shape too: a pickle after JSON, or another way to compress.
  if (index.unreadable || payload.format === 'binary')
    return { name: payload.format, format: payload.format, places: NONE, nulls: new Set() };
  if (index.truncated || index.leaves.length > SHAPE_LIMITS.places) return null;
  const places = new Set<string>();
  const nulls = new Set<string>();
  for (const { place, value } of index.leaves) {
    places.add(place);
    if (isNull(value)) nulls.add(place);
  }
  const name = `${payload.format}\u0000${[...places].sort().join('\u0001')}`;
  return { name, format: payload.format, places, nulls };
}

const NONE: ReadonlySet<string> = new Set();

function isNull(value: Digest): boolean {
  return value === NULL_DIGEST;
}

/** How a value differs from what is written now. */
export interface ShapeChange {
  readonly format: readonly [before: string, now: string] | null;
  readonly missing: readonly string[];
  readonly extra: readonly string[];
}

/** What is different in the same way from all that is written now; null when it may be one of them. What only some of them
 * have is optional. */
export function changeOf(old: Shape, present: readonly Shape[]): ShapeChange | null {
  const [first] = present;
  if (first === undefined || present.some(({ name }) => name === old.name)) return null;
  if (present.every(({ format }) => format !== old.format)) {
    const format = [old.format, first.format] as const;
    return { format, missing: [], extra: [] };
  }
  if (old.places.size === 0) return null;
  const always = [...first.places].filter((place) => present.every(({ places }) => places.has(place)));
  const missing = always.filter((place) => !old.places.has(place) && !mayBeEmpty(old, place));
  const ever = (place: string) =>
    present.some(({ places, nulls }) => places.has(place) || [...nulls].some((it) => isBelow(place, it)));
  const isNothing = (place: string) =>
    old.nulls.has(place) && present.some(({ places }) => [...places].some((it) => isBelow(it, place)));
  const extra = [...old.places].filter((place) => !ever(place) && !isNothing(place));
  // Names that vary are keys of a map, not fields: then only what is missing counts.
  const isFixed = present.every(({ name }) => name === first.name);
  if (missing.length === 0 && (extra.length === 0 || !isFixed)) return null;
  return { format: null, missing, extra };
}

/** Whether an empty list, an empty object or null above it would leave a place out. */
function mayBeEmpty(old: Shape, place: string): boolean {
  const segments = place.split('.');
  for (let i = segments.length - 1; i > 0; i--) {
    const above = segments.slice(0, i).join('.');
    if (old.nulls.has(above)) return true;
    if (old.places.has(above)) return false;
    if ([...old.places].some((it) => isBelow(it, above))) return false;
  }
  // Nothing of the container is there: it may be empty.
  return segments.length > 1;
}

function isBelow(place: string, above: string): boolean {
  return place.startsWith(`${above}.`);
}

/** `lacks currency, has price_eur`. */
export function changeText({ format, missing, extra }: ShapeChange): string {
  if (format !== null) return `is ${format[0]} where ${format[1]} is written now`;
  const list = (places: readonly string[]) =>
    places
      .slice(0, 3)
      .map((place) => (place === '' ? 'one value' : place))
      .join(', ') + (places.length > 3 ? '…' : '');
  const parts = [
    ...(missing.length > 0 ? [`lacks ${list(missing)}`] : []),
    ...(extra.length > 0 ? [`has ${list(extra)}`] : []),
  ];
  return parts.join(' and ');
}
