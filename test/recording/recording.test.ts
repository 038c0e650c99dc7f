import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Operation } from '../../src/core/operation.ts';
import { WhystaleError } from '../../src/errors.ts';
import { newestRecording, recordingFolderName } from '../../src/recording/locate.ts';
import { openRecording } from '../../src/recording/reader.ts';
import { createRecording, type RecordingStart } from '../../src/recording/writer.ts';
import { temporaryFolder } from './folder.ts';
import { EVERY_KIND } from './operations.ts';

const START: RecordingStart = {
  version: '0.1.0',
  command: ['uvicorn', 'app:app'],
  engines: { redis: '7.0.15', postgres: '18.4', emulated: false },
  startedAt: new Date('2026-01-31T09:30:15.123Z'),
  values: 'hashed',
};

async function record(folder: string, operations: readonly Operation[], start = START): Promise<string> {
  const writer = await createRecording(folder, start);
  for (const operation of operations) writer.append(operation);
  await writer.close();
  return folder;
}

async function codeOf(work: () => unknown): Promise<string> {
  try {
    await work();
  } catch (error) {
    if (error instanceof WhystaleError) return error.facts.code;
    throw error;
  }
  return 'no error';
}

describe('a recording that was closed', () => {
  test('gives back every kind of operation as it was written', async () => {
    const folder = await record(join(temporaryFolder(), 'rec'), EVERY_KIND);
    const recording = openRecording(folder);
    expect([...recording.operations].sort((a, b) => a.id - b.id)).toEqual(
      [...EVERY_KIND].sort((a, b) => a.id - b.id),
    );
    expect(recording.count).toBe(EVERY_KIND.length);
    expect(recording.notices).toEqual([]);
    expect(recording.manifest).toEqual({
      format: 'whystale-recording/1',
      whystale: '0.1.0',
      command: ['uvicorn', 'app:app'],
      engines: { redis: '7.0.15', postgres: '18.4', emulated: false },
      startedAt: '2026-01-31T09:30:15.123Z',
      clock: { unit: 'ns' },
      redaction: { values: 'hashed' },
      operations: EVERY_KIND.length,
      closed: true,
      degradations: [],
      stores: [],
      child: null,
    });
  });

  test('opens by its folder, its manifest or its history, more than once', async () => {
    const folder = await record(join(temporaryFolder(), 'rec'), EVERY_KIND);
    for (const path of [folder, join(folder, 'manifest.json'), join(folder, 'history.jsonl')]) {
      const { operations } = openRecording(path);
      expect([...operations]).toEqual([...operations]);
    }
  });

  test('yields operations in order of return, unknown outcomes last by invocation', async () => {
    const at = (id: number, invoke: number, returned: number | null): Operation => ({
      ...(EVERY_KIND[0] as Operation),
      id,
      invoke,
      return: returned,
      status: returned === null ? 'info' : 'ok',
    });
    const shuffled = [at(1, 50, null), at(2, 5, 40), at(3, 1, 10), at(4, 20, null), at(5, 8, 40)];
    const folder = await record(join(temporaryFolder(), 'rec'), shuffled);
    expect([...openRecording(folder).operations].map(({ id }) => id)).toEqual([3, 2, 5, 4, 1]);
  });

  test('is readable by its owner only', async () => {
    const folder = await record(join(temporaryFolder(), 'rec'), EVERY_KIND);
    for (const file of readdirSync(folder)) expect(statSync(join(folder, file)).mode & 0o077).toBe(0);
  });

  test('carries the degradations and the end of the command', async () => {
    const folder = join(temporaryFolder(), 'rec');
    const writer = await createRecording(folder, START);
    await writer.describe({ engines: { redis: '8.0.0', postgres: null, emulated: true } });
    await writer.close({
      degradations: [{ code: 'monitor', text: 'redis:3 went to pass-through' }],
      child: { exitCode: null, signal: 'SIGTERM' },
    });
    const { manifest, notices } = openRecording(folder);
    expect(manifest.engines).toEqual({ redis: '8.0.0', postgres: null, emulated: true });
    expect(manifest.child).toEqual({ exitCode: null, signal: 'SIGTERM' });
    expect(notices.join(' ')).toContain('redis:3 went to pass-through');
  });

  test('shows values only when they were recorded in the clear', async () => {
    const folder = join(temporaryFolder(), 'rec');
    for (const values of ['plain', 'hashed'] as const) {
      const writer = await createRecording(folder, { ...START, values });
      writer.reveal('h:0000000000aa', '12.00');
      writer.reveal('h:0000000000aa', '12.00');
      await writer.close();
      expect(openRecording(folder).reveal('h:0000000000aa')).toBe(values === 'plain' ? '12.00' : undefined);
      expect(existsSync(join(folder, 'values.jsonl'))).toBe(values === 'plain');
    }
  });

  test('keeps the order of a history that is larger than every buffer', async () => {
    const folder = join(temporaryFolder(), 'rec');
    const writer = await createRecording(folder, START);
    const text = 'x'.repeat(2000);
    const total = 40_000; // 80 MB at once: background writes, synchronous writes and a second pass from disk.
    for (let id = 1; id <= total; id += 1)
      writer.append({
        id,
        session: 'child',
        tier: 'client',
        kind: 'log',
        stream: 'stdout',
        text,
        invoke: id,
        return: id,
        status: 'ok',
      });
    await writer.close();
    const recording = openRecording(folder);
    expect(recording.notices).toEqual([]);
    let next = 1;
    for (const { id } of recording.operations) if (id === next) next += 1;
    expect(next - 1).toBe(total);
  });
});

