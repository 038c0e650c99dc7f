/**
 * The little of SQL's lexical structure that following transactions needs: where one statement of a text ends and the
 * next begins, and the words a statement starts with. Source: documentation, "Lexical Structure". Analysis of what
 * a statement means is done elsewhere, by the real grammar.
 */

/** Words kept of a statement; `COMMIT PREPARED`, `ROLLBACK WORK TO SAVEPOINT` and `… AND CHAIN` need no more. */
const WORDS = 6;

/** The first words of a statement in upper case; names and quoted names as written. */
export type StatementWords = readonly string[];

/** Skips a block comment, which may nest. `at` is behind the opening. */
function afterComment(sql: string, at: number): number {
  let depth = 1;
  while (at < sql.length && depth > 0) {
    if (sql.startsWith('/*', at)) {
      depth++;
      at += 2;
    } else if (sql.startsWith('*/', at)) {
      depth--;
      at += 2;
    } else at++;
  }
  return at;
}

/** Behind the closing quote; a doubled quote stays inside, a backslash escapes only in `E''` strings (or when
 * standard_conforming_strings is off). */
function afterQuote(sql: string, open: number, backslash: boolean): number {
  const quote = sql[open];
  for (let at = open + 1; at < sql.length; at++) {
    if (backslash && sql[at] === '\\') at++;
    else if (sql[at] === quote) {
      if (sql[at + 1] !== quote) return at + 1;
      at++;
    }
  }
  return sql.length;
}

const DOLLAR_TAG = /\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$/y;
const REST_OF_LINE = /[^\r\n]*/y;
const WORD = /[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*/y;

/** What stands at a place of the text. */
type Token = 'word' | 'name' | 'open' | 'close' | 'end' | 'blank' | 'other';

interface Lexeme {
  readonly token: Token;
  readonly end: number;
}

function matchAt(pattern: RegExp, sql: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(sql) ? pattern.lastIndex : -1;
}

const MARKS: Readonly<Record<string, Token>> = { '(': 'open', ')': 'close', ';': 'end' };

function lexeme(sql: string, at: number, backslash: boolean): Lexeme {
  const character = sql[at] as string;
  const mark = MARKS[character];
  if (mark !== undefined) return { token: mark, end: at + 1 };
  if (/\s/.test(character)) return { token: 'blank', end: at + 1 };
  if (sql.startsWith('--', at)) {
    const line = matchAt(REST_OF_LINE, sql, at);
    return { token: 'blank', end: line };
  }
  if (sql.startsWith('/*', at)) return { token: 'blank', end: afterComment(sql, at + 2) };
  if (character === "'") return { token: 'other', end: afterQuote(sql, at, backslash) };
  if (character === '"') return { token: 'name', end: afterQuote(sql, at, false) };
  if (character === '$') {
    const body = matchAt(DOLLAR_TAG, sql, at);
    if (body < 0) return { token: 'other', end: at + 1 };
    const close = sql.indexOf(sql.slice(at, body), body);
    return { token: 'other', end: close < 0 ? sql.length : close + body - at };
  }
  const word = matchAt(WORD, sql, at);
  if (word < 0) return { token: 'other', end: at + 1 };
  const escapes = word - at === 1 && (character === 'e' || character === 'E') && sql[word] === "'";
  if (escapes) return { token: 'other', end: afterQuote(sql, word, true) };
  return { token: 'word', end: word };
}

/** Follows one statement: its first words, and the nesting in which semicolons do not end it (parentheses of CREATE
 * RULE, BEGIN ATOMIC … END of SQL-standard function bodies). */
class Statement {
  readonly words: string[] = [];
  empty = true;
  #parentheses = 0;
  #blocks = 0;
  #last = '';

  take(token: Token, text: () => string): void {
    if (token === 'blank' || token === 'end') return;
    this.empty = false;
    if (token === 'open') this.#parentheses++;
    else if (token === 'close') this.#parentheses = Math.max(0, this.#parentheses - 1);
    if (token !== 'word' && token !== 'name') return;
    const raw = text();
    const word = token === 'word' ? raw.toUpperCase() : raw;
    if (this.words.length < WORDS) this.words.push(word);
    this.#nest(word);
    this.#last = word;
  }

  get nested(): boolean {
    return this.#parentheses > 0 || this.#blocks > 0;
  }

  #nest(word: string): void {
    if (this.words[0] !== 'CREATE') return;
    if (word === 'ATOMIC' && this.#last === 'BEGIN') this.#blocks++;
    else if (word === 'CASE' && this.#blocks > 0) this.#blocks++;
    else if (word === 'END' && this.#blocks > 0) this.#blocks--;
  }
}

/**
 * The first words of every statement in a text, in order; empty statements do not count, as on the server. `limit` ends
 * the work early.
 */
export function statementWords(
  sql: string,
  options: { readonly backslash?: boolean; readonly limit?: number } = {},
): readonly StatementWords[] {
  const { backslash = false, limit = Number.POSITIVE_INFINITY } = options;
  const found: StatementWords[] = [];
  let current = new Statement();
  for (let at = 0; at < sql.length && found.length < limit; ) {
    const from = at;
    const { token, end } = lexeme(sql, at, backslash);
    current.take(token, () => sql.slice(from, end));
    at = end;
    if (token !== 'end' || current.nested) continue;
    if (!current.empty) found.push(current.words);
    current = new Statement();
  }
  if (!current.empty && found.length < limit) found.push(current.words);
  return found;
}

/** What a statement does to the transaction it runs in. */
export type TransactionVerb = 'none' | 'begin' | 'end' | 'chain' | 'rollback-to';

/**
 * The effect of a statement on transactions, from its command tag, and where the tag leaves it open (ROLLBACK TO
 * SAVEPOINT answers like ROLLBACK, and AND CHAIN does not show) from its words.
 */
export function transactionVerb(tag: string, words: StatementWords): TransactionVerb {
  switch (tag) {
    case 'BEGIN':
    case 'START TRANSACTION':
      return 'begin';
    case 'PREPARE TRANSACTION':
      return 'end';
    case 'COMMIT':
    case 'ROLLBACK':
      if (words[0] === 'ROLLBACK' && words.includes('TO')) return 'rollback-to';
      return words.some((word, i) => word === 'CHAIN' && words[i - 1] === 'AND') ? 'chain' : 'end';
    default:
      return 'none';
  }
}
