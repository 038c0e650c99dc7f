/** What an exploration found, as text: the verdict first, what it speaks about, then every counterexample. */
import { CODES } from '../core/codes.ts';
import { count, counted, duration } from '../core/numbers.ts';
import type { Counterexample, RaceResult, RaceVerdict } from '../race/result.ts';
import type { RaceProgress } from '../race/run/contract.ts';
import { adviceLines, labelled } from './finding-text.ts';
import { actorLanes, drawRace, faultName } from './race-lanes.ts';
import type { Drawing, Paint, Style } from './style.ts';
import { type Column, tableLines } from './table.ts';
import { visible } from './width.ts';
import { wrapText } from './wrap.ts';

const INDENT = '    ';

/** The text, ending in a newline. */
export function raceText(result: RaceResult, drawing: Drawing): string {
  const { width, style } = drawing;
  const paint = verdictPaint(result.verdict, style);
  const [first = '', ...rest] = wrapText(visible(verdictSentence(result)), width - VERDICT_WIDTH);
  const blocks = [
    [
      `${paint(result.verdict.padEnd(VERDICT_WIDTH))}${style.strong(first)}`,
      ...rest.map((line) => ' '.repeat(VERDICT_WIDTH) + style.strong(line)),
      ...hanging('Bound', `${visible(result.bound)}.`, drawing),
    ],
    ...result.counterexamples.map((found, index) => counterexampleLines(found, index, result, drawing)),
    startLines(result, drawing),
    faultLines(result, drawing),
    [
      ...wrapText(figuresSentence(result), width),
      ...wrapText(visible(engineSentence(result)), width).map(style.faint),
      ...result.notices.flatMap((notice) => wrapText(`Note: ${visible(notice)}`, width).map(style.warn)),
    ],
  ];
  return `${blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

const VERDICT_WIDTH = 9;

function hanging(label: string, text: string, { width, style }: Drawing): string[] {
  const lines = wrapText(text, width - VERDICT_WIDTH);
  return lines.map((line, index) => style.faint((index === 0 ? label : '').padEnd(VERDICT_WIDTH)) + line);
}

function verdictPaint(verdict: RaceVerdict, style: Style): Paint {
  return { valid: style.good, invalid: style.bad, unknown: style.warn }[verdict];
}

/** The verdict in words. A search that was cut short never sounds like a proof. */
export function verdictSentence(result: RaceResult): string {
  const { verdict, executions, stale, counterexamples, complete } = result;
  const ran = counted(executions, 'execution');
  if (verdict === 'valid') return `No stale outcome: ${ran}, all orderings within the bound explored.`;
  if (verdict === 'unknown') return `No counterexample found in ${ran}; not complete: ${whyNot(result)}.`;
  const found = `${counted(counterexamples.length, 'counterexample')}: ${count(stale)} of ${ran} ended stale`;
  return complete
    ? `${found}; all orderings within the bound explored.`
    : `${found}; not complete: ${whyNot(result)}.`;
}

function whyNot({ gaps, interrupted }: RaceResult): string {
  if (gaps.length > 0) return gaps.map((gap) => gap.replace(/\.$/, '')).join('; ');
  return interrupted ? 'it was interrupted' : 'not every ordering was explored';
}

/** One counterexample: what it is, its steps as lanes, why, what to do, and how to see it again. */
export function counterexampleLines(
  found: Counterexample,
  index: number,
  { tried }: { readonly tried: Pick<RaceResult['tried'], 'actors'> },
  drawing: Drawing,
): string[] {
  const { width } = drawing;
  return [
    headLine(found, index, drawing.style),
    ...wrapText(visible(outcomeSentence(found)), width - INDENT.length).map((line) => INDENT + line),
    '',
    ...drawRace(found.steps, actorLanes(tried.actors), drawing),
    ...whyLines(found, drawing),
    // To be copied: never wrapped.
    `${INDENT}$ ${visible(replayCommand(found))}`,
  ];
}

function headLine(found: Counterexample, index: number, style: Style): string {
  const parts = [style.strong(`C${index + 1}`.padEnd(3)), style.strong(causeName(found))];
  const where = [`${found.start} start`, faultName(found.fault)].join(', ');
  return [parts.join(' '), ...(found.key === null ? [] : [style.name(visible(found.key))]), where].join(
    '   ',
  );
}

/** `WS104 stale-fill-race`. */
export function causeName({ cause }: Pick<Counterexample, 'cause'>): string {
  return cause === null ? 'no cause named' : `${cause} ${CODES[cause].name}`;
}

/** What was answered, and what would have been right. */
export function outcomeSentence({ served, truth, instance, executions }: Counterexample): string {
  const more = executions === 1 ? '' : ` ${counted(executions, 'execution')} end so; this is the simplest.`;
  const who = instance === '' ? 'The answer is' : `The instance of ${instance} answers`;
  return `${who} ${served}; ${truth} is true.${more}`;
}

/** The advice without what removes a key: here the data is thrown away. */
function whyLines({ explanation, remedy }: Counterexample, drawing: Drawing): string[] {
  if (remedy === null) return labelled('Why', explanation, drawing);
  const { purge, ...kept } = remedy;
  return adviceLines({ explanation, remedy: kept }, drawing);
}

export function replayCommand({ schedule }: Pick<Counterexample, 'schedule'>): string {
  return `whystale replay ${/^[\w./-]+$/.test(schedule) ? schedule : `'${schedule.replaceAll("'", `'\\''`)}'`}`;
}

const left = (heading: string): Column => ({ heading, align: 'left' });
const right = (heading: string): Column => ({ heading, align: 'right' });

function startLines({ starts }: RaceResult, drawing: Drawing): string[] {
  if (starts.length < 2) return [];
  const columns = ['executions', 'pruned', 'classes', 'stale', 'divergences'] as const;
  const rows = starts.map((figures) => [
    figures.start,
    ...columns.map((column) => count(figures[column])),
    figures.complete ? 'yes' : 'no',
  ]);
  return tableLines([left('start'), ...columns.map(right), right('complete')], rows, drawing);
}

function faultLines({ faults }: RaceResult, drawing: Drawing): string[] {
  if (faults.length < 2) return [];
  const rows = faults.map(({ fault, executions, stale }) => [
    fault ?? 'none',
    count(executions),
    count(stale),
  ]);
  return tableLines([left('fault'), right('executions'), right('stale')], rows, drawing);
}

/** How much was done, and how long it took. */
export function figuresSentence({ executions, pruned, classes, divergences, elapsed }: RaceResult): string {
  const parts = [
    counted(executions, 'execution'),
    `${count(pruned)} pruned`,
    counted(classes, 'class', 'classes'),
    ...(divergences === 0 ? [] : [counted(divergences, 'divergence')]),
  ];
  const { totalMs, startMs, executionMs } = elapsed;
  const times = `${duration(totalMs)}: ${duration(startMs)} to start, ${duration(executionMs)} an execution`;
  return `${parts.join(', ')}; ${times}.`;
}

/** On what it ran. */
export function engineSentence({ engine, scenario, tried, seed }: RaceResult): string {
  const store = (name: string, { version, embedded }: RaceResult['engine']['redis']) =>
    `${name} ${version}${embedded ? ' (embedded)' : ''}`;
  const strategy =
    tried.strategy === 'random'
      ? `random, seed ${seed}`
      : { dpor: 'dpor', none: 'no reduction' }[tried.strategy];
  return `${store('Redis', engine.redis)}, ${store('PostgreSQL', engine.postgres)}; ${strategy}; scenario ${scenario}`;
}

/** One line that says how far it is. */
export function raceProgressLine(progress: RaceProgress): string {
  const { start, executions, classes, stale, pruned, remaining, elapsedMs } = progress;
  const parts = [
    counted(executions, 'execution'),
    counted(classes, 'class', 'classes'),
    `${count(stale)} stale`,
    `${count(pruned)} pruned`,
    ...(remaining === null ? [] : [`at least ${count(remaining)} to come`]),
    duration(elapsedMs),
  ];
  return `${start} start: ${parts.join(', ')}`;
}
