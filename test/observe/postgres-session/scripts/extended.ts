import { TypeOid } from '../../../../src/wire/postgres/types.ts';
import { B, c, F, opened, s } from '../script.ts';
import { int4, none, price, query, ran, run, type Script, Z } from './pieces.ts';

export const extended: Script[] = [
  {
    name: 'a statement prepared, described, bound and executed; it commits at Sync',
    steps: [
      ...opened,
      c(F.parse('', 'select price from items where id = $1', [TypeOid.int4])),
      c(F.bind({ formats: [1], values: [int4(7)], resultFormats: [1] }), F.describe('portal')),
      c(F.execute()),
      c(F.sync()),
      s(B.parseComplete(), B.bindComplete(), B.rowDescription([{ ...price, format: 1 }])),
      s(B.dataRow([int4(12)]), B.commandComplete('SELECT 1')),
      s(Z('I')),
    ],
    expected: [
      {
        sql: 'select price from items where id = $1',
        params: ['7'],
        columns: [price],
        rows: [['12']],
        tag: 'SELECT 1',
        before: 'I',
        after: 'I',
        implicit: false,
        tx: null,
        invoke: 5,
        return: 9,
      },
    ],
  },
  {
    name: 'a statement described once keeps its columns for later executions',
    steps: [
      ...opened,
      c(F.parse('s1', 'select price from items where id = $1'), F.describe('statement', 's1'), F.flush()),
      s(B.parseComplete(), B.parameterDescription([TypeOid.int8]), B.rowDescription([price])),
      c(
        F.bind({
          statement: 's1',
          formats: [1],
          values: [Uint8Array.of(0, 0, 0, 0, 0, 0, 1, 0)],
          resultFormats: [1],
        }),
        F.execute(),
        F.sync(),
      ),
      s(B.bindComplete(), B.dataRow([int4(1)]), B.commandComplete('SELECT 1'), Z('I')),
      c(F.bind({ statement: 's1', values: ['9'] }), F.execute(), F.sync()),
      s(B.bindComplete(), B.dataRow(['2']), B.commandComplete('SELECT 1'), Z('I')),
    ],
    expected: [
      { params: ['256'], columns: [price], rows: [['1']], invoke: 5, return: 6 },
      { params: ['9'], columns: [price], rows: [['2']], invoke: 7, return: 8 },
    ],
  },
  {
    name: 'a pipeline before one Sync is an implicit transaction that commits at the last return',
    steps: [
      ...opened,
      c(run('insert into a values (1)'), run('insert into a values (2)'), F.sync()),
      s(ran('INSERT 0 1')),
      s(ran('INSERT 0 1')),
      s(Z('I')),
    ],
    expected: [
      { sql: 'insert into a values (1)', implicit: true, tx: 1, return: 4, closes: none },
      { sql: 'insert into a values (2)', implicit: true, closes: true, tx: 1, return: 6 },
    ],
  },
  {
    name: 'a Sync after each statement keeps a pipeline in transactions of one',
    steps: [
      ...opened,
      c(run('insert into a values (1)'), F.sync(), run('insert into a values (2)'), F.sync()),
      s(ran('INSERT 0 1'), Z('I'), ran('INSERT 0 1'), Z('I')),
    ],
    expected: [
      { implicit: false, closes: none, tx: null },
      { implicit: false, closes: none, tx: null },
    ],
  },
  {
    name: 'statements after an error did not run',
    steps: [
      ...opened,
      c(run('insert into a values (1)'), run('selct'), run('insert into a values (2)')),
      s(ran('INSERT 0 1')),
      c(F.sync(), run('select 3'), F.sync()),
      s(B.errorResponse('42601'), Z('I'), ran('SELECT 1'), Z('I')),
    ],
    expected: [
      { tag: 'INSERT 0 1', implicit: true, tx: 1, return: 4 },
      { sql: 'selct', tag: null, sqlstate: '42601', implicit: true, closes: true, tx: 1, return: 6 },
      { sql: 'select 3', tag: 'SELECT 1', implicit: false, tx: null },
    ],
  },
  {
    name: 'requests sent after an error and before Sync are discarded',
    steps: [
      ...opened,
      c(F.parse('', 'selct'), F.flush()),
      s(B.errorResponse('42601')),
      c(F.bind({}), F.execute(), F.query('select 1'), F.sync(), F.query('select 2')),
      s(Z('I'), B.commandComplete('SELECT 1'), Z('I')),
    ],
    expected: [
      { sql: 'selct', sqlstate: '42601', invoke: 3, return: 4 },
      { sql: 'select 2', tag: 'SELECT 1' },
    ],
  },
  {
    name: 'a commit that fails at Sync takes the statement with it',
    steps: [
      ...opened,
      c(run('insert into child values (1)'), F.sync()),
      s(ran('INSERT 0 1')),
      s(B.errorResponse('23503'), Z('I')),
    ],
    expected: [{ tag: null, sqlstate: '23503', implicit: false, tx: null, return: 5 }],
  },
  {
    name: 'BEGIN, work and COMMIT in one pipeline',
    steps: [
      ...opened,
      c(run('begin'), run('update a set x = $1', ['5']), run('commit'), F.sync()),
      s(ran('BEGIN')),
      s(ran('UPDATE 1')),
      s(ran('COMMIT')),
      s(Z('I')),
    ],
    expected: [
      { tag: 'BEGIN', before: 'I', after: 'T', tx: 1, implicit: false },
      { tag: 'UPDATE 1', params: ['5'], before: 'T', after: 'T', tx: 1, implicit: false },
      { tag: 'COMMIT', before: 'T', after: 'I', tx: 1, implicit: false, return: 6 },
    ],
  },
  {
    name: 'a portal read in two helpings',
    steps: [
      ...opened,
      c(F.query('begin')),
      s(B.commandComplete('BEGIN'), Z('T')),
      c(F.parse('', 'select price from items'), F.bind({ portal: 'p' }), F.describe('portal', 'p')),
      c(F.execute('p', 1), F.sync()),
      s(
        B.parseComplete(),
        B.bindComplete(),
        B.rowDescription([price]),
        B.dataRow(['1']),
        B.portalSuspended(),
      ),
      s(Z('T')),
      c(F.execute('p', 1), F.sync()),
      s(B.dataRow(['2']), B.commandComplete('SELECT 1'), Z('T')),
    ],
    expected: [
      {},
      { tag: 'SELECT 1', truncated: true, rows: [['1']], columns: [price], invoke: 6, return: 7, tx: 1 },
      { tag: 'SELECT 1', truncated: false, rows: [['2']], columns: [price], invoke: 9, tx: 1 },
    ],
  },
  {
    name: 'closed and replaced statements',
    steps: [
      ...opened,
      c(F.parse('a', 'select 1'), F.close('statement', 'a'), F.parse('a', 'select 2'), F.sync()),
      s(B.parseComplete(), B.closeComplete(), B.parseComplete(), Z('I')),
      c(F.bind({ statement: 'a' }), F.execute(), F.close('portal'), F.sync()),
      s(B.bindComplete(), B.dataRow(['2']), B.commandComplete('SELECT 1'), B.closeComplete(), Z('I')),
    ],
    expected: [{ sql: 'select 2', columns: [], rows: [['2']] }],
  },
  {
    name: 'DISCARD ALL drops statements; one prepared out of sight has no text',
    steps: [
      ...opened,
      c(F.parse('a', 'select 1'), F.sync()),
      s(B.parseComplete(), Z('I')),
      ...query('discard all', 'DISCARD ALL', 'I'),
      c(F.bind({ statement: 'a' }), F.execute(), F.sync()),
      s(B.bindComplete(), B.dataRow(['2']), B.commandComplete('SELECT 1'), Z('I')),
    ],
    expected: [{ tag: 'DISCARD ALL' }, { sql: '', rows: [['2']], tag: 'SELECT 1' }],
  },
  {
    name: 'an error while binding names the statement and its parameters',
    steps: [
      ...opened,
      c(F.parse('a', 'select $1::int4', [TypeOid.int4]), F.bind({ statement: 'a', values: ['x'] }), F.sync()),
      s(B.parseComplete(), B.errorResponse('22P02'), Z('I')),
    ],
    expected: [{ sql: 'select $1::int4', params: ['x'], sqlstate: '22P02', tag: null }],
  },
  {
    name: 'binary values of an unknown type are undefined, and NULL stays null',
    steps: [
      ...opened,
      c(F.parse('', 'select $1, $2', [16_999, 16_999])),
      c(F.bind({ formats: [1], values: [int4(1), null], resultFormats: [1] }), F.execute(), F.sync()),
      s(
        B.parseComplete(),
        B.bindComplete(),
        B.dataRow([int4(1), null]),
        B.commandComplete('SELECT 1'),
        Z('I'),
      ),
    ],
    expected: [{ params: [undefined, null], rows: [[undefined, null]] }],
  },
];
