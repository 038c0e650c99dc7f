/**
 * Back to the beginning: what the last execution left is ended, stores are reset past the gates, instances are warmed up, and
 * nothing moves any more.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { WhystaleError } from '../../errors.ts';
import type { Gate } from '../gate/contract.ts';
import type { RequestSpec, Start } from '../scenario/contract.ts';
import type { Reply } from './contract.ts';
import type { Instance } from './instance.ts';
import type { Quiescence } from './quiescence.ts';
import type { OpenFlight } from './request.ts';
import { lastLines, runSteps, type StepTools } from './steps.ts';

export const RESET_LIMITS = {
  /** How long requests that were cut off by the end of an execution may take to end, ms. */
  leftoverMs: 5_000,
  /** How long the service may take to come to rest, ms. */
  restMs: 10_000,
  /** After this time a Redis command that is still unanswered is one that waits for others (BLPOP, XREAD BLOCK), ms. */
  blockingMs: 30,
  /** How long a statement of the service's own background work may take, ms. */
  statementMs: 3_000,
} as const;

export interface ResetTools extends StepTools {
  readonly instances: readonly Instance[];
  /** Those of the instances that run now. */
  readonly gates: () => readonly Gate[];
  readonly quiescence: Quiescence;
  readonly flights: readonly OpenFlight[];
  readonly restore: () => Promise<void>;
  readonly ask: (instance: Instance, request: RequestSpec) => Promise<Reply>;
}

/** @throws WhystaleError WSE653 to WSE660: a step, an instance, the warm-up; the signal's reason */
export async function resetWorld(start: Start, tools: ResetTools): Promise<void> {
  const { scenario, instances, stores, signal } = tools;
  signal.throwIfAborted();
  for (const gate of tools.gates()) gate.hold(false);
  await Promise.all(instances.map((instance) => instance.noticeEnd()));
  sayEnded(tools);
  await tools.restore();
  await endLeftovers(tools);
  await rest(tools);
  await runSteps(scenario.reset.steps, 'reset', tools);
  await stores.cache.reset(scenario.reset.redis);
  for (const instance of instances) {
    for (const request of scenario.warmup) await warm(instance, request, tools);
  }
  if (start === 'warm') {
    for (const instance of instances.filter(({ actor }) => actor.role === 'reader')) {
      for (const request of instance.actor.requests) await warm(instance, request, tools);
    }
  }
  await rest(tools);
  signal.throwIfAborted();
}

/** An instance that ended by itself is started again, and that is said: it may be the bug that is looked for. */
function sayEnded({ instances, notice }: ResetTools): void {
  for (const { actor, end } of instances) {
    if (end === null || end.stopped || end.signal === 'SIGKILL') continue;
    const how = end.signal === null ? `exit code ${end.exitCode}` : `signal ${end.signal}`;
    notice(
      `The instance of ${actor.name} ended by itself with ${how} and is started again. ${lastLines(end.tail)}`,
    );
  }
}

async function endLeftovers({ flights, instances, notice, restore }: ResetTools): Promise<void> {
  const open = flights.filter(({ reply }) => reply === null);
  if (open.length === 0) return;
  const stop = new AbortController();
  const late = delay(RESET_LIMITS.leftoverMs, undefined, { signal: stop.signal }).catch(() => undefined);
  await Promise.race([Promise.all(open.map(({ ended }) => ended)), late]);
  stop.abort();
  const stuck = open.filter(({ reply }) => reply === null);
  for (const flight of stuck) {
    const instance = instances.find(({ actor }) => actor.name === flight.actor);
    notice(
      `${flight.request.method} ${flight.request.path} of ${flight.actor} did not end within ${RESET_LIMITS.leftoverMs / 1000} s after everything was let go; its instance is started again.`,
    );
    flight.cut('it did not end');
    await instance?.kill();
    for (const gate of instance?.gates ?? []) gate.reset();
  }
  if (stuck.length > 0) await restore();
}

/** Waits until nothing moves and the stores owe no answer but those that wait for others. */
async function rest(tools: ResetTools): Promise<void> {
  const { quiescence, gates, signal } = tools;
  const until = performance.now() + RESET_LIMITS.restMs;
  for (;;) {
    const left = until - performance.now();
    if (left <= 0 || !(await quiescence.wait(left))) {
      signal.throwIfAborted();
      throw await restless(tools);
    }
    if (await nothingOwed(gates())) return;
  }
}

/** False: an answer came; look again. */
async function nothingOwed(gates: readonly Gate[]): Promise<boolean> {
  const owed = (): readonly number[] => gates.flatMap((gate) => gate.unanswered().map(({ id }) => id));
  const before = owed();
  if (before.length === 0) return true;
  const sql = gates.some((gate) => gate.store === 'postgres' && gate.unanswered().length > 0);
  const until = performance.now() + (sql ? RESET_LIMITS.statementMs : RESET_LIMITS.blockingMs);
  while (performance.now() < until) {
    await delay(1);
    if (owed().join() !== before.join()) return false;
  }
  return true;
}

async function restless({ quiescence, scenario }: ResetTools): Promise<WhystaleError> {
  const busiest = await quiescence.busiest();
  return new WhystaleError({
    code: 'WSE659',
    what: `The service did not come to rest within ${RESET_LIMITS.restMs / 1000} s without requests${
      busiest === null ? ': it keeps talking to its stores' : `: ${busiest}`
    }.`,
    expected: 'A service that waits when it has nothing to do.',
    retry: 'after-fix',
    next: `Switch off its background work in service.env (reloaders, busy polling)${
      scenario.settleMs > 0 ? ', or lower settle' : ''
    }.`,
    exitCode: 4,
  });
}

async function warm(instance: Instance, request: RequestSpec, { ask, notice }: ResetTools): Promise<void> {
  const reply = await ask(instance, request);
  const name = `${request.method} ${request.path}`;
  if (reply.kind === 'broken') throw notWarm(instance, name, reply.reason);
  const { status } = reply.response;
  if (status >= 500) notice(`Warming up: ${name} of ${instance.actor.name} answered ${status}.`);
}

function notWarm({ actor }: Instance, name: string, reason: string): WhystaleError {
  return new WhystaleError({
    code: 'WSE663',
    what: `The instance of ${actor.name} did not answer ${name} while it was warmed up: ${reason}.`,
    expected: 'A response to every warm-up request, and to the reader’s own when the start is warm.',
    retry: 'safe',
    next: 'Send the request to the service by hand; correct warmup in the scenario.',
    exitCode: 4,
  });
}
