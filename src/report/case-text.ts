/** A case as a runbook, and what making and closing one says. Commands are never wrapped; what is said of them are comments of a
 * shell, so that a whole step can be pasted. */
import type {
  CaseDocument,
  CloseDocument,
  MadeTag,
  NewDocument,
  RunbookStep,
  ShownCase,
} from '../case/document.ts';
import { shellWord } from '../case/shell.ts';
import { count, counted, duration } from '../core/numbers.ts';
import { gapLines } from './case-check-text.ts';
import { labelledLines } from './labelled.ts';
import type { Drawing, Style } from './style.ts';
import { type Column, tableLines } from './table.ts';
import { visible } from './width.ts';
import { wrapText } from './wrap.ts';

const INDENT = 4;
const LABEL_WIDTH = 10;
const margin = ' '.repeat(INDENT);

/** The text, ending in a newline. */
export function caseText(document: CaseDocument, drawing: Drawing): string {
  const { style, width } = drawing;
  const blocks = [
    headLines(document.case, drawing),
    ...document.steps.map((step, index) => stepLines(step, index + 1, drawing)),
    runLines(document, drawing),
    comparisonLines(document, drawing),
    document.notices.flatMap((notice) => wrapText(`Note: ${visible(notice)}.`, width).map(style.warn)),
    nextLines(document.next.todo, document.case.status === 'closed', style),
  ];
  return blockText(blocks);
}

