/**
 * A command of a case, run and recorded. Its output goes to a file that has no name, and not through us: a service that a deployment
 * starts inherits the output, and must be able to write to it long after we are gone.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, fstatSync, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { groupExists, signalGroup } from '../watch/child-group.ts';
import type { CommandRun } from './checklist-contract.ts';

export const COMMAND_LIMITS = {
  /** What is read of the end of an output, bytes. */
  readBytes: 128 * 1024,
  /** What is read of the end of a standard output that the caller takes, bytes. */
  printedBytes: 4 * 1024 * 1024,
  /** What is kept of it. */
  tailLines: 40,
  lineLength: 400,
  /** Output of a command in all; one that prints more is stopped. */
  outputBytes: 512 * 1024 * 1024,
  /** How often its size is looked at, ms. */
  lookMs: 500,
  /** Time between SIGTERM and SIGKILL, ms. */
  stopMs: 10_000,
  /** Time that what a finished command leaves behind has, ms. */
  leftoverMs: 2_000,
  leftoverPollMs: 20,
} as const;

export interface CommandOptions {
  readonly command: readonly [string, ...string[]];
  /** How it is shown: variables as they are written. */
  readonly shown: string;
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly withinMs: number;
  /** Whether what it started in the background goes on: a deployment's service does. */
  readonly leaves: boolean;
  readonly mask: (text: string) => string;
  readonly signal: AbortSignal;
  readonly now: () => Date;
  /** Takes what it printed on its standard output; only the rest is then kept. */
  readonly printed?: (text: string) => void;
}

/** Runs it to its end. Never rejects: what goes wrong is told. */
export async function runCommand(options: CommandOptions): Promise<CommandRun> {
  const { shown, mask, now } = options;
  const startedAt = now().toISOString();
  const begin = performance.now();
  const told = (end: End, output: readonly string[]): CommandRun => ({
    command: mask(shown),
    startedAt,
    ranMs: Math.round(performance.now() - begin),
    exitCode: end.exitCode,
    signal: end.signal,
    stopped: end.stopped,
    failure: end.failure === null ? null : mask(end.failure),
    output,
  });
  if (options.signal.aborted) return told({ ...NOT_RUN, stopped: 'interrupted' }, []);
  let output: Output;
  try {
    output = openOutput(options.printed !== undefined);
  } catch (cause) {
    return told({ ...NOT_RUN, failure: `its output cannot be kept: ${String(cause)}` }, []);
  }
  try {
    const end = await ended(options, output);
    options.printed?.(endOf(output.stdout, COMMAND_LIMITS.printedBytes).text);
    return told(end, tailOf(output.stderr, mask));
  } finally {
    for (const file of new Set(Object.values(output))) closeSync(file);
  }
}

/** Descriptors; the same one where both are kept. */
interface Output {
  readonly stdout: number;
  readonly stderr: number;
}

function openOutput(apart: boolean): Output {
  const stderr = namelessFile();
  return { stdout: apart ? namelessFile() : stderr, stderr };
}

type End = Pick<CommandRun, 'exitCode' | 'signal' | 'stopped' | 'failure'>;

const NOT_RUN: End = { exitCode: null, signal: null, stopped: null, failure: null };

/** A file that is gone once nobody has it open. */
function namelessFile(): number {
  const folder = mkdtempSync(join(tmpdir(), 'whystale-command-'));
  try {
    return openSync(join(folder, 'output'), 'ax+', 0o600);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function ended(options: CommandOptions, output: Output): Promise<End> {
  const [program, ...args] = options.command;
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: options.env,
    stdio: ['ignore', output.stdout, output.stderr],
    // A group of its own: Ctrl-C is ours to pass on, and it ends as a whole.
    detached: true,
  });
  const over = exitOf(child, options);
  const group = child.pid;
  if (group === undefined) return over;
  const watch = watchOver(group, output, options);
  const end = await over;
  const stopped = watch.end();
  if (stopped !== null || !options.leaves) await clear(group);
  return { ...end, stopped };
}

function exitOf(child: ChildProcess, { command, cwd }: CommandOptions): Promise<End> {
  return new Promise((resolve) => {
    child.once('error', (error: NodeJS.ErrnoException) => {
      resolve({ ...NOT_RUN, failure: failureOf(error, command[0], cwd) });
    });
    child.once('exit', (exitCode, signal) => resolve({ ...NOT_RUN, exitCode, signal }));
  });
}

