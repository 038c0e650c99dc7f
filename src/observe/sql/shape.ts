/**
 * The shape of a statement: its text with every literal replaced by `$1`, `$2`…, whitespace folded and comments dropped,
 * so that executions which differ only in values have one shape, whether the driver sent parameters or wrote the values
 * into the text. Keywords stay as written. Lists (`IN (1, 2, 3)`, `ARRAY[…]`, the rows of VALUES) fold to their first
 * element; the values of the others are kept. The shape is itself SQL.
 *
 * `true`, `false`, `null` stay words; so does the modifier of a built-in type (`numeric(10,2)`), which is no value.
 */
import { folds } from './fold.ts';
import { type Token, tokens } from './lexer.ts';
import { bitsValue, numberValue, textValue } from './literal.ts';

/** Where a value comes from: written in the text, or the client's parameter with this number (from 1). */
export type Source =
  | { readonly literal: string | null; readonly form: 'text' | 'number' | 'bits' | 'word' }
  | { readonly parameter: number };

export interface Shape {
  readonly shape: string;
  /** All values in the order of the text. */
  readonly sources: readonly Source[];
  /** `slots[k - 1]`: the values (indices into `sources`) that stand behind `$k`; several when a list was folded. */
  readonly slots: readonly (readonly number[])[];
  /** True when the text was longer than {@link MAX_TEXT}: the shape is that of its beginning. */
  readonly truncated: boolean;
}

/** Longest text that is looked at, in characters. */
export const MAX_TEXT = 1 << 18;
/** Values kept of one statement; the rest are unknown. */
export const MAX_VALUES = 50_000;

/** A value beyond {@link MAX_VALUES}; no client has a parameter of that number. */
const NOT_KEPT: Source = { parameter: Number.MAX_SAFE_INTEGER };

/** After these words a sign belongs to the number that follows. */
const BEFORE_OPERAND = new Set(
  (
    'select where and or not in then else when case between like ilike returning limit offset values set by on having ' +
    'default from using is distinct all any some array'
  ).split(' '),
);

/** Types whose modifier is grammar, not an argument list. */
const TYPES_WITH_MODIFIER = new Set(
  'bit char character varying dec decimal float interval numeric time timestamp varchar nchar'.split(' '),
);

/** A token as it stands in the shape. `source` is set for values. */
export interface Piece {
  readonly token: Token;
  readonly text: string;
  readonly source: Source | null;
}

function literal(token: Token, text: string): Source | null {
  switch (token.kind) {
    case 'text':
      return { literal: textValue(text), form: 'text' };
    case 'bits':
      return { literal: bitsValue(text), form: 'bits' };
    case 'number':
      return { literal: numberValue(text), form: 'number' };
    case 'param':
      return { parameter: Number(text.slice(1)) };
    default:
      return null;
  }
}

function expectsOperand(previous: Piece | undefined): boolean {
  if (!previous) return true;
  switch (previous.token.kind) {
    case 'operator':
      return true;
    case 'mark':
      return previous.text === '(' || previous.text === ',' || previous.text === '[';
    case 'word':
      return BEFORE_OPERAND.has(previous.text.toLowerCase());
    default:
      return false;
  }
}

/** Whether the number at the end of `pieces` would stand in the modifier of a type: `numeric(` or `numeric(10,`. */
function inTypeModifier(pieces: readonly Piece[]): boolean {
  let at = pieces.length - 1;
  if (pieces[at]?.text === ',' && pieces[at - 1]?.token.kind === 'number' && !pieces[at - 1]?.source) at -= 2;
  const word = pieces[at - 1];
  return (
    pieces[at]?.text === '(' &&
    word?.token.kind === 'word' &&
    TYPES_WITH_MODIFIER.has(word.text.toLowerCase())
  );
}

/** Longest modifier: numeric takes up to 1000, varchar up to 10485760. */
const MODIFIER = /^[0-9]{1,8}$/;