function blockText(blocks: readonly (readonly string[])[]): string {
  const shown = blocks.filter((lines) => lines.length > 0);
  return `${shown.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

function nextLines(todo: string, closed: boolean, { strong }: Style): readonly string[] {
  return closed ? [] : [`${strong('Next:')} ${visible(todo)}`];
}

function headLines(item: ShownCase, drawing: Drawing): readonly string[] {
  const { style, width } = drawing;
  const paint = item.status === 'closed' ? style.good : style.warn;
  const title = item.title === item.name ? [] : wrapText(visible(item.title), width).map(style.strong);
  const fields: readonly (readonly [string, string | null])[] = [
    ['Owner', item.owner],
    ['Route', item.route],
    ['Symptom', item.symptom],
    ['Expected', expectedText(item)],
    ['Found', findingText(item)],
    ...item.assumptions.map((text) => ['Assumed', text] as const),
    ...item.links.map((text) => ['Link', text] as const),
    ['May differ', item.allow.length === 0 ? null : item.allow.join(', ')],
    ['Load', loadText(item)],
    ['Closed', item.closed],
    ['Outcome', item.outcome],
  ];
  const known = fields.filter((field): field is readonly [string, string] => field[1] !== null);
  return [
    `${style.strong(visible(item.name))}   ${paint(item.status)}   ${style.name(visible(item.file))}`,
    ...title,
    '',
    ...known.flatMap(([label, text]) => labelled(label, text, drawing)),
  ];
}

function labelled(label: string, text: string, drawing: Drawing): readonly string[] {
  const column = { indent: INDENT, width: LABEL_WIDTH + 1, paint: drawing.style.faint };
  return labelledLines(label, text, column, drawing);
}

function expectedText({ expected: { note, status, path, value } }: ShownCase): string | null {
  const parts = [
    ...(status === null ? [] : [`status ${status}`]),
    ...(path === null ? [] : [`${path} is ${JSON.stringify(value)}`]),
    ...(note === null ? [] : [note]),
  ];
  return parts.length === 0 ? null : parts.join('; ');
}

function findingText({ finding }: ShownCase): string | null {
  if (finding === null) return null;
  const { id, code, template, key, recording } = finding;
  const at = template ?? key;
  return [
    `${id} ${code}`,
    ...(at === null ? [] : [at]),
    ...(recording === null ? [] : [`in ${recording}`]),
  ].join(' ');
}

function loadText({ load: { rate, seconds, cold, warmup, timeoutMs } }: ShownCase): string {
  return [
    `${Number.isInteger(rate) ? count(rate) : rate.toFixed(2)} requests a second for ${seconds} s`,
    `${counted(cold, 'cold request')}, ${count(warmup)} before that are not counted`,
    `no answer after ${duration(timeoutMs)} is an error`,
  ].join('; ');
}

function stepLines(step: RunbookStep, number: number, { width, style }: Drawing): readonly string[] {
  const said = (text: string) =>
    wrapText(visible(text), width - INDENT - 2).map((line) => `${margin}${style.faint(`# ${line}`)}`);
  return [
    `${style.strong(`${number}`.padEnd(INDENT - 1))} ${style.strong(step.title)}`,
    ...step.notes.flatMap(said),
    ...step.commands.flatMap(({ command, note }) => [
      ...(note === null ? [] : said(note)),
      `${margin}${style.name(visible(command))}`,
    ]),
  ];
}

const left = (heading: string): Column => ({ heading, align: 'left' });
const right = (heading: string): Column => ({ heading, align: 'right' });

function runLines({ runs }: CaseDocument, drawing: Drawing): readonly string[] {
  const rows = runs.map(({ name, label, startedAt, complete, coldP50Ms, warmP50Ms }) => [
    name,
    label,
    moment(startedAt),
    time(coldP50Ms),
    time(warmP50Ms),
    complete ? '' : 'cut short',
  ]);
  const columns = [left('run'), left('label'), left('when'), right('cold p50'), right('warm p50'), left('')];
  return tableLines(columns, rows, drawing);
}

function comparisonLines({ comparisons }: CaseDocument, drawing: Drawing): readonly string[] {
  const { width, style } = drawing;
  return comparisons.flatMap(({ startedAt, complete, verdict, because }) => {
    const ended = complete ? verdict : `${verdict}, cut short`;
    const [first = '', ...rest] = wrapText(visible(because), width - INDENT);
    return [
      `${moment(startedAt)}  ${verdictPaint(verdict, style)(visible(ended))}`,
      ...[first, ...rest].map((line) => margin + line),
    ];
  });
}

export function verdictPaint(verdict: string, { good, bad, warn }: Style): (text: string) => string {
  return { better: good, worse: bad }[verdict] ?? warn;
}

/** `2026-01-31 09:30`, in UTC as it is written. */
export function moment(iso: string): string {
  return visible(iso.slice(0, 16).replace('T', ' '));
}

export function time(ms: number | null): string {
  return ms === null ? '-' : duration(ms);
}

/** What `case new` wrote. */
export function caseNewText({ file, known, next, notices }: NewDocument, { width, style }: Drawing): string {
  const filled = known.length === 0 ? 'Nothing is filled in yet.' : `Filled in: ${known.join(', ')}.`;
  return blockText([
    [
      ...notices.flatMap((notice) => wrapText(`Note: ${visible(notice)}`, width).map(style.warn)),
      `Wrote ${style.name(visible(file))}`,
      ...wrapText(visible(filled), width),
    ],
    nextLines(next.todo, false, style),
  ]);
}

/** What `case close` did, or what stands in the way. */
export function caseCloseText(document: CloseDocument, drawing: Drawing): string {
  const { style, width } = drawing;
  const { name, file } = document.case;
  if (document.gaps.length > 0)
    return blockText([
      [
        `${style.strong(visible(name))} ${document.closed ? 'is not tagged' : 'stays open'}: ${counted(document.gaps.length, 'thing is', 'things are')} missing.`,
      ],
      gapLines(document.gaps, drawing),
    ]);
  const when = document.at === null ? '' : ` on ${visible(document.at)}`;
  const said = document.changed ? `Closed${when}` : `Was closed${when} already; nothing was changed`;
  return blockText([
    [
      `${style.good(said)}: ${style.name(visible(file))}`,
      ...(document.outcome === null ? [] : wrapText(visible(document.outcome), width)),
    ],
    document.tag === null ? [] : tagLines(document.tag, document, drawing),
  ]);
}

/** The message as git shows it; push it when it is right. */
function tagLines(
  { name, commit, message }: MadeTag,
  { changed, case: { file, name: title } }: CloseDocument,
  { style }: Drawing,
): readonly string[] {
  const folder = shellWord(file.replace(/\/?[^/]*$/, '') || '.');
  // The tag stands at the commit that was judged; that the case is closed is written after it.
  const commands = [
    ...(changed ? [`git add ${folder} && git commit -m ${shellWord(`close ${title}`)}`] : []),
    `git push origin ${shellWord(name)}`,
  ];
  return [
    `Tagged ${style.strong(visible(name))} at ${commit.slice(0, 10)}:`,
    ...message
      .trimEnd()
      .split('\n')
      .map((line) => (line === '' ? '' : `${margin}${visible(line)}`)),
    '',
    ...commands.map((command, i) => `${i === 0 ? style.strong('Next:') : '     '} ${visible(command)}`),
  ];
}
