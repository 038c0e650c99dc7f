import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ANYTHING,
  conflict,
  dependent,
  overlap,
  pgRow,
  pgTable,
  reads,
  redisKey,
  redisPattern,
  rowLock,
  UNKNOWN_REDIS,
  UNKNOWN_SQL,
  writes,
} from '../../../src/race/explore/footprint.ts';
import { globMatches } from '../../../src/race/explore/glob.ts';

describe('resources overlap', () => {
  it.each([
    ['redis:0:item:1', 'redis:0:item:1', true],
    ['redis:0:item:1', 'redis:0:item:12', false],
    ['redis:0:item', 'redis:0:item:1', false],
    ['redis:0:item:1', 'redis:1:item:1', false],
    ['redis:0', 'redis:0:item:1', true],
    ['redis:*', 'redis:3:item:1', true],
    ['redis:*', 'pg:items', false],
    ['*', 'pg:items:1', true],
    ['redis:0~item:*', 'redis:0:item:1', true],
    ['redis:0~item:*', 'redis:0:user:1', false],
    ['redis:0~item:*', 'redis:1:item:1', false],
    ['redis:0:item:*', 'redis:0:item:1', false],
    ['redis:0~item:*', 'redis:0~item:1*', true],
    ['redis:0~item:*', 'redis:0~user:*', false],
    ['redis:0~*:1', 'redis:0~item:*', true],
    ['pg:items', 'pg:items:1', true],
    ['pg:items:1', 'pg:items:2', false],
    ['pg:items:1', 'pg:users:1', false],
    ['pg:*', 'pg:items:1', true],
    ['pg:items:1', 'lock:items:1', false],
    ['http:events', 'http:events', true],
  ])('%s and %s: %s', (a, b, expected) => {
    expect(overlap(a, b)).toBe(expected);
    expect(overlap(b, a)).toBe(expected);
  });

  it('names with separators in them stay apart', () => {
    expect(overlap(pgTable('a:b'), pgRow('a', 'b'))).toBe(false);
    expect(overlap(pgTable('*'), pgRow('a', 'b'))).toBe(false);
    expect(overlap(pgTable('a~b'), pgRow('a~b', '1'))).toBe(true);
  });
});

describe('conflicts', () => {
  const key = redisKey(0, 'item:1');
  it.each([
    ['two reads', [reads(key)], [reads(key)], false],
    ['a read and a write', [reads(key)], [writes(key)], true],
    ['a plain read and a row lock', [reads(pgRow('t', '1'))], [writes(rowLock('t', '1'))], false],
    ['a scan and a write of a matching key', [reads(redisPattern(0, 'item:*'))], [writes(key)], true],
    ['a scan and a write of another', [reads(redisPattern(0, 'item:*'))], [writes(redisKey(0, 'x'))], false],
    ['unknown SQL and a row', UNKNOWN_SQL, [reads(pgRow('t', '1'))], true],
    ['unknown SQL and a lock', UNKNOWN_SQL, [writes(rowLock('t', '1'))], true],
    ['unknown SQL and Redis', UNKNOWN_SQL, [writes(key)], false],
    ['a script and a key', UNKNOWN_REDIS, [reads(key)], true],
    ['anything and a read', ANYTHING, [reads(key)], true],
    ['anything and nothing', ANYTHING, [], false],
  ])('%s', (_, a, b, expected) => {
    expect(conflict(a, b)).toBe(expected);
    expect(conflict(b, a)).toBe(expected);
  });

  it('one actor keeps its order', () => {
    const step = { actor: 'reader', footprint: [] };
    expect(dependent(step, step)).toBe(true);
    expect(dependent(step, { ...step, actor: 'writer' })).toBe(false);
  });
});

describe('glob patterns', () => {
  it.each([
    ['h?llo', 'hello', true],
    ['h?llo', 'hllo', false],
    ['h*llo', 'heeeello', true],
    ['h*llo', 'hllo', true],
    ['h[ae]llo', 'hallo', true],
    ['h[ae]llo', 'hillo', false],
    ['h[^e]llo', 'hbllo', true],
    ['h[^e]llo', 'hello', false],
    ['h[a-b]llo', 'hbllo', true],
    ['h[b-a]llo', 'hbllo', true],
    ['h[a-b]llo', 'hcllo', false],
    ['h\\*llo', 'h*llo', true],
    ['h\\*llo', 'hello', false],
    ['[\\]]', ']', true],
    ['*', '', true],
    ['', '', true],
    ['', 'a', false],
    ['a*b*c', 'aXbYbZc', true],
    ['a*b*c', 'aXbYbZ', false],
    ['[ab', 'b', true],
  ])('%s against %s: %s', (pattern, text, expected) => {
    expect(globMatches(pattern, text)).toBe(expected);
  });

  it('stars and characters match as a regular expression would', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?'), maxLength: 8 });
    const text = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 8 });
    fc.assert(
      fc.property(letters, text, (pattern, against) => {
        const regular = new RegExp(`^${pattern.replaceAll('*', '.*').replaceAll('?', '.')}$`);
        expect(globMatches(pattern, against)).toBe(regular.test(against));
      }),
      { numRuns: 2_000 },
    );
  });
});
