/**
 * Processes of engines: started detached with their log in a file, waited for within bounds, and guarded so that they
 * end with the process that started them, also after `kill -9`.
 *
 * The guard is a shell that reads the engine's process id from a pipe whose other end we hold. When we end, in whatever
 * way, the pipe closes; the guard then ends the engine and removes its folder. What a guard could not do (it was killed
 * too) the next start does, see sweep.ts.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { LOG_TAIL_BYTES, STOP_LIMIT_MS } from './engine.ts';
import type { RunUser } from './run-user.ts';

export const LOG_FILE = 'log';

/** How an engine's process is ended: at once, without saving anything. */
export type StopSignal = 'SIGQUIT' | 'SIGTERM';

const GUARD_SCRIPT = `
trap '' INT TERM HUP QUIT
pid=0
while read -r line; do pid=$line; done
[ "$pid" = done ] && exit 0
if [ "$pid" != 0 ]; then
  kill -"$2" "$pid" 2>/dev/null
  i=0
  while [ $i -lt 50 ] && kill -0 "$pid" 2>/dev/null; do sleep 0.1; i=$((i + 1)); done
  kill -KILL "$pid" 2>/dev/null
fi
rm -rf -- "$1"
`;

/** A running engine process with its guard. */
export interface EngineProcess {
  readonly pid: number;
  readonly folder: string;
  /** Resolves once the process is gone. */
  readonly ended: Promise<void>;
  /** Null while it runs. */
  readonly exit: () => string | null;
  readonly logTail: () => string;
  /** Ends the process and stands the guard down; the folder stays. */
  readonly stop: () => Promise<void>;
}

export interface ProcessPlan {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly folder: string;
  readonly user: RunUser;
  readonly stopSignal: StopSignal;
}

/** Environment for an engine: nothing of the caller's that could steer it (PGDATA, LC_*, NODE_OPTIONS). */
export function engineEnvironment(env: NodeJS.ProcessEnv): Record<string, string> {
  return { PATH: env.PATH ?? '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };
}

/** Starts the process and its guard. Rejects when the program cannot be started at all. */
export async function startProcess(plan: ProcessPlan): Promise<EngineProcess> {
  const guard = startGuard(plan);
  const log = openSync(join(plan.folder, LOG_FILE), 'a');
  const child = spawn(plan.program, plan.args, {
    cwd: plan.folder,
    env: plan.env,
    stdio: ['ignore', log, log],
    // Its own session: Ctrl-C in the terminal must reach the watched service and us, not the stores.
    detached: true,
    ...(plan.user.ids ?? {}),
  });
  closeSync(log);
  try {
    await spawned(child);
  } catch (error) {
    guard.standDown();
    throw error;
  }
  const pid = child.pid ?? 0;
  guard.watch(pid);
  child.unref();
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  return {
    pid,
    folder: plan.folder,
    ended,
    exit: () => describeExit(child),
    logTail: () => readTail(join(plan.folder, LOG_FILE)),
    stop: async () => {
      await endChild(child, ended, plan.stopSignal);
      guard.standDown();
    },
  };
}

function spawned(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('spawn', () => resolve());
    child.once('error', reject);
  });
}

function describeExit(child: ChildProcess): string | null {
  if (child.signalCode !== null) return `ended by ${child.signalCode}`;
  return child.exitCode === null ? null : `ended with exit code ${child.exitCode}`;
}

async function endChild(child: ChildProcess, ended: Promise<void>, signal: StopSignal): Promise<void> {
  if (describeExit(child) !== null) return;
  child.kill(signal);
  const limit = new AbortController();
  const late = delay(STOP_LIMIT_MS, true, { signal: limit.signal, ref: true }).catch(() => false);
  if (await Promise.race([ended.then(() => false), late])) {
    child.kill('SIGKILL');
    await ended;
  }
  limit.abort();
}

interface Guard {
  readonly watch: (pid: number) => void;
  readonly standDown: () => void;
}

function startGuard(plan: ProcessPlan): Guard {
  const signal = plan.stopSignal.slice('SIG'.length);
  const shell = spawn('/bin/sh', ['-c', GUARD_SCRIPT, 'whystale-guard', plan.folder, signal], {
    cwd: '/',
    env: { PATH: '/usr/bin:/bin' },
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  // Without a guard the sweep at the next start is the only net; that must not stop the engine from starting.
  shell.on('error', () => undefined);
  shell.stdin.on('error', () => undefined);
  shell.unref();
  const pipe = shell.stdin as typeof shell.stdin & { unref?: () => void };
  pipe.unref?.();
  return {
    watch: (pid) => void shell.stdin.write(`${pid}\n`),
    standDown: () => void shell.stdin.end('done\n'),
  };
}

/** The last bytes of a log file as text; empty when there is none. */
export function readTail(file: string): string {
  try {
    const handle = openSync(file, 'r');
    try {
      const size = fstatSync(handle).size;
      const tail = Buffer.alloc(Math.min(size, LOG_TAIL_BYTES));
      const read = readSync(handle, tail, 0, tail.length, size - tail.length);
      return tail.toString('utf8', 0, read).trimEnd();
    } finally {
      closeSync(handle);
    }
  } catch {
    return '';
  }
}

/** Runs a helper program to its end. Output is stdout and stderr together, cut to the tail. */
export function runToEnd(
  plan: Omit<ProcessPlan, 'stopSignal' | 'folder'> & { readonly cwd: string; readonly timeoutMs: number },
): Promise<{ readonly code: number | null; readonly output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(plan.program, plan.args, {
      cwd: plan.cwd,
      env: plan.env,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: plan.timeoutMs,
      killSignal: 'SIGKILL',
      ...(plan.user.ids ?? {}),
    });
    let output = '';
    const keep = (chunk: Buffer): void => {
      output = (output + chunk.toString('utf8')).slice(-LOG_TAIL_BYTES);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, output: output.trimEnd() }));
  });
}

/**
 * A mark of when a process started, to tell it from a later one with the same id; null when there is no such process
 * or the system does not say. Field 22 of /proc/PID/stat, proc(5).
 */
export function processStart(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the program's name in parentheses and may itself contain spaces and parentheses.
    return (
      stat
        .slice(stat.lastIndexOf(')') + 2)
        .split(' ')
        .at(19) ?? null
    );
  } catch {
    return null;
  }
}

/** Whether a process with this id exists, ours or not. */
export function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
