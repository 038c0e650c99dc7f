import { concat } from '../../../../src/wire/postgres/encode.ts';
import { B, c, F, opened, s } from '../script.ts';
import { query, run, type Script, Z } from './pieces.ts';

export const startups: Script[] = [
  {
    name: 'encryption refused, then an ordinary session of protocol 3.2',
    steps: [
      c(F.gssencRequest()),
      s(Uint8Array.of(0x4e)),
      c(F.sslRequest()),
      s(Uint8Array.of(0x4e)),
      c(F.startup({ user: 'a' }, (3 << 16) | 2)),
      s(B.negotiateProtocolVersion(0, ['_pq_.x'])),
      s(B.authenticationOk(), B.backendKeyData(1, new Uint8Array(32)), Z('I')),
      ...query('select 1', 'SELECT 1', 'I'),
    ],
    expected: [{ sql: 'select 1' }],
  },
  {
    name: 'an old server answers GSSENCRequest with an error',
    steps: [c(F.gssencRequest()), s(B.errorResponse('0A000', 'unsupported frontend protocol', 'FATAL'))],
    expected: [],
  },
  {
    name: 'a session that becomes encrypted',
    steps: [
      c(F.sslRequest()),
      s(Uint8Array.of(0x53)),
      c(Uint8Array.of(22, 3, 1, 0, 5)),
      s(Uint8Array.of(22, 3)),
    ],
    expected: [],
    degraded: ['pg-encrypted'],
  },
  {
    name: 'a cancel request',
    steps: [c(F.cancelRequest(7, new Uint8Array(4)))],
    expected: [],
  },
  {
    name: 'a password is asked for and refused',
    steps: [
      c(F.startup({ user: 'a' })),
      s(concat([Uint8Array.of(0x52, 0, 0, 0, 8, 0, 0, 0, 3)])),
      c(F.password('secret')),
      s(B.errorResponse('28P01', 'password authentication failed', 'FATAL')),
    ],
    expected: [],
  },
  {
    name: 'a replication connection passes',
    steps: [
      c(F.startup({ user: 'a', replication: 'database' })),
      s(B.authenticationOk(), Z('I')),
      c(F.query('IDENTIFY_SYSTEM')),
    ],
    expected: [],
    degraded: ['pg-replication'],
  },
  {
    name: 'replication=off is an ordinary session',
    steps: [
      c(F.startup({ user: 'a', replication: 'off' })),
      s(B.authenticationOk(), Z('I')),
      ...query('select 1', 'SELECT 1', 'I'),
    ],
    expected: [{ sql: 'select 1' }],
  },
  {
    name: 'another protocol',
    steps: [c(new TextEncoder().encode('GET / HTTP/1.1\r\n\r\n')), s(Uint8Array.of(1, 2, 3))],
    expected: [],
    degraded: ['pg-unknown-protocol'],
  },
  {
    name: 'damage in the middle leaves an open statement unknown',
    steps: [...opened, c(F.query('select 1')), s(Uint8Array.of(0x44, 0, 0, 0, 1)), s(Uint8Array.of(0, 0))],
    expected: [{ sql: 'select 1', return: null, tag: null }],
    degraded: ['pg-unknown-protocol'],
  },
  {
    name: 'a reply that nothing asked for costs one exchange at most',
    steps: [
      ...opened,
      c(run('select 1'), F.sync()),
      s(B.closeComplete(), B.bindComplete(), Z('I')),
      ...query('select 2', 'SELECT 1', 'I'),
    ],
    expected: [{ sql: 'select 2', tag: 'SELECT 1' }],
    degraded: ['pg-out-of-step'],
  },
];
