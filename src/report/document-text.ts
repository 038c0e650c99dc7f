/** The whole findings document as text: findings first, then figures, then what the conclusions rest on. */
import { coverageLine, routeLines, summaryLine, templateLines } from './figures-text.ts';
import { findingLines } from './finding-text.ts';
import type { FindingsDocument } from './findings-document.ts';
import type { Drawing } from './style.ts';
import { visible } from './width.ts';
import { wrapText } from './wrap.ts';

/** Prints findings only when `figures` is false, as `explain --finding F1` does. */
export interface DocumentTextOptions {
  readonly figures?: boolean;
}

/** The text, ending in a newline. */
export function documentText(
  document: FindingsDocument,
  drawing: Drawing,
  { figures = true }: DocumentTextOptions = {},
): string {
  const blocks = document.findings.map((finding) => findingLines(finding, drawing));
  if (figures) blocks.push(routeLines(document.routes, drawing), templateLines(document.templates, drawing));
  blocks.push([...(figures ? closingLines(document, drawing) : []), ...noticeLines(document, drawing)]);
  return `${blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

function closingLines(document: FindingsDocument, { width, style }: Drawing): string[] {
  return [
    ...wrapText(summaryLine(document), width).map(style.strong),
    ...wrapText(coverageLine(document.coverage), width),
    ...wrapText(engineLine(document), width).map(style.faint),
  ];
}

function noticeLines({ notices }: FindingsDocument, { width, style }: Drawing): string[] {
  return notices.flatMap((notice) => wrapText(`Note: ${visible(notice)}`, width).map(style.warn));
}

/** Which stores were watched; an emulated one is always named as such. */
export function engineLine({ engine, recording }: Pick<FindingsDocument, 'engine' | 'recording'>): string {
  const redis =
    engine.redis === null ? 'no Redis' : `Redis ${engine.redis}${engine.emulated ? ' (emulated)' : ''}`;
  const postgres = engine.postgres === null ? 'no PostgreSQL' : `PostgreSQL ${engine.postgres}`;
  return visible(`${redis}, ${postgres}${recording === null ? '' : `; recording ${recording}`}`);
}
