/** What an exploration found, as Markdown: for pull requests and field notes. */
import { count } from '../core/numbers.ts';
import type { Counterexample, RaceResult } from '../race/result.ts';
import { adviceBlocks } from './markdown.ts';
import { code, fenced, text } from './markup.ts';
import { actorLanes, drawRace, faultName } from './race-lanes.ts';
import {
  causeName,
  engineSentence,
  figuresSentence,
  outcomeSentence,
  replayCommand,
  verdictSentence,
} from './race-text.ts';
import { PLAIN } from './style.ts';

/** Columns of the lanes inside their code block. */
const WIDTH = 100;

/** The page, ending in a newline. */
export function raceMarkdown(result: RaceResult): string {
  const blocks = [
    `# Race: ${result.verdict}`,
    text(verdictSentence(result)),
    `**Bound.** ${text(result.bound)}.`,
    ...result.counterexamples.map((found, index) => counterexampleBlocks(found, index, result).join('\n\n')),
    startTable(result),
    faultTable(result),
    `${text(figuresSentence(result))}\n${text(engineSentence(result))}.`,
    ...result.notices.map((notice) => `> ${text(notice)}`),
  ];
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`;
}

function counterexampleBlocks(found: Counterexample, index: number, { tried }: RaceResult): string[] {
  const lanes = drawRace(found.steps, actorLanes(tried.actors), { width: WIDTH, style: PLAIN });
  const key = found.key === null ? '' : `: ${code(found.key)}`;
  return [
    `## C${index + 1} ${causeName(found)}${key}`,
    `${found.start} start, ${faultName(found.fault)}. ${text(outcomeSentence(found))}`,
    ...(lanes.length === 0 ? [] : [fenced(lanes.join('\n'))]),
    ...advice(found),
    `**Replay.** ${code(replayCommand(found))}`,
  ];
}

function advice({ explanation, remedy }: Counterexample): string[] {
  if (remedy === null) return [`**Why.** ${text(explanation)}`];
  const { purge, ...kept } = remedy;
  return adviceBlocks({ explanation, remedy: kept });
}

function startTable({ starts }: RaceResult): string {
  if (starts.length < 2) return '';
  return table(
    ['start', 'executions', 'pruned', 'classes', 'stale', 'complete'],
    starts.map(({ start, executions, pruned, classes, stale, complete }) => [
      start,
      ...[executions, pruned, classes, stale].map(count),
      complete ? 'yes' : 'no',
    ]),
  );
}

function faultTable({ faults }: RaceResult): string {
  if (faults.length < 2) return '';
  return table(
    ['fault', 'executions', 'stale'],
    faults.map(({ fault, executions, stale }) => [fault ?? 'none', count(executions), count(stale)]),
  );
}

function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    line(headings),
    `|${headings.map((_, i) => (i === 0 ? '---' : '--:')).join('|')}|`,
    ...rows.map(line),
  ].join('\n');
}
