/**
 * Draws a witness: two lanes under the routes that ran in them, time in milliseconds since the first step, results
 * aligned, notes at the right, log lines across, `>` at the step that decides.
 */
import type { WitnessStep } from '../core/finding.ts';
import { stepTime } from '../core/numbers.ts';
import { elide, type Row } from './elide.ts';
import type { Drawing, Style } from './style.ts';
import { displayWidth, padStart, visible } from './width.ts';
import { lineWidth, paintLine, type Span, type SpanLine, wrapSpans } from './wrap.ts';

/** Routes over the lanes; null where nothing is known. */
export interface Headings {
  readonly reader: string | null;
  readonly writer: string | null;
}

const GAP = 3;
const TIME_WIDTH = 7;
const NARROWEST_COLUMN = 8;

/** The lines of a timeline. */
export function drawTimeline(
  steps: readonly WitnessStep[],
  headings: Headings,
  { width, style }: Drawing,
): string[] {
  const shown = steps.filter((step) => step.lane !== 'log');
  if (steps.length === 0) return [];
  const timeWidth = Math.max(TIME_WIDTH, ...steps.map((step) => stepTime(step.atMs).length + 2));
  const area = width - timeWidth - GAP;
  const lanes = lanesOf(shown, headings);
  const layout = layOut(lanes, shown, headings, area);
  const draw: Painter = { layout, style, timeWidth, area, lanes };
  return [headingLines(headings, draw), ...elide(steps).map((row) => rowLines(row, draw))].flat();
}

type Lane = 'reader' | 'writer';

interface Painter {
  readonly layout: Layout;
  readonly style: Style;
  readonly timeWidth: number;
  /** Columns right of the times. */
  readonly area: number;
  readonly lanes: readonly Lane[];
}

/** Widths of text and result per lane; the last lane's result column also carries its notes. */
interface Layout {
  readonly widths: Readonly<Record<Lane, readonly [text: number, result: number]>>;
  /** Where each lane starts, counted from the end of the times. */
  readonly starts: Readonly<Record<Lane, number>>;
}

function lanesOf(steps: readonly WitnessStep[], headings: Headings): readonly Lane[] {
  const used = (['reader', 'writer'] as const).filter(
    (lane) => steps.some((step) => step.lane === lane) || headings[lane] !== null,
  );
  return used.length === 0 ? ['reader'] : used;
}

function layOut(
  lanes: readonly Lane[],
  steps: readonly WitnessStep[],
  headings: Headings,
  area: number,
): Layout {
  const last = lanes[lanes.length - 1];
  const natural = lanes.flatMap((lane) => {
    const own = steps.filter((step) => step.lane === lane);
    return [
      widest(own.map((step) => visible(step.text))),
      widest(own.map((step) => tailText(step, lane === last))),
    ];
  });
  const gaps = natural.filter((column) => column > 0).length - 1;
  const room = area - Math.max(0, gaps) * GAP;
  const fitted = shrink(widenForHeadings(natural, lanes, headings, room), room);
  const widths = { reader: [0, 0] as [number, number], writer: [0, 0] as [number, number] };
  const starts = { reader: 0, writer: 0 };
  let at = 0;
  lanes.forEach((lane, index) => {
    const text = fitted[index * 2] ?? 0;
    const result = fitted[index * 2 + 1] ?? 0;
    widths[lane] = [text, result];
    starts[lane] = at;
    at += (text > 0 ? text + GAP : 0) + (result > 0 ? result + GAP : 0);
  });
  return { widths, starts };
}

/** Gives a lane the width of its heading as far as there is room; beyond that the heading wraps. */
function widenForHeadings(
  columns: readonly number[],
  lanes: readonly Lane[],
  headings: Headings,
  room: number,
): number[] {
  const widened = [...columns];
  let spare = room - columns.reduce((sum, column) => sum + column, 0);
  lanes.forEach((lane, index) => {
    const text = columns[index * 2] ?? 0;
    const result = columns[index * 2 + 1] ?? 0;
    const missing = displayWidth(headingText(lane, headings)) - text - (result === 0 ? 0 : GAP + result);
    const given = Math.max(0, Math.min(missing, spare));
    widened[index * 2] = text + given;
    spare -= given;
  });
  return widened;
}

/** What stands in the result column when widths are measured. */
function tailText(step: WitnessStep, withNote: boolean): string {
  const parts = [step.result, withNote ? step.note : undefined].filter((part) => part !== undefined);
  return visible(parts.join(' '.repeat(GAP)));
}

function widest(texts: readonly string[]): number {
  return texts.reduce((most, text) => Math.max(most, displayWidth(text)), 0);
}

