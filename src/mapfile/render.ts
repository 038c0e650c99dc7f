/**
 * The committed map → text of the file. Over an existing document, what is the same keeps its node, and with it the
 * comments that persons have written.
 */
import { Document, isMap, isScalar, isSeq, type Node, Pair, Scalar, YAMLMap, YAMLSeq } from 'yaml';
import type { CommittedMap } from '../core/map/committed.ts';

/** Where the schema stands when whystale is a development dependency. */
export const SCHEMA_PATH = './node_modules/whystale/schemas/whystale.map.schema.json';

const HEADER = [
  ` yaml-language-server: $schema=${SCHEMA_PATH}`,
  '',
  ' The coverage map of the cache: which rows feed which keys, who fills and invalidates them, and which writes',
  ' change what feeds them and leave the keys in place (uncovered). Review it like code.',
  '',
  ' Written from a recording by   whystale map DIR --write whystale.map.yaml   which keeps comments and reasons.',
  ' Held against a recording by   whystale map DIR --check whystale.map.yaml   which fails on a new uncovered write.',
  ' An uncovered write that is meant to be so gets a reason:   accepted: "at most 60 s old, agreed with the owner"',
].join('\n');

/** Longest list that is written on one line, in characters. */
const ONE_LINE = 80;

/** Order of the fields, whatever object they stand in. */
const FIELDS = [
  ...['version', 'template', 'db', 'key', 'segments', 'values', 'ttl', 'class', 'max', 'sources'],
  ...['table', 'rows', 'by', 'where', 'columns', 'unused', 'absent', 'likely', 'statements', 'changes'],
  ...['how', 'sometimes', 'accepted', 'filledBy', 'invalidatedBy', 'uncovered', 'notSeen'],
  ...['templates', 'withoutSources'],
];

type Value = string | number | boolean | null | readonly Value[] | { readonly [field: string]: Value };

/** `existing`: the document that is written over. */
export function renderMapFile(map: CommittedMap, existing: Document | null): string {
  const document = existing ?? new Document();
  if (existing === null) document.commentBefore = HEADER;
  const value = definedOnly(map) as Value;
  document.contents = merged(document.contents, value) as typeof document.contents;
  return document.toString({ lineWidth: 0, flowCollectionPadding: false });
}

/** Fields that are undefined are left out. */
function definedOnly(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(definedOnly);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== undefined)
      .map(([name, inner]) => [name, definedOnly(inner)]),
  );
}

/** A node with this value: the given one with as little changed as can be, else a new one. */
function merged(node: unknown, value: Value): Node {
  if (Array.isArray(value)) return mergedSeq(isSeq(node) ? node : null, value);
  if (typeof value === 'object' && value !== null)
    return mergedMap(isMap(node) ? node : null, value as { readonly [field: string]: Value });
  if (!isScalar(node)) return new Scalar(value);
  if (node.value !== value) {
    node.value = value;
    // The quotes that the old value needed need not fit the new one.
    delete node.type;
    delete node.source;
  }
  return node;
}

function mergedMap(node: YAMLMap | null, value: { readonly [field: string]: Value }): YAMLMap {
  const map = node ?? new YAMLMap();
  const pairs = new Map(map.items.map((pair) => [nameOf(pair.key), pair]));
  const names = Object.keys(value).sort((a, b) => FIELDS.indexOf(a) - FIELDS.indexOf(b));
  map.items = names.map((name) => {
    const pair = pairs.get(name);
    const inner = merged(pair?.value, value[name]!);
    if (pair === undefined) return new Pair(new Scalar(name), inner);
    pair.value = inner;
    return pair;
  });
  if (node === null) map.flow = names.includes('class');
  return map;
}

function nameOf(key: unknown): string {
  return isScalar(key) ? String(key.value) : String(key);
}

function mergedSeq(node: YAMLSeq | null, values: readonly Value[]): YAMLSeq {
  const seq = node ?? new YAMLSeq();
  // What stands above the first entry speaks of it, and goes with it.
  const [first] = seq.items;
  if (isMap(first) && seq.commentBefore != null) {
    first.commentBefore = [seq.commentBefore, first.commentBefore].filter((text) => text != null).join('\n');
    seq.commentBefore = null;
  }
  const before = new Map<string, unknown[]>();
  for (const item of seq.items) {
    const id = identityOf(isMap(item) || isSeq(item) ? item.toJSON() : isScalar(item) ? item.value : item);
    const alike = before.get(id);
    if (alike === undefined) before.set(id, [item]);
    else alike.push(item);
  }
  seq.items = values.map((value, i) => {
    const old = before.get(identityOf(value))?.shift();
    const item = merged(old, value);
    if (isTemplate(value)) item.spaceBefore = i > 0;
    return item;
  });
  seq.flow = isShort(values) && (node === null || node.flow === true || node.items.length === 0);
  return seq;
}

/** By what an entry of a list is the same entry when its other fields have changed. */
function identityOf(value: unknown): string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return JSON.stringify(value);
  const { template, db, table, rows, by, statements } = value as Record<string, unknown>;
  if (template !== undefined) return JSON.stringify([template, db]);
  if (table !== undefined) return JSON.stringify([table, rows]);
  return JSON.stringify(by ?? statements);
}

function isTemplate(value: Value): boolean {
  return typeof value === 'object' && value !== null && 'template' in value;
}

/** Texts that need no quotes within brackets. */
const BARE = /^[\w.]+(?: [\w.]+)*$/;

/** Names fit on one line; routes and statements get a line each. */
function isShort(values: readonly Value[]): boolean {
  return JSON.stringify(values).length <= ONE_LINE && values.every(isBare);
}

function isBare(value: Value): boolean {
  return Array.isArray(value) ? value.every(isBare) : typeof value === 'string' && BARE.test(value);
}
