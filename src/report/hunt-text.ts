/** What a hunt found, as text: the verdict, then the pairs, those that went stale first. */
import { CODES } from '../core/codes.ts';
import { count, counted, duration } from '../core/numbers.ts';
import type { HuntPair, HuntResult, PairOutcome, Prediction } from '../race/hunt/contract.ts';
import { labelledLines } from './labelled.ts';
import { causeName, counterexampleLines } from './race-text.ts';
import type { Drawing, Paint } from './style.ts';
import { visible } from './width.ts';
import { wrapText } from './wrap.ts';

const INDENT = 4;
const LABEL_WIDTH = 11;
/** Predictions shown of one pair; the JSON document has them all. */
const MAX_PREDICTIONS = 3;
const VERDICT_WIDTH = 9;

/** The text, ending in a newline. */
export function huntText(result: HuntResult, drawing: Drawing): string {
  const blocks = [
    verdictLines(result, drawing),
    ...result.pairs.map((pair, index) => pairLines(pair, index, drawing)),
    missingLines(result, drawing),
    closingLines(result, drawing),
  ];
  return `${blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

function verdictLines(result: HuntResult, { width, style }: Drawing): string[] {
  const { verdict } = result;
  const paint: Paint = { valid: style.good, invalid: style.bad, unknown: style.warn }[verdict];
  const [first = '', ...rest] = wrapText(huntSentence(result), width - VERDICT_WIDTH);
  return [
    `${paint(verdict.padEnd(VERDICT_WIDTH))}${style.strong(first)}`,
    ...rest.map((line) => ' '.repeat(VERDICT_WIDTH) + style.strong(line)),
  ];
}

/** The verdict in words. */
export function huntSentence({ pairs, ran, verdict }: HuntResult): string {
  const all = counted(pairs.length, 'pair');
  if (!ran) return `${all} of requests may race; none was run.`;
  const explored = pairs.filter(({ outcome }) => outcome.state === 'explored');
  const stale = pairs.filter(({ outcome }) => outcome.state === 'explored' && outcome.stale > 0);
  if (verdict === 'valid') return `No stale outcome: ${all}, all orderings within their bounds explored.`;
  const share = `${count(explored.length)} of ${all} explored`;
  if (verdict === 'invalid') return `${counted(stale.length, 'pair')} ended stale; ${share}.`;
  const whole = explored.filter(({ outcome }) => outcome.state === 'explored' && outcome.complete).length;
  return `No counterexample found; ${share}, ${count(whole)} of them completely.`;
}

function pairLines(pair: HuntPair, index: number, drawing: Drawing): string[] {
  const { style, width } = drawing;
  const number = `${index + 1}`.padEnd(INDENT);
  const score = style.faint(pair.score.toFixed(2));
  const head = `${style.strong(number)}${style.name(visible(pair.reader))}  against  ${style.name(visible(pair.writer))}   ${score}`;
  const predictions = pair.predictions.slice(0, MAX_PREDICTIONS);
  return [
    head,
    ...pair.templates.flatMap(({ template, sources, changes, db }, i) => {
      const where = db === 0 ? template : `${template} (db ${db})`;
      const what = `${where} from ${sources.join(', ')}; the writer changes ${changes.join(', ')}`;
      return labelled(i === 0 ? 'meet at' : '', what, drawing);
    }),
    ...predictions.flatMap((one, i) => labelled(i === 0 ? 'predicted' : '', predictionText(one), drawing)),
    ...labelled('scenario', scenarioText(pair), drawing),
    ...outcomeLines(pair.outcome, drawing, width),
  ];
}

function predictionText({ code, why, score, needs }: Prediction): string {
  const need = {
    nothing: '',
    ordering: '',
    fault: ', with a fault',
    'second-writer': ', with a second writer',
  }[needs];
  return `${code} ${CODES[code].name} ${score.toFixed(2)}${need}: ${why}`;
}

function scenarioText({ scenario, requests, sameRow }: HuntPair): string {
  if (scenario === null) return 'none';
  if (requests === null) return scenario;
  const doubt = sameRow ? '' : '; not known to be about one row';
  return `${scenario} (${requests.reader}, ${requests.writer}${doubt})`;
}

function outcomeLines(outcome: PairOutcome, drawing: Drawing, width: number): string[] {
  const { style } = drawing;
  if (outcome.state !== 'explored') {
    const said = { idle: 'not explored', failed: 'failed', skipped: 'not run' }[outcome.state];
    return labelled(said, outcome.why, drawing, style.warn);
  }
  const { verdict, executions, stale, complete, counterexamples, elapsedMs, actors, gaps } = outcome;
  const causes = [...new Set(counterexamples.map(causeName))].join(', ');
  const figures = `${counted(executions, 'execution')}, ${count(stale)} stale, ${duration(elapsedMs)}`;
  const whole = complete ? 'all orderings explored' : `not complete: ${gaps.join('; ')}`;
  const said = [causes, figures, whole].filter((part) => part !== '').join('; ');
  const paint = { valid: style.good, invalid: style.bad, unknown: style.warn }[verdict];
  return [
    ...labelled(verdict, said, drawing, paint),
    ...counterexamples.flatMap((found, i) => [
      '',
      ...counterexampleLines(found, i, { tried: { actors } }, { ...drawing, width: width - INDENT }).map(
        (line) => (line === '' ? '' : ' '.repeat(INDENT) + line),
      ),
    ]),
  ];
}

function labelled(
  label: string,
  text: string,
  drawing: Drawing,
  paint: Paint = drawing.style.faint,
): string[] {
  return labelledLines(label, text, { indent: INDENT, width: LABEL_WIDTH, paint }, drawing);
}

function missingLines({ missing, ran }: HuntResult, { width, style }: Drawing): string[] {
  if (ran || missing.length === 0) return [];
  return [
    style.strong('To run them, --base SCENARIO.yaml says what a recording does not know:'),
    ...missing.flatMap((one) =>
      wrapText(one, width - INDENT).map((line, i) => `${i === 0 ? '  - ' : '    '}${line}`),
    ),
  ];
}

function closingLines(result: HuntResult, { width, style }: Drawing): string[] {
  const { recording, base, out, elapsedMs, notices, interrupted } = result;
  const from = base === null ? '' : `, base ${base}`;
  return [
    ...wrapText(
      visible(`Recording ${recording}${from}; scenarios in ${out}; ${duration(elapsedMs)}.`),
      width,
    ).map(style.faint),
    ...(interrupted ? [style.warn('It was interrupted.')] : []),
    ...notices.flatMap((notice) => wrapText(`Note: ${visible(notice)}`, width).map(style.warn)),
  ];
}
