import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { temporaryFolder } from '../recording/folder.ts';
import { whystale } from './frame.ts';
import { record, STALE_FILL_RACE } from './story.ts';

const CheckSchema = z.object({
  format: z.literal('whystale-check/1'),
  model: z.string(),
  verdict: z.enum(['valid', 'invalid', 'unknown']),
  operations: z.number().int(),
  keys: z.number().int(),
  checkMs: z.number(),
  maxStaleMs: z.number().nullable(),
  violations: z.array(z.object({ key: z.string(), witness: z.array(z.union([z.number(), z.string()])) })),
});

const s = (seconds: number) => seconds * 1e9;
const op = (kind: 'read' | 'write', value: string | null, from: number, to: number, session = 'a') => ({
  session,
  kind,
  key: 'x',
  value,
  invoke: s(from),
  return: s(to),
  status: 'ok',
});

/** x is 1, then 2; a second later somebody still reads 1. */
const STALE = [
  op('write', '1', 0, 1),
  op('write', '2', 2, 3),
  op('read', '1', 4, 5, 'b'),
  op('read', '2', 6, 7, 'b'),
];
const FRESH = [
  op('write', '1', 0, 1),
  op('read', '1', 2, 3),
  op('write', null, 4, 5),
  op('read', null, 6, 7),
];

function file(lines: readonly (object | string)[]): string {
  const path = join(temporaryFolder(), 'history.jsonl');
  writeFileSync(
    path,
    lines.map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join(''),
  );
  return path;
}

async function check(lines: readonly (object | string)[], ...args: string[]) {
  const { exitCode, out, err } = await whystale(['check', file(lines), '--json', ...args]);
  expect(err).toBe('');
  return { exitCode, document: CheckSchema.parse(JSON.parse(out)) };
}

describe('check', () => {
  test.each([
    ['linearizable', FRESH, 'valid', 0],
    ['linearizable', STALE, 'invalid', 1],
    ['monotonic-reads', STALE, 'valid', 0],
    ['read-your-writes', STALE, 'valid', 0],
    ['read-your-writes', STALE.map((line) => ({ ...line, session: 'a' })), 'invalid', 1],
    ['linearizable', [], 'valid', 0],
  ] as const)('%s', async (model, lines, verdict, expected) => {
    const { exitCode, document } = await check(lines, '--model', model);
    expect(document).toMatchObject({ model, verdict, operations: lines.length });
    expect(exitCode).toBe(expected);
  });

  test.each([
    ['500ms', 'invalid', 1],
    ['2s', 'valid', 0],
  ])('bounded staleness within %s', async (delta, verdict, expected) => {
    const { exitCode, document } = await check(STALE, '--model', 'bounded-staleness', '--delta', delta);
    expect([document.verdict, exitCode]).toEqual([verdict, expected]);
  });

  test('names witnesses by id, else by line', async () => {
    const named = STALE.map((line, index) => ({ id: 100 + index, ...line }));
    const byId = await check(named, '--model', 'linearizable');
    const byLine = await check(['', ...STALE], '--model', 'linearizable');
    expect(byId.document.violations[0]?.key).toBe('x');
    expect(byLine.document.violations[0]?.witness).toEqual(
      byId.document.violations[0]?.witness.map((id) => Number(id) - 100 + 2),
    );
  });

  test('shows a violation as a table', async () => {
    const { exitCode, out } = await whystale(['check', file(STALE), '--model', 'linearizable']);
    expect(out).toMatch(/^invalid {2}linearizable: 4 operations on 1 key, checked in /);
    expect(out).toContain('x: these cannot be put in order');
    expect(out).toMatch(/3 +b +read +1 +/);
    expect(exitCode).toBe(1);
  });

  test.each([
    ['a line that is no JSON', [...STALE, '{'], /line 5/],
    ['a line without a key', [{ ...STALE[0], key: undefined }], /line 1.*`key`/],
    ['a line of another kind', [STALE[0], '', { ...STALE[1], kind: 'cas' }], /line 3.*"cas"/],
  ])('refuses %s with its number', async (_, lines, said) => {
    const { exitCode, out } = await whystale([
      'check',
      file(lines as object[]),
      '--model',
      'linearizable',
      '--json',
    ]);
    expect([exitCode, JSON.parse(out).error.code]).toEqual([2, 'WSE210']);
    expect(JSON.parse(out).error.what).toMatch(said);
  });

  test.each([
    ['no model', []],
    ['another model', ['--model', 'serializable']],
    ['bounded staleness without a bound', ['--model', 'bounded-staleness']],
    ['a bound without bounded staleness', ['--model', 'linearizable', '--delta', '2s']],
    ['a bound without a unit', ['--model', 'bounded-staleness', '--delta', '2']],
  ])('%s is a usage error', async (_, args) => {
    const { exitCode, out, err } = await whystale(['check', file(STALE), ...args]);
    expect([exitCode, out]).toEqual([2, '']);
    expect(err).toMatch(/^error WSE00\d/);
  });

  test('a file that does not exist', async () => {
    const { exitCode, err } = await whystale(['check', '/nowhere.jsonl', '--model', 'linearizable']);
    expect([exitCode, err]).toEqual([2, expect.stringContaining('WSE209')]);
  });

  test('reads the history of a recording', async () => {
    const recording = await record(temporaryFolder(), STALE_FILL_RACE);
    const { exitCode, out } = await whystale([
      'check',
      join(recording, 'history.jsonl'),
      '--model',
      'linearizable',
      '--json',
    ]);
    expect(CheckSchema.parse(JSON.parse(out))).toMatchObject({ verdict: 'valid', operations: 6, keys: 1 });
    expect(exitCode).toBe(0);
  });

  test('cannot call valid what it could not judge', async () => {
    const incr = {
      ...op('write', null, 0, 1),
      value: undefined,
      tier: 'cache',
      db: 0,
      command: 'INCR',
      key: 'n',
    };
    const { exitCode, document } = await check([...FRESH, incr], '--model', 'linearizable');
    expect([document.verdict, exitCode]).toEqual(['unknown', 3]);
  });
});
