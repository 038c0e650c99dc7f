import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { WhystaleError } from '../../src/errors.ts';
import { readRegisterHistory } from '../../src/recording/register-lines.ts';
import { temporaryFolder } from './folder.ts';
import { EVERY_KIND } from './operations.ts';

function historyOf(...lines: readonly (object | string)[]) {
  const path = join(temporaryFolder(), 'history.jsonl');
  writeFileSync(
    path,
    lines.map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join(''),
  );
  return readRegisterHistory(path);
}

const WRITE = { session: 'a', kind: 'write', key: 'x', value: '1', invoke: 10, return: 20, status: 'ok' };
const READ = { ...WRITE, session: 'b', kind: 'read', invoke: 30, return: 40 };
const CACHE = { tier: 'cache', db: 0 };

describe('a history by anybody', () => {
  test('needs session, kind, key, value, invoke, return and status only', () => {
    const { operations, undecidable, skipped } = historyOf(WRITE, READ);
    expect(operations).toEqual([
      { id: 1, ...WRITE },
      { id: 2, ...READ },
    ]);
    expect([undecidable.size, skipped]).toEqual([0, 0]);
  });

  test('names operations by id where there is one, else by line', () => {
    const { operations, nameOf } = historyOf({ ...WRITE, id: 40 }, READ, '', { ...READ, id: 'r9' });
    expect(operations.map(({ id }) => nameOf(id))).toEqual([40, 2, 'r9']);
  });

  test('may hold numbers for values and keys, byte order mark, CRLF and blank lines', () => {
    const { operations } = historyOf(
      `\ufeff${JSON.stringify({ ...WRITE, value: 7, key: 3, session: 1 })}\r`,
      '  ',
      `${JSON.stringify({ ...READ, value: false })}\r`,
    );
    expect(operations.map(({ key, value }) => [key, value])).toEqual([
      ['3', '7'],
      ['x', 'false'],
    ]);
  });

  test('may leave out the value of what failed or was not answered', () => {
    const { operations } = historyOf(
      { ...READ, status: 'info', value: undefined, return: null },
      { ...WRITE, status: 'fail', value: undefined, return: null },
      { ...WRITE, status: 'info', return: 15 },
    );
    expect(operations.map((operation) => operation.return)).toEqual([null, 10, null]);
  });

  test.each([
    ['no JSON', '{oops', /line 2: it is no JSON/],
    ['no object', '[1]', /line 2: it is no JSON object/],
    ['no kind', { ...READ, kind: undefined }, /`kind`/],
    ['another kind', { ...READ, kind: 'raed' }, /not "raed"/],
    ['no session', { ...READ, session: null }, /`session`/],
    ['no key', { ...READ, key: undefined }, /`key`/],
    ['no value', { ...READ, value: undefined }, /`value` is missing/],
    ['an object for a value', { ...READ, value: {} }, /`value`/],
    ['no invoke', { ...READ, invoke: '1' }, /`invoke`/],
    ['no return', { ...READ, return: null }, /`return`/],
    ['return before invoke', { ...READ, return: 1 }, /`return` is before/],
    ['another status', { ...READ, status: 'done' }, /`status`/],
  ])('with a line that has %s is refused, naming the line', (_, line, said) => {
    expect(() => historyOf(WRITE, line)).toThrow(said);
    try {
      historyOf(WRITE, line);
    } catch (error) {
      expect((error as WhystaleError).facts).toMatchObject({ code: 'WSE210', exitCode: 2 });
    }
  });
});

describe('the history of a recording', () => {
  test('gives its cache operations and leaves the rest out', () => {
    const { operations, undecidable, skipped } = historyOf(
      ...EVERY_KIND.filter(({ kind }) => kind !== 'flush'),
    );
    expect(operations.map(({ key }) => key)).toEqual(['h']);
    expect(Object.fromEntries(undecidable)).toEqual({
      'item:1': 'a script may have changed it',
      'h (db 1)': 'HSET does not show the value it leaves',
    });
    expect(skipped).toBeGreaterThan(5);
  });

  test('counts a removal as a write of null, and not a write that was not applied', () => {
    const { operations } = historyOf(
      { ...WRITE, ...CACHE, applied: false },
      { ...WRITE, ...CACHE, kind: 'delete', value: null },
    );
    expect(operations.map(({ kind, value }) => [kind, value])).toEqual([['write', null]]);
  });

  test('keeps databases apart', () => {
    const { operations } = historyOf({ ...WRITE, ...CACHE }, { ...WRITE, ...CACHE, db: 2 });
    expect(operations.map(({ key }) => key)).toEqual(['x', 'x (db 2)']);
  });

  test('lets a time to live end, but only where a read met nothing after it', () => {
    const set = { ...WRITE, ...CACHE, ttl: 1 };
    const late = { ...READ, ...CACHE, value: null, invoke: 2e6, return: 3e6 };
    expect(historyOf(set, { ...late, invoke: 30, return: 40 }).operations).toHaveLength(2);
    const { operations, nameOf } = historyOf(set, late);
    const last = operations.at(-1);
    expect(last).toMatchObject({
      kind: 'write',
      value: null,
      status: 'info',
      return: null,
      invoke: 10 + 1e6,
    });
    expect(nameOf(last?.id ?? 0)).toBe('expiry of x');
  });

  test('judges no key of a database that was flushed', () => {
    const { operations, undecidable } = historyOf(WRITE, { ...CACHE, kind: 'flush', session: 'a' });
    expect(operations).toEqual([]);
    expect([...undecidable.keys()]).toEqual(['x']);
  });
});
