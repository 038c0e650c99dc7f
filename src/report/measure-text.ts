/** A measured run as text: what the requests took, cold and warm apart, and why. */
import { count, counted, duration, percent } from '../core/numbers.ts';
import type { ColdKey, MeasuredRun, Phase, PhaseFigures, QueryFigures } from '../measure/contract.ts';
import type { Drawing } from './style.ts';
import { type Column, tableLines } from './table.ts';
import { cut, visible } from './width.ts';
import { wrapText } from './wrap.ts';

const left = (heading: string): Column => ({ heading, align: 'left' });
const right = (heading: string): Column => ({ heading, align: 'right' });

/** Rows of a list; the JSON document has them all. */
const MAX_ROWS = 10;
/** Plans are printed whole up to this many lines. */
const MAX_PLAN_LINES = 40;

export interface MeasureTextOptions {
  /** Folder of the run, as it is shown. */
  readonly folder: string;
  /** What to run next. */
  readonly next: string;
  /** Why requests were not answered as expected, and how many, most first. */
  readonly errors?: readonly (readonly [reason: string, requests: number])[];
}

/** The text, ending in a newline. */
export function measureText(run: MeasuredRun, options: MeasureTextOptions, drawing: Drawing): string {
  const { width, style } = drawing;
  const wrapped = (text: string) => wrapText(visible(text), width);
  const blocks = [
    headLines(run, drawing),
    [...phaseLines(run, drawing), ...errorLines(options.errors ?? [], drawing)],
    queryLines(run.queries, drawing),
    planLines(run.queries, drawing),
    keyLines(run.keys, drawing),
    run.notices.flatMap((notice) => wrapped(`Note: ${notice}`).map(style.warn)),
    [
      ...wrapped(engineSentence(run)).map(style.faint),
      ...wrapped(`Kept in ${options.folder}: run.json, samples.jsonl, distributions and drawings.`),
      // To be copied: never wrapped.
      `Next  $ ${visible(options.next)}`,
    ],
  ];
  return `${blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

function headLines(run: MeasuredRun, { width, style }: Drawing): string[] {
  const { rate, arrivals, seconds } = run.load;
  const how = `${run.label}: ${rate}/s for ${seconds} s${arrivals === 'poisson' ? ', arrivals at random' : ''}, ${counted(run.load.cold, 'cold request')}`;
  const [why = '', ...told] = run.ended === null ? [] : run.ended.split('\n');
  const early = run.ended === null ? [] : wrapText(visible(`Not complete: ${why}`), width).map(style.bad);
  const lines = told.slice(-MAX_ROWS).map((line) => style.faint(`    ${cut(visible(line), width - 4)}`));
  return [`${style.strong(visible(run.case))}  ${visible(how)}`, ...early, ...lines];
}

/** The table: each phase with times from when requests were due, and from when they were sent. */
function phaseLines({ cold, warm }: MeasuredRun, drawing: Drawing): string[] {
  const phases = [
    ['cold', cold],
    ['warm', warm],
  ] as const;
  const columns = [
    left('phase'),
    left('time from'),
    ...['p50 ms', 'p90 ms', 'p99 ms', 'max ms', 'requests', 'errors', 'hits', 'calls'].map(right),
  ];
  const rows = phases.flatMap(([phase, figures]) => (figures === null ? [] : phaseRows(phase, figures)));
  if (rows.length === 0) return ['Nothing was measured.'];
  const table = tableLines(columns, rows, drawing);
  const legend =
    'due: from when a request was due, with the queue that a slow server makes; sent: from when it went out. hits: share of cache reads; calls: database statements per request.';
  return [
    ...table,
    ...wrapText(legend, drawing.width).map(drawing.style.faint),
    ...missingLines(phases, drawing),
  ];
}

function phaseRows(phase: Phase, figures: PhaseFigures): readonly string[][] {
  const times = (latency: PhaseFigures['correctedMs']) =>
    latency === null
      ? ['-', '-', '-', '-']
      : [latency.p50, latency.p90, latency.p99, latency.max].map((ms) => ms.toFixed(1));
  const { requests, errorRate, hits, misses, sourceCallsPerRequest: calls } = figures;
  return [
    [
      phase,
      'due',
      ...times(figures.correctedMs),
      count(requests),
      percent(errorRate),
      hits + misses === 0 ? '-' : percent(hits / (hits + misses)),
      calls === null ? '-' : calls.toFixed(1),
    ],
    ['', 'sent', ...times(figures.uncorrectedMs), '', '', '', ''],
  ];
}

function missingLines(
  phases: readonly (readonly [Phase, PhaseFigures | null])[],
  { style }: Drawing,
): string[] {
  return phases
    .filter(([, figures]) => figures === null)
    .map(([phase]) => style.warn(`The ${phase} phase was not measured.`));
}

function queryLines(queries: readonly QueryFigures[], drawing: Drawing): string[] {
  if (queries.length === 0) return [];
  const columns = [
    left('statement'),
    ...['calls', 'per request', 'p50 ms', 'max ms', 'in all ms'].map(right),
  ];
  const STATEMENT = 44;
  const rows = queries
    .slice(0, MAX_ROWS)
    .map((query) => [
      shortStatement(query.shape, Math.max(STATEMENT, drawing.width - 52)),
      count(query.calls),
      query.callsPerRequest.toFixed(1),
      query.p50Ms.toFixed(1),
      query.maxMs.toFixed(1),
      query.totalMs.toFixed(1),
    ]);
  const more =
    queries.length > MAX_ROWS
      ? [drawing.style.faint(`${count(queries.length - MAX_ROWS)} more; --json lists them all`)]
      : [];
  return [...tableLines(columns, rows, drawing), ...more];
}

function shortStatement(shape: string, width: number): string {
  return cut(visible(shape), width);
}

function planLines(queries: readonly QueryFigures[], { style }: Drawing): string[] {
  return queries.flatMap(({ shape, plan }) => {
    if (plan === null) return [];
    const lines = plan.split('\n').map((line) => `    ${visible(line)}`);
    const rest =
      lines.length > MAX_PLAN_LINES ? [`    … ${lines.length - MAX_PLAN_LINES} more lines in run.json`] : [];
    return [style.strong(`Plan of ${visible(shape)}`), ...lines.slice(0, MAX_PLAN_LINES), ...rest];
  });
}

function keyLines(keys: readonly ColdKey[], drawing: Drawing): string[] {
  const lines = (title: string, those: readonly ColdKey[]): string[] => {
    if (those.length === 0) return [];
    const shown = those.slice(0, MAX_ROWS).flatMap((key) => keyLine(key, drawing));
    const more = those.length - MAX_ROWS;
    const rest =
      those.length > MAX_ROWS ? [drawing.style.faint(`    ${count(more)} more; --json lists them all`)] : [];
    return [title, ...shown, ...rest];
  };
  return [
    ...lines(
      'Removed before each cold request',
      keys.filter(({ removed }) => removed),
    ),
    ...lines(
      'Left alone',
      keys.filter(({ removed }) => !removed),
    ),
  ];
}

const INDENT = 4;

function keyLine({ key, db, why }: ColdKey, { width }: Drawing): string[] {
  const text = `${key}${db === 0 ? '' : ` (database ${db})`}: ${why}`;
  return wrapText(visible(text), width - 2 * INDENT).map(
    (line, i) => `${' '.repeat(i === 0 ? INDENT : 2 * INDENT)}${line}`,
  );
}

/** Reasons listed of requests that were not answered as expected. */
const MAX_REASONS = 5;

function errorLines(errors: NonNullable<MeasureTextOptions['errors']>, { width, style }: Drawing): string[] {
  return errors
    .slice(0, MAX_REASONS)
    .map(([reason, requests]) =>
      style.bad(cut(visible(`${counted(requests, 'request')}: ${reason}`), width)),
    );
}

function engineSentence({ engine, ranMs, findings }: MeasuredRun): string {
  const { redis, postgres, emulated } = engine;
  const stores =
    redis === null && postgres === null
      ? 'The stores were not watched'
      : `Redis ${redis ?? 'not watched'}${emulated ? ' (emulated)' : ''}, PostgreSQL ${postgres ?? 'not watched'}`;
  const met =
    findings.length === 0
      ? ''
      : `; findings met: ${findings.map(({ id, code }) => `${id} ${code}`).join(', ')}`;
  return `${stores}; took ${duration(ranMs)}${met}.`;
}

const BAR = 24;

/** One line that says how far it is, with a bar where the end is known. */
export function measureProgressLine(doing: string, done: number, of: number): string {
  if (of <= 0) return doing;
  const full = Math.round((Math.min(done, of) / of) * BAR);
  return `${doing.padEnd(8)} [${'#'.repeat(full)}${'.'.repeat(BAR - full)}] ${count(done)} of ${count(of)}`;
}
