/** Wraps painted text: words keep their paint, over-long words are broken between clusters. */
import type { Paint } from './style.ts';
import { displayWidth, padEnd, splitAt } from './width.ts';

/** A piece of text with one paint. */
export interface Span {
  readonly text: string;
  readonly paint?: Paint;
}

/** One line of a cell. */
export type SpanLine = readonly Span[];

/** Breaks spans into lines of at most `width` columns. Spaces inside a line are kept; at a break they are dropped. */
export function wrapSpans(spans: readonly Span[], width: number): SpanLine[] {
  const lines: Span[][] = [[]];
  let used = 0;
  const line = () => lines[lines.length - 1] as Span[];
  const breakLine = () => {
    lines.push([]);
    used = 0;
  };
  for (const span of spans) {
    for (const piece of span.text.match(/\s+|\S+/g) ?? []) {
      let rest = piece;
      if (rest.trim() === '') {
        if (used > 0 && used + rest.length <= width) {
          line().push({ ...span, text: rest });
          used += rest.length;
        }
        continue;
      }
      if (used > 0 && used + displayWidth(rest) > width) breakLine();
      while (displayWidth(rest) > width) {
        // A cluster wider than the column still needs a line of its own.
        const head = headOf(rest, Math.max(2, width));
        if (head === '') break;
        line().push({ ...span, text: head });
        breakLine();
        rest = rest.slice(head.length);
      }
      if (rest === '') continue;
      line().push({ ...span, text: rest });
      used += displayWidth(rest);
    }
  }
  return lines.map(trimLine).filter((spans, index) => spans.length > 0 || index === 0);
}

/** The part of an over-long word that stands on this line: up to a separator, when one is near enough. */
function headOf(word: string, width: number): string {
  const [head] = splitAt(word, width);
  const separator = Math.max(...['/', ':', ',', '.', '&', '?'].map((mark) => head.lastIndexOf(mark)));
  return separator > head.length / 2 ? head.slice(0, separator + 1) : head;
}

function trimLine(spans: readonly Span[]): SpanLine {
  let end = spans.length;
  while (end > 0 && spans[end - 1]?.text.trim() === '') end -= 1;
  return spans.slice(0, end);
}

/** Breaks one text into lines. */
export function wrapText(text: string, width: number): string[] {
  return wrapSpans([{ text }], width).map((line) => line.map((span) => span.text).join(''));
}

export function lineWidth(line: SpanLine): number {
  return line.reduce((sum, span) => sum + displayWidth(span.text), 0);
}

/** The line as it is printed, filled up to `width`. */
export function paintLine(line: SpanLine, width: number): string {
  const painted = line.map((span) => (span.paint === undefined ? span.text : span.paint(span.text))).join('');
  return padEnd(painted, width === 0 ? 0 : displayWidth(painted) + Math.max(0, width - lineWidth(line)));
}
