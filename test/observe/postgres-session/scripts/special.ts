import { B, c, F, opened, s } from '../script.ts';
import { price, query, ran, run, type Script, Z } from './pieces.ts';

export const special: Script[] = [
  {
    name: 'COPY FROM STDIN in a simple query',
    steps: [
      ...opened,
      c(F.query('copy items from stdin')),
      s(B.copyInResponse()),
      c(F.copyData(Uint8Array.of(49, 10)), F.copyDone()),
      s(B.commandComplete('COPY 1'), Z('I')),
    ],
    expected: [{ sql: 'copy items from stdin', tag: 'COPY 1', invoke: 3, return: 6 }],
  },
  {
    name: 'COPY FROM STDIN in the extended protocol: the Sync sent along is ignored by the server',
    steps: [
      ...opened,
      c(F.parse('', 'copy items from stdin'), F.bind({}), F.describe('portal'), F.execute(), F.sync()),
      s(B.parseComplete(), B.bindComplete(), B.noData(), B.copyInResponse()),
      c(F.copyData(Uint8Array.of(49, 10))),
      c(F.copyDone(), F.sync()),
      s(B.commandComplete('COPY 1'), Z('I')),
      c(run('select 1'), F.sync()),
      s(ran('SELECT 1'), Z('I')),
    ],
    expected: [
      { tag: 'COPY 1', return: 7 },
      { sql: 'select 1', tag: 'SELECT 1', return: 9 },
    ],
  },
  {
    name: 'COPY data sent ahead of the server’s consent',
    steps: [
      ...opened,
      c(run('copy items from stdin'), F.sync(), F.copyData(Uint8Array.of(49)), F.copyDone(), F.sync()),
      s(B.parseComplete(), B.bindComplete(), B.copyInResponse(), B.commandComplete('COPY 1'), Z('I')),
      ...query('select 1', 'SELECT 1', 'I'),
    ],
    expected: [{ tag: 'COPY 1' }, { sql: 'select 1', tag: 'SELECT 1' }],
  },
  {
    name: 'COPY FROM STDIN that the server rejects midway',
    steps: [
      ...opened,
      c(run('copy items from stdin'), F.sync()),
      s(B.parseComplete(), B.bindComplete(), B.copyInResponse()),
      c(F.copyData(Uint8Array.of(49, 10))),
      s(B.errorResponse('22P04')),
      c(F.copyDone(), F.sync()),
      s(Z('I')),
      ...query('select 1', 'SELECT 1', 'I'),
    ],
    expected: [
      { sql: 'copy items from stdin', sqlstate: '22P04', tag: null, return: 6 },
      { sql: 'select 1', tag: 'SELECT 1' },
    ],
  },
  {
    name: 'COPY TO STDOUT',
    steps: [
      ...opened,
      c(F.query('copy items to stdout')),
      s(
        B.copyOutResponse(),
        B.copyData(Uint8Array.of(49, 10)),
        B.copyDone(),
        B.commandComplete('COPY 1'),
        Z('I'),
      ),
    ],
    expected: [{ tag: 'COPY 1', rows: [] }],
  },
  {
    name: 'a function call is no statement',
    steps: [
      ...opened,
      c(F.functionCall(952, ['1'])),
      s(B.functionCallResponse('x'), Z('I')),
      c(F.functionCall(952)),
      s(B.errorResponse('42883'), Z('I')),
      ...query('select 1', 'SELECT 1', 'I'),
    ],
    expected: [{ sql: 'select 1' }],
  },
  {
    name: 'notices, notifications and parameter changes come at any time',
    steps: [
      ...opened,
      s(B.notification(7, 'prices', '1'), B.parameterStatus('TimeZone', 'UTC')),
      c(F.query('listen prices')),
      s(B.noticeResponse('00000'), B.commandComplete('LISTEN'), B.notification(7, 'prices', '2'), Z('I')),
    ],
    expected: [{ tag: 'LISTEN', rows: [] }],
  },
  {
    name: 'the client encoding is followed',
    steps: [
      ...opened,
      c(F.query('set client_encoding to latin1')),
      s(B.commandComplete('SET'), B.parameterStatus('client_encoding', 'LATIN1'), Z('I')),
      c(F.query('select name')),
      s(
        B.rowDescription([price]),
        B.dataRow([Uint8Array.of(0x63, 0xe9)]),
        B.commandComplete('SELECT 1'),
        Z('I'),
      ),
    ],
    expected: [{ tag: 'SET' }, { rows: [['cé']] }],
  },
];
