/**
 * Bodies of functions in SQL and PL/pgSQL. They are lexed, not parsed: every word that names a relation, in any schema, is
 * taken for a use of all its rows, and as a write if the body writes anything; every word before a bracket is taken for a
 * call. SQL that is put together at run time, and statements about the schema, may do anything.
 */
import { type Token, tokens } from '../../../observe/sql/lexer.ts';
import { callNamed } from './calls.ts';
import { readRelation } from './reading.ts';
import type { Relation } from './schema.ts';
import type { Walk } from './walk.ts';
import { writeAnything } from './writing.ts';

/** Longest body that is looked at, in characters. */
export const MAX_BODY = 200_000;

const WRITES = new Set(['insert', 'update', 'delete', 'merge']);
/** `EXECUTE 'text'`, DDL, and what takes locks by itself. */
const ANYTHING = new Set(
  'execute truncate copy lock create alter drop refresh grant revoke set reset import commit rollback'.split(
    ' ',
  ),
);

interface Word {
  readonly text: string;
  readonly quoted: boolean;
  /** The token after it. */
  readonly next: string;
  readonly before: string;
}

/** Words and quoted names of a body, in order. */
export function wordsOf(source: string): Word[] {
  const all = tokens(source);
  const text = (token: Token | undefined): string => (token ? source.slice(token.start, token.end) : '');
  return all.flatMap((token, at): Word[] => {
    if (token.kind !== 'word' && token.kind !== 'name') return [];
    const raw = text(token);
    const quoted = token.kind === 'name';
    const name = quoted ? raw.slice(1, -1).replaceAll('""', '"') : raw.toLowerCase();
    return [{ text: name, quoted, next: text(all[at + 1]), before: text(all[at - 1]).toLowerCase() }];
  });
}

/** SET in `UPDATE … SET`, and in the header of a routine written in the standard's way. */
function isUpdateSet(words: readonly Word[], at: number): boolean {
  return words
    .slice(Math.max(0, at - 6), at)
    .some((word) => word.text === 'update' || word.text === 'conflict');
}

function isAnything(words: readonly Word[], at: number): boolean {
  const { text, quoted } = words[at]!;
  if (quoted || !ANYTHING.has(text)) return false;
  return !(text === 'set' && isUpdateSet(words, at)) && !(text === 'create' && at === 0);
}

/** Follows what a body does. */
export function followBody(source: string, walk: Walk): void {
  const { draft, schema } = walk;
  const words = source.length > MAX_BODY ? [] : wordsOf(source);
  if (words.length === 0 || words.some((_, at) => isAnything(words, at))) {
    draft.runsAnything();
    return;
  }
  const writes = words.some(
    (word, at) => !word.quoted && WRITES.has(word.text) && words[at - 1]?.text !== 'for',
  );
  const used = new Set<Relation>();
  for (const word of words) {
    for (const relation of schema.named(word.text)) used.add(relation);
    if (word.next === '(') callNamed(undefined, word.text, [], walk);
    if (word.text === 'notify' && !word.quoted) draft.pushes = true;
  }
  for (const relation of used) {
    if (writes) writeAnything(relation, walk);
    else
      readRelation(relation, null, {
        ...walk,
        locking: /\bfor\s+(?:no\s+key\s+)?(?:update|share|key)\b/i.test(source) ? 'write' : null,
      });
  }
}
