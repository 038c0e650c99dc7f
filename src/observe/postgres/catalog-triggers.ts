/**
 * What a trigger function changes, as far as its source text shows: rows of other tables, and columns of its own row. The
 * text is lexed, not parsed: procedural languages differ, but SQL inside them looks alike. Text built at run time is not
 * seen.
 */
import { type Token, tokens } from '../sql/lexer.ts';

export interface TriggerWrite {
  readonly schema: string | undefined;
  readonly table: string;
  readonly action: 'insert' | 'update' | 'delete';
}

export interface TriggerFacts {
  readonly writes: readonly TriggerWrite[];
  /** Columns that it assigns in the row being written (`NEW.column := …`). */
  readonly assigns: readonly string[];
}

/** Longest source that is looked at, in characters. */
export const MAX_SOURCE = 200_000;

/** Words after which `UPDATE`, `INSERT`, `DELETE` name an event or a lock, not a statement. */
const NO_STATEMENT_AFTER = new Set(['for', 'on', 'or', 'before', 'after', 'do', 'key', 'then update']);

interface Words {
  readonly source: string;
  readonly all: readonly Token[];
}

function textAt({ source, all }: Words, at: number): string {
  const token = all[at];
  return token ? source.slice(token.start, token.end) : '';
}

function wordAt(words: Words, at: number): string {
  return words.all[at]?.kind === 'word' ? textAt(words, at).toLowerCase() : '';
}

function nameAt(words: Words, at: number): string | null {
  const kind = words.all[at]?.kind;
  if (kind === 'word') return textAt(words, at).toLowerCase();
  return kind === 'name' ? textAt(words, at).slice(1, -1).replaceAll('""', '"') : null;
}

function tableAt(words: Words, from: number, action: TriggerWrite['action']): TriggerWrite | null {
  const at = wordAt(words, from) === 'only' ? from + 1 : from;
  const first = nameAt(words, at);
  if (first === null) return null;
  const second = textAt(words, at + 1) === '.' ? nameAt(words, at + 2) : null;
  return second === null
    ? { schema: undefined, table: first, action }
    : { schema: first, table: second, action };
}

function writeAt(words: Words, at: number): TriggerWrite | null {
  if (NO_STATEMENT_AFTER.has(wordAt(words, at - 1))) return null;
  switch (wordAt(words, at)) {
    case 'insert':
      return wordAt(words, at + 1) === 'into' ? tableAt(words, at + 2, 'insert') : null;
    case 'delete':
      return wordAt(words, at + 1) === 'from' ? tableAt(words, at + 2, 'delete') : null;
    case 'update':
      return tableAt(words, at + 1, 'update');
    default:
      return null;
  }
}

/** `NEW.column :=` anywhere; `NEW.column =` only where a statement begins, as elsewhere it compares. */
function assignedAt(words: Words, at: number): string | null {
  if (wordAt(words, at) !== 'new' || textAt(words, at + 1) !== '.') return null;
  const operator = textAt(words, at + 3);
  const before = textAt(words, at - 1).toLowerCase();
  const begins =
    before === ';' || before === 'begin' || before === 'then' || before === 'else' || before === 'loop';
  return operator === ':=' || (operator === '=' && begins) ? nameAt(words, at + 2) : null;
}

/** Reads a trigger function's source. */
export function triggerFacts(source: string): TriggerFacts {
  const text = source.slice(0, MAX_SOURCE);
  const words: Words = { source: text, all: tokens(text) };
  const writes: TriggerWrite[] = [];
  const assigns = new Set<string>();
  words.all.forEach((_, at) => {
    const write = writeAt(words, at);
    if (write) writes.push(write);
    const column = assignedAt(words, at);
    if (column !== null) assigns.add(column);
  });
  return { writes, assigns: [...assigns] };
}
