/**
 * Words of texts that embed values: HTML, CSV, XML, logs, `€ 1,299.00`. A cell is found when it is a word, a number, a
 * run of two to nine words, or a whole segment (the text between two tags, a CSV field, a line).
 *
 * Candidates come in the order of their worth, since their number is bounded: whole segments and single words first,
 * then runs.
 */
import { LIMITS } from './limits.ts';

const WORD = /[^\s<>"“”„«»|;,()[\]{}=]+/gu;
/** What a word may begin and end with; half of a surrogate pair counts as a letter. */
const FIRST = /[\p{L}\p{N}\ud800-\udfff-]/u;
const LAST = /[\p{L}\p{N}\ud800-\udfff%]/u;
const PART = /[\p{L}\p{N}]+/gu;
const GROUPED = /(?<![\d.,'])\d{1,3}(?:([.,' \u00a0\u202f])\d{3})(?:\1\d{3})*(?:[.,]\d+)?(?![\d])/gu;
const DECIMAL = /-?\d+(?:[.,]\d+)?/gu;
const MOMENT = /\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?: ?(?:Z|[+-]\d\d:?\d\d))?/gu;
const MARKUP = /<(?:[a-zA-Z!/?][^<>]*)>/gu;
const ATTRIBUTE = /=\s*(?:"([^"]*)"|'([^']*)')/gu;
const ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
  euro: '€',
  pound: '£',
};

/** Takes a candidate; answers false when no more are wanted. */
export type WordSink = (candidate: string) => boolean;

/** Hands every candidate of a text to `put`, most telling first, until it declines. */
export function wordsOf(text: string, put: WordSink): void {
  const segments = segmentsOf(text);
  const tokens: Token[][] = [];
  for (const segment of segments) {
    if (segment.length <= LIMITS.phrase && !put(segment)) return;
    const found = tokensOf(segment);
    tokens.push(found);
    for (const token of found) if (!putToken(token.text, put)) return;
    if (!putNumbers(segment, put)) return;
  }
  for (const lengths of [SHORT_RUNS, LONG_RUNS])
    for (const [i, found] of tokens.entries())
      if (!putRuns(segments[i] as string, found, lengths, put)) return;
}

interface Token {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** Lines, CSV fields, texts between tags and attribute values, with entities resolved and white space folded. */
function segmentsOf(text: string): string[] {
  const pieces = /<[a-zA-Z!/?]/.test(text) ? markupPieces(text) : [text];
  const segments: string[] = [];
  for (const piece of pieces) {
    for (const line of piece.split(/[\r\n\t\0]+/)) {
      const folded = line.replace(/\s+/gu, ' ').trim();
      if (folded === '') continue;
      segments.push(folded);
      const fields = folded.split(/ ?[,;|] ?/);
      if (fields.length > 2)
        segments.push(...fields.map((field) => unquote(field)).filter((field) => field !== ''));
    }
  }
  return segments;
}

function unquote(field: string): string {
  return field.replace(/^["']|["']$/g, '').trim();
}

function markupPieces(text: string): string[] {
  const pieces: string[] = [];
  let at = 0;
  for (const tag of text.matchAll(MARKUP)) {
    pieces.push(resolveEntities(text.slice(at, tag.index)));
    for (const [, double, single] of tag[0].matchAll(ATTRIBUTE))
      pieces.push(resolveEntities(double ?? single ?? ''));
    at = tag.index + tag[0].length;
  }
  pieces.push(resolveEntities(text.slice(at)));
  return pieces;
}

function resolveEntities(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-fA-F]{1,6})|(\w{2,6}));/g, (whole, decimal, hex, name) => {
    if (name !== undefined) return ENTITIES[name as string] ?? whole;
    const code = decimal !== undefined ? Number(decimal) : Number.parseInt(hex as string, 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}

function tokensOf(segment: string): Token[] {
  const tokens: Token[] = [];
  for (const match of segment.matchAll(WORD)) {
    let start = match.index;
    let end = start + match[0].length;
    while (start < end && !FIRST.test(segment[start] as string)) start++;
    while (end > start && !LAST.test(segment[end - 1] as string)) end--;
    if (start < end) tokens.push({ text: segment.slice(start, end), start, end });
  }
  return tokens;
}

/** A token, and the words within it when punctuation joins several (`blue-shirt`, `id:42`, `ann@example.org`). */
function putToken(token: string, put: WordSink): boolean {
  if (!put(token)) return false;
  const parts = token.match(PART) ?? [];
  if (parts.length === 1 && parts[0] === token) return true;
  return parts.length > 8 || parts.every((part) => put(part));
}

/** Numbers without their currency, unit or grouping; a comma or point before two digits may be either sign. */
function putNumbers(segment: string, put: WordSink): boolean {
  if (!/\d/.test(segment)) return true;
  for (const [moment] of segment.matchAll(MOMENT)) if (!put(moment)) return false;
  for (const [number] of segment.matchAll(DECIMAL)) if (!put(number.replace(',', '.'))) return false;
  for (const [number, separator] of segment.matchAll(GROUPED)) {
    if (!put(number.replaceAll(separator as string, '').replace(',', '.'))) return false;
  }
  return true;
}

/** Words of a run, from and to. */
type RunLengths = readonly [from: number, to: number];
const SHORT_RUNS: RunLengths = [2, LIMITS.run];
const LONG_RUNS: RunLengths = [LIMITS.run + 1, LIMITS.longRun];

/** Runs of words as they stand in the text, inner punctuation included. */
function putRuns(segment: string, tokens: readonly Token[], [from, to]: RunLengths, put: WordSink): boolean {
  for (let first = 0; first < tokens.length; first++) {
    for (let count = from; count <= to && first + count <= tokens.length; count++) {
      const start = (tokens[first] as Token).start;
      const end = (tokens[first + count - 1] as Token).end;
      if (end - start > LIMITS.phrase) break;
      if (!put(segment.slice(start, end))) return false;
    }
  }
  return true;
}

/** Printable runs of binary data, as texts: at least four characters of ASCII or UTF-8. */
export function printableRuns(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  return (text.match(/[^\p{C}\ufffd]{4,}/gu) ?? []).join('\n');
}
