/** The text of a file that a person writes → what it says, held against its schema. All that is wrong is told at once. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { z } from 'zod';
import {
  NotYaml,
  type Path,
  type Problem,
  problemsOf,
  readYaml,
  type YamlDocument,
} from '../../yamlfile/index.ts';
import type { FileErrors } from './errors.ts';
import type { Reading } from './reading.ts';
import { expandVariables, type VariableProblem, type Variables } from './variables.ts';

/** One kind of file. */
export interface FileForm<S extends z.ZodType> {
  readonly schema: S;
  /** What the file as a whole is called: `the scenario`. */
  readonly whole: string;
  readonly errors: FileErrors;
  /** Called with the variables that have no value, which then stay as they are written; values made of them are not held
   * against what they must be. Without it they are problems. */
  readonly keepVariables?: (problems: readonly VariableProblem[]) => void;
  /** Called with what the file says, its variables as they are written. */
  readonly written?: (value: unknown) => void;
}

/** A variable, as opposed to something that names none. */
const NAMED = /^\$\{[A-Za-z_]\w*\}$/;

/** Throws what `errors` says. */
export function readText(path: string, errors: FileErrors): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw errors.cannotRead(path, cause);
  }
}

/** SHA-256, hex. */
export function digestOf(text: string | Uint8Array): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Reads the text that stands in `file`. Throws what `form.errors` says. */
export function readForm<S extends z.ZodType, T>(
  text: string,
  file: string,
  env: Variables,
  form: FileForm<S>,
  build: (value: z.output<S>, reading: Reading) => T,
): T {
  const yaml = yamlOf(text, file, form.errors);
  form.written?.(yaml.value);
  const { value, problems: unset } = expandVariables(yaml.value, env);
  const kept = form.keepVariables === undefined ? [] : unset.filter(({ text }) => NAMED.test(text));
  form.keepVariables?.(kept);
  const problems: Problem[] = unset
    .filter((one) => !kept.includes(one))
    .map(({ path, text, problem, expected }) => ({ at: yaml.placeWithin(path, text), problem, expected }));
  const parsed = form.schema.safeParse(value);
  if (!parsed.success) problems.push(...problemsOf(parsed.error.issues, yaml, form.schema, form.whole));
  refuse(file, problems, form.errors);
  const paths = kept.map(({ path }) => path);
  const built = build(parsed.data!, readingOf(yaml, file, problems, paths));
  refuse(file, problems, form.errors);
  return built;
}

function yamlOf(text: string, file: string, errors: FileErrors): YamlDocument {
  try {
    return readYaml(text);
  } catch (error) {
    throw error instanceof NotYaml ? errors.noYaml(file, error.at, error.message) : error;
  }
}

function refuse(file: string, problems: readonly Problem[], errors: FileErrors): void {
  const [first, ...rest] = problems.toSorted((a, b) => a.at.line - b.at.line || a.at.column - b.at.column);
  if (first !== undefined) throw errors.wrong(file, [first, ...rest]);
}

function readingOf(yaml: YamlDocument, file: string, problems: Problem[], kept: readonly Path[]): Reading {
  const isKept = (path: Path) => kept.some((one) => path.every((step, i) => step === one[i]));
  return {
    folder: dirname(file),
    wrong: (path: Path, problem: string, expected: string) => {
      if (!isKept(path)) problems.push({ at: yaml.valuePlace(path), problem, expected });
    },
    written: yaml.written,
    readText: (name) => readFileSync(name, 'utf8'),
  };
}
