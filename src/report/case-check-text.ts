/** What a case lacks, as text: what must be there first, then what is worth a look. */
import type { CheckDocument, Gap } from '../case/document.ts';
import { counted } from '../core/numbers.ts';
import type { Drawing } from './style.ts';
import { padEnd, visible } from './width.ts';
import { wrapText } from './wrap.ts';

const STAGE_TEXT = { measure: 'to measure', compare: 'to compare', close: 'to close' } as const;
const INDENT = 4;

/** The text, ending in a newline. */
export function caseCheckText(document: CheckDocument, drawing: Drawing): string {
  const { style, width } = drawing;
  const { name, file } = document.case;
  const required = document.gaps.filter((gap) => gap.required);
  const others = document.gaps.filter((gap) => !gap.required);
  const verdict = document.complete
    ? style.good('complete: nothing that is required is missing')
    : style.bad(`${counted(required.length, 'thing')} missing`);
  const blocks = [
    [`${style.strong(visible(name))}   ${verdict}   ${style.name(visible(file))}`],
    gapLines(required, drawing),
    others.length === 0 ? [] : [style.faint('Worth a look:'), ...gapLines(others, drawing)],
    document.notices.flatMap((notice) => wrapText(`Note: ${visible(notice)}.`, width).map(style.warn)),
    [`${style.strong('Next:')} ${visible(document.next.todo)}`],
  ];
  return `${blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

/** A gap a paragraph: its field, what is wrong, and what to write. */
export function gapLines(gaps: readonly Gap[], { width, style }: Drawing): readonly string[] {
  const column = Math.max(0, ...gaps.map(({ field }) => visible(field).length));
  return gaps.flatMap(({ field, problem, todo, stage }) => [
    ...wrapText(`${visible(problem)} (${STAGE_TEXT[stage]})`, width - INDENT - column - 2).map(
      (line, i) =>
        `${' '.repeat(INDENT)}${style.strong(padEnd(i === 0 ? visible(field) : '', column))}  ${line}`,
    ),
    ...wrapText(visible(todo), width - INDENT - column - 2).map(
      (line) => `${' '.repeat(INDENT + column + 2)}${style.name(line)}`,
    ),
  ]);
}