/** Takes columns from the widest until all fit. */
function shrink(columns: readonly number[], area: number): number[] {
  const fitted = [...columns];
  let over = fitted.reduce((sum, column) => sum + column, 0) - area;
  while (over > 0) {
    const most = Math.max(...fitted);
    if (most <= NARROWEST_COLUMN) break;
    fitted[fitted.indexOf(most)] = most - 1;
    over -= 1;
  }
  return fitted;
}

function headingText(lane: Lane, headings: Headings): string {
  return visible(headings[lane] === null ? lane : `${lane}  ${headings[lane]}`);
}

function headingLines(headings: Headings, draw: Painter): string[] {
  const { style, timeWidth, lanes } = draw;
  const cells = lanes.map((lane) => {
    const spans: Span[] = [
      { text: `${lane}  `, paint: style.faint },
      { text: visible(headings[lane] ?? ''), paint: style.strong },
    ];
    return { at: draw.layout.starts[lane], lines: wrapSpans(spans, laneWidth(lane, draw)) };
  });
  return compose(padStart('ms', timeWidth), cells, draw.style.faint);
}

function laneWidth(lane: Lane, { layout, lanes, area }: Painter): number {
  const next = lanes[lanes.indexOf(lane) + 1];
  return next === undefined ? area - layout.starts[lane] : layout.starts[next] - layout.starts[lane] - GAP;
}

function rowLines(row: Row, draw: Painter): string[] {
  const { style, timeWidth, area } = draw;
  if (row.is === 'elided') {
    const lines = wrapSpans([{ text: visible(row.text), paint: style.faint }], area);
    return compose(padStart('⋮', timeWidth), [{ at: 0, lines }], style.faint);
  }
  const { step } = row;
  const time = padStart(stepTime(step.atMs), timeWidth);
  if (step.lane === 'log') {
    const lines = wrapSpans([{ text: `log  ${visible(step.text)}`, paint: style.faint }], area);
    return compose(time, [{ at: 0, lines }], style.faint);
  }
  const marked = step.decisive === true ? `>${time.slice(1)}` : time;
  return compose(marked, stepCells(step, step.lane, draw), step.decisive ? style.bad : style.faint);
}

interface Cell {
  readonly at: number;
  readonly lines: readonly SpanLine[];
}

function stepCells(step: WitnessStep, lane: Lane, draw: Painter): Cell[] {
  const { layout, style, area, lanes } = draw;
  const [textWidth, resultWidth] = layout.widths[lane];
  const start = layout.starts[lane];
  const strong = step.decisive === true ? style.strong : undefined;
  const text: Span = { text: visible(step.text), ...(strong && { paint: strong }) };
  const result: Span[] = step.result === undefined ? [] : [{ text: visible(step.result) }];
  const note: Span[] = step.note === undefined ? [] : [{ text: visible(step.note), paint: style.warn }];
  const resultAt = start + (textWidth > 0 ? textWidth + GAP : 0);
  const cells: Cell[] = [{ at: start, lines: wrapSpans([text], textWidth) }];
  const other = lanes[lanes.indexOf(lane) + 1];
  if (other !== undefined) {
    // The other lane is empty beside this step: the note stands there.
    if (result.length > 0) cells.push({ at: resultAt, lines: wrapSpans(result, resultWidth) });
    const noteAt = layout.starts[other];
    if (note.length > 0) cells.push({ at: noteAt, lines: wrapSpans(note, area - noteAt) });
    return cells;
  }
  const gap: Span[] = result.length > 0 && note.length > 0 ? [{ text: ' '.repeat(GAP) }] : [];
  const tail = [...result, ...gap, ...note];
  if (tail.length > 0) cells.push({ at: resultAt, lines: wrapSpans(tail, area - resultAt) });
  return cells;
}

/** Lays cells side by side; a cell that needs more lines than the others continues below. */
function compose(time: string, cells: readonly Cell[], timePaint: (text: string) => string): string[] {
  const height = Math.max(1, ...cells.map((cell) => cell.lines.length));
  const lines: string[] = [];
  for (let row = 0; row < height; row += 1) {
    let line = row === 0 ? timePaint(time) : ' '.repeat(displayWidth(time));
    line += ' '.repeat(GAP);
    let at = 0;
    for (const cell of cells) {
      const spans = cell.lines[row] ?? [];
      line += ' '.repeat(Math.max(0, cell.at - at));
      line += paintLine(spans, 0);
      at = Math.max(at, cell.at) + lineWidth(spans);
    }
    lines.push(line.trimEnd());
  }
  return lines;
}
