/** A rehearsal as text: step by step, what was seen, and whether the way back is proven. */
import { counted, duration } from '../core/numbers.ts';
import type {
  CheckResult,
  ConfigDifference,
  Rehearsal,
  RehearsalFigures,
  RehearsalStep,
  RehearsalStepName,
  RehearsalVerdict,
  StepOutcome,
} from '../rehearse/contract.ts';
import { runFailure, tailShown } from './command-text.ts';
import type { Drawing, Style } from './style.ts';
import { type Column, tableLines } from './table.ts';
import { padEnd, visible } from './width.ts';
import { wrapText } from './wrap.ts';

export const STEP_NAMES: Readonly<Record<RehearsalStepName, string>> = {
  configuration: 'Compare the configuration',
  before: 'Old behaviour, before',
  deploy: 'Deploy',
  ready: 'Ready',
  check: 'New behaviour',
  figures: 'Figures',
  rollback: 'Roll back',
  'ready-again': 'Ready again',
  restored: 'Old behaviour, again',
};

const MARKS: Readonly<Record<StepOutcome, string>> = {
  running: 'running',
  held: 'held',
  failed: 'FAILED',
  undecided: 'undecided',
  environment: 'not looked at',
};

const VERDICTS: Readonly<Record<RehearsalVerdict, string>> = {
  held: 'everything held',
  failed: 'something did not hold',
  incomplete: 'incomplete',
  environment: 'the environment failed',
};

const INDENT = 4;
const MARK_WIDTH = 13;
const INNER = INDENT + MARK_WIDTH + 2;
/** Lines of output under a command that failed. */
const TAIL = 12;
/** Rows of the table of differences; the document has them all. */
const MAX_ROWS = 20;

export interface RehearseTextOptions {
  /** Where it is kept; null: nowhere. */
  readonly folder: string | null;
  readonly next: string | null;
}

