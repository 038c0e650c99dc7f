/** The live table of `watch`: one line per key template. Pure. */
import type { Analysis, TemplateFigures } from '../core/finding.ts';
import { templateLines } from './figures-text.ts';
import { count, duration } from './format.ts';
import type { Drawing } from './style.ts';

/** The table's lines; empty before anything was seen. */
export function liveTable(analysis: Analysis, maxRows: number, drawing: Drawing): readonly string[] {
  const { templates, summary } = analysis;
  if (templates.length === 0) return [];
  const more = templates.length > maxRows ? [`… and ${templates.length - maxRows} more templates`] : [];
  return [
    '',
    ...templateLines(templates.slice(0, maxRows), drawing),
    ...more,
    drawing.style.faint(totals(summary)),
  ];
}

function totals(summary: Analysis['summary']): string {
  return `${count(summary.hits)} hits, ${count(summary.misses)} misses, ${count(summary.staleHits)} stale, ${count(summary.sourceCalls)} source calls`;
}

/** One template in one line, where lines cannot be redrawn. */
export function liveLine(figures: TemplateFigures): string {
  const stale =
    figures.staleHits === 0
      ? ''
      : `, ${count(figures.staleHits)} stale (up to ${duration(figures.maxStaleMs)})`;
  return `${figures.template}: ${count(figures.hits)} hits, ${count(figures.misses)} misses, ${count(figures.fills)} fills, ${count(figures.invalidations)} invalidations${stale}`;
}
