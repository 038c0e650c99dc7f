/** The checklist: which step is meant, and running its commands, each recorded as soon as it has ended. */
import { join } from 'node:path';
import { writeWhole } from '../files/whole-file.ts';
import type { Variables } from '../race/scenario/parts.ts';
import { CHECKLIST_FILE, CHECKLIST_FORMAT, type StepRun } from './checklist-contract.ts';
import { howRan, runCommand } from './command-run.ts';
import type { ChecklistItem } from './contract.ts';
import { CASE_RUN_FORMAT, type RunDocument, type StepState } from './document.ts';
import { commandDigest, commandFolder } from './done.ts';
import { cannotWriteChecklist, noSuchStep, otherKind } from './errors.ts';
import { checklistIn } from './evidence.ts';
import { checkedOut } from './git.ts';
import { shownPath } from './locate.ts';
import { readCase, readWrittenCase, type StoredCase, type WrittenCase } from './read.ts';
import { maskFor } from './secrets.ts';
import { commandLine, shellWord } from './shell.ts';

/** Longest time for one step, ms. */
export const STEP_LIMIT_MS = 30 * 60_000;

export interface ChecklistTools {
  readonly cwd: string;
  readonly env: Variables;
  readonly signal: AbortSignal;
  readonly now: () => Date;
  readonly begins: (step: StepState) => void;
}

/** Runs one step, or all that are commands. Throws WSE701 to WSE703, WSE813, WSE814 and WSE819. */
export async function runChecklist(
  file: string,
  given: string | null,
  tools: ChecklistTools,
): Promise<RunDocument> {
  const item = await readCase(file, tools.env);
  const written = await readWrittenCase(file);
  const chosen = chosenSteps(written, given, tools.cwd);
  const notices: string[] = [];
  const known = new Map(checklistIn(item.folder, notices).map((run) => [run.step, run]));
  const steps: RunDocument['steps'][number][] = [];
  for (const state of chosen) {
    if (tools.signal.aborted) break;
    tools.begins(state);
    const run = await runStep(state, item, written, tools);
    known.set(state.step, run);
    keep(item, written, known);
    steps.push({ ...state, run });
  }
  return {
    format: CASE_RUN_FORMAT,
    case: { name: item.name, file: shownPath(item.file, tools.cwd) },
    passed: steps.length === chosen.length && steps.every(({ run }) => howRan(run) === null),
    interrupted: tools.signal.aborted,
    steps,
    unsigned: unsignedOf(written),
    notices,
  };
}

async function runStep(
  { number, step }: StepState,
  item: StoredCase,
  written: WrittenCase,
  { env, signal, now }: ChecklistTools,
): Promise<StepRun> {
  const [one, shown] = [item.checklist[number - 1], written.checklist[number - 1]];
  if (one?.kind !== 'command' || shown?.kind !== 'command') throw noSuchStep(step, stepsOf(written));
  const cwd = commandFolder(item);
  const on = await checkedOut(cwd, item.folder);
  const run = await runCommand({
    command: one.command,
    shown: commandLine(shown.command),
    cwd,
    env: { ...env, WHYSTALE_CASE: item.folder },
    withinMs: STEP_LIMIT_MS,
    leaves: false,
    mask: maskFor(env, written.variables),
    signal,
    now,
  });
  return { step, digest: commandDigest(shown.command), on, ...run };
}

/** Steps that are no longer in the file are forgotten. */
function keep(item: StoredCase, written: WrittenCase, known: ReadonlyMap<string, StepRun>): void {
  const file = join(item.folder, CHECKLIST_FILE);
  const steps = written.checklist.flatMap(({ step }) => known.get(step) ?? []);
  const record = { format: CHECKLIST_FORMAT, case: item.name, steps };
  try {
    writeWhole(file, `${JSON.stringify(record, null, 2)}\n`);
  } catch (cause) {
    throw cannotWriteChecklist(file, cause);
  }
}

function chosenSteps(item: WrittenCase, given: string | null, cwd: string): readonly StepState[] {
  if (given === null) {
    const all = states(item).filter(({ kind }) => kind === 'command');
    if (all.length === 0) throw noSuchStep('', stepsOf(item));
    return all;
  }
  const state = stepOf(item, given);
  if (state.kind === 'command') return [state];
  const folder = shellWord(shownPath(item.folder, cwd));
  throw otherKind(state.step, 'judgement', `whystale case sign ${folder} ${state.number} --by NAME`);
}

/** The step that is meant: by number, by its text, or by a part of it that no other has. Throws WSE813. */
export function stepOf(item: WrittenCase, given: string): StepState {
  const all = states(item);
  const wanted = given.trim().toLowerCase();
  const number = /^\d+$/.test(wanted) ? Number(wanted) : null;
  const exact = all.filter((state) => state.number === number || state.step.toLowerCase() === wanted);
  const partly =
    exact.length > 0 || wanted === '' ? exact : all.filter(({ step }) => step.toLowerCase().includes(wanted));
  const [only, another] = partly;
  if (only === undefined || another !== undefined) throw noSuchStep(given, stepsOf(item));
  return only;
}

function states({ checklist }: WrittenCase): readonly StepState[] {
  return checklist.map(({ step, kind }, i) => ({ number: i + 1, step, kind }));
}

export function unsignedOf(item: WrittenCase): readonly StepState[] {
  return states(item).filter((_, i) => isUnsigned(item.checklist[i]));
}

function isUnsigned(one: ChecklistItem | undefined): boolean {
  return one?.kind === 'judgement' && one.signed === null;
}

export function stepsOf({ checklist }: WrittenCase): readonly string[] {
  return checklist.map(({ step }) => step);
}
