/** What store operations come to: hits, misses, statements and commands. */
import { describe, expect, test } from 'vitest';
import type { CacheOperation, SourceOperation } from '../../src/core/operation.ts';
import { Queries } from '../../src/measure/queries.ts';
import { Tally, Traffic } from '../../src/measure/traffic.ts';
import { get, script, select, set, update } from './operations.ts';

const all = () => true;
const at = (op: CacheOperation, invoke: number): CacheOperation => ({ ...op, invoke, return: invoke + 1 });

function tallied(...operations: readonly (CacheOperation | SourceOperation)[]): Tally {
  const tally = new Tally();
  for (const op of operations) tally.add(op, all);
  return tally;
}

describe('a tally', () => {
  test.each<readonly [string, readonly (CacheOperation | SourceOperation)[], string, number, number]>([
    ['a hit', [get('a', 'h:1')], 'hit', 0, 1],
    ['a miss that is filled', [get('a', null), select('x'), set('a')], 'miss', 1, 2],
    ['both', [get('a', 'h:1'), get('b', null)], 'mixed', 0, 2],
    ['no cache', [select('x'), update('x')], 'none', 2, 0],
    ['a script', [script('a', 'b')], 'none', 0, 1],
    [
      'several keys of one command',
      [at(get('a', 'h:1', { command: 'MGET' }), 5), at(get('b', 'h:1', { command: 'MGET' }), 5)],
      'hit',
      0,
      1,
    ],
    [
      'the same command twice in one pipeline',
      [at(get('a', 'h:1', { command: 'MGET' }), 5), at(get('a', 'h:1', { command: 'MGET' }), 5)],
      'hit',
      0,
      2,
    ],
    ['single reads of one pipeline', [at(get('a', 'h:1'), 5), at(get('b', 'h:1'), 5)], 'hit', 0, 2],
  ])('of %s', (_, operations, use, sourceCalls, cacheCalls) => {
    const tally = tallied(...operations);
    expect([tally.use, tally.sourceCalls, tally.cacheCalls]).toEqual([use, sourceCalls, cacheCalls]);
  });

  test('leaves out reads that say nothing of the cache, but counts the command', () => {
    const tally = new Tally();
    tally.add(get('session:1', 'h:1'), (_, key) => key !== 'session:1');
    expect([tally.use, tally.hits, tally.cacheCalls]).toEqual(['none', 0, 1]);
  });
});

test('only what was invoked within a block counts in it', () => {
  const traffic = new Traffic({ queries: new Queries(() => undefined), now: () => 0, counts: all });
  const tally = new Tally();
  traffic.measure(100, tally);
  for (const invoke of [99, 100, 130]) traffic.take(at(get('a', 'h:1'), invoke));
  traffic.endMeasure();
  traffic.take(at(get('a', 'h:1'), 140));
  expect([tally.hits, traffic.seen]).toEqual([2, 4]);
});
