import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { tokens } from '../../../src/observe/sql/lexer.ts';
import { MAX_TEXT, shapeOf, shapes, valuesOf } from '../../../src/observe/sql/shape.ts';

function values(
  sql: string,
  params: readonly (string | null)[] = [],
): readonly (string | null | undefined)[] {
  return valuesOf(shapeOf(sql), params);
}

describe('literals become parameters', () => {
  test.each([
    ['a number', 'SELECT * FROM t WHERE a = 42', 'SELECT * FROM t WHERE a = $1', ['42']],
    ['a negative number', 'WHERE a=-5', 'WHERE a=$1', ['-5']],
    ['a negative number as psycopg2 writes it', 'WHERE a =  -5', 'WHERE a = $1', ['-5']],
    ['a subtraction', 'WHERE a - 5 > b -3', 'WHERE a - $1 > b -$2', ['5', '3']],
    ['a sign after a bracket', 'SELECT f(a)-1, (-1)', 'SELECT f(a)-$1, ($2)', ['1', '-1']],
    [
      'decimals and exponents',
      'SELECT 1.5, .5, 1e10, 1.',
      'SELECT $1, $2, $3, $4',
      ['1.5', '.5', '1e10', '1.'],
    ],
    ['other bases', 'SELECT 0x1F, 0o17, 0b11, 1_000', 'SELECT $1, $2, $3, $4', ['31', '15', '3', '1000']],
    ['a range in a slice', 'SELECT a[1:2]', 'SELECT a[$1:$2]', ['1', '2']],
    ['a string', "SELECT 'it''s'", 'SELECT $1', ["it's"]],
    ['a string with a backslash', String.raw`SELECT 'a\', b`, 'SELECT $1, b', ['a\\']],
    ['an escape string', String.raw`SELECT E'a\'b\n\x41\u00e9'`, 'SELECT $1', ["a'b\nAé"]],
    ['a continued string', "SELECT 'a'\n  'b'", 'SELECT $1', ['ab']],
    ['a dollar quote', 'SELECT $$a$b$$, $q$ $$ $q$', 'SELECT $1, $2', ['a$b', ' $$ ']],
    ['bit strings', "SELECT B'101', X'1F'", 'SELECT $1, $2', ['101', '00011111']],
    ['a unicode string', String.raw`SELECT U&'d\0061t\+000061'`, 'SELECT $1', ['data']],
    ['a national string', "SELECT N'x'", 'SELECT $1', ['x']],
    ['a typed literal', "SELECT DATE '2024-01-01'", 'SELECT DATE $1', ['2024-01-01']],
    ['a cast', "SELECT '5'::int4", 'SELECT $1::int4', ['5']],
    ['a type modifier, which is no literal', 'SELECT a::numeric(10,2)', 'SELECT a::numeric(10, 2)', []],
    ['words that are values', 'SELECT true, NULL', 'SELECT true, NULL', []],
    ['a digit inside a name', 'SELECT t1.c2 FROM t1', 'SELECT t1.c2 FROM t1', []],
    ['a quoted name', `SELECT "it's 5" FROM "a""b"`, `SELECT "it's 5" FROM "a""b"`, []],
  ])('%s', (_, sql, shape, expected) => {
    expect(shapeOf(sql).shape).toBe(shape);
    expect(values(sql)).toEqual(expected);
  });
});

describe('whitespace and comments', () => {
  test.each([
    ['SELECT  a ,\n\t b', 'SELECT a, b'],
    ['SELECT a -- trailing\nFROM t', 'SELECT a FROM t'],
    ['/* outer /* inner */ still */SELECT/**/a', 'SELECT a'],
    ["SELECT a FROM t /*traceparent='00-12',route='%2Fitems'*/", 'SELECT a FROM t'],
    ['SELECT a FROM t;', 'SELECT a FROM t'],
    ['SELECT count( * ) FROM t', 'SELECT count(*) FROM t'],
    ["SELECT a->>'x'", 'SELECT a->>$1'],
    ['SELECT a--5\n+1', 'SELECT a +$1'],
  ])('%s', (sql, shape) => {
    expect(shapeOf(sql).shape).toBe(shape);
  });
});

