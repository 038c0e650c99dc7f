/**
 * Folding of lists: `IN (1, 2, 3)`, `ARRAY[1, 2]` and the rows of VALUES become their first element when all elements
 * are alike but for their values. A NULL, TRUE or FALSE among values counts as a value.
 */
import type { Piece, Source } from './shape.ts';

/** A piece with its place: `slot` from 0 for values, -1 otherwise; `shown` false when a fold hides it. */
export interface Placed {
  readonly piece: Piece;
  readonly slot: number;
  readonly shown: boolean;
}

/** Pieces from `from` up to but not including `to`. */
interface Span {
  readonly from: number;
  readonly to: number;
}

const VALUE_WORDS: Readonly<Record<string, Source>> = {
  null: { literal: null, form: 'word' },
  true: { literal: 'true', form: 'word' },
  false: { literal: 'false', form: 'word' },
};

function isMark(piece: Piece | undefined, text: string): boolean {
  return piece?.token.kind === 'mark' && piece.text === text;
}

function wordOf(piece: Piece | undefined): string {
  return piece?.token.kind === 'word' ? piece.text.toLowerCase() : '';
}

function wordValue(piece: Piece): Source | null {
  const word = wordOf(piece);
  return Object.hasOwn(VALUE_WORDS, word) ? VALUE_WORDS[word]! : null;
}

/** Index of the closing bracket of each opening one; -1 when there is none. */
function bracketEnds(pieces: readonly Piece[]): Int32Array {
  const ends = new Int32Array(pieces.length).fill(-1);
  const open: number[] = [];
  pieces.forEach((piece, index) => {
    if (piece.token.kind !== 'mark') return;
    if (piece.text === '(' || piece.text === '[') open.push(index);
    else if (piece.text === ')' || piece.text === ']') {
      const start = open.pop();
      if (start !== undefined) ends[start] = index;
    }
  });
  return ends;
}

/** Elements between a bracket and its end, split at commas of that level. */
function elementsIn(pieces: readonly Piece[], ends: Int32Array, open: number): Span[] {
  const close = ends[open]!;
  const spans: Span[] = [];
  let from = open + 1;
  for (let at = from; at < close; at++) {
    if (ends[at]! > at) at = ends[at]!;
    else if (isMark(pieces[at], ',')) {
      spans.push({ from, to: at });
      from = at + 1;
    }
  }
  if (close > from) spans.push({ from, to: close });
  return spans;
}

/** The bracketed rows that follow each other from `open`, separated by commas. */
function rowsFrom(pieces: readonly Piece[], ends: Int32Array, open: number): Span[] {
  const rows: Span[] = [];
  let at = open;
  while (isMark(pieces[at], '(') && ends[at]! > at) {
    rows.push({ from: at, to: ends[at]! + 1 });
    at = ends[at]! + 1;
    if (!isMark(pieces[at], ',')) break;
    at++;
  }
  return rows;
}

function alike(a: Piece, b: Piece): boolean {
  const aValue = a.source ?? wordValue(a);
  const bValue = b.source ?? wordValue(b);
  if (aValue && bValue) return true;
  return a.source === null && b.source === null && a.token.kind === b.token.kind && a.text === b.text;
}

function spansAlike(pieces: readonly Piece[], a: Span, b: Span): boolean {
  if (a.to - a.from !== b.to - b.from) return false;
  for (let offset = 0; offset < a.to - a.from; offset++) {
    if (!alike(pieces[a.from + offset]!, pieces[b.from + offset]!)) return false;
  }
  return true;
}

/** Runs of neighbouring spans that are alike. */
function runs(pieces: readonly Piece[], spans: readonly Span[]): Span[][] {
  const found: Span[][] = [];
  for (const span of spans) {
    const run = found.at(-1);
    if (run && spansAlike(pieces, run[0]!, span)) run.push(span);
    else found.push([span]);
  }
  return found;
}

/** The lists that begin at `at`, if a list does: all of its runs and where it ends. */
function listAt(
  pieces: readonly Piece[],
  ends: Int32Array,
  at: number,
): { readonly runs: Span[][]; readonly end: number } | null {
  const word = wordOf(pieces[at]);
  const open = at + 1;
  const bracket = word === 'array' ? '[' : '(';
  if (word !== 'in' && word !== 'array' && word !== 'values') return null;
  if (!isMark(pieces[open], bracket) || ends[open]! < 0) return null;
  if (word === 'values') {
    const rows = rowsFrom(pieces, ends, open);
    return rows.length > 1 ? { runs: runs(pieces, rows), end: rows.at(-1)!.to } : null;
  }
  const elements = elementsIn(pieces, ends, open);
  const list = elements.length > 1 ? runs(pieces, elements) : [];
  return list.length === 1 ? { runs: list, end: ends[open]! } : null;
}

/** Places every piece: numbers the slots in order of first appearance and hides what lists repeat. */
export function folds(pieces: readonly Piece[]): Placed[] {
  const ends = bracketEnds(pieces);
  const placed: Placed[] = [];
  let slots = 0;
  const placeRun = (run: readonly Span[]): void => {
    const first = run[0]!;
    const slotOf = new Int32Array(first.to - first.from).fill(-1);
    for (let offset = 0; offset < slotOf.length; offset++) {
      if (run.some((span) => pieces[span.from + offset]!.source !== null)) slotOf[offset] = slots++;
    }
    run.forEach((span, row) => {
      for (let offset = 0; offset < slotOf.length; offset++) {
        const piece = pieces[span.from + offset]!;
        const slot = slotOf[offset]!;
        const source = slot < 0 ? null : (piece.source ?? wordValue(piece));
        placed.push({
          piece: source === piece.source ? piece : { ...piece, source },
          slot,
          shown: row === 0,
        });
      }
    });
  };
  let at = 0;
  while (at < pieces.length) {
    const list = listAt(pieces, ends, at);
    if (!list) {
      const piece = pieces[at]!;
      placed.push({ piece, slot: piece.source ? slots++ : -1, shown: true });
      at++;
      continue;
    }
    placed.push(
      ...pieces.slice(at, list.runs[0]![0]!.from).map((piece) => ({ piece, slot: -1, shown: true })),
    );
    list.runs.forEach((run, index) => {
      if (index > 0) placed.push({ piece: pieces[run[0]!.from - 1]!, slot: -1, shown: true });
      placeRun(run);
    });
    at = list.end;
  }
  return placed;
}
