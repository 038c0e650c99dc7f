/** A YAML file as people write it: its value, and where each part of it stands. JSON is YAML and is read the same way. */
import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
} from 'yaml';

/** Largest file that is read, in characters. */
export const MAX_TEXT = 8 << 20;
/** Aliases (`*name`) that are followed. */
const MAX_ALIASES = 100;

/** A place in the file, from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** Steps from the root: field names and places in lists. */
export type Path = readonly PropertyKey[];

/** The text is no YAML; `message` is a sentence without its full stop. */
export class NotYaml extends Error {
  readonly at: Place;
  constructor(at: Place, message: string) {
    super(message);
    this.at = at;
  }
}

export interface YamlDocument {
  /** With its comments, to be written again. */
  readonly document: Document;
  /** Plain data. */
  readonly value: unknown;
  /** Where the field at a path begins: its name, or the nearest thing around it that there is. */
  fieldPlace(path: Path): Place;
  /** Where the value at a path begins; of a missing one, where it should stand. */
  valuePlace(path: Path): Place;
  /** Where this text stands first within the value at a path; else where the value begins. */
  placeWithin(path: Path, text: string): Place;
  /** A plain value as it is written, `1.10`; null where the value is none. */
  written(path: Path): string | null;
}

/** Reads one document. Throws {@link NotYaml}. */
export function readYaml(text: string): YamlDocument {
  if (text.length > MAX_TEXT) throw new NotYaml({ line: 1, column: 1 }, 'it is too large');
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const placeAt = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const [error] = document.errors;
  if (error !== undefined) throw new NotYaml(placeAt(error.pos[0]), sentence(error.message));
  return {
    document,
    value: plain(document),
    fieldPlace: (path) => placeAt(fieldOffset(document, path)),
    valuePlace: (path) => placeAt(valueOffset(document, path)),
    placeWithin(path, part) {
      const node = nodeAt(document, path);
      const [start, end] = (isNode(node) ? node.range : null) ?? [valueOffset(document, path), 0];
      const at = text.slice(start, end).indexOf(part);
      return placeAt(start + Math.max(0, at));
    },
    written(path) {
      const node = nodeAt(document, path);
      return isScalar(node) ? (node.source ?? null) : null;
    },
  };
}

function plain(document: Document): unknown {
  try {
    return document.toJS({ maxAliasCount: MAX_ALIASES });
  } catch (cause) {
    const problem = cause instanceof Error ? sentence(cause.message) : String(cause);
    throw new NotYaml({ line: 1, column: 1 }, problem);
  }
}

function sentence(message: string): string {
  const [first = ''] = message.split('\n');
  return first.replace(/[.:]$/, '');
}

function fieldOffset(document: Document, path: Path): number {
  let node: unknown = document.contents;
  let offset = startOf(node, 0);
  for (const step of path) {
    const found = stepInto(node, step);
    if (found === null) return offset;
    offset = startOf(found.named, offset);
    node = found.value;
  }
  return offset;
}

/** A field's value, and what it is found by; null where there is none, and within what an alias stands for. */
function stepInto(node: unknown, step: PropertyKey): { named: unknown; value: unknown } | null {
  if (isMap(node)) {
    const pair = node.items.find((one): one is Pair => isPair(one) && keyText(one.key) === String(step));
    return pair === undefined ? null : { named: pair.key, value: pair.value };
  }
  if (isSeq(node) && typeof step === 'number') {
    const item = node.items[step];
    return item === undefined ? null : { named: item, value: item };
  }
  return null;
}

function nodeAt(document: Document, path: Path): unknown {
  let node: unknown = document.contents;
  for (const step of path) {
    if (isAlias(node)) node = node.resolve(document);
    node = stepInto(node, step)?.value;
  }
  return node;
}

function valueOffset(document: Document, path: Path): number {
  let node: unknown = document.contents;
  for (const step of path) node = stepInto(node, step)?.value;
  return startOf(node, fieldOffset(document, path));
}

function startOf(node: unknown, otherwise: number): number {
  return isNode(node) ? ((node as Node).range?.[0] ?? otherwise) : otherwise;
}

function keyText(key: unknown): string {
  return isScalar(key) ? String(key.value) : String(key);
}
