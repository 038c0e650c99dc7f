/** Plain tables: a heading, rows, numbers to the right; the first column gives way when the width is short. */
import type { Drawing } from './style.ts';
import { cut, displayWidth, padEnd, padStart, visible } from './width.ts';

export interface Column {
  readonly heading: string;
  readonly align: 'left' | 'right';
}

const GAP = 2;
const NARROWEST_FIRST = 16;

/** The lines of a table; empty without rows. */
export function tableLines(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  { width, style }: Drawing,
): string[] {
  if (rows.length === 0) return [];
  const shown = rows.map((row) => row.map(visible));
  const widths = columns.map((column, index) =>
    Math.max(displayWidth(column.heading), ...shown.map((row) => displayWidth(row[index] ?? ''))),
  );
  const total = widths.reduce((sum, column) => sum + column + GAP, -GAP);
  const first = widths[0] ?? 0;
  widths[0] = Math.max(Math.min(first, NARROWEST_FIRST), first - Math.max(0, total - width));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, index) => {
        const fitted = index === 0 ? cut(cell, widths[0] ?? 0) : cell;
        const fill = columns[index]?.align === 'right' ? padStart : padEnd;
        return fill(fitted, widths[index] ?? 0);
      })
      .join(' '.repeat(GAP))
      .trimEnd();
  return [style.faint(line(columns.map((column) => column.heading))), ...shown.map(line)];
}
