/** What became of a replay, as text; and one step of it, for people who walk through. */
import { count, counted, duration, percent } from '../core/numbers.ts';
import type { RaceStep, ReplayOutcome, ReplayResult } from '../race/result.ts';
import type { Lane } from './lanes.ts';
import { drawRace, faultName, stepText } from './race-lanes.ts';
import { causeName } from './race-text.ts';
import type { Drawing, Paint, Style } from './style.ts';
import { visible } from './width.ts';
import { wrapText } from './wrap.ts';

/** What the runs come to: one that was reproduced decides, then one that diverged or broke. */
export function replayVerdict({ runs, reproduced }: ReplayResult): ReplayOutcome {
  if (reproduced > 0) return 'reproduced';
  if (runs.some(({ outcome }) => outcome === 'diverged')) return 'diverged';
  return runs.length > 0 && runs.every(({ outcome }) => outcome === 'not-reproduced')
    ? 'not-reproduced'
    : 'failed';
}

/** What `replay --json` prints: the result, with what it comes to. */
export function replayDocument(result: ReplayResult): ReplayResult & { readonly outcome: ReplayOutcome } {
  const { format, ...rest } = result;
  return { format, outcome: replayVerdict(result), ...rest };
}

/** The text, ending in a newline. */
export function replayText(result: ReplayResult, lanes: readonly Lane[], drawing: Drawing): string {
  const { width, style } = drawing;
  const verdict = replayVerdict(result);
  const blocks = [
    [
      `${paintOf(verdict, style)(verdict)}   ${style.strong(visible(rateSentence(result)))}`,
      ...wrapText(visible(aboutSentence(result)), width),
    ],
    drawRace(result.steps, lanes, drawing),
    [
      ...valuesLines(result, drawing),
      ...reasonLines(result, drawing),
      ...result.notices.flatMap((notice) => wrapText(`Note: ${visible(notice)}`, width).map(style.warn)),
      ...wrapText(visible(`Schedule ${result.schedule}; ${duration(result.elapsedMs)}.`), width).map(
        style.faint,
      ),
    ],
  ];
  return `${blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

function paintOf(verdict: ReplayOutcome, style: Style): Paint {
  return verdict === 'reproduced' ? style.bad : verdict === 'not-reproduced' ? style.good : style.warn;
}

function rateSentence({ reproduced, runs, times, interrupted }: ReplayResult): string {
  const rate = runs.length > 1 ? ` (${percent(reproduced / runs.length)})` : '';
  const cut =
    interrupted && runs.length < times ? `; interrupted, ${counted(times, 'run')} were asked for` : '';
  return `${count(reproduced)} of ${counted(runs.length, 'run')}${rate} ended stale as recorded${cut}.`;
}

function aboutSentence(result: ReplayResult): string {
  return `${causeName(result)}, ${result.start} start, ${faultName(result.fault)}; scenario ${result.scenario}`;
}

/** What the last run that was judged ended with. */
function valuesLines({ runs }: ReplayResult, { width }: Drawing): string[] {
  const judged = runs.findLast(({ served }) => served !== null);
  if (judged === undefined) return [];
  return wrapText(visible(`Answered: ${judged.served}. True: ${judged.truth ?? 'unknown'}.`), width);
}

/** Why runs did not end as recorded, each reason once. */
function reasonLines({ runs }: ReplayResult, { width, style }: Drawing): string[] {
  const reasons = new Map<string, number>();
  for (const { outcome, why } of runs) {
    if (outcome !== 'diverged' && outcome !== 'failed') continue;
    const reason = `${outcome}: ${why ?? 'for a reason that is not known'}`;
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  }
  return [...reasons].flatMap(([reason, number]) =>
    wrapText(visible(number === 1 ? reason : `${count(number)} × ${reason}`), width).map(style.warn),
  );
}

/** One step as it has just happened, and what cache and database hold now. */
export function stepLines(
  step: RaceStep,
  at: { readonly step: number; readonly of: number },
  { width, style }: Drawing,
): string[] {
  const number = `${at.step}/${at.of}`.padStart(STEP_WIDTH);
  const result = step.result === null ? '' : `   ${style.strong(visible(step.result))}`;
  const cached = step.cached ?? [];
  const holds =
    step.cached === undefined
      ? []
      : cached.length === 0
        ? ['cache     no key of this schedule']
        : cached.map(({ key, value }) => `cache     ${key} ${value === null ? 'is absent' : `= ${value}`}`);
  const database = step.database === undefined ? [] : [`database  ${step.database}`];
  return [
    `${style.faint(number)}  ${style.name(visible(step.actor))}  ${visible(stepText(step))}${result}`,
    ...[...holds, ...database].flatMap((text) =>
      wrapText(visible(text), width - MARGIN.length).map((line) => MARGIN + style.faint(line)),
    ),
    ...(step.note === undefined ? [] : [`${MARGIN}${style.warn(visible(step.note))}`]),
  ];
}

const STEP_WIDTH = 5;
const MARGIN = ' '.repeat(STEP_WIDTH + 2);
