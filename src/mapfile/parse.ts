/** Text of a map file → the committed map. What is wrong is said with line and column. */
import { type Document, isMap, isNode, isPair, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import type { z } from 'zod';
import { type CommittedMap, MAP_VERSION } from '../core/map/committed.ts';
import { templateId } from '../core/map/coverage-map.ts';
import { noYaml, type Place, unknownVersion, wrongField } from './errors.ts';
import { nearest } from './nearest.ts';
import { fieldsAt, MapFileSchema } from './schema.ts';

/** Largest file that is read, in characters. */
export const MAX_TEXT = 8 << 20;
/** Aliases (`*name`) that are followed. */
const MAX_ALIASES = 100;

export interface ParsedMap {
  readonly map: CommittedMap;
  /** The document with its comments, to be written again. */
  readonly document: Document;
}

/** Throws WSE502, WSE503 or WSE504. `path` names the file in errors. */
export function parseMapFile(text: string, path: string): ParsedMap {
  if (text.length > MAX_TEXT) throw noYaml(path, { line: 1, column: 1 }, 'it is too large');
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const placeAt = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const [error] = document.errors;
  if (error !== undefined) throw noYaml(path, placeAt(error.pos[0]), sentence(error.message));
  const value = plain(document, path);
  const place = (steps: readonly PropertyKey[]) => placeAt(offsetOf(document, steps));
  checkVersion(value, path, place(['version']));
  const result = MapFileSchema.safeParse(value);
  if (!result.success) throw fieldError(worst(result.error.issues), document, path, placeAt);
  checkTwice(result.data, path, place);
  return { map: result.data, document };
}

function plain(document: Document, path: string): unknown {
  try {
    return document.toJS({ maxAliasCount: MAX_ALIASES });
  } catch (cause) {
    const problem = cause instanceof Error ? sentence(cause.message) : String(cause);
    throw noYaml(path, { line: 1, column: 1 }, problem);
  }
}

function sentence(message: string): string {
  const [first = ''] = message.split('\n');
  return first.replace(/[.:]$/, '');
}

function checkVersion(value: unknown, path: string, at: Place): void {
  if (typeof value !== 'object' || value === null || !('version' in value)) return;
  const { version } = value;
  if (typeof version === 'number' && version !== MAP_VERSION) throw unknownVersion(path, at, String(version));
}

/** A template stands in the file once for each database. */
function checkTwice(
  { templates }: CommittedMap,
  path: string,
  place: (steps: readonly PropertyKey[]) => Place,
): void {
  const seen = new Set<string>();
  for (const [i, template] of templates.entries()) {
    const id = templateId(template);
    if (seen.has(id)) {
      const problem = `the template ${template.template} of database ${template.db} stands here twice`;
      throw wrongField(path, place(['templates', i]), problem, 'Each template once for each database.');
    }
    seen.add(id);
  }
}

type Issue = z.core.$ZodIssue;

/** A field that is misspelt is missing as well: the slip is what matters. */
function worst(issues: readonly Issue[]): Issue {
  return issues.find((issue) => issue.code === 'unrecognized_keys') ?? issues[0]!;
}

function fieldError(issue: Issue, document: Document, path: string, placeAt: (offset: number) => Place) {
  if (issue.code === 'unrecognized_keys') {
    const [name = ''] = issue.keys;
    const known = fieldsAt(issue.path);
    const meant = nearest(name, known);
    const guess = meant === null ? '' : `; did you mean "${meant}"?`;
    const at = placeAt(offsetOf(document, [...issue.path, name]));
    return wrongField(path, at, `unknown field "${name}"${guess}`, `One of ${known.join(', ')}.`);
  }
  const at = placeAt(valueOffset(document, issue.path));
  const field = issue.path.findLast((step) => typeof step === 'string');
  const name = field === undefined ? 'the map' : `"${String(field)}"`;
  return wrongField(path, at, `${name} ${problemOf(issue)}`, expectedOf(issue));
}

function problemOf(issue: Issue): string {
  if (issue.code === 'invalid_type') {
    const received = 'input' in issue && issue.input === undefined ? 'missing' : null;
    return received === null && !/undefined/.test(issue.message) ? 'has the wrong type' : 'is missing';
  }
  return 'has a value that is not possible';
}

const TYPES: Readonly<Record<string, string>> = {
  array: 'A list.',
  object: 'Fields with their values.',
  string: 'A text.',
  number: 'A number.',
  int: 'A whole number.',
};

function expectedOf(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return TYPES[issue.expected] ?? `A value of the type ${issue.expected}.`;
    case 'invalid_value':
      return issue.values.length === 1
        ? `${String(issue.values[0])}`
        : `One of ${issue.values.map(String).join(', ')}.`;
    case 'too_small':
      return 'A value that is not empty.';
    default:
      return `${issue.message.charAt(0).toUpperCase()}${issue.message.slice(1)}.`;
  }
}

/** Where the field at a path begins: its name, or the nearest thing around it that there is. */
function offsetOf(document: Document, path: readonly PropertyKey[]): number {
  let node: unknown = document.contents;
  let offset = startOf(node, 0);
  for (const step of path) {
    if (isMap(node)) {
      const pair = node.items.find((one) => isPair(one) && keyText(one.key) === String(step));
      if (pair === undefined) return offset;
      offset = startOf(pair.key, offset);
      node = pair.value;
    } else if (isSeq(node) && typeof step === 'number') {
      node = node.items[step];
      offset = startOf(node, offset);
    } else return offset;
  }
  return offset;
}

/** Where the value at a path begins; of a missing one, where it should stand. */
function valueOffset(document: Document, path: readonly PropertyKey[]): number {
  const value: unknown = document.getIn(path, true);
  return startOf(value, offsetOf(document, path));
}

function startOf(node: unknown, otherwise: number): number {
  return isNode(node) ? ((node as Node).range?.[0] ?? otherwise) : otherwise;
}

function keyText(key: unknown): string {
  return typeof key === 'object' && key !== null && 'value' in key ? String(key.value) : String(key);
}
