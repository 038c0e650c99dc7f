/** The figures around the findings as text: routes, templates, the summary in one line, and what was seen. */
import type { Analysis, Coverage, RouteFigures, TemplateFigures } from '../core/finding.ts';
import { count, counted, duration, percent } from './format.ts';
import type { Drawing } from './style.ts';
import { type Column, tableLines } from './table.ts';

const left = (heading: string): Column => ({ heading, align: 'left' });
const right = (heading: string): Column => ({ heading, align: 'right' });

export function routeLines(routes: readonly RouteFigures[], drawing: Drawing): string[] {
  const columns = [
    left('route'),
    ...['requests', 'p50 ms', 'p99 ms', 'errors', 'hits', 'source calls'].map(right),
  ];
  const rows = routes.map((figures) => [
    figures.route,
    count(figures.requests),
    figures.p50Ms.toFixed(1),
    figures.p99Ms.toFixed(1),
    percent(figures.errorRate),
    percent(figures.hitRatio),
    `${figures.sourceCallsPerRequest.toFixed(1)} each`,
  ]);
  return tableLines(columns, rows, drawing);
}

export function templateLines(templates: readonly TemplateFigures[], drawing: Drawing): string[] {
  const columns = [
    left('template'),
    ...['hits', 'misses', 'fills', 'invalidations', 'stale hits', 'stale for'].map(right),
    left('from'),
  ];
  const rows = templates.map((figures) => [
    figures.template,
    count(figures.hits),
    count(figures.misses),
    count(figures.fills),
    count(figures.invalidations),
    count(figures.staleHits),
    figures.staleHits === 0 ? '-' : duration(figures.maxStaleMs),
    figures.sources.length === 0 ? '(unknown)' : figures.sources.join(', '),
  ]);
  return tableLines(columns, rows, drawing);
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
      : `${percent(coverage.unattributed)} of store operations without a request`;
  return `Seen: ${lineage}; ${fills}; ${share}.`;
}
