/** What `watch` and `demo` print at their end. */

import type { Finding } from '../core/finding.ts';
import { routeLines, templateLines } from '../report/figures-text.ts';
import { findingLines, headLine } from '../report/finding-text.ts';
import type { ChildEnd } from '../report/findings-document.ts';
import type { Drawing } from '../report/style.ts';
import { watchSummaryText } from '../report/watch-summary.ts';
import { wrapText } from '../report/wrap.ts';
import type { WatchResult } from '../watch/contract.ts';
import type { Frame } from './frame.ts';
import type { LiveView } from './live-view.ts';

export function childOf(result: WatchResult): ChildEnd | null {
  const { child } = result;
  return child === null ? null : { exitCode: child.exitCode, signal: child.signal };
}

/** Findings in full, except those drawn before, of which at most the figures have grown; then figures and summary. */
export function printEnd(result: WatchResult, frame: Frame, view: LiveView): void {
  const { analysis } = result;
  const { drawing } = frame;
  frame.out(view.gap);
  for (const finding of analysis.findings) {
    frame.out(`${endLines(finding, drawing, view).join('\n')}\n\n`);
  }
  for (const lines of [routeLines(analysis.routes, drawing), templateLines(analysis.templates, drawing)]) {
    if (lines.length > 0) frame.out(`${lines.join('\n')}\n\n`);
  }
  frame.out(watchSummaryText({ ...result, child: childOf(result) }, drawing));
}

function endLines(finding: Finding, drawing: Drawing, view: LiveView): readonly string[] {
  if (!view.hasPrinted(finding)) return findingLines(finding, drawing);
  const head = headLine(finding, drawing.style);
  if (view.isUpToDate(finding)) return [`${head}   ${drawing.style.faint('as above')}`];
  return [head, ...wrapText(finding.summary, drawing.width - 4).map((line) => `    ${line}`)];
}
