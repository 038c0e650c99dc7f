/** The documents that `case show`, `check` and `list` report. */
import { relative } from 'node:path';
import { WhystaleError } from '../errors.ts';
import { gapsOf, nextStep, type Surroundings } from './check.ts';
import {
  CASE_CHECK_FORMAT,
  CASE_FORMAT,
  CASE_LIST_FORMAT,
  type CaseDocument,
  type CheckDocument,
  type Gap,
  type ListDocument,
  type ListedCase,
  type NextStep,
  type ShownCase,
} from './document.ts';
import { type Evidence, evidenceOf } from './evidence.ts';
import { casesIn, shownPath } from './locate.ts';
import { readWrittenCase, type WrittenCase } from './read.ts';
import { runbookOf } from './runbook.ts';

/** A case with all that is known of it. */
export interface KnownCase {
  readonly item: WrittenCase;
  readonly evidence: Evidence;
  readonly gaps: readonly Gap[];
  readonly next: NextStep;
}

/** @param file absolute path of `case.yaml`. Throws WSE701 to WSE703. */
export async function knownCase(file: string, around: Surroundings): Promise<KnownCase> {
  const item = await readWrittenCase(file);
  const evidence = evidenceOf(item);
  const gaps = await gapsOf(item, evidence, around);
  return { item, evidence, gaps, next: nextStep(item, gaps, evidence, around) };
}

export async function showCase(file: string, around: Surroundings): Promise<CaseDocument> {
  const { item, evidence, next } = await knownCase(file, around);
  return {
    format: CASE_FORMAT,
    case: shownCase(item, around.cwd),
    steps: runbookOf(item, evidence, around.cwd),
    runs: evidence.runs,
    comparisons: evidence.comparisons,
    next,
    notices: shownNotices(evidence, around.cwd),
  };
}

export async function checkCase(file: string, around: Surroundings): Promise<CheckDocument> {
  const { item, evidence, gaps, next } = await knownCase(file, around);
  return {
    format: CASE_CHECK_FORMAT,
    case: { name: item.name, file: shownPath(item.file, around.cwd), status: item.status },
    complete: !gaps.some(({ required }) => required),
    gaps,
    next,
    notices: shownNotices(evidence, around.cwd),
  };
}

/** @param folder absolute; `mayBeMissing`: it was not named, so that none is no error. Throws WSE711. */
export async function listCases(
  folder: string,
  around: Surroundings,
  options: { readonly mayBeMissing: boolean },
): Promise<ListDocument> {
  const cases: ListedCase[] = [];
  for (const file of casesIn(folder, options)) cases.push(await listed(file, folder, around));
  return { format: CASE_LIST_FORMAT, folder: shownPath(folder, around.cwd), cases };
}

async function listed(file: string, folder: string, around: Surroundings): Promise<ListedCase> {
  const place = { name: relative(folder, file).split(/[/\\]/)[0] ?? '', file: shownPath(file, around.cwd) };
  try {
    const { item, evidence, next } = await knownCase(file, around);
    const run = evidence.runs.at(-1);
    const { status, title, owner, route } = item;
    const lastRun =
      run === undefined
        ? null
        : {
            label: run.label,
            startedAt: run.startedAt,
            complete: run.complete,
            coldP50Ms: run.coldP50Ms,
            warmP50Ms: run.warmP50Ms,
          };
    const lastVerdict = evidence.comparisons.at(-1)?.verdict ?? null;
    return { ...place, status, title, owner, route, lastRun, lastVerdict, next, problem: null };
  } catch (error) {
    if (!(error instanceof WhystaleError)) throw error;
    const problem = error.facts.what.replaceAll(file, place.file);
    const nothing = { status: null, title: null, owner: null, route: null, lastRun: null, lastVerdict: null };
    return { ...place, ...nothing, next: null, problem };
  }
}

function shownNotices({ notices }: Evidence, cwd: string): readonly string[] {
  return notices.map((notice) => notice.replaceAll(`${cwd}/`, ''));
}

function shownCase(item: WrittenCase, cwd: string): ShownCase {
  const { name, title, status, closed, outcome, owner, route, symptom, requests, expected, slow } = item;
  const { change, rollback, assumptions, links, finding, race, url, load, checklist, allow } = item;
  const recording = finding?.recording ?? null;
  return {
    ...{ name, file: shownPath(item.file, cwd), title, status, closed, outcome, owner, route, symptom },
    ...{ requests, expected, slow, change, rollback, assumptions, links },
    finding:
      finding === null
        ? null
        : { ...finding, recording: recording === null ? null : shownPath(recording, cwd) },
    race: race === null ? null : shownPath(race, cwd),
    ...{ url, load, checklist, allow },
  };
}