function piecesOf(sql: string): Piece[] {
  const pieces: Piece[] = [];
  for (const token of tokens(sql)) {
    let text = sql.slice(token.start, token.end);
    if (token.kind === 'number') {
      if (MODIFIER.test(text) && inTypeModifier(pieces)) {
        pieces.push({ token, text, source: null });
        continue;
      }
      const sign = pieces.at(-1);
      if (
        (sign?.text === '-' || sign?.text === '+') &&
        sign.token.end === token.start &&
        expectsOperand(pieces.at(-2))
      ) {
        pieces.pop();
        text = sign.text + text;
        const joined: Token = { ...token, start: sign.token.start, spaced: sign.token.spaced };
        pieces.push({ token: joined, text, source: literal(token, text) });
        continue;
      }
    }
    pieces.push({ token, text, source: literal(token, text) });
  }
  return pieces;
}

const NO_SPACE_AFTER = new Set(['(', '[', '.', '::']);
const NO_SPACE_BEFORE = new Set([')', ']', ',', ';', '.', '::', '[']);

function separated(previous: Piece, next: Piece): boolean {
  if (previous.text === ',' && previous.token.kind === 'mark') return true;
  if (previous.token.kind === 'mark' && NO_SPACE_AFTER.has(previous.text)) return false;
  if (next.token.kind === 'mark' && NO_SPACE_BEFORE.has(next.text)) return false;
  // A stray dollar must not grow into a parameter or a quote.
  if (next.token.spaced || previous.text === '$') return true;
  const joins = previous.token.kind === 'mark' || previous.token.kind === 'operator';
  return !joins && next.token.kind !== 'mark' && next.token.kind !== 'operator';
}

/** Shape of one statement given as pieces, without its closing semicolon. */
function assemble(pieces: readonly Piece[], truncated: boolean): Shape {
  const sources: Source[] = [];
  const slots: number[][] = [];
  const keep = (source: Source): number => sources.push(sources.length < MAX_VALUES ? source : NOT_KEPT) - 1;
  const folded = folds(pieces);
  const text: string[] = [];
  let previous: Piece | null = null;
  for (const { piece, slot, shown } of folded) {
    let written = piece.text;
    if (slot >= 0 && piece.source) {
      slots[slot] ??= [];
      slots[slot].push(keep(piece.source));
      written = `$${slot + 1}`;
    }
    if (!shown) continue;
    if (previous && separated(previous, piece)) text.push(' ');
    text.push(written);
    previous = piece;
  }
  return { shape: text.join(''), sources, slots, truncated };
}

/** Positions at which statements end: semicolons outside brackets and outside the body of a SQL routine
 * (`BEGIN ATOMIC … END`). */
function statementsOf(pieces: readonly Piece[]): Piece[][] {
  const statements: Piece[][] = [];
  let current: Piece[] = [];
  let brackets = 0;
  let body = 0;
  for (const piece of pieces) {
    const word = piece.token.kind === 'word' ? piece.text.toLowerCase() : '';
    if (word === 'atomic' && current.at(-1)?.text.toLowerCase() === 'begin') body = 1;
    else if (body > 0 && word === 'case') body++;
    else if (body > 0 && word === 'end') body--;
    if (piece.token.kind === 'mark') {
      if (piece.text === '(') brackets++;
      else if (piece.text === ')') brackets = Math.max(0, brackets - 1);
      else if (piece.text === ';' && brackets === 0 && body === 0) {
        if (current.length > 0) statements.push(current);
        current = [];
        continue;
      }
    }
    current.push(piece);
  }
  if (current.length > 0) statements.push(current);
  return statements;
}

/** Shapes of all statements of a text, empty ones left out, as the server numbers their results. Never fails; linear in
 * the text (up to the nesting of lists). */
export function shapes(sql: string): Shape[] {
  const truncated = sql.length > MAX_TEXT;
  const pieces = piecesOf(truncated ? sql.slice(0, MAX_TEXT) : sql);
  return statementsOf(pieces).map((statement) => assemble(statement, truncated));
}

/** No statement. */
export const EMPTY_SHAPE: Shape = { shape: '', sources: [], slots: [], truncated: false };

/** Shape of a text's only (or first) statement; the empty shape when there is none. */
export function shapeOf(sql: string): Shape {
  return shapes(sql)[0] ?? EMPTY_SHAPE;
}

/** The values of an execution in the order of the text: literals as written, parameters from the client. `undefined`: not
 * known. */
export function valuesOf(
  shape: Shape,
  params: readonly (string | null | undefined)[],
): (string | null | undefined)[] {
  return shape.sources.map((source) =>
    'parameter' in source ? params[source.parameter - 1] : source.literal,
  );
}