describe('one shape, however the driver sends it', () => {
  test.each([
    ['interpolated or sent', "WHERE a = 1 AND b = 'x'", 'WHERE a = $1 AND b = $2'],
    ['parameters in another order', 'WHERE a = $2 AND b = $1', 'WHERE a = $1 AND b = $2'],
    ['a parameter used twice', 'WHERE a = $1 OR b = $1', 'WHERE a = $1 OR b = $2'],
    ['lists of any length', 'WHERE a IN (1, 2, 3) AND b = 4', 'WHERE a IN ($1) AND b = $2'],
    ['lists with casts', 'WHERE a IN ($1::int, $2::int)', 'WHERE a IN ($1::int)'],
    ['arrays', 'WHERE a = ANY(ARRAY[1,2])', 'WHERE a = ANY(ARRAY[$1])'],
    ['rows', 'INSERT INTO t (a, b) VALUES (1, 2), (3, 4)', 'INSERT INTO t (a, b) VALUES ($1, $2)'],
    ['rows with NULL', "VALUES (NULL, 2), ('x', 4)", 'VALUES ($1, $2)'],
    ['lists of rows', 'WHERE (a, b) IN ((1, 2), (3, 4))', 'WHERE (a, b) IN (($1, $2))'],
    ['rows of different make', 'VALUES (1, DEFAULT), (2, now())', 'VALUES ($1, DEFAULT), ($2, now())'],
    ['a subquery is no list', 'WHERE a IN (SELECT b, 1 FROM t)', 'WHERE a IN (SELECT b, $1 FROM t)'],
  ])('%s', (_, sql, shape) => {
    expect(shapeOf(sql).shape).toBe(shape);
  });

  test('values keep the order of the text, with the slot each belongs to', () => {
    const shape = shapeOf("INSERT INTO t VALUES (1, 'a'), (2, NULL) ON CONFLICT DO UPDATE SET n = $1");
    expect(shape.slots).toEqual([[0, 2], [1, 3], [4]]);
    expect(valuesOf(shape, ['p'])).toEqual(['1', 'a', '2', null, 'p']);
  });

  test('parameters that were not sent or not decoded are unknown', () => {
    expect(valuesOf(shapeOf('SELECT $1, $2, $3'), ['a', undefined])).toEqual(['a', undefined, undefined]);
  });
});

describe('statements of one text', () => {
  test.each([
    ['SELECT 1; SELECT 2', ['SELECT $1', 'SELECT $1']],
    [';; SELECT 1 ;;', ['SELECT $1']],
    ['', []],
    ['-- only a comment', []],
    ["SELECT ';'; SELECT $$;$$", ['SELECT $1', 'SELECT $1']],
    [
      'CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 2 END; END; SELECT 3',
      [
        'CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT $1; SELECT CASE WHEN true THEN $2 END; END',
        'SELECT $1',
      ],
    ],
    [
      'CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2); SELECT 3',
      ['CREATE RULE r AS ON INSERT TO t DO (SELECT $1; SELECT $2)', 'SELECT $1'],
    ],
    ['BEGIN; UPDATE t SET a = 1; COMMIT', ['BEGIN', 'UPDATE t SET a = $1', 'COMMIT']],
  ])('%s', (sql, expected) => {
    expect(shapes(sql).map((one) => one.shape)).toEqual(expected);
  });
});

