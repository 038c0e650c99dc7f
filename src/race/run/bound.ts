/** What was tried, and what was not: every verdict says it. */
import path from 'node:path';
import type { Bound, StrategyName } from '../result.ts';
import type { Scenario, SetupSpec } from '../scenario/contract.ts';
import { SETTLE_LIMITS } from './settle.ts';

/** What executions taught about actors. */
export interface Learned {
  /** Actors that were held in a polling loop. */
  readonly polled: ReadonlySet<string>;
  /** Actors, each with a store, that do not give up on a reply. */
  readonly patient: ReadonlySet<string>;
}

export function boundOf(scenario: Scenario, strategy: StrategyName, { polled, patient }: Learned): Bound {
  const { actors, start, faults, faultBudget, oracle, settleMs, setup, reset } = scenario;
  const held = [...polled].sort().map((actor) => `${actor} polls; it is held while others can move`);
  return {
    actors: actors.map(({ name, role, requests }) => ({
      name,
      role,
      requests: requests.map(({ method, path }) => `${method} ${path}`),
    })),
    data: [...setup, ...reset.steps].map(nameOfSetup),
    starts: start,
    faults,
    faultBudget: faults.length === 0 ? 0 : faultBudget,
    oracle: { model: oracle.model, deltaMs: oracle.deltaMs },
    settleMs,
    strategy,
    held: [
      ...held,
      ...[...patient].sort().map((client) => patience(client)),
      ...actors
        .filter(({ requests }) => requests.length > 1)
        .map(({ name }) => `${name} sends its requests one after the other`),
    ],
  };
}

function patience(client: string): string {
  const [actor, store] = client.split(' ');
  return `${actor} waits longer than ${SETTLE_LIMITS.delayMs / 1_000} s for a reply of ${store}: what a longer delay does is not tried`;
}

function nameOfSetup(spec: SetupSpec): string {
  return spec.kind === 'sql' ? path.basename(spec.file) : spec.command.join(' ');
}

/** The bound in words. */
export function boundText(bound: Bound, executions: number, complete: boolean): string {
  const who = bound.actors.map(({ name, requests }) => `${name} (${requests.join(', then ')})`).join(', ');
  const faults =
    bound.faults.length === 0
      ? 'no faults'
      : `${bound.faults.join(', ')}, at most ${bound.faultBudget} per execution`;
  const share = complete ? 'all explored' : 'not all explored';
  const timers =
    bound.settleMs > 0
      ? `timers up to ${bound.settleMs} ms`
      : 'timers only as far as a request waits for them';
  return [
    `these requests: ${who}`,
    `this data: ${bound.data.length === 0 ? 'as it was found' : bound.data.join(', ')}`,
    `start ${bound.starts.join(' and ')}`,
    `${executions} executions, ${share}`,
    faults,
    timers,
    ...bound.held,
    'orderings of wire messages; not covered: threads between wire calls, replies to one instance that overtake each other, several statements inside one database function',
  ].join('; ');
}
