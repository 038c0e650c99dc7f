/** A case as the set-up of race reads it. */
import type { Case } from '../case/contract.ts';
import type { RequestSpec, Scenario } from '../race/scenario/index.ts';

const NOTHING: RequestSpec = { method: 'GET', path: '/', headers: {}, body: null };

/** Only what set-up steps and the service's environment look at is the case's own; nothing is raced. */
export function scenarioOf(measured: Case): Scenario {
  const { file, digest, stores, setup, warmup, folder } = measured;
  const [request = NOTHING] = measured.requests;
  return {
    file,
    digest,
    service: measured.service ?? { command: ['true'], cwd: folder, env: {}, ready: null },
    stores,
    setup,
    reset: { steps: [], redis: { kind: 'commands', commands: [] } },
    warmup,
    actors: [{ name: 'service', role: 'reader', requests: [request], env: {} }],
    start: ['cold'],
    oracle: { request, compare: { kind: 'body' }, sql: null, model: 'final-state', deltaMs: null },
    silent: { redis: [], sql: [] },
    scripts: 'anything',
    faults: [],
    faultBudget: 0,
    limits: { executions: 1, seconds: 1, executionMs: measured.load.timeoutMs },
    settleMs: 0,
  };
}
