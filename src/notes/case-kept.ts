/** What was measured, compared, rehearsed and run of a case, as far as its page needs it. What cannot be read is said, and left out. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { byStart, checklistIn, namesIn } from '../case/evidence.ts';
import { COMPARISONS_FOLDER, REHEARSALS_FOLDER, RUNS_FOLDER, type StepRun } from '../case/index.ts';
import { COMPARISON_FILE } from '../compare/contract.ts';
import { WhystaleError } from '../errors.ts';
import { RUN_FILE } from '../measure/contract.ts';
import { readRun } from '../measure/read.ts';
import { REHEARSAL_FILE } from '../rehearse/contract.ts';
import type { KeptRun } from './case-sections.ts';
import { type KeptComparison, readComparison } from './kept-comparison.ts';
import { type KeptRehearsal, rehearsalOf } from './kept-rehearsal.ts';

/** The newest runs of a case that are told of. */
const MAX_RUNS = 10;
/** Largest record of a rehearsal, bytes. */
const MAX_REHEARSAL = 16 << 20;

type Told = (says: string) => void;

/** A comparison, its name, and its folder or file. */
export interface PlacedComparison {
  readonly name: string;
  readonly place: string;
  readonly comparison: KeptComparison;
}

export interface Kept {
  /** Oldest first. */
  readonly runs: readonly KeptRun[];
  /** The newest; null: there is none. */
  readonly comparison: PlacedComparison | null;
  /** The newest; null: there is none. */
  readonly rehearsal: KeptRehearsal | null;
  /** The last run of each step of the checklist. */
  readonly checklist: readonly StepRun[];
}

export function keptOf(folder: string, told: Told): Kept {
  const notices: string[] = [];
  const checklist = checklistIn(folder, notices);
  for (const notice of notices) told(notice.replaceAll(`${folder}/`, ''));
  return {
    runs: runsIn(folder, told),
    comparison: comparisonIn(folder, told),
    rehearsal: rehearsalIn(folder, told),
    checklist,
  };
}

function runsIn(folder: string, told: Told): readonly KeptRun[] {
  const runs = namesIn(join(folder, RUNS_FOLDER)).flatMap((name): KeptRun[] => {
    const at = join(folder, RUNS_FOLDER, name);
    if (!existsSync(join(at, RUN_FILE))) return [];
    try {
      return [{ name, run: readRun(at) }];
    } catch (error) {
      if (!(error instanceof WhystaleError)) throw error;
      const why = error.facts.what.replaceAll(`${folder}/`, '').replace(/\.$/, '');
      told(`the run ${name} was left out: ${why}`);
      return [];
    }
  });
  return runs.sort((a, b) => byStart(a.run, b.run)).slice(-MAX_RUNS);
}

function comparisonIn(folder: string, told: Told): PlacedComparison | null {
  const found = namesIn(join(folder, COMPARISONS_FOLDER)).flatMap((file): PlacedComparison[] => {
    const place = join(folder, COMPARISONS_FOLDER, file);
    if (!file.endsWith('.json') && !existsSync(join(place, COMPARISON_FILE))) return [];
    const name = file.replace(/\.json$/, '');
    const comparison = readComparison(place);
    if (comparison === null) told(`the comparison ${name} was left out: it has another form`);
    return comparison === null ? [] : [{ name, place, comparison }];
  });
  return found.sort((a, b) => byStart(a.comparison, b.comparison)).at(-1) ?? null;
}

function rehearsalIn(folder: string, told: Told): KeptRehearsal | null {
  const found = namesIn(join(folder, REHEARSALS_FOLDER)).flatMap((name): KeptRehearsal[] => {
    const file = join(folder, REHEARSALS_FOLDER, name, REHEARSAL_FILE);
    if (!existsSync(file)) return [];
    const rehearsal = rehearsalOf(jsonIn(file));
    if (rehearsal === null) told(`the rehearsal ${name} was left out: it has another form`);
    return rehearsal === null ? [] : [rehearsal];
  });
  return found.sort(byStart).at(-1) ?? null;
}

function jsonIn(file: string): unknown {
  try {
    return statSync(file).size > MAX_REHEARSAL ? null : JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return null;
  }
}
