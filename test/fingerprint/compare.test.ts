import { describe, expect, test } from 'vitest';
import type { VariableKind } from '../../src/case/contract.ts';
import {
  compareFingerprints,
  FINGERPRINT_FORMAT,
  type Fingerprint,
  kindsThatDiffer,
} from '../../src/fingerprint/index.ts';

type Row = readonly [kind: VariableKind, name: string, value: string | null];

function fingerprint(
  rows: readonly Row[],
  unknown: readonly (readonly [VariableKind, string])[] = [],
): Fingerprint {
  return {
    format: FINGERPRINT_FORMAT,
    at: '2026-03-01T09:00:00.000Z',
    entries: rows.map(([kind, name, value]) => ({ kind, name, value })),
    unknown: unknown.map(([kind, what]) => ({ kind, what, why: 'not allowed' })),
  };
}

function told(before: Fingerprint, after: Fingerprint): readonly string[] {
  return compareFingerprints(before, after).map((one) => `${one.name}: ${one.before} → ${one.after}`);
}

describe('two fingerprints', () => {
  const cases: readonly (readonly [
    what: string,
    before: readonly Row[],
    after: readonly Row[],
    told: readonly string[],
  ])[] = [
    ['nothing at all', [], [], []],
    ['the same', [['environment', 'A', '1']], [['environment', 'A', '1']], []],
    ['another value', [['environment', 'A', '1']], [['environment', 'A', '2']], ['A: 1 → 2']],
    ['a new one', [], [['environment', 'A', '1']], ['A: null → 1']],
    ['one that went', [['schema', 'items_idx', 'h:1']], [], ['items_idx: h:1 → null']],
    ['absent and not there are one', [['environment', 'A', null]], [], []],
    [
      'one name in two kinds',
      [
        ['redis', 'version', '7'],
        ['postgres', 'version', '15'],
      ],
      [
        ['redis', 'version', '7'],
        ['postgres', 'version', '18'],
      ],
      ['version: 15 → 18'],
    ],
    [
      'estimates that are near',
      [['data', 'items (rows)', '~1000000']],
      [['data', 'items (rows)', '~1100000']],
      [],
    ],
    [
      'estimates that are not',
      [['data', 'items (rows)', '~1000000']],
      [['data', 'items (rows)', '~1500000']],
      ['items (rows): ~1000000 → ~1500000'],
    ],
    [
      'an exact count and an estimate',
      [['data', 'items (rows)', '100000']],
      [['data', 'items (rows)', '~100000']],
      ['items (rows): 100000 → ~100000'],
    ],
    [
      'a table that is new has no rows of its own to tell',
      [
        ['schema', 'items', 'h:1'],
        ['data', 'items (rows)', '5'],
      ],
      [
        ['schema', 'items', 'h:1'],
        ['data', 'items (rows)', '5'],
        ['schema', 'tags', 'h:2'],
        ['data', 'tags (rows)', '9'],
      ],
      ['tags: null → h:2'],
    ],
    [
      'commits of one content',
      [
        ['code', 'commit', 'a'],
        ['code', 'content', 'h:1'],
      ],
      [
        ['code', 'commit', 'b'],
        ['code', 'content', 'h:1'],
      ],
      [],
    ],
    [
      'commits of two contents',
      [
        ['code', 'commit', 'a'],
        ['code', 'content', 'h:1'],
      ],
      [
        ['code', 'commit', 'b'],
        ['code', 'content', 'h:2'],
      ],
      ['commit: a → b'],
    ],
    [
      'commits whose content is not known',
      [['code', 'commit', 'a']],
      [
        ['code', 'commit', 'b'],
        ['code', 'content', 'h:1'],
      ],
      ['commit: a → b'],
    ],
    [
      'content of a kind that is not code',
      [['redis', 'commit', 'a']],
      [['redis', 'commit', 'b']],
      ['commit: a → b'],
    ],
  ];
  test.each(cases)('%s', (_, before, after, expected) => {
    expect(told(fingerprint(before), fingerprint(after))).toEqual(expected);
  });

  test('what one side could not look at is not held against it', () => {
    const whole = fingerprint([
      ['redis', 'version', '7'],
      ['redis', 'maxmemory', '0'],
      ['redis', 'hz', '10'],
    ]);
    const partly = fingerprint(
      [
        ['redis', 'version', '8'],
        ['redis', 'maxmemory', '9'],
      ],
      [['redis', 'the settings']],
    );
    expect(told(whole, partly)).toEqual(['maxmemory: 0 → 9', 'version: 7 → 8']);
    expect(told(partly, whole)).toEqual(['maxmemory: 9 → 0', 'version: 8 → 7']);
  });

  test('a single thing that is not known excuses nothing else', () => {
    const before = fingerprint([
      ['data', 'items (rows)', '1'],
      ['data', 'tags (rows)', '1'],
      ['schema', 'items', 'h:1'],
      ['schema', 'tags', 'h:1'],
    ]);
    const after = fingerprint(
      [
        ['schema', 'items', 'h:1'],
        ['schema', 'tags', 'h:1'],
      ],
      [['data', 'items (rows)']],
    );
    expect(told(before, after)).toEqual(['tags (rows): 1 → null']);
  });

  test('kinds come once, in their order', () => {
    const before = fingerprint([]);
    const after = fingerprint([
      ['machine', 'cpu', 'x'],
      ['data', 'b (rows)', '1'],
      ['schema', 'b', 'h'],
      ['schema', 'a', 'h'],
      ['environment', 'A', '1'],
    ]);
    const differences = compareFingerprints(before, after);
    expect(kindsThatDiffer(differences)).toEqual(['environment', 'schema', 'machine']);
    expect(differences.map(({ name }) => name)).toEqual(['A', 'a', 'b', 'cpu']);
    expect(kindsThatDiffer([])).toEqual([]);
  });
});
