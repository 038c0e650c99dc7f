/**
 * The scenario's own steps, past the gates: SQL sent whole on a connection without state, so that nothing of one execution
 * reaches the next, or a command.
 */
import { relative } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { WhystaleError } from '../../errors.ts';
import { runChild } from '../../watch/child-run.ts';
import type { Scenario, SetupSpec } from '../scenario/contract.ts';
import { type Backend, pidOf, STEP_LIMIT_MS } from './backends.ts';
import { commandEnvironment } from './environment.ts';
import type { OpenStores } from './stores.ts';

/** How long a step may take before it is asked whether it waits for a lock, ms. */
const LOCK_LOOK_MS = 300;

export interface StepTools {
  readonly scenario: Scenario;
  readonly stores: OpenStores;
  readonly env: NodeJS.ProcessEnv;
  readonly clock: () => number;
  readonly notice: (text: string) => void;
  readonly signal: AbortSignal;
}

/** `setup` or `reset`, as errors name it. */
export type Phase = 'setup' | 'reset';

/**
 * Runs steps one after the other.
 *
 * @throws WhystaleError WSE653 SQL failed, WSE654 a command failed, WSE655 a lock of a stranger does not end
 */
export async function runSteps(steps: readonly SetupSpec[], phase: Phase, tools: StepTools): Promise<void> {
  for (const step of steps) {
    tools.signal.throwIfAborted();
    if (step.kind === 'sql') await runSql(step, phase, tools);
    else await runCommand(step.command, phase, tools);
  }
}

async function runSql(
  step: Extract<SetupSpec, { readonly kind: 'sql' }>,
  phase: Phase,
  tools: StepTools,
): Promise<void> {
  const { backends } = tools.stores;
  const client = await backends.borrow();
  const running = client.query(step.text).then(
    () => true as const,
    (error: unknown) => {
      throw sqlFailed(step, phase, error);
    },
  );
  try {
    await freeingLocks(running, client, tools);
  } catch (error) {
    // Whatever it still does is not waited for.
    void client.end().catch(() => undefined);
    throw error;
  }
  backends.giveBack(client);
}

/** Waits for a statement; what holds it up and was left behind by an instance is ended. */
async function freeingLocks(running: Promise<true>, client: pg.Client, tools: StepTools): Promise<void> {
  const stop = new AbortController();
  try {
    for (;;) {
      const late = delay(LOCK_LOOK_MS, false, { signal: stop.signal }).catch(() => false);
      if (await Promise.race([running, late])) return;
      await freeLocks(pidOf(client), tools);
    }
  } finally {
    stop.abort();
  }
}

async function freeLocks(pid: number, { stores: { backends }, notice }: StepTools): Promise<void> {
  const behind = (await backends.waiting([pid])).get(pid) ?? [];
  if (behind.length === 0) return;
  const ours = (await backends.instances()).filter((backend) => behind.includes(backend.pid));
  if (ours.length < new Set(behind).size || !(await backends.terminate(ours.map((backend) => backend.pid)))) {
    throw heldUp(behind, ours);
  }
  notice(
    `A transaction that the service left open held up the reset; its connection was ended (${shown(ours)}). Later requests may meet a broken connection.`,
  );
}

/** Without process ids: what is said once is told by its text. */
function shown(backends: readonly Backend[]): string {
  return backends.map(({ application, state }) => [application, state].filter(Boolean).join(', ')).join('; ');
}

async function runCommand(
  command: readonly [string, ...string[]],
  phase: Phase,
  tools: StepTools,
): Promise<void> {
  const { scenario, stores, env, clock, signal } = tools;
  const { words, variables } = commandEnvironment(command, scenario, stores, env);
  const end = await runChild(
    {
      command: words,
      env: variables,
      cwd: scenario.service.cwd,
      clock,
      stopLimitMs: 2_000,
    },
    STEP_LIMIT_MS,
    signal,
  );
  if (end.exitCode === 0 && !end.stopped) return;
  const how = end.stopped
    ? `did not end within ${STEP_LIMIT_MS / 1000} s`
    : `ended with ${end.signal === null ? `exit code ${end.exitCode}` : `signal ${end.signal}`}`;
  throw new WhystaleError({
    code: 'WSE654',
    what: `The ${phase} command ${command[0]} ${how}. ${lastLines(end.tail)}`,
    expected: 'Exit code 0.',
    retry: 'after-fix',
    next: `Run it by hand in ${scenario.service.cwd}; it is given REDIS_URL, DATABASE_URL and PGHOST… of the stores.`,
    exitCode: 2,
  });
}

/** What a process printed last, as a sentence of an error. */
export function lastLines(tail: readonly string[]): string {
  return tail.length === 0 ? 'It printed nothing.' : `Its last lines:\n${tail.join('\n')}`;
}

function sqlFailed(
  step: Extract<SetupSpec, { readonly kind: 'sql' }>,
  phase: Phase,
  error: unknown,
): WhystaleError {
  const { message, position, code } = error as Error & { readonly position?: string; readonly code?: string };
  const file = relative(process.cwd(), step.file) || step.file;
  const place = position === undefined ? file : `${file}:${lineAndColumn(step.text, Number(position))}`;
  const psql = /^\s*\\/m.test(step.text)
    ? ' Lines that begin with \\ are commands of psql: use a command step.'
    : '';
  return new WhystaleError({
    code: 'WSE653',
    what: `The ${phase} SQL failed: ${place}: ${message}${code === undefined ? '' : ` (${code})`}.${psql}`,
    expected: 'SQL that the server takes whole, as one query message.',
    retry: 'after-fix',
    next: `Mend ${file}; privileges that are lacking must be granted to the user of stores.postgres.`,
    exitCode: 2,
    cause: error,
  });
}

/** The server counts characters from 1. */
function lineAndColumn(text: string, position: number): string {
  const before = [...text].slice(0, position - 1).join('');
  const lines = before.split('\n');
  return `${lines.length}:${(lines.at(-1) ?? '').length + 1}`;
}

function heldUp(behind: readonly number[], ours: readonly Backend[]): WhystaleError {
  const strangers = behind.filter((pid) => !ours.some((backend) => backend.pid === pid));
  const who = strangers.length > 0 ? strangers : behind;
  return new WhystaleError({
    code: 'WSE655',
    what: `The reset waits for a lock of ${who.map((pid) => `server process ${pid}`).join(', ')}, which ${
      strangers.length > 0 ? 'is none of the service' : 'this user may not end'
    }.`,
    expected: 'A database that nobody else uses meanwhile.',
    retry: 'after-fix',
    next: 'End that session (select pg_terminate_backend(PID)), or use an embedded PostgreSQL.',
    exitCode: 4,
  });
}
