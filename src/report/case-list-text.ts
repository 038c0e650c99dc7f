/** The cases of a folder as a table; files that cannot be read stand below it with what is wrong. */
import type { ListDocument, ListedCase } from '../case/document.ts';
import { moment, time } from './case-text.ts';
import type { Drawing } from './style.ts';
import { type Column, tableLines } from './table.ts';
import { visible } from './width.ts';
import { wrapText } from './wrap.ts';

const COLUMNS: readonly Column[] = [
  ...['case', 'status', 'owner', 'route', 'last run', 'verdict', 'next'].map(
    (heading): Column => ({ heading, align: 'left' }),
  ),
];

/** The text, ending in a newline. */
export function caseListText({ folder, cases }: ListDocument, drawing: Drawing): string {
  const { width, style } = drawing;
  if (cases.length === 0) return `No cases in ${visible(folder)}. Start one: whystale case new NAME\n`;
  const broken = cases.filter(({ problem }) => problem !== null);
  const blocks = [
    tableLines(COLUMNS, cases.map(row), drawing),
    broken.flatMap(({ problem }) => wrapText(visible(problem ?? ''), width).map(style.bad)),
  ];
  return `${blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

function row({ name, status, owner, route, lastRun, lastVerdict, next }: ListedCase): readonly string[] {
  return [
    name,
    status ?? 'broken',
    owner ?? '-',
    route ?? '-',
    lastRun === null ? '-' : runText(lastRun),
    lastVerdict ?? '-',
    nextText(next),
  ];
}

/** A command goes by its name: the case stands in the first column. */
function nextText(next: ListedCase['next']): string {
  if (next === null) return 'mend the file';
  return next.step === 'write' ? next.todo : next.step === 'done' ? '-' : next.step;
}

/** `baseline 2026-01-31 09:30, 12 ms cold, 3 ms warm`. */
function runText(run: NonNullable<ListedCase['lastRun']>): string {
  const { label, startedAt, complete, coldP50Ms, warmP50Ms } = run;
  const times = [
    ...(coldP50Ms === null ? [] : [`${time(coldP50Ms)} cold`]),
    ...(warmP50Ms === null ? [] : [`${time(warmP50Ms)} warm`]),
  ];
  return [`${label} ${moment(startedAt)}`, ...times, ...(complete ? [] : ['cut short'])].join(', ');
}
