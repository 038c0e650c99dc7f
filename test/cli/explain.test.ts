import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { FindingsSchema } from '../../src/report/findings-document.ts';
import { temporaryFolder } from '../recording/folder.ts';
import { whystale } from './frame.ts';
import { record, STALE_FILL_RACE } from './story.ts';

describe('explain', () => {
  test('finds the newest recording, draws the finding and fails', async () => {
    const folder = temporaryFolder();
    await record(folder, STALE_FILL_RACE);
    const { exitCode, out, err } = await whystale(['explain'], folder);
    expect(err).toBe('');
    expect(out).toMatch(/^F1 {2}WS104 stale-fill-race {3}item:\{id\} {3}proved$/m);
    expect(out).toMatch(/reader {2}GET \/items\/\{id\} +writer {2}PUT \/items\/\{id\}/);
    expect(out).toMatch(/^> .*SET item:4711 EX 60/m);
    expect(out).toContain('Redis 7.0.15, PostgreSQL 18.4');
    expect(exitCode).toBe(1);
  });

  test('prints exactly one JSON document that meets the contract', async () => {
    const recording = await record(temporaryFolder(), STALE_FILL_RACE);
    const { exitCode, out, err } = await whystale(['explain', recording, '--json']);
    const document = FindingsSchema.parse(JSON.parse(out));
    expect(document.engine).toEqual({ redis: '7.0.15', postgres: '18.4', emulated: false });
    expect(document.findings.map(({ code, key }) => [code, key])).toEqual([['WS104', 'item:4711']]);
    expect(document.recording).toBe(recording);
    expect(document.child).toBeNull();
    expect([exitCode, err]).toEqual([1, '']);
  });

  test('narrows to a key or a finding, and says when there is none', async () => {
    const recording = await record(temporaryFolder(), STALE_FILL_RACE);
    const explain = (...args: string[]) => whystale(['explain', recording, ...args]);
    expect((await explain('--key', 'item:4711')).exitCode).toBe(1);
    expect((await explain('--finding', 'f1')).out).toMatch(/^F1 {2}WS104/);
    const noKey = await explain('--key', 'item:1', '--json');
    expect([noKey.exitCode, JSON.parse(noKey.out).error.code]).toEqual([2, 'WSE006']);
    const noFinding = await explain('--finding', 'F9');
    expect([noFinding.exitCode, noFinding.err]).toEqual([2, expect.stringContaining('WSE005')]);
  });

  test('fails on what --fail-on names only', async () => {
    const recording = await record(temporaryFolder(), STALE_FILL_RACE);
    for (const [list, expected] of [
      ['never', 0],
      ['WS101', 0],
      ['cost', 0],
      ['WS104', 1],
      ['staleness,proved', 1],
    ] as const)
      expect((await whystale(['explain', recording, '--fail-on', list])).exitCode).toBe(expected);
  });

  test('prints Markdown', async () => {
    const recording = await record(temporaryFolder(), STALE_FILL_RACE);
    const { out } = await whystale(['explain', recording, '--markdown']);
    expect(out).toMatch(/^# Findings\n[\s\S]*## F1 WS104 stale-fill-race: `item:\{id\}`/);
  });

  test('never passes an unused store as health', async () => {
    const folder = temporaryFolder();
    for (const [name, tier, said] of [
      ['nothing', 'none', /No operation on Redis or PostgreSQL[\s\S]*REDIS_URL and DATABASE_URL/],
      ['only-cache', 'cache', /No operation on PostgreSQL[\s\S]*DATABASE_URL/],
      ['only-source', 'source', /No operation on Redis was[\s\S]*REDIS_URL/],
    ] as const) {
      const recording = await record(
        folder,
        STALE_FILL_RACE.filter((op) => op.tier === tier),
        name,
      );
      const { exitCode, out } = await whystale(['explain', recording]);
      expect(out.replace(/\s+/g, ' ')).toMatch(said);
      expect(exitCode).toBe(3);
    }
  });

  test('explains a recording that was cut short, and says so', async () => {
    const recording = await record(temporaryFolder(), STALE_FILL_RACE);
    const { writeFileSync: write, readFileSync: read } = await import('node:fs');
    const history = join(recording, 'history.jsonl');
    write(history, read(history, 'utf8').slice(0, -30));
    const { exitCode, out } = await whystale(['explain', recording]);
    expect(out).toContain('is cut off');
    expect(exitCode).toBe(1);
  });

  test('refuses what is no recording with a code, in text and in JSON', async () => {
    const folder = temporaryFolder();
    const text = await whystale(['explain'], folder);
    expect([text.exitCode, text.out, text.err]).toEqual([2, '', expect.stringContaining('error WSE207')]);
    writeFileSync(join(folder, 'manifest.json'), '{}');
    const json = await whystale(['explain', folder, '--json']);
    expect([json.exitCode, json.err, JSON.parse(json.out).error.code]).toEqual([2, '', 'WSE203']);
  });
});

describe('the command line', () => {
  test.each([
    ['an unknown flag', ['explain', '--nope']],
    ['an unknown command', ['explan']],
    ['an argument too many', ['explain', 'a', 'b']],
    ['a flag without its value', ['explain', '--key']],
    ['a bad --fail-on', ['explain', '--fail-on', 'sometimes']],
    ['nothing at all', []],
  ])('%s is a usage error', async (_, args) => {
    const { exitCode, out, err } = await whystale(args);
    expect([exitCode, out]).toEqual([2, '']);
    expect(err).not.toBe('');
    expect(err).not.toMatch(/^ +at /m);
  });

  test('a usage error is one JSON document with --json', async () => {
    const { exitCode, out, err } = await whystale(['explain', '--json', '--nope']);
    expect([exitCode, err]).toEqual([2, '']);
    expect(JSON.parse(out).error).toMatchObject({ code: 'WSE001', next: 'Run whystale explain --help' });
  });

  test('a misspelt command is suggested', async () => {
    expect((await whystale(['explan'])).err).toContain('Did you mean explain?');
  });

  test.each([
    [['--help']],
    [['-h']],
    [['explain', '--help']],
    [['help', 'explain']],
    [['--version']],
  ])('%s prints to stdout and ends well', async (args) => {
    const { exitCode, out, err } = await whystale(args);
    expect([exitCode, err]).toEqual([0, '']);
    expect(out).not.toBe('');
  });

  test('stacks are shown with WHYSTALE_DEBUG=1 only', async () => {
    const shown = await whystale(['explain', '/nowhere'], '/', { WHYSTALE_DEBUG: '1' });
    expect(shown.err).toMatch(/^ +at /m);
    expect((await whystale(['explain', '/nowhere'])).err).not.toMatch(/^ +at /m);
  });
});
