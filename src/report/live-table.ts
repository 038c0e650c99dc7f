/** The live table of `watch`: one line per key template. Pure. */
import type { Analysis, TemplateFigures } from '../core/finding.ts';
import { count, counted, duration } from '../core/numbers.ts';
import { templateLines } from './figures-text.ts';
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
  const { hits, misses, staleHits, sourceCalls } = summary;
  return `${counted(hits, 'hit')}, ${counted(misses, 'miss', 'misses')}, ${count(staleHits)} stale, ${counted(sourceCalls, 'source call')}`;
}

/** One template in one line, where lines cannot be redrawn. */
export function liveLine(figures: TemplateFigures): string {
  const stale =
    figures.staleHits === 0
      ? ''
      : `, ${count(figures.staleHits)} stale (up to ${duration(figures.maxStaleMs)})`;
  const { template, hits, misses, fills, invalidations } = figures;
  const parts = [
    counted(hits, 'hit'),
    counted(misses, 'miss', 'misses'),
    counted(fills, 'fill'),
    counted(invalidations, 'invalidation'),
  ];
  return `${template}: ${parts.join(', ')}${stale}`;
}
