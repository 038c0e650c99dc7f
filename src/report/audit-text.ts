/** The security checklist as text and as Markdown: each item with its state and evidence; what is not in order, with what
 * mends it and where the rule comes from. */
import type { AuditItem, AuditReport, ItemState } from '../audit/contract.ts';
import { counted } from '../core/numbers.ts';
import { code, text } from './markup.ts';
import type { Drawing, Paint, Style } from './style.ts';
import { displayWidth, padEnd, visible } from './width.ts';
import { wrapText } from './wrap.ts';

const MARKS: Readonly<Record<ItemState, string>> = {
  ok: 'ok',
  bad: 'BAD',
  warn: 'warn',
  unknown: '?',
  'not-applicable': '-',
};
const MARK_WIDTH = 4;
/** Columns before the mark, and between the columns. */
const INDENT = 2;
const GAP = 2;

/** The text, ending in a newline. */
export function auditText(report: AuditReport, drawing: Drawing): string {
  const titleWidth = Math.max(...report.items.map(({ title }) => displayWidth(title)));
  const blocks = groupsOf(report.items).map(([about, items]) => [
    drawing.style.strong(visible(about)),
    ...items.flatMap((item) => itemLines(item, titleWidth, drawing)),
  ]);
  const all = [...blocks, wrapText(summaryOf(report), drawing.width)];
  return `${all.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

/** Items by what they are about, in order. */
function groupsOf(items: readonly AuditItem[]): readonly (readonly [string, readonly AuditItem[]])[] {
  const groups = new Map<string, AuditItem[]>();
  for (const item of items) groups.set(item.about, [...(groups.get(item.about) ?? []), item]);
  return [...groups];
}

function paintOf(state: ItemState, style: Style): Paint {
  const paints = { ok: style.good, bad: style.bad, warn: style.warn, unknown: style.warn } as const;
  return state === 'not-applicable' ? style.faint : paints[state];
}

function itemLines(item: AuditItem, titleWidth: number, { width, style }: Drawing): readonly string[] {
  const { state, title, evidence, mend, source } = item;
  const column = INDENT + MARK_WIDTH + GAP;
  const start = column + titleWidth + GAP;
  const mark = paintOf(state, style)(padEnd(MARKS[state], MARK_WIDTH));
  const said = wrapText(visible(evidence), width - start).map((line, at) =>
    at === 0
      ? `${' '.repeat(INDENT)}${mark}${' '.repeat(GAP)}${padEnd(title, titleWidth)}${' '.repeat(GAP)}${line}`
      : `${' '.repeat(start)}${line}`,
  );
  if (state !== 'bad' && state !== 'warn')
    return state === 'unknown' && mend !== null ? [...said, ...noted('mend', mend, column, width)] : said;
  return [
    ...said,
    ...(mend === null ? [] : noted('mend', mend, column, width)),
    // An address is not broken: it is copied.
    `${' '.repeat(column)}${padEnd('see', NOTE_WIDTH)}${source}`,
  ];
}

const NOTE_WIDTH = 6;

function noted(word: string, said: string, column: number, width: number): readonly string[] {
  return wrapText(visible(said), width - column - NOTE_WIDTH).map(
    (line, at) => `${' '.repeat(column)}${padEnd(at === 0 ? word : '', NOTE_WIDTH)}${line}`,
  );
}

function summaryOf({ summary, unreachable }: AuditReport): string {
  const { bad, warn, unknown, ok } = summary;
  const counts = [`${bad} bad`, `${warn} worth a look`, `${unknown} unknown`, `${ok} in order`].join(', ');
  const gone = unreachable.length === 0 ? '' : ` ${visible(unreachable.join(', '))}: no answer.`;
  return `${counted(bad + warn + unknown + ok, 'item')}: ${counts}.${gone}`;
}

/** The page in Markdown, ending in a newline. */
export function auditMarkdown(report: AuditReport): string {
  const blocks = groupsOf(report.items).flatMap(([about, items]) => [
    `## ${code(about)}`,
    ['| state | item | evidence | mend |', '|---|---|---|---|', ...items.map(row)].join('\n'),
  ]);
  return `${['# Security checklist', text(summaryOf(report)), ...blocks].join('\n\n')}\n`;
}

function row({ state, title, evidence, mend, source }: AuditItem): string {
  const shown = state === 'bad' || state === 'warn' ? `**${state}**` : state;
  const titled = source.startsWith('https://') ? `[${text(title)}](${encodeURI(source)})` : text(title);
  return `| ${shown} | ${titled} | ${text(evidence)} | ${mend === null ? '' : text(mend)} |`;
}
