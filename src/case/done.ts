/** What of a case has to be done, and not written: the steps of its checklist, and its rehearsal. */
import { digestOf } from '../race/scenario/parts.ts';
import type { Surroundings } from './check.ts';
import type { StepRun } from './checklist-contract.ts';
import { howRan } from './command-run.ts';
import type { ChecklistItem } from './contract.ts';
import type { Gap } from './document.ts';
import { believed, type Evidence, type RehearsalSeen } from './evidence.ts';
import { checkedOut, holdSame } from './git.ts';
import { shownPath } from './locate.ts';
import type { WrittenCase } from './read.ts';
import { shellWord } from './shell.ts';

export type CommandItem = Extract<ChecklistItem, { readonly kind: 'command' }>;

/** SHA-256 of a command as it is written. */
export function commandDigest(command: readonly string[]): string {
  return digestOf(JSON.stringify(command));
}

/** Where the commands of a case are run. */
export function commandFolder({ service, folder }: Pick<WrittenCase, 'service' | 'folder'>): string {
  return service?.cwd ?? folder;
}

/** Signatures are required once there is a comparison to judge; commands for a tag only. */
export async function checklistGaps(
  item: WrittenCase,
  evidence: Evidence,
  { cwd }: Pick<Surroundings, 'cwd'>,
): Promise<readonly Gap[]> {
  const compared = believed(evidence) !== undefined;
  const folder = shellWord(shownPath(item.folder, cwd));
  const gaps: Gap[] = [];
  for (const [index, one] of item.checklist.entries()) {
    const place = { field: 'checklist', stage: 'close' } as const;
    if (one.kind === 'judgement') {
      if (one.signed !== null) continue;
      const todo = `whystale case sign ${folder} ${index + 1} --by NAME`;
      gaps.push({ ...place, problem: `nobody has signed "${one.step}"`, todo, required: compared });
    } else if (compared) {
      const problem = await stepProblem(item, one, evidence.checklist);
      if (problem === null) continue;
      const todo = `whystale case run ${folder} ${index + 1}`;
      gaps.push({ ...place, problem: `"${one.step}" ${problem}`, todo, required: false });
    }
  }
  return gaps;
}

/** Why a step does not count as passed; null: it does. */
export async function stepProblem(
  item: WrittenCase,
  { step, command }: CommandItem,
  runs: readonly StepRun[],
): Promise<string | null> {
  const run = runs.find((one) => one.step === step);
  if (run === undefined) return 'was not run yet';
  if (run.digest !== commandDigest(command)) return 'was run with another command';
  const how = howRan(run);
  if (how !== null) return `failed: ${how}`;
  const at = commandFolder(item);
  const now = await checkedOut(at, item.folder);
  if (now === null) return null;
  if (run.on === null) return 'was run before there was a commit';
  if (run.on.dirty) return 'was run on files that are in no commit';
  const same = await holdSame(at, item.folder, run.on.commit, now.commit);
  return same ? null : `passed at ${run.on.commit.slice(0, 10)}, which is not what is checked out`;
}

/** A case that says how it is rehearsed is rehearsed before it is closed. */
export function rehearsalGaps(
  item: WrittenCase,
  evidence: Evidence,
  { cwd }: Pick<Surroundings, 'cwd'>,
): readonly Gap[] {
  if (item.rehearse === null) return [];
  const problem = rehearsalProblem(item, evidence.rehearsals.at(-1));
  if (problem === null) return [];
  const todo = `whystale rehearse ${shellWord(shownPath(item.folder, cwd))}`;
  const required = believed(evidence) !== undefined;
  return [{ field: 'rehearsals', problem, todo, required, stage: 'close' }];
}

function rehearsalProblem({ rehearsed }: WrittenCase, last: RehearsalSeen | undefined): string | null {
  if (last === undefined) return 'it was not rehearsed yet, so that its rollback is not confirmed';
  const name = `the rehearsal ${last.name}`;
  if (last.rehearsed !== rehearsed) return `${name} is out of date: what is rehearsed was edited since`;
  if (!last.complete) return `${name} was cut short: ${last.because}`;
  if (!last.rollbackConfirmed) return `the rollback is not confirmed: ${last.because}`;
  return last.verdict === 'held' ? null : `in ${name} not everything held: ${last.because}`;
}
