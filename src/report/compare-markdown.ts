/** A comparison as Markdown, for a pull request or the case's notes. */
import type { Comparison } from '../compare/contract.ts';
import {
  aboutSentence,
  DIFFERENCE_HEADINGS,
  differenceRows,
  EFFECT_HEADINGS,
  effectRows,
  findingsSentence,
  LEGEND,
  totalsSentence,
} from './compare-rows.ts';
import { text } from './markup.ts';

export function compareMarkdown(comparison: Comparison): string {
  const { verdict, because, complete, notices } = comparison;
  const below = [LEGEND, totalsSentence(comparison), findingsSentence(comparison)].filter(
    (one) => one !== null,
  );
  const blocks = [
    `## ${text(comparison.case)}: ${verdict}${complete ? '' : ' (cut short)'}`,
    `**${text(because)}**`,
    text(aboutSentence(comparison)),
    table(EFFECT_HEADINGS, effectRows(comparison)),
    ...(comparison.effects.length === 0 ? [] : below.map(text)),
    table(DIFFERENCE_HEADINGS, differenceRows(comparison)),
    notices.map((notice) => `- ${text(notice)}`).join('\n'),
  ];
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`;
}

function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return '';
  const line = (cells: readonly string[]) => `| ${cells.map(text).join(' | ')} |`;
  return [line(headings), `|${'---|'.repeat(headings.length)}`, ...rows.map(line)].join('\n');
}
