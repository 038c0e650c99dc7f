/** What is wrong with a document, in the words of its file: every problem with its place and what was expected. */
import { z } from 'zod';
import type { Path, Place, YamlDocument } from './document.ts';
import { nearest } from './nearest.ts';

export interface Problem {
  readonly at: Place;
  /** A sentence without its full stop. */
  readonly problem: string;
  /** What was expected instead, one sentence. */
  readonly expected: string;
}

type Issue = z.core.$ZodIssue;

/** Problems of a document that a schema refuses, in the order of the file; the document as a whole goes by `whole`. */
export function problemsOf(
  issues: readonly Issue[],
  document: YamlDocument,
  schema: z.ZodType,
  whole: string,
): Problem[] {
  const flat = issues.flatMap((issue) => decided(issue, [], document.value));
  const misspelt = flat.filter(({ code }) => code === 'unrecognized_keys').map(({ path }) => within(path));
  const missing = ({ path }: Issue) => valueAt(document.value, path) === undefined;
  return (
    flat
      // A field that is misspelt is missing as well: the slip is what matters.
      .filter((issue) => !missing(issue) || !misspelt.includes(within(issue.path.slice(0, -1))))
      .flatMap((issue) =>
        issue.code === 'unrecognized_keys'
          ? unknownFields(issue, document, schema)
          : [fieldProblem(issue, missing(issue), document, whole)],
      )
      .sort((a, b) => a.at.line - b.at.line || a.at.column - b.at.column)
  );
}

function valueAt(value: unknown, path: Path): unknown {
  let inner = value;
  for (const step of path) {
    if (typeof inner !== 'object' || inner === null) return undefined;
    inner = (inner as Record<PropertyKey, unknown>)[step];
  }
  return inner;
}

function within(path: Path): string {
  return JSON.stringify(path.map(String));
}

/** The issues of the branch that a value was most likely meant for: one that takes values of its kind. */
function decided(issue: Issue, above: Path, root: unknown): Issue[] {
  const path = [...above, ...issue.path];
  if (issue.code !== 'invalid_union') return [{ ...issue, path } as Issue];
  const plain = isPlain(valueAt(root, path));
  const ofKind = issue.errors.filter((branch) => !branch.some((inner) => isOfOtherKind(inner, plain)));
  const [best] = ofKind.toSorted((a, b) => a.length - b.length);
  return best === undefined
    ? [{ ...issue, path } as Issue]
    : best.flatMap((inner) => decided(inner, path, root));
}

function isPlain(value: unknown): boolean {
  return typeof value !== 'object' || value === null;
}

/** @param plain whether the value that was refused is no list and has no fields */
function isOfOtherKind(issue: Issue, plain: boolean): boolean {
  if (issue.path.length > 0) return false;
  return (
    issue.code === 'invalid_type' ||
    issue.code === 'invalid_union' ||
    (!plain && issue.code === 'invalid_value')
  );
}

function unknownFields(
  issue: Extract<Issue, { readonly code: 'unrecognized_keys' }>,
  document: YamlDocument,
  schema: z.ZodType,
): Problem[] {
  const known = fieldsAt(schema, issue.path);
  return issue.keys.map((name) => {
    const meant = nearest(name, known);
    const guess = meant === null ? '' : `; did you mean "${meant}"?`;
    return {
      at: document.fieldPlace([...issue.path, name]),
      problem: `unknown field "${name}"${guess}`,
      expected: `One of ${known.join(', ')}.`,
    };
  });
}

function fieldProblem(issue: Issue, missing: boolean, document: YamlDocument, whole: string): Problem {
  if (issue.code === 'invalid_key') {
    const at = document.fieldPlace(issue.path);
    const [wrong] = issue.issues;
    return {
      at,
      problem: `the name "${String(issue.path.at(-1))}" is not possible`,
      expected: sentence(wrong?.message ?? issue.message),
    };
  }
  const field = issue.path.findLast((step) => typeof step === 'string');
  const name = field === undefined ? whole : `"${String(field)}"`;
  const fault = missing ? 'is missing' : faultOf(issue);
  return { at: document.valuePlace(issue.path), problem: `${name} ${fault}`, expected: expectedOf(issue) };
}

function faultOf({ code }: Issue): string {
  return code === 'invalid_type' || code === 'invalid_union'
    ? 'has the wrong type'
    : 'has a value that is not possible';
}

const TYPES: Readonly<Record<string, string>> = {
  array: 'a list',
  object: 'fields with their values',
  record: 'fields with their values',
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
};

function expectedOf(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return sentence(TYPES[issue.expected] ?? `a value of the type ${issue.expected}`);
    case 'invalid_union':
      return sentence(alternatives(issue.errors.flat().filter(({ path }) => path.length === 0)));
    case 'invalid_value':
      if (!issue.message.startsWith('Invalid')) return sentence(issue.message);
      return issue.values.length === 1
        ? `${String(issue.values[0])}`
        : `One of ${issue.values.map(String).join(', ')}.`;
    case 'too_small':
      return 'A value that is not empty.';
    default:
      return sentence(issue.message);
  }
}

function alternatives(issues: readonly Issue[]): string {
  const kinds = issues.flatMap((issue) => {
    if (issue.code === 'invalid_type') return [TYPES[issue.expected] ?? issue.expected];
    return issue.code === 'invalid_value' ? issue.values.map(String) : [];
  });
  return [...new Set(kinds)].join(', or ') || 'another value';
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

/** The problem as a sentence, with what ends one. */
export function problemSentence({ problem }: Problem): string {
  return /[.?!]$/.test(problem) ? problem : `${problem}.`;
}

/** Field names that an object at a path may have, over all its forms. */
export function fieldsAt(schema: z.ZodType, path: Path): readonly string[] {
  let forms = formsOf(schema);
  for (const step of path) {
    forms = forms.flatMap((form) => {
      if (form instanceof z.ZodArray && typeof step === 'number') return formsOf(form.element);
      if (form instanceof z.ZodRecord) return formsOf(form.valueType);
      if (form instanceof z.ZodObject && String(step) in form.shape) return formsOf(form.shape[String(step)]);
      return [];
    });
  }
  return [...new Set(forms.flatMap((form) => (form instanceof z.ZodObject ? Object.keys(form.shape) : [])))];
}

/** What a schema takes, without what may be left out and with unions taken apart. */
function formsOf(schema: unknown): unknown[] {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable) return formsOf(schema.unwrap());
  if (schema instanceof z.ZodUnion) return schema.options.flatMap(formsOf);
  return [schema];
}
