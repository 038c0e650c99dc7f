import { describe, expect, it } from 'vitest';
import { checkHistory, type HistoryRecord, type Model } from '../../../src/core/check/index.ts';
import { history } from './histories.ts';

type Answer = 'valid' | 'invalid';

interface Case {
  readonly name: string;
  readonly text: string;
  readonly linearizable: Answer;
  readonly readYourWrites: Answer;
  readonly monotonicReads: Answer;
  /** Smallest Δ; null when none suffices. */
  readonly maxStaleNs: number | null;
  /** Witness of `linearizable`. */
  readonly witness?: readonly number[];
}

const CASES: readonly Case[] = [
  {
    name: 'a key starts as null',
    text: `
      a 0-1 r null
      a 2-3 w x
      a 4-5 r x`,
    linearizable: 'valid',
    readYourWrites: 'valid',
    monotonicReads: 'valid',
    maxStaleNs: 0,
  },
  {
    name: 'a read after a write by another session that returns nothing is stale',
    text: `
      a 0-10 w x
      b 20-30 r null`,
    linearizable: 'invalid',
    readYourWrites: 'valid',
    monotonicReads: 'valid',
    maxStaleNs: 10,
    witness: [1, 2],
  },
  {
    name: 'a read that overlaps a write may return either value',
    text: `
      a 0-10 w x
      a 20-40 w y
      b 25-30 r x
      c 25-30 r y`,
    linearizable: 'valid',
    readYourWrites: 'valid',
    monotonicReads: 'valid',
    maxStaleNs: 0,
  },
  {
    name: 'equal stamps overlap',
    text: `
      a 0-10 w x
      a 10-20 w y
      b 20-30 r x`,
    linearizable: 'valid',
    readYourWrites: 'valid',
    monotonicReads: 'valid',
    maxStaleNs: 0,
  },
  {
    name: 'one nanosecond later they do not',
    text: `
      a 0-10 w x
      a 11-20 w y
      b 21-30 r x`,
    linearizable: 'invalid',
    readYourWrites: 'valid',
    monotonicReads: 'valid',
    maxStaleNs: 1,
    witness: [1, 2, 3],
  },
  {
    name: 'new-old inversion: a read returns the old value after another returned the new one',
    text: `
      a 0-10 w x
      a 20-100 w y
      b 30-40 r y
      c 50-60 r x`,
    linearizable: 'invalid',
    readYourWrites: 'valid',
    monotonicReads: 'valid',
    maxStaleNs: 10,
    witness: [1, 2, 3, 4],
  },
  {
    name: 'the same inversion within one session goes back',
    text: `
      a 0-10 w x
      a 20-100 w y
      b 30-40 r y
      b 50-60 r x`,
    linearizable: 'invalid',
    readYourWrites: 'valid',
    monotonicReads: 'invalid',
    maxStaleNs: 10,
  },
  {
    name: 'a session that does not see its own write',
    text: `
      a 0-10 w x
      b 20-30 w y
      b 40-50 r x`,
    linearizable: 'invalid',
    readYourWrites: 'invalid',
    monotonicReads: 'valid',
    maxStaleNs: 10,
  },
  {
    name: 'a session that sees a newer write than its own',
    text: `
      a 0-10 w x
      b 20-30 w y
      a 40-50 r y`,
    linearizable: 'valid',
    readYourWrites: 'valid',
    monotonicReads: 'valid',
    maxStaleNs: 0,
  },
  {
    name: 'two sessions cannot each have been the later writer',
    text: `
      a 0-10 w x
      b 0-10 w y
      a 20-30 r y
      b 20-30 r x`,
    linearizable: 'invalid',
    readYourWrites: 'invalid',
    monotonicReads: 'valid',
    maxStaleNs: 10,
  },
  {
    name: 'two sessions that see two writes in different orders',
    text: `
      a 0-10 w x
      b 0-10 w y
      c 20-30 r x
      c 40-50 r y
      d 20-30 r y
      d 40-50 r x`,
    linearizable: 'invalid',
    readYourWrites: 'valid',
    monotonicReads: 'invalid',
    maxStaleNs: 30,
  },
  {
    name: 'a value that nobody wrote',
    text: `
      a 0-10 w x
      b 20-30 r y`,
    linearizable: 'invalid',
    readYourWrites: 'invalid',
    monotonicReads: 'invalid',
    maxStaleNs: null,
    witness: [2],
  },
  {
    name: 'a value that was written only later',
    text: `
      b 0-10 r x
      a 20-30 w x`,
    linearizable: 'invalid',
    readYourWrites: 'invalid',
    monotonicReads: 'invalid',
    maxStaleNs: null,
    witness: [1, 2],
  },
  {
    name: 'a write that failed had no effect',
    text: `
      a 0-10 w x fail
      b 20-30 r null`,
    linearizable: 'valid',
    readYourWrites: 'valid',
    monotonicReads: 'valid',
    maxStaleNs: 0,
  },
  {
    name: 'so nobody can have read it',
    text: `
      a 0-10 w x fail
      b 20-30 r x`,
    linearizable: 'invalid',
    readYourWrites: 'invalid',
    monotonicReads: 'invalid',
    maxStaleNs: null,
  },
  {
    name: 'a write of unknown outcome may take effect at any later time',
    text: `
      a 0-? w x
      b 10-20 r null
      b 1000-1010 r x`,
    linearizable: 'valid',
    readYourWrites: 'valid',
    monotonicReads: 'valid',
    maxStaleNs: 0,
  },
  {
    name: 'or never, even for the session that made it',
    text: `
      a 0-? w x
      a 1000-1010 r null`,
    linearizable: 'valid',
    readYourWrites: 'valid',
    monotonicReads: 'valid',
    maxStaleNs: 0,
  },
  {
    name: 'but it takes effect once',
    text: `
      a 0-? w x
      b 10-20 r x
      b 30-40 r null
      b 50-60 r x`,
    linearizable: 'invalid',
    readYourWrites: 'valid',
    monotonicReads: 'invalid',
    // The read of null reaches back to the end of the first read of x.
    maxStaleNs: 10,
  },
  {
    name: 'a delete makes the key absent again',
    text: `
      a 0-10 w x
      a 20-30 w null
      b 40-50 r null
      b 60-70 r null`,
    linearizable: 'valid',
    readYourWrites: 'valid',
    monotonicReads: 'valid',
    maxStaleNs: 0,
  },
  {
    name: 'a deleted value is still served',
    text: `
      a 0-10 w x
      a 20-30 w null
      b 45-50 r x`,
    linearizable: 'invalid',
    readYourWrites: 'valid',
    monotonicReads: 'valid',
    maxStaleNs: 15,
    witness: [1, 2, 3],
  },
  {
    name: 'one delete cannot end two values one after the other',
    text: `
      a 0-10 w x
      a 20-200 w null
      b 30-40 r null
      c 50-60 w y
      b 70-80 r null`,
    linearizable: 'invalid',
    readYourWrites: 'valid',
    monotonicReads: 'valid',
    maxStaleNs: 10,
  },
  {
    name: 'two deletes can, wherever in their intervals they must',
    text: `
      a 0-10 w x
      a 20-200 w null
      d 20-200 w null
      b 30-40 r null
      c 50-60 w y
      b 70-80 r null`,
    linearizable: 'valid',
    readYourWrites: 'valid',
    monotonicReads: 'valid',
    maxStaleNs: 0,
  },
  {
    name: 'a delete of unknown outcome serves one absence',
    text: `
      a 0-10 w x
      a 20-? w null
      b 5000-5010 r null
      b 6000-6010 r null`,
    linearizable: 'valid',
    readYourWrites: 'valid',
    monotonicReads: 'valid',
    maxStaleNs: 0,
  },
  {
    name: 'absent between two reads of one value',
    text: `
      a 0-10 w x
      b 20-30 r x
      c 0-100 w null
      b 40-50 r null
      b 60-70 r x`,
    linearizable: 'invalid',
    readYourWrites: 'valid',
    monotonicReads: 'invalid',
    // The last read reaches back to the end of the read of null.
    maxStaleNs: 10,
  },
];

