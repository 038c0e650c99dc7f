import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { StatementExchange } from '../../../src/observe/postgres/exchange.ts';
import { sourceOperations } from '../../../src/observe/postgres/operations.ts';
import { type Analyser, openAnalyser } from '../../../src/observe/sql/analyse.ts';
import { exchange, fixedCatalog, table } from './exchanges.ts';
import { type TestHistory, testHistory, told } from './history.ts';

let analyser: Analyser;
let history: TestHistory;
let take: (exchange: StatementExchange) => void;

beforeAll(async () => {
  analyser = await openAnalyser();
});
beforeEach(() => {
  history = testHistory();
  take = sourceOperations(history.context, fixedCatalog([table('t', 'id a')]), analyser);
});

function recorded(): string[] {
  return history
    .operations()
    .filter((op) => op.kind !== 'table')
    .map(told);
}

const IMPLICIT = { implicit: true, tx: 1 } as const;

describe('implicit transactions', () => {
  test('a text of several statements is one transaction, committed by its last', () => {
    const sql = 'UPDATE t SET a = 1 WHERE id = 1; UPDATE t SET a = 2 WHERE id = 2';
    take(exchange(sql, { ...IMPLICIT, part: 0 }));
    const last = exchange(sql, { ...IMPLICIT, part: 1 });
    take(last);
    expect(recorded()).toEqual([
      'begin tx1',
      'write tx1 update t {a=h:1} t.id=h:1 complete key t/1',
      'write tx1 update t {a=h:2} t.id=h:2 complete key t/2',
      'commit tx1',
    ]);
    expect(history.operations().at(-1)).toMatchObject({ invoke: last.invoke, return: last.return });
  });

  test('a pipeline commits when the exchange says that it closes', () => {
    take(exchange('UPDATE t SET a = $1', { ...IMPLICIT, params: ['1'] }));
    expect(recorded().at(-1)).toMatch(/^write/);
    take(exchange('UPDATE t SET a = $1', { ...IMPLICIT, params: ['2'], closes: true }));
    expect(recorded().at(-1)).toBe('commit tx1');
  });

  test('a pipeline whose end is not told commits before the next statement, at the stamps of its last', () => {
    take(exchange('UPDATE t SET a = $1', { ...IMPLICIT, params: ['1'] }));
    const last = exchange('UPDATE t SET a = $1', { ...IMPLICIT, params: ['2'] });
    take(last);
    take(exchange('DELETE FROM t', { tag: 'DELETE 1' }));
    expect(recorded().slice(-2)).toEqual(['commit tx1', 'write delete t {} complete']);
    expect(history.operations().find((op) => op.kind === 'commit')).toMatchObject({ return: last.return });
  });

  test('one that fails rolls back', () => {
    take(exchange('UPDATE t SET a = 1', IMPLICIT));
    take(exchange('UPDATE t SET a = 2', { ...IMPLICIT, tag: null, sqlstate: '23505' }));
    expect(recorded().slice(-2)).toEqual(['write fail tx1 update t {a=h:2} complete', 'rollback tx1']);
  });

  test('one whose end was not seen has an unknown outcome', () => {
    take(exchange('UPDATE t SET a = 1', IMPLICIT));
    take(exchange('UPDATE t SET a = 2', { ...IMPLICIT, tag: null, return: null }));
    expect(recorded().slice(-2)).toEqual(['write info tx1 update t {a=h:2} complete', 'commit info tx1']);
  });

  test('BEGIN inside makes it a block', () => {
    const sql = 'UPDATE t SET a = 1; BEGIN; UPDATE t SET a = 2';
    take(exchange(sql, IMPLICIT));
    take(exchange(sql, { part: 1, tag: 'BEGIN', tx: 1, after: 'T' }));
    take(exchange(sql, { part: 2, tx: 1, before: 'T', after: 'T' }));
    expect(recorded().filter((one) => one.startsWith('commit'))).toEqual([]);
    take(exchange('COMMIT', { tag: 'COMMIT', tx: 1, before: 'T', after: 'I' }));
    expect(recorded().at(-1)).toBe('commit tx1');
  });
});