function failureOf({ code, message }: NodeJS.ErrnoException, program: string, cwd: string): string {
  if (code === 'ENOENT')
    return existsSync(cwd) ? `${program} was not found` : `the folder ${cwd} does not exist`;
  return code === 'EACCES' ? `${program} may not be run` : message;
}

/** Stops the group when its time is over, when it prints without end, and when it is told to. */
function watchOver(group: number, output: Output, { signal, withinMs }: CommandOptions) {
  let why: CommandRun['stopped'] = null;
  let kill: NodeJS.Timeout | undefined;
  const stop = (reason: NonNullable<CommandRun['stopped']>): void => {
    if (why !== null) return;
    why = reason;
    signalGroup(group, 'SIGTERM');
    kill = setTimeout(() => signalGroup(group, 'SIGKILL'), COMMAND_LIMITS.stopMs);
  };
  const interrupted = (): void => stop('interrupted');
  const late = setTimeout(() => stop('too late'), withinMs);
  const look = setInterval(() => {
    const sizes = Object.values(output).map((file) => fstatSync(file).size);
    if (Math.max(...sizes) > COMMAND_LIMITS.outputBytes) stop('too much output');
  }, COMMAND_LIMITS.lookMs);
  signal.addEventListener('abort', interrupted, { once: true });
  if (signal.aborted) interrupted();
  return {
    end: (): CommandRun['stopped'] => {
      clearTimeout(late);
      clearTimeout(kill);
      clearInterval(look);
      signal.removeEventListener('abort', interrupted);
      return why;
    },
  };
}

async function clear(group: number): Promise<void> {
  if (!groupExists(group)) return;
  signalGroup(group, 'SIGTERM');
  const until = performance.now() + COMMAND_LIMITS.leftoverMs;
  while (performance.now() < until) {
    await new Promise((done) => setTimeout(done, COMMAND_LIMITS.leftoverPollMs));
    if (!groupExists(group)) return;
  }
  signalGroup(group, 'SIGKILL');
}

function tailOf(file: number, mask: (text: string) => string): readonly string[] {
  const { text, begun } = endOf(file, COMMAND_LIMITS.readBytes);
  return tailLines(text, begun, mask);
}

/** The end of a file; `begun`: there is more before it. */
function endOf(file: number, bytes: number): { readonly text: string; readonly begun: boolean } {
  const { size } = fstatSync(file);
  const length = Math.min(size, bytes);
  const buffer = Buffer.alloc(length);
  const read = readSync(file, buffer, 0, length, size - length);
  return { text: buffer.toString('utf8', 0, read), begun: length < size };
}

/**
 * The last lines of an output. Masked before it is cut: a half of a secret would not be known as one.
 *
 * @param begun the text begins in the midst of the output
 */
export function tailLines(text: string, begun: boolean, mask: (text: string) => string): readonly string[] {
  const whole = begun ? text.slice(text.indexOf('\n') + 1 || text.length) : text;
  const lines = mask(whole)
    .split(/\r\n|[\r\n]/)
    .map((line) => line.trimEnd());
  while (lines.at(-1) === '') lines.pop();
  const kept = lines.slice(-COMMAND_LIMITS.tailLines).map(shortened);
  return begun && kept.length === 0 ? ['… one line that is too long'] : kept;
}

function shortened(line: string): string {
  const { lineLength } = COMMAND_LIMITS;
  return line.length <= lineLength ? line : `${line.slice(0, lineLength)}…`;
}

/** How a command ended, in words; null: as it should. */
export function howRan(
  { exitCode, signal, stopped, failure }: CommandRun,
  withinMs: number | null = null,
): string | null {
  if (failure !== null) return `it could not be started: ${failure}`;
  if (stopped === 'interrupted') return 'it was interrupted';
  if (stopped === 'too late')
    return withinMs === null ? 'it took too long' : `it had not ended after ${withinMs / 1000} s`;
  if (stopped !== null) return `it was stopped: ${stopped}`;
  if (signal !== null) return `signal ${signal} ended it`;
  return exitCode === 0 ? null : `exit code ${exitCode}`;
}
