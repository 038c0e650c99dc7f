/**
 * Draws steps in lanes: one column for each that acts, under what it does, results aligned, notes at the right, what belongs
 * to none across all, `>` at the step that decides. A gutter at the left says when.
 */
import { type Elidable, elide, type Row } from './elide.ts';
import type { Drawing, Style } from './style.ts';
import { displayWidth, padStart, visible } from './width.ts';
import { lineWidth, paintLine, type Span, type SpanLine, wrapSpans } from './wrap.ts';

export interface Lane {
  readonly name: string;
  /** What it does: a route; null where nothing is known. */
  readonly heading: string | null;
}

/** A step in a lane; one whose lane is none of those drawn stands across all, after the name of its lane. */
export interface LaneStep extends Elidable {
  /** When: stands in the gutter. */
  readonly when: string;
}

const GAP = 3;
const GUTTER = 7;
const NARROWEST_COLUMN = 8;

/** The lines of the drawing. `gutter` names what stands at the left. */
export function drawLanes(
  steps: readonly LaneStep[],
  lanes: readonly Lane[],
  gutter: string,
  { width, style }: Drawing,
): string[] {
  if (steps.length === 0 || lanes.length === 0) return [];
  const gutterWidth = Math.max(GUTTER, ...steps.map((step) => step.when.length + 2));
  const area = width - gutterWidth - GAP;
  const beside = naturalWidths(lanes, steps);
  const stacked = lanes.length > 2 && total(beside) > area;
  const layout = layOut(lanes, stacked ? stackedWidths(lanes, steps) : beside, area);
  const draw: Painter = { layout, stacked, style, gutterWidth, area, lanes };
  return [headingLines(gutter, draw), ...elide(steps).map((row) => rowLines(row, draw))].flat();
}

interface Painter {
  readonly layout: Layout;
  /** Results stand below what they are the result of: for more lanes than fit otherwise. */
  readonly stacked: boolean;
  readonly style: Style;
  readonly gutterWidth: number;
  /** Columns right of the gutter. */
  readonly area: number;
  readonly lanes: readonly Lane[];
}

/** Of each lane the widths of text and result, and where it starts; the last lane's result column also carries its notes. */
type Layout = readonly { readonly text: number; readonly result: number; readonly start: number }[];

/** Text and result of each lane in turn. */
function naturalWidths(lanes: readonly Lane[], steps: readonly LaneStep[]): readonly number[] {
  return lanes.flatMap(({ name }, index) => {
    const own = steps.filter((step) => step.lane === name);
    return [
      widest(own.map((step) => visible(step.text))),
      widest(own.map((step) => tailText(step, index === lanes.length - 1))),
    ];
  });
}

/** Only texts stand in columns, as wide as what is below them. */
function stackedWidths(lanes: readonly Lane[], steps: readonly LaneStep[]): readonly number[] {
  return lanes.flatMap(({ name }) => {
    const own = steps.filter((step) => step.lane === name);
    const below = widest(own.map((step) => visible(step.result ?? ''))) + STACKED_INDENT.length;
    return [Math.max(widest(own.map((step) => visible(step.text))), below), 0];
  });
}

const STACKED_INDENT = '  ';

function gapsBetween(columns: readonly number[]): number {
  return Math.max(0, columns.filter((column) => column > 0).length - 1) * GAP;
}

function total(columns: readonly number[]): number {
  return columns.reduce((sum, column) => sum + column, 0) + gapsBetween(columns);
}

function layOut(lanes: readonly Lane[], natural: readonly number[], area: number): Layout {
  const room = area - gapsBetween(natural);
  const fitted = shrink(widenForHeadings(natural, lanes, room), room);
  let at = 0;
  return lanes.map((_, index) => {
    const text = fitted[index * 2] ?? 0;
    const result = fitted[index * 2 + 1] ?? 0;
    const start = at;
    at += (text > 0 ? text + GAP : 0) + (result > 0 ? result + GAP : 0);
    return { text, result, start };
  });
}

/** Gives a lane the width of its heading as far as there is room; beyond that the heading wraps. */
function widenForHeadings(columns: readonly number[], lanes: readonly Lane[], room: number): number[] {
  const widened = [...columns];
  let spare = room - columns.reduce((sum, column) => sum + column, 0);
  lanes.forEach((lane, index) => {
    const text = columns[index * 2] ?? 0;
    const result = columns[index * 2 + 1] ?? 0;
    const missing = displayWidth(headingText(lane)) - text - (result === 0 ? 0 : GAP + result);
    const given = Math.max(0, Math.min(missing, spare));
    widened[index * 2] = text + given;
    spare -= given;
  });
  return widened;
}