const MODELS: readonly (readonly [Model, 'linearizable' | 'readYourWrites' | 'monotonicReads'])[] = [
  ['linearizable', 'linearizable'],
  ['read-your-writes', 'readYourWrites'],
  ['monotonic-reads', 'monotonicReads'],
];

describe.each(CASES)('$name', (example) => {
  const records = history(example.text);

  it.each(MODELS)('%s', (model, answer) => {
    expect(checkHistory(records, { model }).verdict).toBe(example[answer]);
  });

  it('smallest Δ', () => {
    const { maxStaleNs } = checkHistory(records, { model: 'linearizable', maxStale: true });
    expect(maxStaleNs).toBe(example.maxStaleNs);
    if (maxStaleNs === null) return;
    const atDelta = (deltaNs: number) =>
      checkHistory(records, { model: 'bounded-staleness', deltaNs }).verdict;
    expect(atDelta(maxStaleNs)).toBe('valid');
    if (maxStaleNs > 0) expect(atDelta(maxStaleNs - 1)).toBe('invalid');
  });

  it('witness', () => {
    if (example.witness === undefined) return;
    const { violations } = checkHistory(records, { model: 'linearizable' });
    expect(violations).toEqual([{ key: 'k', witness: example.witness }]);
  });
});

describe('a history', () => {
  const base: HistoryRecord = {
    session: 'a',
    kind: 'write',
    key: 'k',
    value: 'x',
    invoke: 0,
    return: 1,
    status: 'ok',
  };

  it('of nothing is valid', () => {
    expect(checkHistory([], { model: 'linearizable', maxStale: true })).toEqual({
      verdict: 'valid',
      operations: 0,
      keys: 0,
      maxStaleNs: 0,
      violations: [],
      unknown: [],
    });
  });

  it('is invalid by the keys that are', () => {
    const records = [
      ...history('a 0-1 w x\nb 2-3 r x', 'good'),
      ...history('a 0-1 w x\nb 2-3 r null', 'bad').map((record) => ({
        ...record,
        id: (record.id ?? 0) + 10,
      })),
    ];
    const result = checkHistory(records, { model: 'linearizable' });
    expect(result).toMatchObject({ verdict: 'invalid', operations: 4, keys: 2, maxStaleNs: null });
    expect(result.violations).toEqual([{ key: 'bad', witness: [11, 12] }]);
  });

  it('names operations by id, else by line, else by their position', () => {
    const read = { ...base, session: 'b', kind: 'read' as const, value: null, invoke: 5, return: 6 };
    const witness = (...records: HistoryRecord[]) =>
      checkHistory(records, { model: 'linearizable' }).violations[0]?.witness;
    expect(witness({ ...base, id: 40 }, { ...read, line: 7 })).toEqual([40, 7]);
    expect(witness(base, read)).toEqual([1, 2]);
  });

  it('cannot hold an operation that returned before it was invoked', () => {
    expect(() => checkHistory([{ ...base, id: 3, return: -1 }], { model: 'linearizable' })).toThrow(
      'operation 3 returned before it was invoked',
    );
  });

  it('cannot be checked under a negative Δ', () => {
    expect(() => checkHistory([base], { model: 'bounded-staleness', deltaNs: -1 })).toThrow(RangeError);
  });

  it('is unknown, not valid, when the search met its bound', () => {
    const writes = Array.from({ length: 24 }, (_, i) => ({
      ...base,
      id: i,
      session: `w${i}`,
      value: `v${i % 3}`,
      invoke: 0,
      return: 1000,
    }));
    const reads = Array.from({ length: 12 }, (_, i) => ({
      ...base,
      id: 100 + i,
      session: 'r',
      kind: 'read' as const,
      value: `v${i % 3}`,
      invoke: 10 + 20 * i,
      return: 11 + 20 * i,
    }));
    const impossible = {
      ...base,
      id: 200,
      session: 'z',
      kind: 'read' as const,
      value: null,
      invoke: 900,
      return: 901,
    };
    const result = checkHistory([...writes, ...reads, impossible], {
      model: 'linearizable',
      maxStale: true,
      searchSteps: 100,
    });
    expect(result).toMatchObject({ verdict: 'unknown', maxStaleNs: null, unknown: ['k'], violations: [] });
  });

  it('of values written again is decided when few operations overlap', () => {
    const records: HistoryRecord[] = [];
    for (let i = 0; i < 3000; i++) {
      const value = i % 7 === 0 ? null : `v${i % 5}`;
      records.push({ ...base, id: 2 * i, value, invoke: 10 * i, return: 10 * i + 7 });
      records.push({
        ...base,
        id: 2 * i + 1,
        session: 'b',
        kind: 'read',
        value,
        invoke: 10 * i + 8,
        return: 10 * i + 12,
      });
    }
    expect(checkHistory(records, { model: 'linearizable' }).verdict).toBe('valid');
    const stale = {
      ...base,
      id: 9999,
      session: 'c',
      kind: 'read' as const,
      value: 'v2',
      invoke: 20_050,
      return: 20_056,
    };
    const result = checkHistory([...records, stale], { model: 'linearizable' });
    expect(result.verdict).toBe('invalid');
    expect(result.violations[0]?.witness).toContain(9999);
    expect(result.violations[0]?.witness.length).toBeLessThan(20);
  });
});
