/** What has been measured of a case: the runs and comparisons beside its file. What is damaged is said, and stops nothing. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { COMPARE_FORMAT, type CompareVerdict } from '../compare/contract.ts';
import { fileFailure } from '../files/failure.ts';
import { MEASURE_FORMAT, RUN_FILE } from '../measure/contract.ts';
import { REHEARSAL_FILE, REHEARSAL_FORMAT, REHEARSAL_STEPS } from '../rehearse/contract.ts';
import { confirmsRollback } from '../rehearse/verdict.ts';
import { CHECKLIST_FILE, CHECKLIST_FORMAT, type StepRun } from './checklist-contract.ts';
import { type Case, COMPARISONS_FOLDER, REHEARSALS_FOLDER, RUNS_FOLDER } from './contract.ts';

export interface RunSeen {
  /** Its folder's name. */
  readonly name: string;
  readonly label: string;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly complete: boolean;
  readonly coldP50Ms: number | null;
  readonly warmP50Ms: number | null;
  readonly load: { readonly rate: number; readonly seconds: number; readonly cold: number } | null;
  /** Digest of the sections it was measured with; null: the run does not tell. */
  readonly measured: string | null;
}

export interface ComparisonSeen {
  readonly name: string;
  readonly startedAt: string;
  readonly complete: boolean;
  readonly verdict: string;
  readonly because: string;
}

export interface RehearsalSeen {
  readonly name: string;
  readonly startedAt: string;
  readonly complete: boolean;
  readonly verdict: string;
  readonly because: string;
  /** Told from its steps, whatever it says of itself. */
  readonly rollbackConfirmed: boolean;
  /** Digest of the sections it was rehearsed with. */
  readonly rehearsed: string;
}

export interface Evidence {
  /** Oldest first. */
  readonly runs: readonly RunSeen[];
  readonly comparisons: readonly ComparisonSeen[];
  readonly rehearsals: readonly RehearsalSeen[];
  /** The last run of each step of the checklist. */
  readonly checklist: readonly StepRun[];
  readonly notices: readonly string[];
}

/** The comparison that is believed: the newest that ran to its end, unless it tells nothing because more than one thing differed. */
export function believed({ comparisons }: Pick<Evidence, 'comparisons'>): ComparisonSeen | undefined {
  const last = comparisons.findLast(({ complete }) => complete);
  const nothing: CompareVerdict = 'not-comparable';
  return last?.verdict === nothing ? undefined : last;
}

/** The label of a run that stands for the case as it is. */
export const BASELINE = 'baseline';

/** Largest file that is looked at, bytes. */
const MAX_BYTES = 64 << 20;

const phase = z.object({ correctedMs: z.object({ p50: z.number() }).nullable() }).nullable();

const RunSchema = z.object({
  format: z.literal(MEASURE_FORMAT),
  label: z.string(),
  startedAt: z.string(),
  complete: z.boolean(),
  cold: phase,
  warm: phase,
  load: z.object({ rate: z.number(), seconds: z.number(), cold: z.number() }).optional(),
  measured: z.string().optional(),
});

const ComparisonSchema = z.object({
  format: z.literal(COMPARE_FORMAT),
  startedAt: z.string(),
  complete: z.boolean(),
  verdict: z.string(),
  because: z.string(),
});

/** A command as it was run, in the record of a rehearsal or of a checklist. */
export const CommandRunSchema = z.object({
  command: z.string(),
  startedAt: z.string(),
  ranMs: z.number(),
  exitCode: z.number().nullable(),
  signal: z.string().nullable(),
  stopped: z.enum(['interrupted', 'too late', 'too much output']).nullable(),
  failure: z.string().nullable(),
  output: z.array(z.string()),
});

const RehearsalSchema = z.object({
  format: z.literal(REHEARSAL_FORMAT),
  rehearsed: z.string(),
  startedAt: z.string(),
  complete: z.boolean(),
  verdict: z.string(),
  because: z.string(),
  rollbackConfirmed: z.boolean(),
  steps: z.array(
    z.object({
      step: z.enum(REHEARSAL_STEPS),
      outcome: z.enum(['running', 'held', 'failed', 'undecided', 'environment']),
      commands: z.array(CommandRunSchema),
    }),
  ),
});

const ChecklistSchema = z.object({
  format: z.literal(CHECKLIST_FORMAT),
  steps: z.array(
    CommandRunSchema.extend({
      step: z.string(),
      digest: z.string(),
      on: z.object({ commit: z.string(), dirty: z.boolean() }).nullable(),
    }),
  ),
});

