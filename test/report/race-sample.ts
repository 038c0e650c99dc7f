/** Results of explorations to draw: one of every kind. */
import type { Counterexample, RaceResult, RaceStep, ReplayResult, ReplayRun } from '../../src/race/result.ts';

const step = (
  actor: string,
  ordinal: number,
  label: string,
  result: string | null = null,
  rest: Partial<RaceStep> = {},
): RaceStep => ({ actor, ordinal, label, result, ...rest });

export const LATE_FILL: Counterexample = {
  schedule: '/srv/shop/.whystale/schedules/item-cold-WS104.json',
  cause: 'WS104',
  start: 'cold',
  fault: null,
  steps: [
    step('reader', 1, 'GET item:1', 'miss'),
    step('reader', 2, 'SELECT … items id=1', 'price 10'),
    step('writer', 1, 'UPDATE items id=1', '1 row'),
    step('writer', 2, 'COMMIT', null, { note: 'the source changes here' }),
    step('writer', 3, 'DEL item:1', '0 removed'),
    step('reader', 3, 'SET item:1 EX 60', 'OK', { decisive: true, note: 'stale from here' }),
  ],
  key: 'item:1',
  served: '10',
  truth: '12',
  instance: 'reader',
  explanation: 'The fill carries a value read before the commit and arrives after the removal.',
  remedy: {
    title: 'make the fill refuse to overwrite a newer generation',
    steps: [
      'In the reader, read a generation before the SELECT.',
      'In the writer, raise it with the removal.',
    ],
    recipe: 'docs/recipes/generation-fence.md',
    purge: 'whystale purge --key item:1',
  },
  executions: 3,
};

/** Three actors, a fault that strikes one and one that strikes a key, and no cause. */
export const CRASHED: Counterexample = {
  ...LATE_FILL,
  schedule: "/srv/shop's/schedules/item-warm-crash.json",
  cause: null,
  start: 'warm',
  fault: 'crash',
  steps: [
    step('writer', 1, 'UPDATE items id=1', '1 row'),
    step('second', 1, 'UPDATE items id=1', 'waits for writer'),
    step('writer', 2, 'COMMIT', null, { note: 'the source changes here' }),
    step('redis:0:item:2', 1, 'item:2 expires', null, { fault: 'expire' }),
    step('writer', 3, 'DEL item:1', null, {
      fault: 'crash',
      decisive: true,
      note: 'nothing removes the key',
    }),
    step('reader', 1, 'GET item:1', '{"id":1,"name":"Lantern model 101","price":10}'),
  ],
  key: null,
  served: '{"price":10}',
  truth: '{"price":12}',
  instance: 'second',
  explanation: 'The removal of the key was cut off by the fault, and nothing makes up for it.',
  remedy: null,
  executions: 1,
};

export const VALID: RaceResult = {
  format: 'whystale-race/1',
  verdict: 'valid',
  complete: true,
  executions: 48,
  pruned: 12,
  stale: 0,
  classes: 40,
  divergences: 0,
  bound:
    'these requests: reader (GET /items/1), writer (PUT /items/1); this data: /srv/shop/reset.sql; start cold; 48 executions, all explored; no faults; orderings of wire messages; not covered: threads between wire calls, several statements inside one database function',
  counterexamples: [],
  scenario: '/srv/shop/scenarios/item.yaml',
  tried: {
    actors: [
      { name: 'reader', role: 'reader', requests: ['GET /items/1'] },
      { name: 'writer', role: 'writer', requests: ['PUT /items/1'] },
    ],
    data: ['/srv/shop/reset.sql'],
    starts: ['cold'],
    faults: [],
    faultBudget: 0,
    oracle: { model: 'final-state', deltaMs: null },
    settleMs: 0,
    strategy: 'dpor',
    held: [],
  },
  seed: 1,
  engine: {
    redis: { version: '7.0.15', embedded: true },
    postgres: { version: '18.4', embedded: true },
  },
  starts: [
    { start: 'cold', executions: 48, pruned: 12, classes: 40, stale: 0, divergences: 0, complete: true },
  ],
  faults: [{ fault: null, executions: 48, stale: 0 }],
  gaps: [],
  notices: [],
  interrupted: false,
  elapsed: { totalMs: 4_210, startMs: 3_100, executionMs: 23.1 },
};

