/**
 * A payload, indexed for lineage: which values stand in it, under which names, and which of them belong together.
 */
import { append } from './multimap.ts';
import type { Digest, Payload } from './operation.ts';

export interface Leaf {
  readonly path: string;
  /** The path with array indices made `[]`: the place in the document's shape. Where rows are lists themselves (`[[1,"Lamp"],…]`) the
   * last index is the column and stays. */
  readonly place: string;
  /** Path of the list element that holds the leaf, with what else stands in it; `` outside lists. A scalar in a list belongs to what
   * the list belongs to: rows may be lists. */
  readonly element: string;
  /** Last named segment, folded: `unit_price`, `unitPrice` and `UnitPrice` are one name. */
  readonly name: string;
  readonly value: Digest;
}

export interface PayloadIndex {
  readonly leaves: readonly Leaf[];
  readonly byValue: ReadonlyMap<Digest, readonly Leaf[]>;
  /** Named leaves of each list element. */
  readonly elements: ReadonlyMap<string, ReadonlyMap<string, readonly Leaf[]>>;
  readonly words: ReadonlySet<Digest>;
  readonly empty: boolean;
  readonly truncated: boolean;
  /** True when nothing inside could be read. */
  readonly unreadable: boolean;
}

/** Folds a column or field name for comparison. */
export function foldName(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '');
}

const INDEX = /^\d+$/;

function leafOf(path: string, value: Digest): Leaf {
  const segments = path === '' ? [] : path.split('.');
  const last = segments.at(-1) ?? '';
  const inList = INDEX.test(last);
  const named = inList ? '' : last;
  const around = inList ? segments.slice(0, -1) : segments;
  const isColumn = inList && INDEX.test(around.at(-1) ?? '');
  const shape = (isColumn ? around : segments).map((segment) => (INDEX.test(segment) ? '[]' : segment));
  return {
    path,
    place: (isColumn ? [...shape, last] : shape).join('.'),
    element: around.slice(0, around.findLastIndex((segment) => INDEX.test(segment)) + 1).join('.'),
    name: foldName(named),
    value,
  };
}

const cache = new WeakMap<Payload, PayloadIndex>();

/** Index of a payload; computed once for each payload object. */
export function indexPayload(payload: Payload): PayloadIndex {
  const known = cache.get(payload);
  if (known !== undefined) return known;
  const leaves = payload.leaves.map(([path, value]) => leafOf(path, value));
  const byValue = new Map<Digest, Leaf[]>();
  const elements = new Map<string, Map<string, Leaf[]>>();
  const containers = (payload.containers ?? []).map(([path, value]) => leafOf(path, value));
  for (const leaf of [...leaves, ...containers]) {
    append(byValue, leaf.value, leaf);
    if (leaf.name === '') continue;
    let element = elements.get(leaf.element);
    if (element === undefined) {
      element = new Map();
      elements.set(leaf.element, element);
    }
    append(element, leaf.name, leaf);
  }
  const index: PayloadIndex = {
    leaves,
    byValue,
    elements,
    words: new Set(payload.words ?? []),
    empty: payload.empty ?? false,
    truncated: payload.truncated ?? false,
    unreadable: leaves.length === 0 && (payload.words?.length ?? 0) === 0 && payload.empty !== true,
  };
  cache.set(payload, index);
  return index;
}
