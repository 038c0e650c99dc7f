/** The sections of a case's page: why it mattered, what was measured, the change, the comparison, the race, commands, rollback. */
import type { RunbookStep, WrittenCase } from '../case/index.ts';
import { count, duration, percent } from '../core/numbers.ts';
import type { MeasuredRun, PhaseFigures } from '../measure/contract.ts';
import type { NoteImage } from './contract.ts';
import { EFFECT_LEGEND, effectTable } from './effect-table.ts';
import type { KeptComparison } from './kept-comparison.ts';
import { type Block, heading, list, paragraph, table, text } from './markdown-contract.ts';

/** Statements that are listed. */
const MAX_QUERIES = 10;

export interface KeptRun {
  readonly name: string;
  readonly run: MeasuredRun;
}

export function section(title: string, blocks: readonly (Block | null)[]): readonly Block[] {
  const there = blocks.filter((block) => block !== null);
  return there.length === 0 ? [] : [heading(2, title), ...there];
}

export function known(rows: readonly (readonly [string, string | null])[]): Block | null {
  const there = rows.filter((row): row is readonly [string, string] => row[1] !== null);
  return there.length === 0 ? null : { is: 'list', start: null, tight: true, items: there.map(knownItem) };
}

function knownItem([name, value]: readonly [string, string]): readonly Block[] {
  return [{ is: 'paragraph', of: [{ is: 'strong', of: [text(name)] }, text(`: ${value}`)] }];
}

export function whySection(item: WrittenCase): readonly Block[] {
  const { symptom, route, finding, expected, slow, outcome } = item;
  const value = expected.path === null ? null : `${expected.path} is ${JSON.stringify(expected.value)}`;
  const status = expected.status === null ? null : `status ${expected.status}`;
  const right = [expected.note, status, value].filter((one) => one !== null).join('; ');
  const met =
    finding === null
      ? null
      : [finding.code, finding.template, finding.key].filter((one) => one !== null).join(', ');
  return section('Why it mattered', [
    symptom === null ? null : paragraph(symptom),
    known([
      ['Route', route],
      ['Expected', right === '' ? null : right],
      ['Finding', met],
      ['Outcome', outcome],
    ]),
    slow.sql === null ? null : { is: 'code', language: 'sql', text: slow.sql },
  ]);
}

/** A drawing with what it shows and the file that it is. */
function plotBlock({ from, alt, caption, source }: NoteImage): Block {
  const words = [caption, source === null ? null : `Source: ${source}`].filter((one) => one !== null);
  return { is: 'paragraph', of: [{ is: 'image', from, alt }, { is: 'break' }, text(words.join('. '))] };
}

const RUN_HEADINGS = ['run', 'phase', 'requests', 'errors', 'p50', 'p95', 'p99', 'hits', 'calls a request'];

export function measuredSection(runs: readonly KeptRun[], plots: readonly NoteImage[]): readonly Block[] {
  const rows = runs.flatMap(({ run }) => [
    ...phaseRow(run, 'cold', run.cold),
    ...phaseRow(run, 'warm', run.warm),
  ]);
  const newest = runs.at(-1);
  const queries = newest?.run.queries.slice(0, MAX_QUERIES) ?? [];
  return section('What was measured', [
    rows.length === 0 ? null : table(RUN_HEADINGS, rows),
    rows.length === 0 ? null : paragraph('Times count from when a request was due.'),
    queries.length === 0
      ? null
      : table(
          ['statement', 'calls', 'in all', 'median', 'most'],
          queries.map(({ shape, calls, totalMs, p50Ms, maxMs }) => [
            shape,
            count(calls),
            duration(totalMs),
            duration(p50Ms),
            duration(maxMs),
          ]),
        ),
    ...queries.flatMap(({ plan }): Block[] =>
      plan === null ? [] : [{ is: 'code', language: 'text', text: plan }],
    ),
    ...plots.map(plotBlock),
  ]);
}

