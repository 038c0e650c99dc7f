import { B, c, F, opened, s } from '../script.ts';
import { none, price, type Script, Z } from './pieces.ts';

export const simple: Script[] = [
  {
    name: 'a simple query',
    steps: [
      ...opened,
      c(F.query('select price from items where id = 1')),
      s(B.rowDescription([price]), B.dataRow(['12']), B.commandComplete('SELECT 1'), Z('I')),
    ],
    expected: [
      {
        session: 'pg:1',
        sql: 'select price from items where id = 1',
        part: 0,
        params: [],
        columns: [price],
        rows: [['12']],
        truncated: false,
        tag: 'SELECT 1',
        sqlstate: null,
        before: 'I',
        after: 'I',
        implicit: false,
        tx: null,
        invoke: 3,
        return: 4,
      },
    ],
  },
  {
    name: 'several statements in one query share an implicit transaction',
    steps: [
      ...opened,
      c(F.query('update a set x = 1; select 1;; -- end')),
      s(B.commandComplete('UPDATE 1')),
      s(B.rowDescription([price]), B.dataRow([null]), B.commandComplete('SELECT 1')),
      s(Z('I')),
    ],
    expected: [
      { part: 0, tag: 'UPDATE 1', implicit: true, tx: 1, before: 'I', after: 'I', return: 4, closes: none },
      { part: 1, tag: 'SELECT 1', implicit: true, closes: true, tx: 1, rows: [[null]], invoke: 3, return: 5 },
    ],
  },
  {
    name: 'an error ends a query of several statements',
    steps: [
      ...opened,
      c(F.query('update a set x = 1; select 1/0; select 2')),
      s(B.commandComplete('UPDATE 1'), B.errorResponse('22012'), Z('I')),
      c(F.query('select 3')),
      s(B.commandComplete('SELECT 1'), Z('I')),
    ],
    expected: [
      { part: 0, tag: 'UPDATE 1', sqlstate: null, implicit: true, tx: 1 },
      { part: 1, tag: null, sqlstate: '22012', implicit: true, closes: true, tx: 1, return: 4 },
      { sql: 'select 3', part: 0, implicit: false, tx: null },
    ],
  },
  {
    name: 'a block opened and closed within one query',
    steps: [
      ...opened,
      c(F.query('begin; update a set x = 1; commit; select 1')),
      s(
        B.commandComplete('BEGIN'),
        B.commandComplete('UPDATE 1'),
        B.commandComplete('COMMIT'),
        B.commandComplete('SELECT 1'),
        Z('I'),
      ),
    ],
    expected: [
      { tag: 'BEGIN', before: 'I', after: 'T', tx: 1, implicit: false },
      { tag: 'UPDATE 1', before: 'T', after: 'T', tx: 1, implicit: false },
      { tag: 'COMMIT', before: 'T', after: 'I', tx: 1, implicit: false },
      { tag: 'SELECT 1', before: 'I', after: 'I', tx: null, implicit: false },
    ],
  },
  {
    name: 'BEGIN takes over what the same query did before it',
    steps: [
      ...opened,
      c(F.query('insert into a values (1); begin; insert into a values (2)')),
      s(B.commandComplete('INSERT 0 1'), B.commandComplete('BEGIN'), B.commandComplete('INSERT 0 1'), Z('T')),
      c(F.query('commit')),
      s(B.commandComplete('COMMIT'), Z('I')),
    ],
    expected: [
      { tx: 1, implicit: true, closes: none, before: 'I', after: 'I' },
      { tag: 'BEGIN', tx: 1, implicit: false, closes: none, after: 'T' },
      { tx: 1, implicit: false, before: 'T', after: 'T' },
      { tag: 'COMMIT', tx: 1, before: 'T', after: 'I' },
    ],
  },
  {
    name: 'COMMIT ends what the same query did before it',
    steps: [
      ...opened,
      c(F.query('insert into a values (1); commit; insert into a values (2); select 1')),
      s(
        B.commandComplete('INSERT 0 1'),
        B.noticeResponse('25P01'),
        B.commandComplete('COMMIT'),
        B.commandComplete('INSERT 0 1'),
        B.commandComplete('SELECT 1'),
        Z('I'),
      ),
    ],
    expected: [
      { tag: 'INSERT 0 1', tx: 1, implicit: true, closes: none },
      { tag: 'COMMIT', tx: 1, implicit: true, closes: true },
      { tag: 'INSERT 0 1', tx: 2, implicit: true, closes: none },
      { tag: 'SELECT 1', tx: 2, implicit: true, closes: true },
    ],
  },
  {
    name: 'an empty query is no statement of any transaction',
    steps: [...opened, c(F.query('-- ping')), s(B.emptyQueryResponse(), Z('I'))],
    expected: [{ sql: '-- ping', tag: '', sqlstate: null, tx: null, implicit: false, return: 4 }],
  },
  {
    name: 'queries sent ahead are answered in order',
    steps: [
      ...opened,
      c(F.query('select 1'), F.query('select 2')),
      s(B.commandComplete('SELECT 1'), Z('I')),
      s(B.commandComplete('SELECT 2'), Z('I')),
    ],
    expected: [
      { sql: 'select 1', tag: 'SELECT 1', invoke: 3, return: 4 },
      { sql: 'select 2', tag: 'SELECT 2', invoke: 3, return: 5 },
    ],
  },
];
