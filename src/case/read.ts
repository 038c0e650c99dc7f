/** `case.yaml` → the case as it is measured. What is wrong is told with line and column, all of it at once. */
import { statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import {
  digestOf,
  readForm,
  readText,
  type VariableProblem,
  type Variables,
} from '../race/scenario/parts.ts';
import { CASE_FILE, type Case } from './contract.ts';
import { CASE_ERRORS } from './errors.ts';
import { caseOf } from './parts.ts';
import { type CaseFile, CaseFileSchema } from './schema.ts';

/** What of a case stands in its file besides: see {@link Case}. */
export interface StoredCase extends Case {
  /** When it was closed, and what came of it; null: open, or not said. */
  readonly closed: string | null;
  readonly outcome: string | null;
  /** SHA-256 of the sections that bear on what is measured, as they are written, and of the SQL files they name. A run whose
   * digest differs was measured on another case. */
  readonly measured: string;
  /** As `measured`, of what is rehearsed. */
  readonly rehearsed: string;
}

/** A case with its variables as they are written: `${TOKEN}` stays, so that it may be shown. */
export interface WrittenCase extends StoredCase {
  /** Variables that have to be set for it to be measured. */
  readonly variables: readonly string[];
}

const FORM = { schema: CaseFileSchema, whole: 'the case', errors: CASE_ERRORS } as const;

/** Reads a case: its file or its folder. Throws WSE701, WSE702 or WSE703. */
export async function readCase(path: string, env: Variables): Promise<StoredCase> {
  const file = fileAt(path);
  return parseCase(readText(file, CASE_ERRORS), file, env);
}

/** Reads the text of a case that stands in `file`; the SQL files it names are read too. Throws WSE702 or WSE703. */
export function parseCase(text: string, file: string, env: Variables): StoredCase {
  let written: unknown = null;
  const form = {
    ...FORM,
    written: (value: unknown) => {
      written = value;
    },
  };
  const built = readForm(text, file, env, form, caseOf);
  return stored(text, file, built, written);
}

/** As {@link readCase}, for showing: no variable is replaced by its value, and none has to be set. */
export async function readWrittenCase(path: string): Promise<WrittenCase> {
  const file = fileAt(path);
  return parseWrittenCase(readText(file, CASE_ERRORS), file);
}

export function parseWrittenCase(text: string, file: string): WrittenCase {
  let kept: readonly VariableProblem[] = [];
  let written: unknown = null;
  const form = {
    ...FORM,
    written: (value: unknown) => {
      written = value;
    },
    keepVariables: (problems: readonly VariableProblem[]) => {
      kept = problems;
    },
  };
  const built = readForm(text, file, {}, form, caseOf);
  const names = kept.flatMap(({ text: reference }) => /^\$\{(\w+)\}$/.exec(reference)?.[1] ?? []);
  return { ...stored(text, file, built, written), variables: [...new Set(names)].sort() };
}

function fileAt(path: string): string {
  const absolute = resolve(path);
  const isFolder = statSync(absolute, { throwIfNoEntry: false })?.isDirectory() === true;
  return isFolder ? join(absolute, CASE_FILE) : absolute;
}

type Built = ReturnType<typeof caseOf>;

function stored(text: string, file: string, built: Built, written: unknown): StoredCase {
  const folder = dirname(file);
  const name = basename(folder);
  return {
    file,
    folder,
    name,
    digest: digestOf(text),
    ...digestsOf(written as CaseFile, built),
    ...built,
    title: built.title ?? name,
  };
}

/** Sections whose change makes a new measurement necessary. */
const MEASURED = [
  'input',
  'expected',
  'service',
  'url',
  'stores',
  'setup',
  'warmup',
  'load',
] as const satisfies readonly (keyof CaseFile)[];

const REHEARSED = [
  'rehearse',
  'rollback',
  'url',
  'input',
  'expected',
  'allow',
] as const satisfies readonly (keyof CaseFile)[];

/** Of values as they are written: a digest of what variables stand for would tell short secrets. */
function digestsOf(
  written: CaseFile,
  { setup }: Pick<Case, 'setup'>,
): Pick<StoredCase, 'measured' | 'rehearsed'> {
  const files = setup.flatMap((step) => (step.kind === 'sql' ? [step.text] : []));
  const sections = (names: readonly (keyof CaseFile)[]) => names.map((name) => sorted(written[name]));
  const digest = (value: unknown) => digestOf(JSON.stringify(value));
  return { measured: digest([sections(MEASURED), files]), rehearsed: digest(sections(REHEARSED)) };
}

/** With fields in one order: moving a line changes nothing. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value ?? null;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, inner]) => [name, sorted(inner)]),
  );
}
