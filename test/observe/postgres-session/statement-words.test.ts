import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { statementWords, transactionVerb } from '../../../src/observe/postgres/statement-words.ts';

/** The first word of every statement of a text. */
const firsts = (sql: string, backslash = false): (string | undefined)[] =>
  statementWords(sql, { backslash }).map((words) => words[0]);

describe('where statements end', () => {
  test.each<[string, string[]]>([
    ['', []],
    [' ; -- nothing\n ; /* at all */', []],
    ['select 1', ['SELECT']],
    ['select 1; update a set x = 1;', ['SELECT', 'UPDATE']],
    [`select ';', "a;b", 'it''s;' ; delete from a`, ['SELECT', 'DELETE']],
    [`select E'\\';' ; commit`, ['SELECT', 'COMMIT']],
    [`select '\\'; commit`, ['SELECT', 'COMMIT']],
    ['select $$;$$, $tag$ ; $$ $tag$; commit', ['SELECT', 'COMMIT']],
    ['select $1; commit', ['SELECT', 'COMMIT']],
    ['/* a; /* nested; */ b; */ select 1; -- c;\ncommit', ['SELECT', 'COMMIT']],
    ['create rule r as on insert to a do (delete from b; delete from c); commit', ['CREATE', 'COMMIT']],
    [
      'create function f() returns int begin atomic select 1; select case when true then 1 end; end; commit',
      ['CREATE', 'COMMIT'],
    ],
    ['begin; end; commit', ['BEGIN', 'END', 'COMMIT']],
    ['select a$1$b; commit', ['SELECT', 'COMMIT']],
    ["select 'unfinished; commit", ['SELECT']],
    ['select $$unfinished; commit', ['SELECT']],
    ['(select 1); commit', ['SELECT', 'COMMIT']],
  ])('%s', (sql, expected) => {
    expect(firsts(sql)).toEqual(expected);
  });

  test('backslashes escape in every string when standard_conforming_strings is off', () => {
    expect(firsts(`select '\\'; commit'; rollback`, true)).toEqual(['SELECT', 'ROLLBACK']);
  });

  test('any text is read to its end', () => {
    const piece = fc.constantFrom(
      `'`,
      '"',
      '$$',
      '$a$',
      '/*',
      '*/',
      '--',
      '\n',
      ';',
      'e',
      '\\',
      '(',
      ')',
      'begin ',
      'atomic ',
    );
    fc.assert(
      fc.property(
        fc.array(piece).map((pieces) => pieces.join('')),
        (sql) => {
          expect(() => statementWords(sql)).not.toThrow();
        },
      ),
    );
  });
});

test.each<[tag: string, sql: string, verb: string]>([
  ['BEGIN', 'begin', 'begin'],
  ['START TRANSACTION', 'start transaction read only', 'begin'],
  ['COMMIT', 'end', 'end'],
  ['COMMIT', 'commit work and chain', 'chain'],
  ['COMMIT', 'commit and no chain', 'end'],
  ['ROLLBACK', 'abort', 'end'],
  ['ROLLBACK', 'commit', 'end'],
  ['ROLLBACK', '/* why */ rollback -- to a', 'end'],
  ['ROLLBACK', 'rollback to a', 'rollback-to'],
  ['ROLLBACK', 'ROLLBACK TRANSACTION TO SAVEPOINT "to"', 'rollback-to'],
  ['ROLLBACK', 'rollback and chain', 'chain'],
  ['PREPARE TRANSACTION', "prepare transaction 'a'", 'end'],
  ['COMMIT PREPARED', "commit prepared 'a'", 'none'],
  ['SAVEPOINT', 'savepoint a', 'none'],
  ['SELECT 1', 'select 1', 'none'],
])('%s, said to %j, is: %s', (tag, sql, verb) => {
  expect(transactionVerb(tag, statementWords(sql)[0] ?? [])).toBe(verb);
});
