/** The figures around the findings as text: routes, templates, the summary in one line, and what was seen. */
import type { Analysis, Coverage, RouteFigures, TemplateFigures } from '../core/finding.ts';
import { count, counted, duration, percent } from '../core/numbers.ts';
import type { Drawing } from './style.ts';
import { type Column, tableLines } from './table.ts';
import { wrapText } from './wrap.ts';

const left = (heading: string): Column => ({ heading, align: 'left' });
const right = (heading: string): Column => ({ heading, align: 'right' });

/** Rows drawn of a table; the JSON document has them all. */
const MAX_ROWS = 20;

/** Routes, with what they ran. Averages are per request. */
export function routeLines(routes: readonly RouteFigures[], drawing: Drawing): string[] {
  if (routes.length === 0) return [];
  const columns = [
    left('route'),
    ...['requests', 'p95 ms', 'errors', 'hits', 'misses', 'stale', 'calls', 'again'].map(right),
  ];
  const rows = most(routes, (figures) => [figures.requests]).map((figures) => [
    figures.route,
    count(figures.requests),
    figures.p95Ms.toFixed(1),
    percent(figures.errorRate),
    count(figures.hits),
    count(figures.misses),
    count(figures.staleHits),
    figures.sourceCallsPerRequest.toFixed(1),
    figures.exactRequests === 0 ? '-' : figures.duplicateCallsPerRequest.toFixed(1),
  ]);
  return [
    ...tableLines(columns, rows, drawing),
    ...leftOut(routes.length, drawing),
    ...wrapText(routeLegend(routes), drawing.width).map(drawing.style.faint),
  ];
}

/** What the columns mean, and how many requests they rest on. */
function routeLegend(routes: readonly RouteFigures[]): string {
  const requests = routes.reduce((sum, figures) => sum + figures.requests, 0);
  const exact = routes.reduce((sum, figures) => sum + figures.exactRequests, 0);
  const known =
    exact === requests
      ? 'all operations of all requests are known'
      : `all operations are known of ${count(exact)} of ${counted(requests, 'request')}`;
  return `calls: database statements per request; again: those that repeat one of the same request; ${known}.`;
}

export function templateLines(templates: readonly TemplateFigures[], drawing: Drawing): string[] {
  const columns = [
    left('template'),
    ...['hits', 'misses', 'fills', 'invalidations', 'stale hits', 'stale for'].map(right),
    left('from'),
  ];
  const rows = most(templates, ({ staleHits, hits, fills }) => [staleHits, hits, fills]).map((figures) => [
    figures.template,
    count(figures.hits),
    count(figures.misses),
    count(figures.fills),
    count(figures.invalidations),
    count(figures.staleHits),
    figures.staleHits === 0 ? '-' : duration(figures.maxStaleMs),
    figures.sources.length === 0 ? '(unknown)' : figures.sources.join(', '),
  ]);
  return [...tableLines(columns, rows, drawing), ...leftOut(templates.length, drawing)];
}

/** The rows that matter most, by the given figures in turn; of equals, in the document's order. */
function most<T>(rows: readonly T[], figures: (row: T) => readonly number[]): readonly T[] {
  const compare = (a: readonly number[], b: readonly number[]) => {
    const index = a.findIndex((figure, at) => figure !== b[at]);
    return index < 0 ? 0 : (b[index] ?? 0) - (a[index] ?? 0);
  };
  return [...rows].sort((a, b) => compare(figures(a), figures(b))).slice(0, MAX_ROWS);
}

function leftOut(rows: number, { style }: Drawing): string[] {
  return rows > MAX_ROWS ? [style.faint(`${count(rows - MAX_ROWS)} more; --json lists them all`)] : [];
}

/** `2 findings (1 proved, 1 likely); 317 of 1,024 hits were stale.` */
export function summaryLine({ findings, summary }: Analysis): string {
  const levels = (['proved', 'likely', 'possible'] as const)
    .map((level) => ({ level, number: findings.filter(({ confidence }) => confidence === level).length }))
    .filter(({ number }) => number > 0)
    .map(({ level, number }) => `${count(number)} ${level}`);
  const found =
    findings.length === 0 ? 'No findings' : `${counted(findings.length, 'finding')} (${levels.join(', ')})`;
  const hits = `${count(summary.staleHits)} of ${counted(summary.hits, 'hit')} ${summary.hits === 1 ? 'was' : 'were'} stale`;
  const rest = `${counted(summary.misses, 'miss', 'misses')}, ${counted(summary.sourceCalls, 'source call')}`;
  const requests = summary.requests === 0 ? '' : `, ${counted(summary.requests, 'request')}`;
  return `${found}; ${hits}; ${rest}${requests}.`;
}

/** How much was seen: without this line, silence would look like health. */
export function coverageLine(coverage: Coverage): string {
  const lineage = `${count(coverage.templatesWithLineage)} of ${counted(coverage.templates, 'template')} with lineage`;
  const fills = `${count(coverage.hitsWithKnownFill)} of ${counted(coverage.hits, 'hit')} with a known fill`;
  const share =
    coverage.unattributed === null
      ? 'no HTTP seen, so no routes'
      : `${percent(coverage.unattributed)} of store operations without a route`;
  const outside = `writers past the proxies ${coverage.stream ? 'in view' : 'not in view'}`;
  return `Seen: ${lineage}; ${fills}; ${share}; ${outside}.`;
}
