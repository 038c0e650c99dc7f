import { expect, it } from 'vitest';
import { PLAN_FORMAT, PURGE_FORMAT, type PurgePlan, UNDO_FORMAT } from '../../src/purge/contract.ts';
import { purgeText, sizeText, undoText } from '../../src/report/purge-text.ts';
import { PLAIN } from '../../src/report/style.ts';

const DRAWING = { width: 100, style: PLAIN };
const PLAN: PurgePlan = {
  format: PLAN_FORMAT,
  version: '0.1.0',
  made: '2026-01-31T09:30:15.000Z',
  store: 'redis://127.0.0.1:6390',
  db: 0,
  selection: { templates: ['item:{id}'], keys: [], rows: ['items/1'] },
  resolved: { templates: ['item:{id}'], keys: ['front'] },
  keys: 2_500,
  absent: 1,
  keysDigest: '',
  bytes: { total: 3 << 20, sampled: 2_000 },
  ttl: { none: 3, minMs: 900, maxMs: 60_000, sampled: 2_000 },
  expected: [
    { template: 'item:{id}', keys: 2_400, callsPerFill: 1.5 },
    { template: null, keys: 100, callsPerFill: null },
  ],
  sample: ['item:1\u001b[2J', 'item:2'],
  notices: ['items/1 may feed keys of list:{id}.'],
};

it('a plan says what would go, what that costs, and what comes next', () => {
  const document = { format: PURGE_FORMAT, state: 'planned', folder: 'F', plan: PLAN, result: null } as const;
  expect(purgeText(document, 500, DRAWING)).toMatchInlineSnapshot(`
    "planned  2,500 keys (item:{id}, fed by items/1) would be removed from redis://127.0.0.1:6390,
    database 0. Nothing was touched.

    keys      2,500: item:1\\x1b[2J, item:2 …; 1 named key not there
    size      about 3.0 MiB in memory (2,000 keys measured)
    TTL       900 ms to 60 s left; 3 keys without one; of 2,000 keys looked at
    refill    up to 3,600 more database calls, once each key is asked for again: 2,400 × 1.5 for
              item:{id}; and an unknown number for 100 keys: no recording that was read shows their
              fills
    note      items/1 may feed keys of list:{id}.

    Apply     whystale purge --apply F
              500 keys a second: 5 s
    "
  `);
});

it('a purge that was interrupted says what was left, and how to go on', () => {
  const result = { removed: 100, gone: 2, changing: 1, refilled: 1, large: 1, snapshotBytes: 9_000 };
  const document = { format: PURGE_FORMAT, state: 'interrupted', folder: 'F', plan: PLAN, result } as const;
  expect(purgeText(document, 500, DRAWING).split('\n').slice(-8).join('\n')).toMatchInlineSnapshot(`
    "left      2 gone before their turn; 1 written 8 times while they were to be removed; 1 larger than
              any command could restore; 1 written since the interruption
    snapshot  8.8 KiB
    note      items/1 may feed keys of list:{id}.

    Resume    whystale purge --resume F
    Undo      whystale undo F
    "
  `);
});

it('an undo says what it left alone, and why', () => {
  const text = undoText(
    {
      format: UNDO_FORMAT,
      state: 'done',
      folder: 'F',
      store: PLAN.store,
      db: 2,
      removed: 10,
      restored: 7,
      left: { refilled: 2, present: 0, 'restored-before': 0, expired: 0, damaged: 1, refused: 0 },
      examples: { refilled: ['item:1', 'item:2'] },
      notices: ['1 record of the snapshot, whose checksum is wrong, passed over.'],
    },
    DRAWING,
  );
  expect(text).toMatchInlineSnapshot(`
    "restored  7 of 10 removed keys restored in redis://127.0.0.1:6390, database 2.

    left      2 refilled since: another value stands there (item:1, item:2)
    left      1 damaged in the snapshot: the checksum is wrong
    note      1 record of the snapshot, whose checksum is wrong, passed over.
    "
  `);
});

it.each([
  [0, '0 bytes'],
  [1_023, '1,023 bytes'],
  [1_536, '1.5 KiB'],
  [5 * 1024 ** 3, '5.0 GiB'],
])('%i is %s', (bytes, text) => {
  expect(sizeText(bytes)).toBe(text);
});
