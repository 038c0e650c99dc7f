/** One finding as text: what, how long, the timeline, why, and what to do. */
import type { Confidence, Finding, RemedyCode } from '../core/finding.ts';
import { counted } from '../core/numbers.ts';
import { withShortDigests } from './digests.ts';
import { labelledLines } from './labelled.ts';
import type { Drawing, Paint, Style } from './style.ts';
import { drawTimeline } from './timeline.ts';
import { visible } from './width.ts';
import { wrapText } from './wrap.ts';

const INDENT = 4;
const LABEL_WIDTH = 6;

/** The lines of a finding, without an empty line around them. */
export function findingLines(whole: Finding, drawing: Drawing): string[] {
  const finding = withShortDigests(whole);
  const { width } = drawing;
  const summary = wrapText(visible(finding.summary), width - INDENT).map(indented);
  const timeline = drawTimeline(finding.witness, finding, drawing);
  return [
    headLine(finding, drawing.style),
    ...summary,
    ...(timeline.length > 0 ? ['', ...timeline] : []),
    ...adviceLines(finding, drawing),
  ];
}

/** Code, cause, template and confidence: the line that names a finding. */
export function headLine(finding: Finding, style: Style): string {
  const where = [visible(finding.template)];
  if (finding.keys > 1) where.push(counted(finding.keys, 'key'));
  if (finding.db !== 0) where.push(`db ${finding.db}`);
  const id = visible(finding.id).padEnd(INDENT - 1);
  const confidence = confidencePaint(finding.confidence, style)(finding.confidence);
  return `${style.strong(id)} ${style.strong(`${finding.code} ${finding.cause}`)}   ${style.name(where.join(', '))}   ${confidence}`;
}

function confidencePaint(confidence: Confidence, style: Style): Paint {
  return { proved: style.bad, likely: style.warn, possible: style.faint }[confidence];
}

/** Why, what to do, in steps and as code, and what removes the key: below a finding and below a counterexample. */
export function adviceLines(
  { explanation, remedy }: Pick<Finding, 'explanation' | 'remedy'>,
  drawing: Drawing,
): string[] {
  const title = remedy.recipe === undefined ? remedy.title : `${remedy.title}: ${remedy.recipe}`;
  const steps = remedy.steps.flatMap((step, index) => numbered(index + 1, step, drawing));
  return [
    ...labelled('Why', explanation, drawing),
    ...labelled('Fix', title, drawing),
    ...steps,
    ...codeLines(remedy.code ?? [], drawing.style),
    ...(remedy.purge === undefined ? [] : labelled('Purge', remedy.purge, drawing)),
  ];
}

/** Code lines shown of one finding; the JSON document and Markdown have all. */
const MOST_CODE_LINES = 10;
const CODE_INDENT = 2;

/** Code is never wrapped: it is there to be copied. */
function codeLines(blocks: readonly RemedyCode[], style: Style): string[] {
  const margin = ' '.repeat(INDENT + LABEL_WIDTH);
  let left = MOST_CODE_LINES;
  const lines: string[] = [];
  for (const { driver, lines: code } of blocks) {
    if (left <= 0) break;
    lines.push(`${margin}${style.faint(`${visible(driver)}:`)}`);
    for (const line of code.slice(0, left))
      lines.push(`${margin}${' '.repeat(CODE_INDENT)}${style.name(visible(line))}`);
    if (code.length > left) lines.push(`${margin}${' '.repeat(CODE_INDENT)}${style.faint('…')}`);
    left -= code.length;
  }
  return lines;
}

/** A paragraph beside its label. */
export function labelled(label: string, text: string, drawing: Drawing): string[] {
  const column = { indent: INDENT, width: LABEL_WIDTH, paint: drawing.style.strong };
  return labelledLines(label, text, column, drawing);
}

function numbered(number: number, text: string, { width }: Drawing): string[] {
  const mark = `${number}. `;
  const margin = ' '.repeat(INDENT + LABEL_WIDTH);
  const lines = wrapText(visible(text), width - margin.length - mark.length);
  return lines.map((line, index) => margin + (index === 0 ? mark : ' '.repeat(mark.length)) + line);
}

function indented(line: string): string {
  return ' '.repeat(INDENT) + line;
}