/** The text, ending in a newline. */
export function rehearseText(
  rehearsal: Rehearsal,
  { folder, next }: RehearseTextOptions,
  drawing: Drawing,
): string {
  const { style, width } = drawing;
  const wrapped = (text: string) => wrapText(visible(text), width);
  const blocks = [
    headLines(rehearsal, drawing),
    rehearsal.steps.flatMap((step) => stepLines(step, drawing)),
    rehearsal.deployed ? rollbackLines(rehearsal, drawing) : [],
    rehearsal.notices.flatMap((notice) => wrapped(`Note: ${notice}`).map(style.warn)),
    [
      ...(folder === null ? [] : wrapped(`Kept in ${folder}/rehearsal.json`).map(style.faint)),
      // To be copied: never wrapped.
      ...(next === null ? [] : [`${style.strong('Next:')} ${visible(next)}`]),
    ],
  ];
  return `${blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

function paintOf(outcome: StepOutcome | RehearsalVerdict, { good, bad, warn }: Style) {
  if (outcome === 'held') return good;
  return outcome === 'failed' ? bad : warn;
}

function headLines(rehearsal: Rehearsal, { style, width }: Drawing): readonly string[] {
  const { verdict, because, on, url, ranMs, ended } = rehearsal;
  const paint = paintOf(verdict, style);
  const at =
    on === null ? '' : `, commit ${on.commit.slice(0, 10)}${on.dirty ? ' and files in no commit' : ''}`;
  const cut = ended === null || because === ended ? '' : ` (${ended})`;
  return [
    `${style.strong(visible(rehearsal.case))}   ${paint(VERDICTS[verdict])}`,
    ...wrapText(sentence(`${visible(because)}${visible(cut)}`), width),
    style.faint(visible(`${url}${at}, ${duration(ranMs)}`)),
  ];
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

function stepLines(step: RehearsalStep, drawing: Drawing): readonly string[] {
  const { style, width } = drawing;
  const mark = paintOf(step.outcome, style)(padEnd(MARKS[step.outcome], MARK_WIDTH));
  const title = `${' '.repeat(INDENT)}${mark}  ${style.strong(STEP_NAMES[step.step])}  ${style.faint(duration(step.ranMs))}`;
  const inner = (text: string) =>
    wrapText(visible(text), width - INNER).map((line) => `${' '.repeat(INNER)}${line}`);
  const told = step.checks.length > 0 || step.why === null ? [] : inner(step.why);
  return [
    title,
    ...step.commands.flatMap((run) => [
      `${' '.repeat(INNER)}${style.name(`$ ${visible(run.command)}`)}`,
      ...(runFailure(run) === null ? [] : tailShown(run, drawing, TAIL, INNER)),
    ]),
    ...told,
    ...(step.configuration === null ? [] : configLines(step.configuration.differences, drawing)),
    ...step.checks.flatMap((check) => inner(checkText(check))),
    ...(step.figures === null ? [] : inner(figuresText(step.figures))),
  ];
}

function checkText({ name, outcome, why, freshAfterMs }: CheckResult): string {
  if (outcome !== 'held') return `${name}: ${why ?? MARKS[outcome]}`;
  return freshAfterMs === null ? name : `${name}: fresh after ${duration(freshAfterMs)}`;
}

function figuresText({
  rate,
  seconds,
  requests,
  errors,
  correctedMs,
  baselineP50Ms,
}: RehearsalFigures): string {
  const times =
    correctedMs === null
      ? 'no right answer'
      : `p50 ${duration(correctedMs.p50)}, p99 ${duration(correctedMs.p99)}, max ${duration(correctedMs.max)}`;
  const baseline = baselineP50Ms === null ? 'no baseline' : `baseline p50 ${duration(baselineP50Ms)}`;
  return `${counted(requests, 'request')}, ${rate}/s for ${seconds} s, ${counted(errors, 'error')}: ${times}; ${baseline}`;
}

const left = (heading: string): Column => ({ heading, align: 'left' });

function configLines(differences: readonly ConfigDifference[], drawing: Drawing): readonly string[] {
  const { style, width } = drawing;
  // What is not allowed comes first.
  const ordered = differences.toSorted((a, b) => Number(a.allowed) - Number(b.allowed));
  const rows = ordered
    .slice(0, MAX_ROWS)
    .map(({ name, staging, production, allowed }) => [
      name,
      shown(staging?.value),
      shown(production?.value),
      allowed ? 'allowed' : 'NOT ALLOWED',
    ]);
  const columns = [left('variable'), left('staging'), left('production'), left('')];
  const table = tableLines(columns, rows, { ...drawing, width: width - INNER });
  const more = differences.length - rows.length;
  const rest = more > 0 ? [style.faint(`and ${counted(more, 'other')}`)] : [];
  return [...table, ...rest].map((line) => `${' '.repeat(INNER)}${line}`);
}

function shown(value: string | undefined): string {
  if (value === undefined) return '(not there)';
  return value === '' ? '(empty)' : value;
}

function rollbackLines(
  { rollbackConfirmed, steps }: Rehearsal,
  { style, width }: Drawing,
): readonly string[] {
  if (rollbackConfirmed)
    return [style.good('Rollback confirmed: the command was run, and the old behaviour was seen again.')];
  const run = steps.find(({ step }) => step === 'rollback');
  const why =
    run === undefined
      ? 'the rollback command was not run. What was deployed is still there: take it back by hand.'
      : run.outcome !== 'held'
        ? 'the rollback command failed. What was deployed may still be there: look, and take it back by hand.'
        : 'the command ended with 0, and the old behaviour was not seen again. What was deployed may still be there: look, take it back by hand, and mend the command.';
  return wrapText(`Rollback NOT confirmed: ${why}`, width).map(style.bad);
}

/** A step as it goes, for stderr. */
export function rehearseProgress({ step, outcome, why, ranMs }: RehearsalStep): string {
  if (outcome === 'running') return `${STEP_NAMES[step]} …`;
  const told = why === null ? '' : `: ${visible(why)}`;
  return `${STEP_NAMES[step]}: ${MARKS[outcome]} (${duration(ranMs)})${told}`;
}