export const INVALID: RaceResult = {
  ...VALID,
  verdict: 'invalid',
  stale: 4,
  counterexamples: [LATE_FILL, CRASHED],
  tried: {
    ...VALID.tried,
    actors: [
      ...VALID.tried.actors,
      { name: 'second', role: 'writer', requests: ['PUT /items/1', 'DELETE /carts/7/items/1'] },
    ],
    starts: ['cold', 'warm'],
    faults: ['crash', 'expire'],
    faultBudget: 1,
  },
  starts: [
    { start: 'cold', executions: 28, pruned: 10, classes: 26, stale: 3, divergences: 0, complete: true },
    { start: 'warm', executions: 20, pruned: 2, classes: 14, stale: 1, divergences: 0, complete: true },
  ],
  faults: [
    { fault: null, executions: 30, stale: 3 },
    { fault: 'crash', executions: 10, stale: 1 },
    { fault: 'expire', executions: 8, stale: 0 },
  ],
  notices: ['Quiescence is told by a pause without movement: the service runs in another container.'],
};

export const TRUNCATED: RaceResult = {
  ...VALID,
  verdict: 'unknown',
  complete: false,
  executions: 20_000,
  bound: VALID.bound.replace('48 executions, all', '20000 executions, not all'),
  gaps: ['the limit of 20000 executions is reached'],
  tried: { ...VALID.tried, strategy: 'random' },
  seed: 7,
};

export const DIVERGED: RaceResult = {
  ...VALID,
  verdict: 'unknown',
  complete: false,
  divergences: 3,
  bound: VALID.bound.replace(', all', ', not all'),
  gaps: ['reader#2 SELECT now() was missing once', 'an execution took longer than 30 s'],
};

/** Ended from outside, with something known already. */
export const INTERRUPTED: RaceResult = {
  ...INVALID,
  complete: false,
  bound: INVALID.bound.replace(', all', ', not all'),
  counterexamples: [LATE_FILL],
  gaps: ['it was interrupted'],
  interrupted: true,
};

const run = (outcome: ReplayRun['outcome'], why: string | null = null): ReplayRun => ({
  outcome,
  why,
  served: outcome === 'diverged' || outcome === 'failed' ? null : outcome === 'reproduced' ? '10' : '12',
  truth: outcome === 'diverged' || outcome === 'failed' ? null : '12',
  elapsedMs: 24,
});

export const REPRODUCED: ReplayResult = {
  format: 'whystale-replay/1',
  schedule: LATE_FILL.schedule,
  scenario: VALID.scenario,
  cause: 'WS104',
  start: 'cold',
  fault: null,
  times: 3,
  reproduced: 2,
  diverged: 1,
  runs: [run('reproduced'), run('diverged', 'reader#2 SELECT items is missing'), run('reproduced')],
  steps: LATE_FILL.steps,
  notices: [],
  interrupted: false,
  elapsedMs: 3_210,
};

export const NOT_REPRODUCED: ReplayResult = {
  ...REPRODUCED,
  times: 1,
  reproduced: 0,
  diverged: 0,
  runs: [run('not-reproduced')],
};

export const REPLAY_DIVERGED: ReplayResult = {
  ...REPRODUCED,
  times: 20,
  reproduced: 0,
  diverged: 2,
  runs: [
    run('diverged', 'reader#2 is missing'),
    run('diverged', 'reader#2 is missing'),
    run('failed', 'the service ended'),
  ],
  interrupted: true,
};
