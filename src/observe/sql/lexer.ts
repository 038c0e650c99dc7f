/**
 * Tokens of PostgreSQL SQL, after the rules of the manual's "Lexical Structure" (chapter 4.1). Never fails: what is not
 * ended (a string, a comment, a quoted name) ends with the text. One pass, linear in the text.
 */

/** `word`: keyword or plain name · `name`: quoted name · `text`, `number`, `bits`: literals · `param`: `$n` · `mark`: one
 * of `( ) [ ] , ; .` or `::` · `operator`: any other run of symbols. */
export type TokenKind = 'word' | 'name' | 'text' | 'number' | 'bits' | 'param' | 'mark' | 'operator';

export interface Token {
  readonly kind: TokenKind;
  readonly start: number;
  readonly end: number;
  /** Whitespace or a comment stood before it. */
  readonly spaced: boolean;
}

const OPERATOR_CHARACTERS = '+-*/<>=~!@#%^&|`?:';
/** A longer operator may end in + or - only when it has one of these. */
const ALLOWS_TRAILING_SIGN = /[~!@#%^&|`?]/;

const CLASS = { other: 0, space: 1, letter: 2, digit: 3, symbol: 4, mark: 5 } as const;

/** Class of each ASCII character; everything above ASCII counts as a letter. */
const CLASSES = new Uint8Array(128);
for (let code = 0; code < 128; code++) {
  const character = String.fromCharCode(code);
  if (/[\s\v]/.test(character)) CLASSES[code] = CLASS.space;
  else if (/[A-Za-z_]/.test(character)) CLASSES[code] = CLASS.letter;
  else if (/[0-9]/.test(character)) CLASSES[code] = CLASS.digit;
  else if (OPERATOR_CHARACTERS.includes(character)) CLASSES[code] = CLASS.symbol;
  else if ('()[],;.'.includes(character)) CLASSES[code] = CLASS.mark;
}

function classAt(sql: string, at: number): number {
  const code = sql.charCodeAt(at);
  return code < 128 ? CLASSES[code]! : CLASS.letter;
}

function isWordPart(sql: string, at: number): boolean {
  const kind = classAt(sql, at);
  return kind === CLASS.letter || kind === CLASS.digit || sql[at] === '$';
}

/** End of a run delimited by `quote`, which is doubled inside; with `escapes`, a backslash takes the next character. */
function quotedEnd(sql: string, from: number, quote: string, escapes: boolean): number {
  for (let at = from; at < sql.length; at++) {
    const character = sql[at];
    if (escapes && character === '\\') at++;
    else if (character === quote) {
      if (sql[at + 1] !== quote) return at + 1;
      at++;
    }
  }
  return sql.length;
}

/** End of a string with its continuations: literals separated only by whitespace with a newline in it are one. */
function stringEnd(sql: string, from: number, escapes: boolean): number {
  let end = quotedEnd(sql, from, "'", escapes);
  for (;;) {
    let at = end;
    let newline = false;
    while (at < sql.length && classAt(sql, at) === CLASS.space) {
      newline ||= sql[at] === '\n' || sql[at] === '\r';
      at++;
    }
    if (!newline || sql[at] !== "'") return end;
    end = quotedEnd(sql, at + 1, "'", escapes);
  }
}

/** End of whitespace and comments from `from`; block comments nest. */
function skipBlank(sql: string, from: number): number {
  let at = from;
  while (at < sql.length) {
    if (classAt(sql, at) === CLASS.space) at++;
    else if (sql[at] === '-' && sql[at + 1] === '-') at = lineEnd(sql, at);
    else if (sql[at] === '/' && sql[at + 1] === '*') at = blockEnd(sql, at);
    else break;
  }
  return at;
}

function lineEnd(sql: string, from: number): number {
  let at = from;
  while (at < sql.length && sql[at] !== '\n' && sql[at] !== '\r') at++;
  return at;
}

function blockEnd(sql: string, from: number): number {
  let depth = 0;
  for (let at = from; at < sql.length; at++) {
    if (sql[at] === '/' && sql[at + 1] === '*') {
      depth++;
      at++;
    } else if (sql[at] === '*' && sql[at + 1] === '/') {
      depth--;
      at++;
      if (depth === 0) return at + 1;
    }
  }
  return sql.length;
}

const NUMBER =
  /0[xX](?:_?[0-9a-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+|(?:[0-9](?:_?[0-9])*(?:\.(?!\.)(?:[0-9](?:_?[0-9])*)?)?|\.[0-9](?:_?[0-9])*)(?:[eE][+-]?[0-9](?:_?[0-9])*)?/y;
const DOLLAR_TAG = /\$(?:[A-Za-z_\u0080-\uffff][A-Za-z0-9_\u0080-\uffff]*)?\$/y;
const PARAMETER = /\$[0-9]+/y;

function matchEnd(pattern: RegExp, sql: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(sql) ? pattern.lastIndex : at;
}

function dollarToken(sql: string, at: number): [TokenKind, number] {
  const parameter = matchEnd(PARAMETER, sql, at);
  if (parameter > at) return ['param', parameter];
  const tag = matchEnd(DOLLAR_TAG, sql, at);
  if (tag === at) return ['operator', at + 1];
  const close = sql.indexOf(sql.slice(at, tag), tag);
  return ['text', close < 0 ? sql.length : close + (tag - at)];
}

/** A letter may open a string (E'', B'', X'', N'', U&''), a quoted name (U&"") or a word. */
function letterToken(sql: string, at: number): [TokenKind, number] {
  const next = sql[at + 1];
  const letter = sql[at]!;
  if (next === "'") {
    if (letter === 'e' || letter === 'E') return ['text', stringEnd(sql, at + 2, true)];
    if (letter === 'n' || letter === 'N') return ['text', stringEnd(sql, at + 2, false)];
    if ('bBxX'.includes(letter)) return ['bits', stringEnd(sql, at + 2, false)];
  }
  if (next === '&' && (letter === 'u' || letter === 'U')) {
    if (sql[at + 2] === "'") return ['text', stringEnd(sql, at + 3, false)];
    if (sql[at + 2] === '"') return ['name', quotedEnd(sql, at + 3, '"', false)];
  }
  let end = at + 1;
  while (end < sql.length && isWordPart(sql, end)) end++;
  return ['word', end];
}

/** Longest operator (NAMEDATALEN - 1). */
const MAX_OPERATOR = 63;

function operatorEnd(sql: string, at: number): number {
  const limit = Math.min(sql.length, at + MAX_OPERATOR);
  let end = at;
  while (end < limit && classAt(sql, end) === CLASS.symbol) {
    const comment = (sql[end] === '-' && sql[end + 1] === '-') || (sql[end] === '/' && sql[end + 1] === '*');
    if (comment && end > at) break;
    end++;
  }
  if (ALLOWS_TRAILING_SIGN.test(sql.slice(at, end))) return end;
  while (end > at + 1 && (sql[end - 1] === '-' || sql[end - 1] === '+')) end--;
  return end;
}

function tokenAt(sql: string, at: number): [TokenKind, number] {
  const character = sql[at]!;
  if (character === "'") return ['text', stringEnd(sql, at + 1, false)];
  if (character === '"') return ['name', quotedEnd(sql, at + 1, '"', false)];
  if (character === '$') return dollarToken(sql, at);
  switch (classAt(sql, at)) {
    case CLASS.letter:
      return letterToken(sql, at);
    case CLASS.digit:
      return ['number', matchEnd(NUMBER, sql, at)];
    case CLASS.mark: {
      const number = character === '.' ? matchEnd(NUMBER, sql, at) : at;
      return number > at ? ['number', number] : ['mark', at + 1];
    }
    case CLASS.symbol:
      return sql.startsWith('::', at) ? ['mark', at + 2] : ['operator', operatorEnd(sql, at)];
    default:
      return ['operator', at + 1];
  }
}

/** All tokens of a text, comments and whitespace dropped. */
export function tokens(sql: string): Token[] {
  const found: Token[] = [];
  let at = skipBlank(sql, 0);
  let spaced = false;
  while (at < sql.length) {
    const [kind, end] = tokenAt(sql, at);
    found.push({ kind, start: at, end, spaced });
    at = skipBlank(sql, end);
    spaced = at > end;
  }
  return found;
}
