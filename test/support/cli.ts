/**
 * The built command line as a process of its own: started in a temporary folder, with an environment that names no store,
 * ended after each test whatever became of it.
 *
 *     const whystale = withWhystale();
 *     test('…', async () => { const end = await whystale.run(['explain', folder]); });
 *
 * `npm run build` must have been run; a missing build fails the test.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach } from 'vitest';

const PROGRAM = resolve(import.meta.dirname, '../../dist/cli/main.js');
const WAIT_LIMIT_MS = 40_000;
const STOP_LIMIT_MS = 20_000;
const POLL_MS = 20;
/** Output kept of each stream, characters. */
const KEPT_OUTPUT = 20_000_000;
/** Variables that would name a store or change what is printed. */
const FOREIGN = /^(?:REDIS|DATABASE|POSTGRES|PG[A-Z]|WHYSTALE|NODE_OPTIONS|FORCE_COLOR|VITEST|NODE_ENV$|CI$)/;

export interface CliOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

export interface CliEnd {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliRun {
  readonly pid: number;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Waits until stderr or stdout matches; throws with what was printed when it ends or takes too long. */
  readonly sees: (pattern: RegExp) => Promise<RegExpExecArray>;
  readonly kill: (signal: NodeJS.Signals) => void;
  /** Ctrl-C, then the end. */
  readonly interrupt: () => Promise<CliEnd>;
  /** The end. Throws when it does not come within the limit. */
  readonly end: (limitMs?: number) => Promise<CliEnd>;
}

export interface Whystale {
  /** A folder that is removed after the test. */
  readonly folder: (name?: string) => string;
  readonly start: (args: readonly string[], options?: CliOptions) => CliRun;
  readonly run: (args: readonly string[], options?: CliOptions) => Promise<CliEnd>;
}

/** Call it at the top level or in a `describe`. */
export function withWhystale(): Whystale {
  const runs: CliRun[] = [];
  const folders: string[] = [];
  const folder = (name = 'e2e'): string => {
    const made = mkdtempSync(join(tmpdir(), `whystale-${name}-`));
    folders.push(made);
    return made;
  };
  const begin = (args: readonly string[], options: CliOptions = {}): CliRun => {
    const run = startCli(args, { cwd: options.cwd ?? folder(), env: options.env ?? {} });
    runs.push(run);
    return run;
  };
  afterEach(async () => {
    for (const run of runs.splice(0)) {
      run.kill('SIGTERM');
      await run.end(STOP_LIMIT_MS).catch(() => run.kill('SIGKILL'));
    }
    const keep = process.env.E2E_KEEP !== undefined;
    for (const path of folders.splice(0)) if (!keep) rmSync(path, { recursive: true, force: true });
  });
  return { folder, start: begin, run: (args, options) => begin(args, options).end() };
}

/** The caller's environment without whatever names a store or changes the output. */
export function plainEnvironment(more: Readonly<Record<string, string>> = {}): Record<string, string> {
  const kept = Object.entries(process.env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !FOREIGN.test(entry[0]),
  );
  return { ...Object.fromEntries(kept), NO_COLOR: '1', ...more };
}

function startCli(args: readonly string[], { cwd, env }: Required<CliOptions>): CliRun {
  if (!existsSync(PROGRAM)) throw new Error(`${PROGRAM} is missing. Run: npm run build`);
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    cwd,
    env: plainEnvironment(env),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8');
    child[stream].on('data', (text: string) => {
      output[stream] = (output[stream] + text).slice(-KEPT_OUTPUT);
    });
  }
  const closed = new Promise<CliEnd>((done) => {
    child.once('close', (exitCode, signal) => done({ exitCode, signal, ...output }));
  });
  const end = (limitMs = WAIT_LIMIT_MS) =>
    within(closed, limitMs, () => `${args.join(' ')}\n${told(output)}`);
  return {
    pid: child.pid ?? 0,
    stdout: () => output.stdout,
    stderr: () => output.stderr,
    sees: (pattern) => seen(pattern, child, output),
    kill: (signal) => void child.kill(signal),
    interrupt: () => {
      child.kill('SIGINT');
      return end();
    },
    end,
  };
}

function told({ stdout, stderr }: { stdout: string; stderr: string }): string {
  return `stdout:\n${stdout.slice(-4_000)}\nstderr:\n${stderr.slice(-4_000)}`;
}

async function within<T>(work: Promise<T>, limitMs: number, what: () => string): Promise<T> {
  const limit = new AbortController();
  const late = pause(limitMs, undefined, { signal: limit.signal }).then(() => {
    throw new Error(`whystale did not end within ${limitMs / 1000} s: ${what()}`);
  });
  late.catch(() => undefined);
  try {
    return await Promise.race([work, late]);
  } finally {
    limit.abort();
  }
}

async function seen(
  pattern: RegExp,
  child: ChildProcess,
  output: { stdout: string; stderr: string },
): Promise<RegExpExecArray> {
  const end = Date.now() + WAIT_LIMIT_MS;
  for (;;) {
    const over = child.exitCode !== null || child.signalCode !== null;
    const match = pattern.exec(output.stderr) ?? pattern.exec(output.stdout);
    if (match !== null) return match;
    if (over || Date.now() > end) {
      throw new Error(`${pattern} was not printed (${over ? 'it ended' : 'too late'}).\n${told(output)}`);
    }
    await pause(POLL_MS);
  }
}

/** Waits until `holds` is true; throws with `what` when it does not become so. */
export async function eventually(
  what: string,
  holds: () => boolean | Promise<boolean>,
  limitMs = WAIT_LIMIT_MS,
): Promise<void> {
  for (const end = Date.now() + limitMs; !(await holds()); await pause(POLL_MS)) {
    if (Date.now() > end) throw new Error(`Not within ${limitMs / 1000} s: ${what}`);
  }
}

/** Processes whose working directory is the folder or below it, also of other users. Linux only: it reads /proc. */
export function processesIn(folder: string): readonly number[] {
  const place = (pid: string): string => {
    try {
      return readlinkSync(`/proc/${pid}/cwd`);
    } catch {
      return '';
    }
  };
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && `${place(name)}/`.startsWith(`${folder}/`))
    .map(Number);
}

/** Text of every file of a recording. */
export function recordedText(folder: string): string {
  return ['manifest.json', 'history.jsonl', 'values.jsonl']
    .map((name) => join(folder, name))
    .filter((path) => existsSync(path))
    .map((path) => readFileSync(path, 'utf8'))
    .join('\n');
}
