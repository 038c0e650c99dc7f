/** Colours of the terminal. A style is a set of functions that paint a text; the plain style leaves it as it is. */

export type Paint = (text: string) => string;

export interface Style {
  readonly strong: Paint;
  readonly faint: Paint;
  readonly bad: Paint;
  readonly good: Paint;
  readonly warn: Paint;
  readonly name: Paint;
}

const same: Paint = (text) => text;

export const PLAIN: Style = {
  strong: same,
  faint: same,
  bad: same,
  good: same,
  warn: same,
  name: same,
};

/** SGR parameters of ECMA-48, on and off. */
const sgr =
  (on: number, off: number): Paint =>
  (text) =>
    text === '' ? '' : `\u001b[${on}m${text}\u001b[${off}m`;

const COLOURED: Style = {
  strong: sgr(1, 22),
  faint: sgr(2, 22),
  bad: sgr(31, 39),
  good: sgr(32, 39),
  warn: sgr(33, 39),
  name: sgr(36, 39),
};

/** The terminal as the caller found it. */
export interface Terminal {
  readonly isTTY: boolean;
  /** Columns of the terminal; undefined when it is none. */
  readonly columns?: number | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Colours on a terminal that wants them: NO_COLOR (no-color.org) wins, then FORCE_COLOR, then whether it is a TTY. */
export function styleFor({ isTTY, env }: Terminal): Style {
  if ((env.NO_COLOR ?? '') !== '') return PLAIN;
  const force = env.FORCE_COLOR;
  if (force !== undefined && force !== '0' && force !== 'false') return COLOURED;
  return isTTY && env.TERM !== 'dumb' ? COLOURED : PLAIN;
}

const NARROWEST = 80;
const WIDEST = 140;
const WITHOUT_TERMINAL = 100;

/** Columns to draw in: the terminal's, within 80 and 140. */
export function widthFor({ columns }: Terminal): number {
  return Math.min(WIDEST, Math.max(NARROWEST, columns ?? WITHOUT_TERMINAL));
}

/** How a report is drawn. */
export interface Drawing {
  readonly width: number;
  readonly style: Style;
}

export function drawingFor(terminal: Terminal): Drawing {
  return { width: widthFor(terminal), style: styleFor(terminal) };
}
