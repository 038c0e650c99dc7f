/** What one request did to the stores, in figures. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BusyTime, StoreFigures } from '../../src/watch/http-figures.ts';
import { cacheRead, cacheWrite, statement } from './operations.ts';

const at = (invoke: number, end: number) => ({ invoke, return: end });

describe('the cache status', () => {
  test.each([
    ['none', []],
    ['hit', ['h:1', 'h:2']],
    ['miss', [null, null]],
    ['mixed', ['h:1', null]],
  ] as const)('is %s after reads of %j', (status, values) => {
    const figures = new StoreFigures();
    for (const value of values) figures.add(cacheRead(at(1, 2), 'item:1', value));
    expect(figures.cacheStatus).toBe(status);
  });

  test('ignores reads that failed', () => {
    const figures = new StoreFigures();
    figures.add({ ...cacheRead(at(1, 2), 'item:1', null), status: 'fail' });
    expect(figures.cacheStatus).toBe('none');
  });

  test('names the key when there is one', () => {
    const figures = new StoreFigures();
    expect(figures.key).toBeNull();
    for (let i = 0; i < 3; i++) figures.add(cacheRead(at(1, 2), 'item:1'));
    expect(figures.key).toBe('item:1');
    figures.add(cacheRead(at(1, 2), 'item:2'));
    figures.add(cacheRead(at(1, 2), 'item:2'));
    expect(figures.key).toBeNull();
  });

  test('knows whether something was stored', () => {
    const figures = new StoreFigures();
    figures.add(cacheWrite(at(1, 2), false));
    expect(figures.stored).toBe(false);
    figures.add(cacheWrite(at(1, 2)));
    expect(figures.stored).toBe(true);
  });
});

test('duplicates are statements beyond the first with equal shape and equal parameters', () => {
  const figures = new StoreFigures();
  const calls: [string, (string | null)[]][] = [
    ['SELECT a WHERE id = $1', ['h:1']],
    ['SELECT a WHERE id = $1', ['h:1']],
    ['SELECT a WHERE id = $1', ['h:2']],
    ['SELECT a WHERE id = $1', [null]],
    ['SELECT b WHERE id = $1', ['h:1']],
    ['SELECT a WHERE id = $1', ['h:1']],
  ];
  for (const [shape, params] of calls) figures.add(statement(at(1, 2), shape, params));
  expect(figures).toMatchObject({ databaseCalls: 6, duplicateCalls: 2 });
});

describe('busy time', () => {
  test('counts overlapping operations once, as a set of moments does', () => {
    const spans = fc.array(
      fc.tuple(fc.nat(200), fc.nat(20)).map(([from, length]) => [from, from + length] as const),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(spans, (all) => {
        const busy = new BusyTime();
        const moments = new Set<number>();
        for (const [from, until] of [...all].sort((a, b) => a[1] - b[1])) {
          busy.add(from, until);
          for (let moment = from; moment < until; moment++) moments.add(moment);
        }
        expect(busy.total).toBe(moments.size);
      }),
    );
  });

  test('stays right over thousands of operations', () => {
    const busy = new BusyTime();
    for (let i = 0; i < 5_000; i++) busy.add(10 * i, 10 * i + 4);
    expect(busy.total).toBe(20_000);
  });
});
