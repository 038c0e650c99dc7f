/** The sections of a case's page about what was done: its rehearsal, and its checklist. */

import { howRan } from '../case/command-run.ts';
import { commandDigest } from '../case/done.ts';
import type { ChecklistItem, RunOn, StepRun } from '../case/index.ts';
import { commandLine } from '../case/shell.ts';
import { duration } from '../core/numbers.ts';
import { known, section } from './case-sections.ts';
import type { KeptRehearsal } from './kept-rehearsal.ts';
import { type Block, heading, type Inline, list, paragraph, text } from './markdown-contract.ts';

/** Last lines of an output that are shown. */
const TAIL = 12;
/** Digits of a commit. */
const SHORT = 10;

/** @param current it was rehearsed with what the case says now */
export function rehearsalSection(rehearsal: KeptRehearsal | null, current: boolean): readonly Block[] {
  if (rehearsal === null) return [];
  const { verdict, because, complete, ended, url, on, startedAt, ranMs, steps } = rehearsal;
  const reasons = steps.flatMap(({ step, why }) => (why === null ? [] : [`${step}: ${why}`]));
  return section('Rehearsal', [
    { is: 'paragraph', of: [{ is: 'strong', of: [text(verdict)] }, text(`: ${because}`)] },
    known([
      ['Rollback', rollbackWords(rehearsal)],
      ['On', url],
      ['Commit', on === null ? null : commitOf(on)],
      ['Begun', startedAt],
      ['Took', duration(ranMs)],
    ]),
    complete ? null : paragraph(`It was cut short${ended === null ? '' : `: ${ended}`}.`),
    current ? null : paragraph('The case was edited since: what it rehearses now has not been rehearsed.'),
    stepsTable(rehearsal),
    reasons.length === 0 ? null : list(reasons),
    ...checksTable(rehearsal),
    ...steps.flatMap(({ step, commands }) =>
      commands.flatMap((run) => outputOf(`Output of ${step}`, run.output)),
    ),
  ]);
}

function rollbackWords({ rollbackConfirmed }: KeptRehearsal): string {
  return rollbackConfirmed
    ? 'confirmed: it was run, and the old behaviour was seen again after it'
    : 'not confirmed';
}

function commitOf({ commit, dirty }: RunOn): string {
  return `${commit.slice(0, SHORT)}${dirty ? ', with changes that are in no commit' : ''}`;
}

function stepsTable({ steps }: KeptRehearsal): Block {
  const rows = steps.flatMap(({ step, outcome, ranMs, commands }): Cells[] => {
    if (commands.length === 0) return [[step, outcome, '-', '-', duration(ranMs)]];
    return commands.map((run) => [step, outcome, code(run.command), exitOf(run), duration(run.ranMs)]);
  });
  return cells(['step', 'outcome', 'command', 'exit code', 'took'], rows);
}

function exitOf(run: Pick<StepRun, 'exitCode' | 'signal' | 'stopped' | 'failure'>): string {
  const { exitCode, signal, stopped, failure } = run;
  const said = [exitCode, signal, stopped, failure].filter((one) => one !== null);
  return said.length === 0 ? '-' : said.join(', ');
}

function checksTable({ steps }: KeptRehearsal): readonly Block[] {
  const rows = steps.flatMap(({ step, checks }) =>
    checks.map(({ name, outcome, why, freshAfterMs }): Cells => {
      const fresh = freshAfterMs === null ? null : `fresh after ${duration(freshAfterMs)}`;
      return [step, name, outcome, [fresh, why].filter((one) => one !== null).join('; ') || '-'];
    }),
  );
  return rows.length === 0 ? [] : [cells(['step', 'check', 'outcome', 'seen'], rows)];
}

function outputOf(title: string, output: readonly string[]): readonly Block[] {
  if (output.length === 0) return [];
  const lines = output.slice(-TAIL);
  const shown = lines.length < output.length ? ['…', ...lines] : lines;
  return [heading(3, title), { is: 'code', language: 'text', text: shown.join('\n') }];
}

/** @param runs the last run of each step */
export function checklistSection(
  items: readonly ChecklistItem[],
  runs: readonly StepRun[],
): readonly Block[] {
  if (items.length === 0) return [];
  const failed = items.flatMap((item) => {
    const run = runOf(item, runs);
    return !isRun(run) || howRan(run) === null ? [] : outputOf(`Output of ${item.step}`, run.output);
  });
  const rows = items.map((item) => checklistRow(item, runOf(item, runs)));
  return section('Checklist', [cells(['step', 'command', 'result', 'when', 'on'], rows), ...failed]);
}

/** `other`: what was run was another command. */
function runOf(item: ChecklistItem, runs: readonly StepRun[]): StepRun | 'none' | 'other' {
  const run = item.kind === 'command' ? runs.find(({ step }) => step === item.step) : undefined;
  if (run === undefined || item.kind !== 'command') return 'none';
  return run.digest === commandDigest(item.command) ? run : 'other';
}

function isRun(run: ReturnType<typeof runOf>): run is StepRun {
  return typeof run !== 'string';
}

function checklistRow(item: ChecklistItem, run: ReturnType<typeof runOf>): Cells {
  const { step } = item;
  if (item.kind === 'judgement') {
    const { signed } = item;
    if (signed === null) return [step, '-', 'to be signed', '-', '-'];
    const said = signed.note === null ? '' : `: ${signed.note}`;
    return [step, '-', `signed by ${signed.by}${said}`, signed.at, '-'];
  }
  const command = code(commandLine(item.command));
  if (run === 'none') return [step, command, 'not run yet', '-', '-'];
  if (run === 'other') return [step, command, 'not run yet: another command was', '-', '-'];
  const when = `${run.startedAt}, ${duration(run.ranMs)}`;
  return [step, command, howRan(run) ?? 'passed', when, run.on === null ? '-' : commitOf(run.on)];
}

type Cells = readonly (string | Inline)[];

function code(command: string): Inline {
  return { is: 'code', text: command };
}

function cells(head: readonly string[], rows: readonly Cells[]): Block {
  const cell = (one: string | Inline) => [typeof one === 'string' ? text(one) : one];
  return { is: 'table', head: head.map(cell), rows: rows.map((row) => row.map(cell)) };
}
