/**
 * How wide a text stands in a terminal, and what of it may be shown at all. Keys and log lines come from the watched
 * service: control characters in them are made visible, so that no key name can move the cursor or recolour the page.
 *
 * Widths follow Unicode TR 11 (East Asian Width: W and F are two columns) and count a grapheme cluster once.
 */

/** C0 and C1 controls, line separators, and the bidirectional controls that reorder what is read. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding control characters is the purpose.
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

const NAMED: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** The text with every character that would steer a terminal written out, e.g. `\x1b`. */
export function visible(text: string): string {
  return text.replace(UNPRINTABLE, (character) => {
    const code = character.charCodeAt(0);
    return NAMED[character] ?? (code < 0x100 ? `\\x${hex(code, 2)}` : `\\u${hex(code, 4)}`);
  });
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, '0');
}

const ASCII = /^[\x20-\x7e]*$/;
const ZERO = /^[\p{Mn}\p{Me}\p{Cf}]+$/u;
const EMOJI = /\p{Emoji_Presentation}|\ufe0f/u;
const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** First and last code points of the wide and full-width blocks. */
const WIDE: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x2329, 0x232a],
  [0x2e80, 0x303e],
  [0x3041, 0x4dbf],
  [0x4e00, 0xa4cf],
  [0xa960, 0xa97f],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe10, 0xfe19],
  [0xfe30, 0xfe6f],
  [0xff01, 0xff60],
  [0xffe0, 0xffe6],
  [0x16fe0, 0x18cff],
  [0x1b000, 0x1b2ff],
  [0x20000, 0x3fffd],
];

/** Columns that the text takes. */
export function displayWidth(text: string): number {
  if (ASCII.test(text)) return text.length;
  let width = 0;
  for (const { segment } of graphemes.segment(text)) width += clusterWidth(segment);
  return width;
}

function clusterWidth(cluster: string): number {
  if (ZERO.test(cluster)) return 0;
  if (EMOJI.test(cluster)) return 2;
  const code = cluster.codePointAt(0) ?? 0;
  return WIDE.some(([first, last]) => code >= first && code <= last) ? 2 : 1;
}

/** Fills up with spaces on the right; longer texts stay as they are. */
export function padEnd(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - displayWidth(text)));
}

/** Fills up with spaces on the left. */
export function padStart(text: string, width: number): string {
  return ' '.repeat(Math.max(0, width - displayWidth(text))) + text;
}

/** Cuts a text to a width, between clusters, with `…` where something was cut. */
export function cut(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  const [head] = splitAt(text, Math.max(0, width - 1));
  return `${head}…`;
}

/** Splits a text so that the first part takes at most `width` columns. */
export function splitAt(text: string, width: number): readonly [string, string] {
  let used = 0;
  let end = 0;
  for (const { segment } of graphemes.segment(text)) {
    const next = used + clusterWidth(segment);
    if (next > width) break;
    used = next;
    end += segment.length;
  }
  return [text.slice(0, end), text.slice(end)];
}
