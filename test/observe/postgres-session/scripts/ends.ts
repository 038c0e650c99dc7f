import { B, c, F, opened, s } from '../script.ts';
import { none, query, ran, run, type Script } from './pieces.ts';

export const ends: Script[] = [
  {
    name: 'the connection ends with a statement open',
    steps: [...opened, c(F.query('update a set x = 1'))],
    expected: [{ sql: 'update a set x = 1', tag: null, sqlstate: null, invoke: 3, return: null }],
  },
  {
    name: 'the connection ends before an extended statement committed',
    steps: [...opened, c(run('update a set x = 1'), F.sync()), s(ran('UPDATE 1'))],
    expected: [{ sql: 'update a set x = 1', tag: null, sqlstate: null, return: null }],
  },
  {
    name: 'within a block an answered statement stays answered',
    steps: [
      ...opened,
      ...query('begin', 'BEGIN', 'T'),
      c(run('update a set x = 1'), F.sync()),
      s(ran('UPDATE 1')),
    ],
    expected: [{}, { tag: 'UPDATE 1', tx: 1, return: 6 }],
  },
  {
    name: 'the connection ends with a pipeline open',
    steps: [
      ...opened,
      c(run('insert into a values ($1)', ['1']), run('insert into a values ($1)', ['2']), F.sync()),
      c(run('commit'), F.sync()),
      s(ran('INSERT 0 1')),
    ],
    expected: [
      { params: ['1'], implicit: true, closes: none, tx: 1, return: 5 },
      { params: ['2'], implicit: true, closes: true, tx: 1, return: null },
      { sql: 'commit', tag: null, return: null },
    ],
  },
  {
    name: 'queries sent ahead and never answered share nothing',
    steps: [...opened, c(F.query('select 1; select 2'), F.query('select 3'))],
    expected: [
      { sql: 'select 1; select 2', part: 0, return: null, implicit: false, tx: null },
      { sql: 'select 3', part: 0, return: null, implicit: false, tx: null },
    ],
  },
  {
    name: 'the connection ends between the statements of a query',
    steps: [...opened, c(F.query('select 1; select 2; select 3')), s(B.commandComplete('SELECT 1'))],
    expected: [
      { part: 0, tag: 'SELECT 1', implicit: true, tx: 1, return: 4 },
      { part: 1, tag: null, implicit: true, closes: true, tx: 1, return: null },
    ],
  },
  {
    name: 'the server is shut down while a statement runs',
    steps: [
      ...opened,
      c(F.query('select pg_sleep(9)')),
      s(B.errorResponse('57P01', 'terminating connection', 'FATAL')),
    ],
    expected: [{ sql: 'select pg_sleep(9)', sqlstate: '57P01', tag: null, return: 4 }],
  },
  {
    name: 'the server is shut down while nothing runs',
    steps: [...opened, s(B.errorResponse('57P01', 'terminating connection', 'FATAL'))],
    expected: [],
  },
  {
    name: 'a pooler adds its own error to the one that ended its server',
    steps: [
      ...opened,
      c(F.query('select pg_sleep(9)')),
      s(B.errorResponse('57P01', 'terminating connection', 'FATAL')),
      s(B.errorResponse('08P01', 'server conn crashed?', 'FATAL')),
    ],
    expected: [{ sql: 'select pg_sleep(9)', sqlstate: '57P01', return: 4 }],
  },
  {
    name: 'the same for an extended statement',
    steps: [
      ...opened,
      c(run('select pg_sleep(9)'), F.sync()),
      s(B.parseComplete(), B.bindComplete(), B.errorResponse('57P01', 'terminating connection', 'FATAL')),
      s(B.errorResponse('08P01', 'server conn crashed?', 'FATAL')),
    ],
    expected: [{ sql: 'select pg_sleep(9)', sqlstate: '57P01', return: 4 }],
  },
  {
    name: 'a pooler that lost its server cannot say whether the COMMIT took effect',
    steps: [
      ...opened,
      ...query('begin', 'BEGIN', 'T'),
      c(F.query('commit')),
      s(B.errorResponse('08P01', 'server conn crashed?', 'FATAL')),
    ],
    expected: [{}, { sql: 'commit', tag: null, sqlstate: null, return: null, tx: 1 }],
  },
];