function phaseRow(
  { label, complete }: MeasuredRun,
  phase: string,
  figures: PhaseFigures | null,
): readonly string[][] {
  if (figures === null) return [];
  const { requests, errors, correctedMs, hits, misses, sourceCallsPerRequest } = figures;
  const time = (of: 'p50' | 'p95' | 'p99') => (correctedMs === null ? '-' : duration(correctedMs[of]));
  return [
    [
      complete ? label : `${label} (cut short)`,
      phase,
      count(requests),
      count(errors),
      time('p50'),
      time('p95'),
      time('p99'),
      hits + misses === 0 ? '-' : percent(hits / (hits + misses)),
      sourceCallsPerRequest === null ? '-' : sourceCallsPerRequest.toFixed(2),
    ],
  ];
}

export function changeSection({ change }: WrittenCase): readonly Block[] {
  return section('The one change', [
    change.what === null ? null : paragraph(change.what),
    known([
      ['Kind', change.kind],
      ['Before', change.before],
      ['After', change.after],
    ]),
  ]);
}

export function comparisonSection(
  comparison: KeptComparison | null,
  plots: readonly NoteImage[],
): readonly Block[] {
  if (comparison === null) return [];
  const { verdict, because, complete, effects, differences } = comparison;
  return section('Before and after', [
    { is: 'paragraph', of: [{ is: 'strong', of: [text(verdict)] }, text(`: ${because}`)] },
    complete ? null : paragraph('The comparison was cut short.'),
    effects.length === 0 ? null : effectTable(effects),
    effects.length === 0 ? null : paragraph(EFFECT_LEGEND),
    ...plots.map(plotBlock),
    differences.length === 0
      ? null
      : table(
          ['what differs', 'kind', 'before', 'after', 'allowed'],
          differences.map(({ name, kind, before, after, allowed }) => [
            name,
            kind,
            before ?? 'absent',
            after ?? 'absent',
            allowed ?? 'no',
          ]),
        ),
  ]);
}

/** @param replays commands that play a counterexample again */
export function raceSection(
  race: KeptComparison['race'],
  steps: readonly RunbookStep[],
  replays: readonly string[],
): readonly Block[] {
  const explore = steps.find(({ step }) => step === 'race')?.commands.map(({ command }) => command) ?? [];
  const commands = [...explore, ...replays];
  const row = (side: 'before' | 'after') => {
    const { verdict, complete, causes } = race![side];
    return [
      side,
      verdict,
      complete ? 'all orderings within the bound' : 'not all orderings',
      causes.join(', ') || '-',
    ];
  };
  return section('The race', [
    race === null ? null : table(['side', 'verdict', 'explored', 'causes'], [row('before'), row('after')]),
    commands.length === 0 ? null : { is: 'code', language: 'sh', text: commands.join('\n') },
  ]);
}

/** Steps that have a section of their own. */
const APART = ['rollback', 'race'];

export function commandsSection(steps: readonly RunbookStep[]): readonly Block[] {
  const shown = steps.filter(({ step, commands }) => !APART.includes(step) && commands.length > 0);
  return section(
    'Commands',
    shown.flatMap((step) => [heading(3, step.title), commandsBlock(step), ...notesOf(step)]),
  );
}

function commandsBlock({ commands }: RunbookStep): Block {
  const lines = commands.flatMap(({ command, note }) => (note === null ? [command] : [`# ${note}`, command]));
  return { is: 'code', language: 'sh', text: lines.join('\n') };
}

function notesOf({ step, notes }: RunbookStep): readonly Block[] {
  // What the others say stands in a section of its own, or in the box.
  return step !== 'reproduce' || notes.length === 0 ? [] : [list(notes)];
}

export function rollbackSection({ rollback }: WrittenCase, steps: readonly RunbookStep[]): readonly Block[] {
  const step = steps.find((one) => one.step === 'rollback');
  return section('Rollback', [
    step === undefined || rollback.command === null ? null : commandsBlock(step),
    rollback.note === null ? null : paragraph(rollback.note),
  ]);
}

export function assumptionsSection({ assumptions, links }: WrittenCase): readonly Block[] {
  return [
    ...section('Assumptions', [assumptions.length === 0 ? null : list(assumptions)]),
    ...section('Links', [
      links.length === 0
        ? null
        : {
            is: 'list',
            start: null,
            tight: true,
            items: links.map((to) => [{ is: 'paragraph', of: [{ is: 'link', to, of: [text(to)] }] }]),
          },
    ]),
  ];
}