describe('a recording whose writer was killed', () => {
  test('opens, and says that it was cut short', async () => {
    const folder = join(temporaryFolder(), 'rec');
    const writer = await createRecording(folder, START);
    for (const operation of EVERY_KIND) writer.append(operation);
    await writer.flush();
    appendFileSync(join(folder, 'history.jsonl'), '{"id":17,"session":"redis:3","ti');
    const recording = openRecording(folder);
    expect(recording.count).toBe(EVERY_KIND.length);
    expect([...recording.operations]).toHaveLength(EVERY_KIND.length);
    expect(recording.notices.join('\n')).toMatch(/not closed[\s\S]*Line 18 of history.jsonl is cut off/);
    await writer.close();
  });

  test('may be written over once the writer is gone, not before', async () => {
    const folder = join(temporaryFolder(), 'rec');
    const first = await createRecording(folder, START);
    expect(await codeOf(() => createRecording(folder, START))).toBe('WSE208');
    await first.close();
    const child = spawn(process.execPath, ['-e', '']);
    await once(child, 'exit');
    const manifest = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'));
    const killed = { ...manifest, closed: false, writer: { pid: child.pid, host: hostname() } };
    writeFileSync(join(folder, 'manifest.json'), JSON.stringify(killed));
    await record(folder, EVERY_KIND);
    expect(openRecording(folder).count).toBe(EVERY_KIND.length);
  });
});

describe('a recording of another version', () => {
  test('opens when it is of the same major format, whatever was added', async () => {
    const folder = temporaryFolder();
    const manifest = { format: 'whystale-recording/1.7', startedAt: '2030-01-01T00:00:00Z', later: { a: 1 } };
    writeFileSync(join(folder, 'manifest.json'), JSON.stringify(manifest));
    const [first] = EVERY_KIND;
    const lines = [
      { ...first, later: true },
      { id: 2, tier: 'cache', kind: 'lease', session: 'x' },
      { tier: 'search', kind: 'read' },
    ];
    writeFileSync(join(folder, 'history.jsonl'), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    const recording = openRecording(folder);
    expect([...recording.operations].map(({ id }) => id)).toEqual([1]);
    expect(recording.manifest.engines).toEqual({ redis: null, postgres: null, emulated: false });
    expect(recording.notices.join('\n')).toMatch(/"cache lease"[\s\S]*"search read"/);
  });

  test('is refused when its major format is newer', async () => {
    const folder = temporaryFolder();
    const manifest = { format: 'whystale-recording/2', whystale: '9.0.0' };
    writeFileSync(join(folder, 'manifest.json'), JSON.stringify(manifest));
    writeFileSync(join(folder, 'history.jsonl'), '');
    expect(await codeOf(() => openRecording(folder))).toBe('WSE204');
  });
});

describe('what is not a recording, or damaged', () => {
  const manifest = JSON.stringify({ format: 'whystale-recording/1', startedAt: '2026-01-01T00:00:00Z' });
  const line = (operation: object) => `${JSON.stringify(operation)}\n`;
  const good = line(EVERY_KIND[0] as Operation);
  const cases: readonly (readonly [string, Readonly<Record<string, string>>, string])[] = [
    ['an empty folder', {}, 'WSE203'],
    ['a folder without a manifest', { 'history.jsonl': good }, 'WSE203'],
    ['a folder without a history', { 'manifest.json': manifest }, 'WSE203'],
    ['a manifest of another program', { 'manifest.json': '{"name":"app"}', 'history.jsonl': '' }, 'WSE203'],
    ['a manifest that is no JSON', { 'manifest.json': '{', 'history.jsonl': '' }, 'WSE205'],
    [
      'a manifest with a field of the wrong type',
      { 'manifest.json': '{"format":"whystale-recording/1","startedAt":5}', 'history.jsonl': '' },
      'WSE205',
    ],
    [
      'a line that is no JSON',
      { 'manifest.json': manifest, 'history.jsonl': `${good}oops\n${good}` },
      'WSE206',
    ],
    ['a line that is no object', { 'manifest.json': manifest, 'history.jsonl': '[]\n' }, 'WSE206'],
    [
      'a line without its key',
      { 'manifest.json': manifest, 'history.jsonl': line({ ...EVERY_KIND[0], key: undefined }) },
      'WSE206',
    ],
    [
      'a line that returns before it was invoked',
      { 'manifest.json': manifest, 'history.jsonl': line({ ...EVERY_KIND[0], return: 1 }) },
      'WSE206',
    ],
    [
      'a line with an unknown outcome and a return',
      { 'manifest.json': manifest, 'history.jsonl': line({ ...EVERY_KIND[0], status: 'info' }) },
      'WSE206',
    ],
    ['an empty history', { 'manifest.json': manifest, 'history.jsonl': '' }, 'no error'],
    [
      'a last line that is cut off',
      { 'manifest.json': manifest, 'history.jsonl': good + good.slice(0, 40) },
      'no error',
    ],
    [
      'a last line without its newline',
      { 'manifest.json': manifest, 'history.jsonl': good.trim() },
      'no error',
    ],
  ];
  test.each(cases)('%s', async (_, files, code) => {
    const folder = temporaryFolder();
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    expect(await codeOf(() => openRecording(folder))).toBe(code);
  });

  test('the number of the damaged line is said', () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'manifest.json'), manifest);
    writeFileSync(join(folder, 'history.jsonl'), `${good}\n${good}{"tier":1}\n`);
    expect(() => openRecording(folder)).toThrow(/line 4:/);
  });

  test('a path that does not exist', async () => {
    expect(await codeOf(() => openRecording(join(temporaryFolder(), 'none')))).toBe('WSE209');
  });
});

