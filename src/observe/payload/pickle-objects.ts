/**
 * What pickled objects mean as data: scalars that Python pickles as a call (Decimal, datetime, UUID…) become scalars;
 * of every other object its state, items and arguments give the leaves.
 */
import { LIMITS } from './limits.ts';
import { dateText, dateTimeText, decodeTextArgument, timeText, uuidText } from './pickle-known.ts';
import { type Decoded, entriesOf, keyText, listOf, type Tree, textLeaf } from './tree.ts';

/** An instance: what it was made with, and what was added afterwards. Filled while the pickle is walked. */
export interface PickleObject {
  readonly kind: 'object';
  /** Module and name of the class or function, with a dot. */
  readonly name: string;
  readonly args: readonly PickleValue[];
  state: PickleValue | null;
  readonly items: PickleValue[];
  readonly entries: [PickleValue, PickleValue][];
}

export type PickleValue =
  | { readonly kind: 'plain'; readonly text: string }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'list'; readonly items: PickleValue[] }
  | { readonly kind: 'map'; readonly entries: [PickleValue, PickleValue][] }
  | { readonly kind: 'class'; readonly name: string }
  | PickleObject;

/**
 * An instance before its state is known. Old protocols make it with a helper of copyreg that is given the class first:
 * `_reconstructor(class, base, value)`, `__newobj__(class, …)`.
 */
export function instanceOf(callee: string, args: readonly PickleValue[]): PickleObject {
  const helper = /^copy_?reg\.(_reconstructor|__newobj__|__newobj_ex__)$/.exec(callee);
  const target = args[0];
  if (helper === null || target?.kind !== 'class') {
    return { kind: 'object', name: callee, args, state: null, items: [], entries: [] };
  }
  const own = args.slice(helper[1] === '_reconstructor' ? 2 : 1).filter((arg) => !isNone(arg));
  return { kind: 'object', name: target.name, args: own, state: null, items: [], entries: [] };
}

function isNone(value: PickleValue): boolean {
  return value.kind === 'plain' && value.text === 'null';
}

interface Walk {
  nodes: number;
  cut: boolean;
}

/** Turns the walked pickle into a tree. Shared and circular references are followed until a bound is met. */
export function toTree(value: PickleValue): Decoded {
  const walk: Walk = { nodes: 0, cut: false };
  const tree = convert(walk, value, 0);
  return { tree, cut: walk.cut };
}

function convert(walk: Walk, value: PickleValue, depth: number): Tree {
  if (++walk.nodes > LIMITS.nodes || depth > LIMITS.depth) {
    walk.cut = true;
    return listOf([]);
  }
  switch (value.kind) {
    case 'plain':
    case 'text':
    case 'bytes':
      return value;
    case 'class':
      return textLeaf(value.name);
    case 'list':
      return listOf(convertAll(walk, value.items, depth));
    case 'map':
      return entriesOf(convertEntries(walk, value.entries, depth));
    case 'object':
      return knownScalar(value) ?? objectTree(walk, value, depth);
  }
}

function convertAll(walk: Walk, items: readonly PickleValue[], depth: number): Tree[] {
  const trees: Tree[] = [];
  for (const item of items) {
    if (walk.cut) break;
    trees.push(convert(walk, item, depth + 1));
  }
  return trees;
}

function convertEntries(
  walk: Walk,
  entries: readonly (readonly [PickleValue, PickleValue])[],
  depth: number,
): [string, Tree][] {
  const result: [string, Tree][] = [];
  for (const [key, item] of entries) {
    if (walk.cut) break;
    result.push([keyText(convert(walk, key, LIMITS.depth - 1)), convert(walk, item, depth + 1)]);
  }
  return result;
}

/** A scalar for the classes whose arguments are known to be one; null for the others. */
function knownScalar(object: PickleObject): Tree | null {
  switch (object.name) {
    case 'decimal.Decimal':
    case '_decimal.Decimal':
    case 'cdecimal.Decimal':
      return scalarText(object.args[0]);
    case 'datetime.datetime':
      return dateTimeText(object.args);
    case 'datetime.date':
      return dateText(object.args[0]);
    case 'datetime.time':
      return timeText(object.args[0]);
    case '_codecs.encode':
      return decodeTextArgument(object.args);
    default:
      return /(?:^|\.)UUID$/.test(object.name) ? uuidText(object) : null;
  }
}

function scalarText(value: PickleValue | undefined): Tree | null {
  return value?.kind === 'text' || value?.kind === 'plain' || value?.kind === 'bytes' ? value : null;
}

/** Keys under which frameworks keep an object's own attributes; their content is hoisted into the object. */
const ATTRIBUTES = new Set(['__dict__', '_data', '_attributes']);

function objectTree(walk: Walk, object: PickleObject, depth: number): Tree {
  const state = object.state === null ? [] : stateEntries(walk, object.state, depth);
  const entries = [...state, ...convertEntries(walk, object.entries, depth)];
  const items = convertAll(walk, object.items, depth);
  if (entries.length > 0) {
    const own = convertAll(walk, object.args.filter(isData), depth);
    return entriesOf([...entries, ...own.concat(items).map((tree, i): [string, Tree] => [String(i), tree])]);
  }
  if (items.length > 0) return listOf(items);
  const own = convertAll(walk, object.args.filter(isData), depth);
  if (own.length === 1) return own[0] as Tree;
  return own.length === 0 && object.state !== null ? convert(walk, object.state, depth + 1) : listOf(own);
}

/** Classes among arguments (a defaultdict's factory) are no data. */
function isData(value: PickleValue): boolean {
  return value.kind !== 'class';
}

/** An object's state: a dict, or a pair of dict and slots, with attribute containers hoisted. */
function stateEntries(walk: Walk, state: PickleValue, depth: number): [string, Tree][] {
  if (state.kind === 'list') {
    return state.items.flatMap((item, i): [string, Tree][] =>
      item.kind === 'map'
        ? stateEntries(walk, item, depth + 1)
        : isNone(item)
          ? []
          : [[String(i), convert(walk, item, depth + 1)]],
    );
  }
  if (state.kind !== 'map') return [['', convert(walk, state, depth + 1)]];
  return convertEntries(walk, state.entries, depth).flatMap(([key, tree]): [string, Tree][] =>
    ATTRIBUTES.has(key) && tree.kind === 'map' ? tree.entries : [[key, tree]],
  );
}
