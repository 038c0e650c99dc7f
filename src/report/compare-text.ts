/** A comparison as text: the verdict and why, then every figure it rests on. */
import type { Comparison } from '../compare/contract.ts';
import { count, duration } from '../core/numbers.ts';
import { verdictPaint } from './case-text.ts';
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
import type { Drawing } from './style.ts';
import { type Column, tableLines } from './table.ts';
import { visible } from './width.ts';
import { wrapText } from './wrap.ts';

/** Differences that are listed; the JSON document has them all. */
const MAX_DIFFERENCES = 12;

export interface CompareTextOptions {
  /** Folder of the comparison, as it is shown. */
  readonly folder: string;
  /** What to run next, and why; null: nothing. */
  readonly next: { readonly command: string; readonly why: string } | null;
}

/** The text, ending in a newline. */
export function compareText(
  comparison: Comparison,
  { folder, next }: CompareTextOptions,
  drawing: Drawing,
): string {
  const { width, style } = drawing;
  const wrapped = (text: string) => wrapText(visible(text), width);
  const blocks = [
    [
      ...verdictLines(comparison, drawing),
      ...wrapped(`${comparison.case}  ${aboutSentence(comparison)}`).map(style.faint),
    ],
    effectLines(comparison, drawing),
    differenceLines(comparison, drawing),
    comparison.notices.flatMap((notice) => wrapped(`Note: ${notice}`).map(style.warn)),
    [
      ...wrapped(engineSentence(comparison)).map(style.faint),
      ...wrapped(`Kept in ${folder}: comparison.json, the runs of both sides, drawings.`),
      // To be copied: never wrapped.
      ...(next === null ? [] : [`Next  $ ${visible(next.command)}    # ${visible(next.why)}`]),
    ],
  ];
  return `${blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

function verdictLines(
  { verdict, because, complete, effects, race }: Comparison,
  { width, style }: Drawing,
): string[] {
  const cut = complete || (effects.length === 0 && race === null) ? '' : ', cut short';
  const name = `${verdict}${cut}`;
  const indent = name.length + 3;
  const [first = '', ...rest] = wrapText(visible(because), width - indent);
  const paint = verdictPaint(verdict, style);
  return [
    `${paint(name)}   ${style.strong(first)}`,
    ...rest.map((line) => ' '.repeat(indent) + style.strong(line)),
  ];
}

function effectLines(comparison: Comparison, drawing: Drawing): string[] {
  const rows = effectRows(comparison);
  if (rows.length === 0) return [];
  const { width, style } = drawing;
  const columns = EFFECT_HEADINGS.map(
    (heading, i): Column => ({ heading, align: i < 1 || heading === 'says' ? 'left' : 'right' }),
  );
  const below = [LEGEND, totalsSentence(comparison), findingsSentence(comparison)].filter(
    (text) => text !== null,
  );
  return [
    ...tableLines(columns, rows, drawing),
    ...below.flatMap((text) => wrapText(visible(text), width).map(style.faint)),
  ];
}

function differenceLines(comparison: Comparison, drawing: Drawing): string[] {
  const rows = differenceRows(comparison);
  if (rows.length === 0) return [];
  const columns = DIFFERENCE_HEADINGS.map((heading): Column => ({ heading, align: 'left' }));
  const more = rows.length - MAX_DIFFERENCES;
  return [
    ...tableLines(columns, rows.slice(0, MAX_DIFFERENCES), drawing),
    ...(more > 0 ? [drawing.style.faint(`${count(more)} more; --json lists them all`)] : []),
  ];
}

function engineSentence({ sides, ranMs }: Comparison): string {
  const { redis, postgres, emulated } = sides.after.engine;
  const stores =
    redis === null && postgres === null
      ? 'The stores were not watched'
      : `Each side with its own Redis ${redis ?? 'not watched'}${emulated ? ' (emulated)' : ''} and PostgreSQL ${postgres ?? 'not watched'}`;
  return `${stores}; took ${duration(ranMs)}.`;
}

export interface CompareStage {
  readonly doing: string;
  /** Turns count from 0. */
  readonly turn: {
    readonly phase: string;
    readonly index: number;
    readonly of: number;
    readonly leftMs: number;
  } | null;
  readonly side: string | null;
  readonly text: string | null;
}

const BAR = 24;

/** One line that says what is being done, how far it is, and how long it will take. */
export function compareProgressLine({ doing, turn, side, text }: CompareStage): string {
  if (turn === null)
    return [doing, ...(side === null ? [] : [side]), ...(text === null ? [] : [text])].join(', ');
  const { phase, index, of, leftMs } = turn;
  const full = Math.round((index / of) * BAR);
  return `[${'#'.repeat(full)}${'.'.repeat(BAR - full)}] turn ${index + 1} of ${of}: ${side ?? ''} ${phase}, about ${duration(Math.max(1_000, Math.round(leftMs / 1_000) * 1_000))} left`;
}
