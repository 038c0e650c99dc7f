/** The headers that `--annotate` adds. */
import { describe, expect, test } from 'vitest';
import { StoreFigures } from '../../src/watch/http-figures.ts';
import { annotated } from '../../src/watch/http-headers.ts';
import { cacheRead, cacheWrite, statement } from './operations.ts';

const at = (from: number, until: number) => ({ invoke: from * 1e6, return: until * 1e6 });

function figuresOf(...ops: readonly Parameters<StoreFigures['add']>[0][]): StoreFigures {
  const figures = new StoreFigures();
  for (const op of ops) figures.add(op);
  return figures;
}

const statusOf = (figures: StoreFigures, headers: readonly string[] = []) =>
  field(annotated(headers, { total: 5e6, figures }), 'cache-status');

function field(headers: readonly string[], name: string): string[] {
  return headers.filter((_, i) => i % 2 === 1 && headers[i - 1]!.toLowerCase() === name);
}

const hit = (key?: string) => cacheRead(at(1, 2), key);
const miss = (key?: string) => cacheRead(at(1, 2), key, null);

describe('Cache-Status', () => {
  test.each([
    ['a hit', [hit()], 'whystale; hit; key="item:1"'],
    ['a miss', [miss(), statement(at(2, 3))], 'whystale; fwd=miss; key="item:1"'],
    ['a miss and a fill', [miss(), cacheWrite(at(2, 3))], 'whystale; fwd=miss; stored; key="item:1"'],
    ['hits on several keys', [hit(), hit('item:2')], 'whystale; hit'],
    ['hits and misses', [hit(), miss('a'), miss('b')], 'whystale; fwd=miss; detail="1 hit, 2 misses"'],
  ])('of %s', (_, ops, expected) => {
    expect(statusOf(figuresOf(...ops))).toEqual([expected]);
  });

  test('is not there when the cache was not read, or nothing is certain', () => {
    expect(statusOf(figuresOf(statement(at(1, 2))))).toEqual([]);
    expect(field(annotated([], { total: 1, figures: null }), 'cache-status')).toEqual([]);
  });

  test.each([
    ['say "hi"\\', 'key="say \\"hi\\"\\\\"'],
    ['Käse:1', 'key="K%C3%A4se:1"'],
    ['a\r\nset-cookie: b', 'key="a%0D%0Aset-cookie: b"'],
    ['token:eyJh…h:9f2c', 'key="token:eyJh...h:9f2c"'],
  ])('keeps the key %j within a structured string', (key, shown) => {
    expect(statusOf(figuresOf(hit(key)))).toEqual([`whystale; hit; ${shown}`]);
  });

  test('leaves a long key out', () => {
    expect(statusOf(figuresOf(hit('x'.repeat(1_000))))).toEqual(['whystale; hit']);
  });

  test.each([
    [['Cache-Status', 'Edge; hit'], ['Edge; hit, whystale; hit; key="item:1"']],
    [
      ['cache-status', 'A; hit', 'CACHE-STATUS', 'B; hit'],
      ['A; hit', 'B; hit, whystale; hit; key="item:1"'],
    ],
    [['Cache-Status', ' '], ['whystale; hit; key="item:1"']],
  ])('joins %j', (headers, expected) => {
    expect(statusOf(figuresOf(hit()), headers)).toEqual(expected);
  });
});

describe('Server-Timing', () => {
  const timingOf = (figures: StoreFigures | null, headers: readonly string[] = []) =>
    field(annotated(headers, { total: 12_345_678, figures }), 'server-timing');

  test('tells reads, calls and the whole', () => {
    const ops = [hit(), cacheRead(at(1.5, 3), 'b', null), statement(at(3, 5.25)), statement(at(4, 5.5))];
    expect(timingOf(figuresOf(...ops))).toEqual([
      'cache;dur=2;desc="2 reads, 1 hit", db;dur=2.5;desc="2 calls", total;dur=12.346',
    ]);
  });

  test('tells the whole only, when nothing is certain', () => {
    expect(timingOf(null)).toEqual(['total;dur=12.346']);
  });

  test('joins what the service says itself, and leaves all else alone', () => {
    const headers = ['X-A', '1', 'Server-Timing', 'app;dur=3', 'Set-Cookie', 'a=1', 'Set-Cookie', 'b=2'];
    expect(annotated(headers, { total: 1e6, figures: null })).toEqual([
      'X-A',
      '1',
      'Server-Timing',
      'app;dur=3, total;dur=1',
      'Set-Cookie',
      'a=1',
      'Set-Cookie',
      'b=2',
    ]);
  });
});