describe('a folder to record into', () => {
  test('is refused when it holds something else', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'precious.txt'), 'mine');
    expect(await codeOf(() => createRecording(folder, START))).toBe('WSE201');
    writeFileSync(join(folder, 'manifest.json'), '{"name":"web app"}');
    expect(await codeOf(() => createRecording(folder, START))).toBe('WSE201');
    expect(readFileSync(join(folder, 'precious.txt'), 'utf8')).toBe('mine');
  });

  test('is refused when it is a file, or lies under one', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'file'), '');
    expect(await codeOf(() => createRecording(join(folder, 'file'), START))).toBe('WSE202');
    expect(await codeOf(() => createRecording(join(folder, 'file', 'rec'), START))).toBe('WSE202');
  });

  test('may hold a former recording, which is replaced', async () => {
    const folder = await record(join(temporaryFolder(), 'rec'), EVERY_KIND);
    await record(folder, EVERY_KIND.slice(0, 2));
    expect(openRecording(folder).count).toBe(2);
  });
});

describe('credentials', () => {
  test('never enter a recording', async () => {
    const folder = join(temporaryFolder(), 'rec');
    const writer = await createRecording(folder, {
      ...START,
      command: [
        'serve',
        '--db',
        'postgres://app:s3cr3t-pass@db/shop',
        '--api-key',
        'k-12345',
        '--token=t-98765',
      ],
      secrets: ['hunter2!'],
      values: 'plain',
    });
    const log = (id: number, text: string): Operation => ({
      id,
      session: 'child',
      tier: 'client',
      kind: 'log',
      stream: 'stdout',
      text,
      invoke: id,
      return: id,
      status: 'ok',
    });
    writer.append(log(1, 'connecting to redis://:s3cr3t-pass@cache:6379/0'));
    writer.append(log(2, 'using hunter2! as asked'));
    writer.append({ ...(EVERY_KIND[9] as Operation), error: 'WRONGPASS password=s3cr3t-pass' });
    writer.append({ ...(EVERY_KIND[13] as Operation), path: '/login/token=t-98765' } as Operation);
    writer.reveal('h:1', 'hunter2!');
    await writer.close();
    const all = readdirSync(folder)
      .map((file) => readFileSync(join(folder, file), 'utf8'))
      .join('\n');
    for (const secret of ['s3cr3t-pass', 'k-12345', 't-98765', 'hunter2!']) expect(all).not.toContain(secret);
  });
});

describe('the newest recording', () => {
  test('is found among named folders and in .whystale', async () => {
    const here = temporaryFolder();
    expect(await codeOf(() => newestRecording(here))).toBe('WSE207');
    const at = (day: string) => ({ ...START, startedAt: new Date(`2026-01-${day}T00:00:00Z`) });
    await record(join(here, 'whystale-recording-b'), [], at('02'));
    await record(join(here, 'whystale-recording-a'), [], at('03'));
    mkdirSync(join(here, 'whystale-recording-empty'));
    await record(join(here, 'other'), [], at('09'));
    expect(newestRecording(here)).toBe(join(here, 'whystale-recording-a'));
    await record(join(here, '.whystale', 'run-1'), [], at('04'));
    expect(newestRecording(here)).toBe(join(here, '.whystale', 'run-1'));
  });

  test('has a name that sorts by time', () => {
    expect(recordingFolderName(new Date('2026-01-31T09:30:15.999Z'))).toBe(
      'whystale-recording-20260131-093015Z',
    );
  });
});