/** Text made of the pieces that lexers trip over. */
const sqlish = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        ...[
          "'",
          '"',
          '$',
          '$$',
          '$a$',
          '--',
          '/*',
          '*/',
          '\\',
          '\n',
          ' ',
          '(',
          ')',
          ',',
          ';',
          '.',
          '::',
          ':=',
          '-',
        ],
        ...[
          '+',
          '=',
          'E',
          'U&',
          'B',
          'X',
          'in',
          'IN (',
          'values (',
          'array[',
          'select ',
          'from t',
          'null',
          '$1',
          '0x',
        ],
      ),
      fc.nat().map(String),
      fc.string({ unit: 'grapheme', maxLength: 4 }),
    ),
    { maxLength: 60 },
  )
  .map((parts) => parts.join(''));

describe('any text', () => {
  test('never throws, and tokens cover it in order', () => {
    fc.assert(
      fc.property(sqlish, (sql) => {
        let at = 0;
        for (const token of tokens(sql)) {
          expect(token.start).toBeGreaterThanOrEqual(at);
          expect(token.end).toBeGreaterThan(token.start);
          at = token.end;
        }
        expect(at).toBeLessThanOrEqual(sql.length);
        shapes(sql);
      }),
      { numRuns: 2000 },
    );
  });

  test('a shape is its own shape', () => {
    fc.assert(
      fc.property(sqlish, (sql) => {
        for (const { shape } of shapes(sql)) expect(shapeOf(shape).shape).toBe(shape);
      }),
      { numRuns: 2000 },
    );
  });

  test('no literal remains in the shape, and its value is kept', () => {
    const secret = fc.stringMatching(/^[g-z]{12}$/);
    const written = fc.oneof(
      secret.map((text) => ({ text, sql: `'${text}'` })),
      secret.map((text) => ({ text, sql: `E'${text}'` })),
      secret.map((text) => ({ text, sql: `$tag$${text}$tag$` })),
      fc.integer({ min: 100_000_000, max: 999_999_999 }).map((n) => ({ text: String(n), sql: String(n) })),
    );
    const template = fc.constantFrom(
      (list: string[]) => `SELECT * FROM t WHERE a IN (${list.join(', ')})`,
      (list: string[]) => `INSERT INTO t (a) VALUES ${list.map((item) => `(${item})`).join(',')}`,
      (list: string[]) => `SELECT ${list.join('/* x */,')} FROM t`,
      (list: string[]) => `UPDATE t SET ${list.map((item, i) => `c${i}=${item}`).join(',')} WHERE id=$1`,
      (list: string[]) => `SELECT f(${list.join('||')})::text -- end`,
    );
    fc.assert(
      fc.property(fc.array(written, { minLength: 1, maxLength: 8 }), template, (items, build) => {
        const shape = shapeOf(build(items.map((item) => item.sql)));
        for (const item of items) expect(shape.shape).not.toContain(item.text);
        const kept = valuesOf(shape, ['p']);
        for (const item of items) expect(kept).toContain(item.text);
      }),
    );
  });

  test('time grows with the text, not with its square', () => {
    const hostile = [
      (n: number) => "'".repeat(n),
      (n: number) => '('.repeat(n),
      (n: number) => 'IN ('.repeat(n),
      (n: number) => `IN ((${'1,'.repeat(n)}1),(${'1,'.repeat(n)}x))`,
      (n: number) => 'VALUES ('.repeat(n) + ')'.repeat(n),
      (n: number) => '/*'.repeat(n),
      (n: number) => '$a'.repeat(n),
      (n: number) => '-+'.repeat(n),
      (n: number) => "'a'\n".repeat(n),
      (n: number) => 'VALUES (1),'.repeat(n),
      (n: number) => 'array[1,array['.repeat(n),
    ];
    for (const build of hostile) {
      // A quadratic lexer would run into the limit of the test.
      expect(shapes(build(40_000)).length).toBeGreaterThanOrEqual(0);
    }
  });

  test('a text beyond the bound is shaped as far as the bound', () => {
    const shape = shapeOf(`SELECT ${'1,'.repeat(MAX_TEXT)}1`);
    expect(shape.truncated).toBe(true);
  });
});
