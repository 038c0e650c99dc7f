/** A text beside its label, its further lines below the first. */
import type { Drawing, Paint } from './style.ts';
import { visible } from './width.ts';
import { wrapText } from './wrap.ts';

export interface LabelColumn {
  /** Blanks before the label. */
  readonly indent: number;
  /** Columns of the label, the gap behind it included; a longer label pushes the text to the right. */
  readonly width: number;
  readonly paint: Paint;
}

export function labelledLines(
  label: string,
  text: string,
  { indent, width: least, paint }: LabelColumn,
  { width }: Pick<Drawing, 'width'>,
): string[] {
  const column = Math.max(least, label.length + 1);
  const margin = ' '.repeat(indent);
  return wrapText(visible(text), width - indent - column).map((line, i) =>
    i === 0
      ? `${margin}${paint(label)}${' '.repeat(column - label.length)}${line}`
      : `${margin}${' '.repeat(column)}${line}`,
  );
}
