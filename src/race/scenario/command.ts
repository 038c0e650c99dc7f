/**
 * A command written as one text: split into words as a shell does, quotes and backslashes included. A text that needs a shell
 * (variables, globs, redirections, several commands) is given to `sh -c`; where it is one command, the shell gives way to it
 * (`exec`), so that a signal reaches the service itself.
 *
 * @see POSIX.1-2017, Shell Command Language, 2.2 Quoting, 2.3 Token Recognition
 */
export type Command = readonly [string, ...string[]];

/** Characters that make several commands of one text, outside of quotes. */
const COMPOUND = new Set([';', '&', '|', '(', ')', '\n', '`']);
/** Characters that a shell replaces within a word, outside of quotes. */
const EXPANDED = new Set(['$', '*', '?', '<', '>']);

const ASSIGNMENT = /^[A-Za-z_][A-Za-z0-9_]*=/;
/** Words that begin something `exec` cannot run. */
const RESERVED = new Set([
  'if',
  'for',
  'while',
  'until',
  'case',
  'cd',
  'export',
  'set',
  'exec',
  '.',
  '!',
  '{',
]);

/** Null: no command, or a quote that is not closed. */
export function commandOf(text: string): Command | null {
  const read = scan(text.trim());
  if (read === null) return null;
  const [first, ...rest] = read.words;
  if (first === undefined) return null;
  if (ASSIGNMENT.test(first)) return ['sh', '-c', read.compound ? text : afterAssignments(text.trim())];
  if (read.compound || RESERVED.has(first)) return ['sh', '-c', text];
  if (read.expanded) return ['sh', '-c', `exec ${text.trim()}`];
  return [first, ...rest];
}

/** The words of a text; null where a quote is not closed. */
export function wordsOf(text: string): readonly string[] | null {
  return scan(text)?.words ?? null;
}

/** `A=1 B=2 run` → `A=1 B=2 exec run`. */
function afterAssignments(text: string): string {
  let at = 0;
  for (;;) {
    const rest = text.slice(at);
    if (!ASSIGNMENT.test(rest)) return `${text.slice(0, at)}exec ${rest}`;
    const length = wordLength(rest);
    if (length === rest.length) return text;
    at += length + (rest.slice(length).match(/^\s+/)?.[0].length ?? 0);
  }
}

function wordLength(text: string): number {
  let quote: string | null = null;
  for (let at = 0; at < text.length; at++) {
    const char = text[at]!;
    if (char === '\\' && quote !== "'") at++;
    else if (quote !== null) quote = char === quote ? null : quote;
    else if (char === "'" || char === '"') quote = char;
    else if (/\s/.test(char)) return at;
  }
  return text.length;
}

interface Scanned {
  readonly words: readonly string[];
  readonly compound: boolean;
  readonly expanded: boolean;
}

function scan(text: string): Scanned | null {
  const words: string[] = [];
  let word: string | null = null;
  let quote: string | null = null;
  let compound = false;
  let expanded = false;
  for (let at = 0; at < text.length; at++) {
    const char = text[at]!;
    if (char === '\\' && quote !== "'") {
      const next = text[at + 1] ?? '';
      // Within double quotes a backslash only stands before what has a meaning there.
      const kept = quote === '"' && !'$`"\\\n'.includes(next) ? '\\' : '';
      word = `${word ?? ''}${kept}${next === '\n' ? '' : next}`;
      at++;
    } else if (quote !== null && char === quote) quote = null;
    else if (quote !== null) {
      if (quote === '"' && (char === '$' || char === '`')) expanded = true;
      word = `${word ?? ''}${char}`;
    } else if (char === "'" || char === '"') {
      quote = char;
      word ??= '';
    } else if (/[^\S\n]/.test(char)) {
      if (word !== null) words.push(word);
      word = null;
    } else {
      if (COMPOUND.has(char)) compound = true;
      if (EXPANDED.has(char) || (word === null && (char === '~' || char === '#'))) expanded = true;
      word = `${word ?? ''}${char}`;
    }
  }
  if (word !== null) words.push(word);
  return quote === null ? { words, compound, expanded } : null;
}