describe('blocks', () => {
  test('numbers are unique on a session, whatever the exchange calls them', () => {
    for (let round = 0; round < 2; round++) {
      take(exchange('BEGIN', { tag: 'BEGIN', tx: 7, after: 'T' }));
      take(exchange('COMMIT', { tag: 'COMMIT', tx: 7, before: 'T' }));
    }
    expect(recorded()).toEqual(['begin tx1', 'commit tx1', 'begin tx2', 'commit tx2']);
  });

  test('sessions do not mix', () => {
    take(exchange('BEGIN', { tag: 'BEGIN', tx: 1, after: 'T' }));
    take(exchange('UPDATE t SET a = 1', { session: 'pg:2' }));
    expect(recorded()).toEqual(['begin tx1', 'write update t {a=h:1} complete']);
  });

  test('a COMMIT without an answer has an unknown outcome', () => {
    take(exchange('BEGIN', { tag: 'BEGIN', tx: 1, after: 'T' }));
    take(exchange('COMMIT', { tag: null, return: null, tx: 1, before: 'T', after: 'T' }));
    expect(recorded()).toEqual(['begin tx1', 'commit info tx1']);
  });

  test('PREPARE TRANSACTION leaves the outcome open', () => {
    take(exchange('BEGIN', { tag: 'BEGIN', tx: 1, after: 'T' }));
    take(exchange("PREPARE TRANSACTION 'x'", { tag: 'PREPARE TRANSACTION', tx: 1, before: 'T' }));
    expect(recorded()).toEqual(['begin tx1', 'commit info tx1']);
  });

  test('a block that was open before watching began', () => {
    take(exchange('UPDATE t SET a = 1', { tx: 3, before: 'T', after: 'T' }));
    take(exchange('COMMIT', { tag: 'COMMIT', tx: 3, before: 'T' }));
    expect(recorded()).toEqual(['begin tx1', 'write tx1 update t {a=h:1} complete', 'commit tx1']);
  });

  test('statements prepared out of sight are told by their tags', () => {
    take(exchange('', { tag: 'BEGIN', tx: 1, after: 'T' }));
    take(exchange('', { tag: 'UPDATE 2', tx: 1, before: 'T', after: 'T' }));
    take(exchange('', { tag: 'SELECT 2', tx: 1, before: 'T', after: 'T' }));
    take(exchange('', { tag: 'COMMIT', tx: 1, before: 'T' }));
    expect(recorded()).toEqual(['begin tx1', 'write tx1 opaque', 'read tx1 opaque', 'commit tx1']);
  });
});

describe('values', () => {
  test('a parameter that was not decoded is ? where it is set and left out where it is required', () => {
    take(exchange('UPDATE t SET a = $1 WHERE id = $2', { params: [undefined, undefined] }));
    take(exchange('UPDATE t SET a = $1 WHERE id = $2', { params: [null, '1'] }));
    take(exchange('UPDATE t SET a = $1 WHERE id = $2', { params: ['x', null] }));
    expect(recorded()).toEqual([
      'write update t {a=?}',
      'write update t {a=null} t.id=h:1 complete key t/1',
      'write update t {a=h:x} t.id= complete',
    ]);
  });

  test('folded rows compare together only when there is one', () => {
    take(exchange('DELETE FROM t WHERE (id, a) IN ((1, 2))', { tag: 'DELETE 1' }));
    take(exchange('DELETE FROM t WHERE (id, a) IN ((1, 2), (3, 4))', { tag: 'DELETE 2' }));
    expect(recorded()).toEqual([
      'write delete t {} t.a=h:2 t.id=h:1 complete key t/1',
      'write delete t {} t.a=h:2|h:4 t.id=h:1|h:3',
    ]);
  });

  test('a tautology is one only for equal values', () => {
    take(exchange('DELETE FROM t WHERE 1 = 1', { tag: 'DELETE 9' }));
    take(exchange('DELETE FROM t WHERE 1 = 2', { tag: 'DELETE 0' }));
    expect(recorded()).toEqual(['write delete t {} complete', 'write delete t {}']);
  });
});