export function evidenceOf({ folder }: Pick<Case, 'folder'>): Evidence {
  const notices: string[] = [];
  const runs = namesIn(join(folder, RUNS_FOLDER)).flatMap((name): RunSeen[] => {
    const run = documentAt(join(folder, RUNS_FOLDER, name, RUN_FILE), RunSchema, notices);
    return run === null ? [] : [runSeen(name, run)];
  });
  const comparisons = namesIn(join(folder, COMPARISONS_FOLDER)).flatMap((name): ComparisonSeen[] => {
    const found = comparisonFiles(join(folder, COMPARISONS_FOLDER, name)).flatMap((file) => {
      const comparison = documentAt(file, ComparisonSchema, notices);
      return comparison === null ? [] : [comparison];
    });
    return found.map(({ format, ...seen }) => ({ name: name.replace(/\.json$/, ''), ...seen }));
  });
  const rehearsals = rehearsalsIn(folder, notices);
  const checklist = checklistIn(folder, notices);
  return {
    runs: runs.sort(byStart),
    comparisons: comparisons.sort(byStart),
    rehearsals,
    checklist,
    notices,
  };
}

function rehearsalsIn(folder: string, notices: string[]): readonly RehearsalSeen[] {
  const names = namesIn(join(folder, REHEARSALS_FOLDER));
  const seen = names.flatMap((name): RehearsalSeen[] => {
    const file = join(folder, REHEARSALS_FOLDER, name, REHEARSAL_FILE);
    const found = documentAt(file, RehearsalSchema, notices);
    if (found === null) return [];
    const { format, steps, ...rehearsal } = found;
    const rollbackConfirmed = confirmsRollback(steps);
    if (rehearsal.rollbackConfirmed && !rollbackConfirmed)
      notices.push(`${file} says that the rollback is confirmed, but its steps do not`);
    return [{ name, ...rehearsal, rollbackConfirmed }];
  });
  return seen.sort(byStart);
}

/** What is kept of the steps of a checklist. */
export function checklistIn(folder: string, notices: string[]): readonly StepRun[] {
  return documentAt(join(folder, CHECKLIST_FILE), ChecklistSchema, notices)?.steps ?? [];
}

function runSeen(name: string, { cold, warm, load, measured, ...run }: z.infer<typeof RunSchema>): RunSeen {
  return {
    name,
    label: run.label,
    startedAt: run.startedAt,
    complete: run.complete,
    coldP50Ms: cold?.correctedMs?.p50 ?? null,
    warmP50Ms: warm?.correctedMs?.p50 ?? null,
    load: load ?? null,
    measured: measured ?? null,
  };
}

/** Oldest first. */
export function byStart(a: { readonly startedAt: string }, b: { readonly startedAt: string }): number {
  return a.startedAt < b.startedAt ? -1 : a.startedAt > b.startedAt ? 1 : 0;
}

/** What lies in a folder, in order; nothing where it cannot be read. */
export function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

/** A comparison is a file, or a folder with its document and drawings. */
function comparisonFiles(path: string): readonly string[] {
  if (path.endsWith('.json')) return [path];
  return namesIn(path)
    .filter((name) => name.endsWith('.json'))
    .map((name) => join(path, name));
}

/** Null: nothing there, another program's document, or a damaged one, which is noted. */
function documentAt<S extends z.ZodType>(file: string, schema: S, notices: string[]): z.output<S> | null {
  let text: string;
  try {
    const found = statSync(file, { throwIfNoEntry: false });
    if (found === undefined) return null;
    if (found.size > MAX_BYTES) throw new Error('it is too large');
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    notices.push(`${file} could not be read: ${fileFailure(cause, 'reading')}`);
    return null;
  }
  try {
    const document: unknown = JSON.parse(text);
    const parsed = schema.safeParse(document);
    if (parsed.success) return parsed.data;
    if (isForeign(document)) return null;
    notices.push(`${file} has a form that this whystale does not know`);
  } catch {
    notices.push(`${file} is damaged: it is no JSON`);
  }
  return null;
}

const FORMATS: readonly unknown[] = [MEASURE_FORMAT, COMPARE_FORMAT, REHEARSAL_FORMAT, CHECKLIST_FORMAT];

/** A document that whystale did not write as a run or comparison. */
function isForeign(document: unknown): boolean {
  if (typeof document !== 'object' || document === null || !('format' in document)) return true;
  return (
    !FORMATS.includes(document.format) &&
    !/^whystale-(measure|compare|rehearsal|checklist)\//.test(String(document.format))
  );
}
