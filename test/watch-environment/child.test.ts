import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { processExists } from '../../src/engines/processes.ts';
import { WhystaleError } from '../../src/errors.ts';
import { type ChildLine, type ChildOptions, startChild } from '../../src/watch/child.ts';
import { groupExists } from '../../src/watch/child-group.ts';
import { LineSplitter } from '../../src/watch/child-lines.ts';
import { childFailure, passOn } from '../../src/watch/child-output.ts';
import { compileSources } from '../support/compiled.ts';

const ENV = { PATH: process.env.PATH ?? '/usr/bin:/bin' };

function shell(script: string, more: Partial<ChildOptions> = {}): ChildOptions {
  return { command: ['sh', '-c', script], env: ENV, clock: () => 42, ...more };
}

/** Starts a script and waits until it printed its first line. */
async function running(script: string, more: Partial<ChildOptions> = {}) {
  let first: (line: string) => void = () => undefined;
  const line = new Promise<string>((resolve) => {
    first = resolve;
  });
  const child = await startChild(shell(script, { onLine: ({ text }) => first(text), ...more }));
  return { child, first: await line };
}

test('lines of both streams arrive with a stamp, whole', async () => {
  const lines: ChildLine[] = [];
  const child = await startChild(
    shell('printf "one\\ntw"; printf "o\\r\\n"; echo three >&2; printf last', {
      onLine: (line) => lines.push(line),
    }),
  );
  expect(await child.ended).toMatchObject({ exitCode: 0, signal: null, stopped: false });
  expect(lines.filter(({ stream }) => stream === 'stdout').map(({ text }) => text)).toEqual([
    'one',
    'two',
    'last',
  ]);
  expect(lines.filter(({ stream }) => stream === 'stderr')).toEqual([
    { stream: 'stderr', text: 'three', at: 42 },
  ]);
});

test('the child sees the environment it is given and nothing else', async () => {
  const child = await startChild(
    shell('echo "$REDIS_URL $HOME"', { env: { ...ENV, REDIS_URL: 'redis://proxy' } }),
  );
  expect((await child.ended).tail).toEqual(['redis://proxy ']);
});

describe('end', () => {
  test('exit code and signal are told', async () => {
    expect(await (await startChild(shell('exit 3'))).ended).toMatchObject({ exitCode: 3, signal: null });
    expect(await (await startChild(shell('kill -9 $$'))).ended).toMatchObject({
      exitCode: null,
      signal: 'SIGKILL',
    });
  });

  test('a service that stops when asked is not killed', async () => {
    const { child } = await running('trap "echo bye; exit 0" TERM; echo up; while :; do sleep 0.05; done');
    const end = await child.stop();
    expect(end).toMatchObject({ exitCode: 0, stopped: true });
    expect(end.tail).toContain('bye');
    expect(await child.stop()).toEqual(end);
  });

  test('one that does not is killed after the bound', async () => {
    const { child } = await running('trap "" TERM; echo up; while :; do sleep 0.05; done', {
      stopLimitMs: 200,
    });
    expect(await child.stop()).toMatchObject({ signal: 'SIGKILL', stopped: true });
  });

  test('grandchildren do not stay, neither after a stop nor after an end', async () => {
    const stopped = await running('sleep 300 & echo $!; wait');
    await stopped.child.stop();
    expect(processExists(Number(stopped.first)) && groupExists(stopped.child.pid)).toBe(false);
    const left = await running('sleep 300 & echo $!; exit 0');
    expect(await left.child.ended).toMatchObject({ exitCode: 0 });
    expect(groupExists(left.child.pid)).toBe(false);
  });

  test('grandchildren that ignore the signal are killed', async () => {
    const child = await startChild(shell(`trap '' TERM; (while :; do sleep 0.05; done) & exit 0`));
    expect(await child.ended).toMatchObject({ exitCode: 0 });
    expect(groupExists(child.pid)).toBe(false);
  });

  test('the service ends with us, even when we are killed', { timeout: 60_000 }, async () => {
    const sources = compileSources('watch/child.ts');
    try {
      const script = `
        const { startChild } = await import(process.argv[1]);
        const child = await startChild({ command: ['sh', '-c', 'sleep 300 & wait'], env: process.env, clock: () => 0 });
        console.log(child.pid); setInterval(() => 0, 1000);`;
      const url = pathToFileURL(sources.module('watch/child.ts')).href;
      const parent = spawn(process.execPath, ['--input-type=module', '--eval', script, '--', url], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let group = 0;
      for await (const line of createInterface({ input: parent.stdout })) {
        group = Number(line);
        break;
      }
      expect(groupExists(group)).toBe(true);
      parent.kill('SIGKILL');
      for (let waited = 0; waited < 8_000 && groupExists(group); waited += 50) await delay(50);
      expect(groupExists(group)).toBe(false);
    } finally {
      sources.remove();
    }
  });
});

describe('errors', () => {
  test.each([
    [{ command: ['no-such-program-of-ours'] }, 'WSE451', 2],
    [{ command: ['/etc/passwd'] }, 'WSE452', 2],
    [{ command: ['true'], cwd: '/no/such/folder' }, 'WSE455', 2],
  ] as const)('%o', async (options, code, exitCode) => {
    const error = await startChild({
      env: ENV,
      clock: () => 0,
      ...options,
      command: [...options.command] as [string],
    }).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(WhystaleError);
    expect((error as WhystaleError).facts).toMatchObject({ code, exitCode });
  });

  test('a service that dies is reported with its last words', async () => {
    const end = await (await startChild(shell('echo starting; echo "no module named app" >&2; exit 1')))
      .ended;
    const failure = childFailure(['uvicorn'], end);
    expect(failure?.facts).toMatchObject({ code: 'WSE454', exitCode: 4 });
    expect(failure?.facts.what).toContain('no module named app');
    expect(childFailure(['uvicorn'], { ...end, stopped: true })).toBe(null);
    expect(childFailure(['uvicorn'], { ...end, exitCode: 0 })).toBe(null);
  });
});

test('lines are marked, or go bare to stderr when stdout is for JSON', () => {
  const written = { stdout: '', stderr: '' };
  const to = {
    stdout: { write: (text: string) => (written.stdout += text) },
    stderr: { write: (text: string) => (written.stderr += text) },
  };
  const line = { stream: 'stdout', text: 'hello', at: 0 } as const;
  passOn(to, { json: false })(line);
  passOn(to, { json: true })(line);
  expect(written).toEqual({ stdout: 'app | hello\n', stderr: 'hello\n' });
});

test('characters split between chunks, and endless lines', () => {
  const lines: string[] = [];
  const splitter = new LineSplitter((line) => lines.push(line));
  const bytes = Buffer.from('zwölf\n');
  splitter.push(bytes.subarray(0, 3));
  splitter.push(bytes.subarray(3));
  for (let i = 0; i < 100; i++) splitter.push(Buffer.alloc(10_000, 'x'));
  splitter.end();
  expect(lines[0]).toBe('zwölf');
  expect(lines[1]?.length).toBeLessThanOrEqual(16_384);
});
