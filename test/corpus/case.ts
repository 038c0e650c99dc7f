/**
 * A case of the corpus: what is wrong in the service that was recorded, judged from its code, and the recording beside it.
 * README.md describes the format; this is the one place that reads it.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { type CauseCode, CODES } from '../../src/core/codes.ts';

export const CASE_FILE = 'case.yaml';
export const RECORDING_FOLDER = 'recording';

const Code = z.enum(Object.keys(CODES) as [CauseCode, ...CauseCode[]]);

const Expectation = z.strictObject({
  code: Code,
  /** Key template; every `{…}` stands for any placeholder. Left out: any. */
  template: z.string().optional(),
  /** The least confidence that counts as found; `likely` when left out. */
  confidence: z.enum(['proved', 'likely']).optional(),
});

const Recipe = z.strictObject({
  /** Folder below services/, where the command is run. */
  service: z.string(),
  command: z.tuple([z.string()], z.string()),
  env: z.record(z.string(), z.string()).default({}),
  /** Whether requests go through the HTTP proxy: the service listens on $PORT and asks itself at $FRONT. */
  http: z.boolean().default(false),
  /** Further flags of `whystale watch`, e.g. [--values]. */
  watch: z.array(z.string()).default([]),
  /** Stores other than one embedded Redis and one embedded PostgreSQL. */
  topology: z.enum(['plain', 'standby']).default('plain'),
});

const Case = z.strictObject({
  name: z.string(),
  /** Language, framework, drivers, serialisation, key style: in words. */
  stack: z.string(),
  /** One line; `nothing` for a clean twin. */
  wrong: z.string(),
  expect: z.array(Expectation),
  /** Codes that are true of this service too, besides the point of the case. */
  allow: z.array(Code).default([]),
  /** Why the product is known to be wrong here: scored and listed apart, and no reason to fail. */
  known: z.string().optional(),
  /** How the recording was made; absent for recordings of services kept elsewhere. */
  record: Recipe.optional(),
});

export type Expectation = z.infer<typeof Expectation>;
export type Recipe = z.infer<typeof Recipe>;

export interface CorpusCase extends z.infer<typeof Case> {
  readonly folder: string;
}

/** Reads one case. Throws with the file's name and what is wrong in it. */
export function readCase(folder: string): CorpusCase {
  const file = join(folder, CASE_FILE);
  const reading = Case.safeParse(parse(readFileSync(file, 'utf8')));
  if (!reading.success) throw new Error(`${file}: ${z.prettifyError(reading.error)}`);
  if (reading.data.name !== basename(folder))
    throw new Error(`${file}: the name is ${reading.data.name}, the folder ${basename(folder)}.`);
  return { ...reading.data, folder };
}

/** The cases in a folder of cases, by name; the folder may also be one case. */
export function casesIn(folder: string): readonly CorpusCase[] {
  if (existsSync(join(folder, CASE_FILE))) return [readCase(folder)];
  const names = readdirSync(folder).filter((name) => existsSync(join(folder, name, CASE_FILE)));
  if (names.length === 0) throw new Error(`${folder} holds no case: no folder in it has a ${CASE_FILE}.`);
  return names.sort().map((name) => readCase(join(folder, name)));
}