/** What stands in the result column when widths are measured. */
function tailText(step: LaneStep, withNote: boolean): string {
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

function headingText({ name, heading }: Lane): string {
  return visible(heading === null ? name : `${name}  ${heading}`);
}

function headingLines(gutter: string, draw: Painter): string[] {
  const { style, gutterWidth, lanes, layout } = draw;
  const cells = lanes.map(({ name, heading }, index) => {
    const spans: Span[] = [
      { text: `${visible(name)}  `, paint: style.faint },
      { text: visible(heading ?? ''), paint: style.strong },
    ];
    return { at: layout[index]!.start, lines: wrapSpans(spans, laneWidth(index, draw)) };
  });
  return compose(padStart(gutter, gutterWidth), cells, style.faint);
}

function laneWidth(index: number, { layout, area }: Painter): number {
  const { start } = layout[index]!;
  const next = layout[index + 1];
  return next === undefined ? area - start : next.start - start - GAP;
}

function rowLines(row: Row<LaneStep>, draw: Painter): string[] {
  const { style, gutterWidth, area, lanes } = draw;
  if (row.is === 'elided') {
    const lines = wrapSpans([{ text: visible(row.text), paint: style.faint }], area);
    return compose(padStart('⋮', gutterWidth), [{ at: 0, lines }], style.faint);
  }
  const { step } = row;
  const when = padStart(step.when, gutterWidth);
  const marked = step.decisive === true ? `>${when.slice(1)}` : when;
  const paint = step.decisive === true ? style.bad : style.faint;
  const lane = lanes.findIndex(({ name }) => name === step.lane);
  return compose(marked, lane < 0 ? [acrossCell(step, draw)] : stepCells(step, lane, draw), paint);
}

function acrossCell(step: LaneStep, { style, area }: Painter): Cell {
  const name = step.lane === '' ? '' : `${visible(step.lane)}  `;
  const text: Span = { text: `${name}${visible(step.text)}`, paint: style.faint };
  const note: Span[] =
    step.note === undefined
      ? []
      : [{ text: ' '.repeat(GAP) }, { text: visible(step.note), paint: style.warn }];
  return { at: 0, lines: wrapSpans([text, ...note], area) };
}

interface Cell {
  readonly at: number;
  readonly lines: readonly SpanLine[];
}

function stepCells(step: LaneStep, lane: number, draw: Painter): Cell[] {
  const { layout, style, area } = draw;
  const { text: textWidth, result: resultWidth, start } = layout[lane]!;
  const strong = step.decisive === true ? style.strong : undefined;
  const text: Span = { text: visible(step.text), ...(strong && { paint: strong }) };
  const result: Span[] = step.result === undefined ? [] : [{ text: visible(step.result) }];
  const note: Span[] = step.note === undefined ? [] : [{ text: visible(step.note), paint: style.warn }];
  const other = layout[lane + 1];
  if (draw.stacked) {
    const below = [...result, ...(other === undefined ? note : [])].flatMap((span) =>
      stackedLines(span, textWidth),
    );
    const cell = { at: start, lines: [...wrapSpans([text], textWidth), ...below] };
    if (other === undefined || note.length === 0) return [cell];
    return [cell, { at: other.start, lines: wrapSpans(note, area - other.start) }];
  }
  const resultAt = start + (textWidth > 0 ? textWidth + GAP : 0);
  const cells: Cell[] = [{ at: start, lines: wrapSpans([text], textWidth) }];
  if (other !== undefined) {
    // The next lane is empty beside this step: the note stands there.
    if (result.length > 0) cells.push({ at: resultAt, lines: wrapSpans(result, resultWidth) });
    if (note.length > 0) cells.push({ at: other.start, lines: wrapSpans(note, area - other.start) });
    return cells;
  }
  const gap: Span[] = result.length > 0 && note.length > 0 ? [{ text: ' '.repeat(GAP) }] : [];
  const tail = [...result, ...gap, ...note];
  if (tail.length > 0) cells.push({ at: resultAt, lines: wrapSpans(tail, area - resultAt) });
  return cells;
}

function stackedLines(span: Span, width: number): SpanLine[] {
  const lines = wrapSpans([span], width - STACKED_INDENT.length);
  return lines.map((line) => [{ text: STACKED_INDENT }, ...line]);
}

/** Lays cells side by side; a cell that needs more lines than the others continues below. */
function compose(when: string, cells: readonly Cell[], paint: (text: string) => string): string[] {
  const height = Math.max(1, ...cells.map((cell) => cell.lines.length));
  const lines: string[] = [];
  for (let row = 0; row < height; row += 1) {
    let line = row === 0 ? paint(when) : ' '.repeat(displayWidth(when));
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
