/**
 * The watched service: started without a shell in a process group of its own, so that what it starts (the workers of
 * `uvicorn --reload`, of gunicorn) ends with it; its lines are passed on and given to the caller; it is ended gracefully
 * and within a bound.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { WhystaleError } from '../errors.ts';
import { groupExists, signalGroup } from './child-group.ts';
import { guardGroup } from './child-guard.ts';
import { LineSplitter } from './child-lines.ts';

export interface ChildOptions {
  /** Program and arguments. */
  readonly command: readonly [string, ...string[]];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Clock of the recording, integer nanoseconds. */
  readonly clock: () => number;
  /** Called for every line of its output. */
  readonly onLine?: (line: ChildLine) => void;
  /** Time between SIGTERM and SIGKILL, in milliseconds; default {@link STOP_LIMIT_MS}. */
  readonly stopLimitMs?: number;
  /** What the child reads: nothing (default), or what we are given. */
  readonly stdin?: 'ignore' | 'inherit';
}

/** One line that the child printed. */
export interface ChildLine {
  readonly stream: 'stdout' | 'stderr';
  /** Without its line end; cut at a limit. */
  readonly text: string;
  /** Clock reading when its last byte was read. */
  readonly at: number;
}

export interface ChildEnd {
  /** Null when a signal ended it. */
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** True when {@link Child.stop} was called before it ended. */
  readonly stopped: boolean;
  /** Time from start to end, in milliseconds. */
  readonly ranMs: number;
  /** Its last lines. */
  readonly tail: readonly string[];
}

export interface Child {
  readonly pid: number;
  /** Resolves when it has ended, its output is read, and its group is gone. Never rejects. */
  readonly ended: Promise<ChildEnd>;
  /** SIGTERM to the group, then SIGKILL after the bound. Resolves as `ended`. May be called more than once. */
  readonly stop: () => Promise<ChildEnd>;
  readonly tail: () => readonly string[];
}

export const STOP_LIMIT_MS = 10_000;
/** Time that what is left of the group has after the child itself ended. */
export const ORPHAN_LIMIT_MS = 2_000;
/** Time after the end in which output that grandchildren still hold open is read. */
const OUTPUT_LIMIT_MS = 500;
const GROUP_POLL_MS = 20;
/** Lines kept for error messages. */
export const TAIL_LINES = 40;

/**
 * Starts the command.
 *
 * @throws WhystaleError WSE451 no such program, WSE452 it may not be run, WSE453 it could not be started
 */
export async function startChild(options: ChildOptions): Promise<Child> {
  const [program, ...args] = options.command;
  const child = spawn(program, args, {
    env: options.env,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    stdio: [options.stdin ?? 'ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const tail: string[] = [];
  const output = readOutput(child, options, tail);
  await started(child, options);
  const pid = child.pid ?? 0;
  const guard = guardGroup(pid);
  const begin = performance.now();
  let stopped = false;
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const ended = exited.then(async (): Promise<ChildEnd> => {
    const ranMs = performance.now() - begin;
    await clearGroup(pid);
    guard.standDown();
    await Promise.race([output, delay(OUTPUT_LIMIT_MS)]);
    for (const stream of [child.stdout, child.stderr]) stream?.destroy();
    return { exitCode: child.exitCode, signal: child.signalCode, stopped, ranMs, tail: [...tail] };
  });
  const stop = (): Promise<ChildEnd> => {
    if (child.exitCode === null && child.signalCode === null && !stopped) {
      stopped = true;
      void endGroup(pid, exited, options.stopLimitMs ?? STOP_LIMIT_MS);
    }
    return ended;
  };
  return { pid, ended, stop, tail: () => [...tail] };
}

function started(child: ChildProcess, options: ChildOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (error) => reject(cannotStart(options, error as NodeJS.ErrnoException)));
  });
}

/** Reads both streams to their ends. */
async function readOutput(child: ChildProcess, options: ChildOptions, tail: string[]): Promise<void> {
  const streams = (['stdout', 'stderr'] as const).map((stream) => {
    const source = child[stream];
    if (source === null) return Promise.resolve();
    const splitter = new LineSplitter((text) => {
      tail.push(text);
      if (tail.length > TAIL_LINES) tail.shift();
      options.onLine?.({ stream, text, at: options.clock() });
    });
    source.on('data', (chunk: Buffer) => splitter.push(chunk));
    source.on('error', () => undefined);
    return new Promise<void>((resolve) =>
      source.once('close', () => {
        splitter.end();
        resolve();
      }),
    );
  });
  await Promise.all(streams);
}

async function endGroup(pid: number, exited: Promise<void>, limitMs: number): Promise<void> {
  signalGroup(pid, 'SIGTERM');
  const limit = new AbortController();
  const late = delay(limitMs, true, { signal: limit.signal }).catch(() => false);
  if (await Promise.race([exited.then(() => false), late])) signalGroup(pid, 'SIGKILL');
  limit.abort();
}

/** Ends what the child left behind in its group. */
async function clearGroup(pid: number): Promise<void> {
  if (!groupExists(pid)) return;
  signalGroup(pid, 'SIGTERM');
  const until = performance.now() + ORPHAN_LIMIT_MS;
  while (performance.now() < until) {
    await delay(GROUP_POLL_MS);
    if (!groupExists(pid)) return;
  }
  signalGroup(pid, 'SIGKILL');
}

function cannotStart(options: ChildOptions, error: NodeJS.ErrnoException): WhystaleError {
  const [program] = options.command;
  const shared = { retry: 'after-fix', exitCode: 2, cause: error } as const;
  if (error.code === 'ENOENT') {
    if (options.cwd !== undefined && !existsSync(options.cwd)) return noFolder(options.cwd);
    const where = program.includes('/') ? '' : ' on PATH';
    return new WhystaleError({
      ...shared,
      code: 'WSE451',
      what: `The command ${program} was not found${where}${options.cwd === undefined ? '' : ` (in ${options.cwd})`}.`,
      expected: 'A program that can be run; the command is not passed through a shell.',
      next: 'Correct the command after --; for shell syntax write: -- sh -c "…".',
    });
  }
  if (error.code === 'EACCES') {
    return new WhystaleError({
      ...shared,
      code: 'WSE452',
      what: `The command ${program} may not be run.`,
      expected: 'A file with execute permission.',
      next: `chmod +x ${program}, or name its interpreter: -- python3 ${program}.`,
    });
  }
  return new WhystaleError({
    ...shared,
    code: 'WSE453',
    what: `The command ${program} could not be started: ${error.message}.`,
    expected: 'A running service.',
    next: 'Mend what the message says and run it again.',
    exitCode: 4,
  });
}

function noFolder(cwd: string): WhystaleError {
  return new WhystaleError({
    code: 'WSE455',
    what: `The folder ${cwd}, in which the command is to run, does not exist.`,
    expected: 'An existing folder.',
    retry: 'after-fix',
    next: 'Correct the folder.',
    exitCode: 2,
  });
}
