/** Texts within Markdown. */
import { visible } from './width.ts';

/** Text that Markdown must not read as markup. */
export function text(raw: string): string {
  return visible(raw).replace(/[\\`*_[\]<>#|~]/g, (mark) => `\\${mark}`);
}

/** A code span; its fence is longer than any run of backticks inside. */
export function code(raw: string): string {
  const shown = visible(raw);
  const fence = '`'.repeat(longestRun(shown) + 1);
  const pad = fence.length > 1 ? ' ' : '';
  return `${fence}${pad}${shown}${pad}${fence}`;
}

/** A code block; its fence is longer than any run of backticks inside. */
export function fenced(block: string, language = 'text'): string {
  const fence = '`'.repeat(Math.max(3, longestRun(block) + 1));
  return `${fence}${language}\n${block}\n${fence}`;
}

function longestRun(shown: string): number {
  return Math.max(0, ...(shown.match(/`+/g) ?? []).map((run) => run.length));
}
