import { B, c, F, opened, s } from '../script.ts';
import { fails, query, type Script, Z } from './pieces.ts';

export const blocks: Script[] = [
  {
    name: 'a transaction block, numbered per session',
    steps: [
      ...opened,
      ...query('begin', 'BEGIN', 'T'),
      ...query('update items set price = 12', 'UPDATE 1', 'T'),
      ...query('commit', 'COMMIT', 'I'),
      ...query('START TRANSACTION', 'START TRANSACTION', 'T'),
      ...query('abort', 'ROLLBACK', 'I'),
    ],
    expected: [
      { before: 'I', after: 'T', tx: 1 },
      { before: 'T', after: 'T', tx: 1, implicit: false },
      { before: 'T', after: 'I', tx: 1, return: 8 },
      { before: 'I', after: 'T', tx: 2 },
      { before: 'T', after: 'I', tx: 2 },
    ],
  },
  {
    name: 'ROLLBACK TO SAVEPOINT leaves the block open',
    steps: [
      ...opened,
      ...query('begin', 'BEGIN', 'T'),
      ...query('savepoint a', 'SAVEPOINT', 'T'),
      ...fails('selct', '42601', 'E'),
      ...fails('select 1', '25P02', 'E'),
      ...query('/* undo */ rollback work to savepoint a', 'ROLLBACK', 'T'),
      ...query('release a', 'RELEASE', 'T'),
      ...query('commit', 'COMMIT', 'I'),
    ],
    expected: [
      { after: 'T', tx: 1 },
      { tag: 'SAVEPOINT', before: 'T', after: 'T', tx: 1 },
      { sqlstate: '42601', before: 'T', after: 'E', tx: 1 },
      { sqlstate: '25P02', before: 'E', after: 'E', tx: 1 },
      { tag: 'ROLLBACK', before: 'E', after: 'T', tx: 1 },
      { tag: 'RELEASE', before: 'T', after: 'T', tx: 1 },
      { tag: 'COMMIT', before: 'T', after: 'I', tx: 1 },
    ],
  },
  {
    name: 'COMMIT of a failed block is answered by ROLLBACK',
    steps: [
      ...opened,
      ...query('begin', 'BEGIN', 'T'),
      ...fails('select 1/0', '22012', 'E'),
      ...query('commit', 'ROLLBACK', 'I'),
    ],
    expected: [{}, {}, { sql: 'commit', tag: 'ROLLBACK', before: 'E', after: 'I', tx: 1 }],
  },
  {
    name: 'a COMMIT that fails ends the block',
    steps: [
      ...opened,
      ...query('begin', 'BEGIN', 'T'),
      ...fails('commit', '40001', 'I'),
      ...query('select 1', 'SELECT 1', 'I'),
    ],
    expected: [
      {},
      { tag: null, sqlstate: '40001', before: 'T', after: 'I', tx: 1 },
      { before: 'I', tx: null },
    ],
  },
  {
    name: 'AND CHAIN begins the next block at once',
    steps: [
      ...opened,
      ...query('begin', 'BEGIN', 'T'),
      ...query('commit and chain', 'COMMIT', 'T'),
      ...query('select 1', 'SELECT 1', 'T'),
      ...query('rollback and no chain', 'ROLLBACK', 'I'),
    ],
    expected: [
      { tx: 1 },
      { tx: 1, before: 'T', after: 'T' },
      { tx: 2, before: 'T', after: 'T' },
      { tx: 2, before: 'T', after: 'I' },
    ],
  },
  {
    name: 'PREPARE TRANSACTION leaves the block; COMMIT PREPARED stands alone',
    steps: [
      ...opened,
      ...query('begin', 'BEGIN', 'T'),
      ...query("prepare transaction 'a'", 'PREPARE TRANSACTION', 'I'),
      ...query("commit prepared 'a'", 'COMMIT PREPARED', 'I'),
    ],
    expected: [{ tx: 1 }, { tx: 1, after: 'I' }, { tx: null, before: 'I' }],
  },
  {
    name: 'COMMIT outside a block',
    steps: [
      ...opened,
      c(F.query('commit')),
      s(B.noticeResponse('25P01'), B.commandComplete('COMMIT'), Z('I')),
    ],
    expected: [{ tag: 'COMMIT', before: 'I', after: 'I', tx: null, implicit: false }],
  },
];
