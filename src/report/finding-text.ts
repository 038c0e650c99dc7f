/** One finding as text: what, how long, the timeline, why, and what to do. */
import type { Confidence, Finding } from '../core/finding.ts';
import { counted } from '../core/numbers.ts';
import { withShortDigests } from './digests.ts';
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

function adviceLines(finding: Finding, drawing: Drawing): string[] {
  const { remedy } = finding;
  const title = remedy.recipe === undefined ? remedy.title : `${remedy.title}: ${remedy.recipe}`;
  const steps = remedy.steps.flatMap((step, index) => numbered(index + 1, step, drawing));
  return [
    ...labelled('Why', finding.explanation, drawing),
    ...labelled('Fix', title, drawing),
    ...steps,
    ...(remedy.purge === undefined ? [] : labelled('Purge', remedy.purge, drawing)),
  ];
}

function labelled(label: string, text: string, { width, style }: Drawing): string[] {
  const [first = '', ...rest] = wrapText(visible(text), width - INDENT - LABEL_WIDTH);
  const margin = ' '.repeat(INDENT + LABEL_WIDTH);
  return [
    `${' '.repeat(INDENT)}${style.strong(label)}${' '.repeat(LABEL_WIDTH - label.length)}${first}`,
    ...rest.map((line) => margin + line),
  ];
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
