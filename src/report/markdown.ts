/** The findings document as Markdown, for pull requests and field notes. */
import type { Finding } from '../core/finding.ts';
import { count, duration } from '../core/numbers.ts';
import { withShortDigests } from './digests.ts';
import { engineLine } from './document-text.ts';
import { coverageLine, summaryLine } from './figures-text.ts';
import type { FindingsDocument } from './findings-document.ts';
import { code, fenced, text } from './markup.ts';
import { PLAIN } from './style.ts';
import { drawTimeline } from './timeline.ts';
import { visible } from './width.ts';

/** Columns of the timeline inside its code block. */
const WIDTH = 100;

/** The page, ending in a newline. */
export function documentMarkdown(document: FindingsDocument): string {
  const blocks = [
    '# Findings',
    `${text(summaryLine(document))}`,
    `${text(coverageLine(document.coverage))}\n${text(engineLine(document))}.`,
    ...document.notices.map((notice) => `> ${text(notice)}`),
    ...document.findings.map(findingMarkdown),
  ];
  return `${blocks.join('\n\n')}\n`;
}

/** One finding: a heading, its facts, the timeline in a code block, why, and what to do. */
export function findingMarkdown(whole: Finding): string {
  const finding = withShortDigests(whole);
  const timeline = drawTimeline(finding.witness, finding, { width: WIDTH, style: PLAIN });
  const blocks = [
    `## ${finding.id} ${finding.code} ${finding.cause}: ${code(finding.template)}`,
    text(finding.summary),
    factsTable(finding),
    ...(timeline.length === 0 ? [] : [fenced(timeline.join('\n'))]),
    ...adviceBlocks(finding),
  ];
  return blocks.join('\n\n');
}

/** Why, what to do, in steps and as code, and what removes the key. */
export function adviceBlocks({ explanation, remedy }: Pick<Finding, 'explanation' | 'remedy'>): string[] {
  const recipe = remedy.recipe === undefined ? '' : ` ([recipe](${encodeURI(remedy.recipe)}))`;
  return [
    `**Why.** ${text(explanation)}`,
    `**Fix.** ${text(remedy.title)}${recipe}`,
    ...(remedy.steps.length === 0
      ? []
      : [remedy.steps.map((step, index) => `${index + 1}. ${text(step)}`).join('\n')]),
    ...(remedy.code ?? []).map(
      ({ language, driver, lines }) =>
        `${text(driver)}:\n\n${fenced(lines.map(visible).join('\n'), language)}`,
    ),
    ...(remedy.purge === undefined ? [] : [`**Purge.** ${code(remedy.purge)}`]),
  ];
}

function factsTable(finding: Finding): string {
  const rows: (readonly [string, string])[] = [
    ['confidence', finding.confidence],
    ['worst key', `${code(finding.key)}${finding.db === 0 ? '' : ` (db ${finding.db})`}`],
    ['keys', count(finding.keys)],
    ['hits', count(finding.hits)],
  ];
  if (finding.endedBy !== null)
    rows.push(['stale for', `${duration(finding.staleForMs)}, ended by ${finding.endedBy}`]);
  if (finding.writer !== null) rows.push(['writer', code(finding.writer)]);
  if (finding.reader !== null) rows.push(['reader', code(finding.reader)]);
  const lines = rows.map(([name, value]) => `| ${name} | ${value.replaceAll('|', '\\|')} |`);
  return ['| | |', '|---|---|', ...lines].join('\n');
}
