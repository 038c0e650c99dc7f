/** Comparisons as they might be. */
import type { Comparison, Effect, Side } from '../../src/compare/contract.ts';
import type { Phase } from '../../src/measure/contract.ts';
import { RUN } from './measure-sample.ts';

export const COLD_RUN = RUN.cold!;
export const WARM_RUN = RUN.warm!;

export function effectOf(
  phase: Phase,
  metric: Effect['metric'],
  verdict: Effect['verdict'],
  own: Partial<Effect> = {},
): Effect {
  const ratio = metric === 'p50' || metric === 'p99';
  const factor = { better: 0.4, worse: 1.9, none: 1.01, unknown: 0.9 }[verdict];
  const before = ratio ? (phase === 'cold' ? 62.1 : 3.2) : metric === 'source-calls' ? 1 : 0.02;
  const effect = ratio ? factor : before * factor - before;
  return {
    phase,
    metric,
    among: 'all',
    before,
    after: before * factor,
    scale: ratio ? 'ratio' : 'difference',
    effect,
    interval: verdict === 'unknown' ? null : { low: effect - 0.05, high: effect + 0.05 },
    verdict,
    detectable: verdict === 'unknown' ? null : ratio ? 0.93 : 0.03,
    samples: { before: 200, after: 200 },
    ...own,
  };
}

const SOURCES: Readonly<Record<Side, string>> = {
  before: 'main (1a2b3c4)',
  after: 'working tree (1a2b3c4, 2 changed files)',
};

const side = (name: Side) => ({ ...RUN, label: name, source: SOURCES[name], findings: [] });

const difference = (
  kind: Comparison['differences'][number]['kind'],
  name: string,
  allowed: string | null,
) => ({
  kind,
  name,
  before: 'h:1f0c2a9e7b60d358',
  after: 'h:99aa11bb22cc33dd',
  allowed,
});

export const BETTER: Comparison = {
  format: 'whystale-compare/1',
  case: 'slow-item',
  startedAt: '2026-03-02T10:00:00.000Z',
  ranMs: 74_200,
  complete: true,
  ended: null,
  verdict: 'better',
  because:
    'The race scenario ended stale before the change (WS104), and no longer does. The cold median fell from 62 ms to 25 ms (by 55 % to 65 %), by faster work.',
  gain: 'faster-work',
  confidence: 0.95,
  blocks: 32,
  effects: [
    effectOf('cold', 'p50', 'better'),
    effectOf('cold', 'p99', 'unknown'),
    effectOf('cold', 'error-rate', 'none'),
    effectOf('cold', 'hit-ratio', 'none', {
      before: 0,
      after: 0,
      effect: 0,
      interval: { low: -0.01, high: 0.01 },
    }),
    effectOf('cold', 'source-calls', 'none', {
      before: 3,
      after: 1,
      effect: -2,
      interval: { low: -2, high: -2 },
    }),
    effectOf('warm', 'p50', 'none'),
    effectOf('warm', 'p99', 'none', { before: 11.2, after: 11.4 }),
    effectOf('warm', 'hit-ratio', 'none', {
      before: 0.98,
      after: 0.981,
      effect: 0.001,
      interval: { low: -0.004, high: 0.006 },
    }),
    effectOf('warm', 'p50', 'none', { among: 'hits' }),
  ],
  sides: { before: side('before'), after: side('after') },
  differences: [
    difference('code', 'dirty:app/items.py', 'the change (code)'),
    difference('environment', 'WORKERS', '--allow'),
  ],
  race: {
    before: { verdict: 'invalid', complete: true, causes: ['WS104'] },
    after: { verdict: 'valid', complete: true, causes: [] },
  },
  notices: ['Both sides: node_modules is a link to the repository’s folder.'],
};

export const WORSE: Comparison = {
  ...BETTER,
  verdict: 'worse',
  because:
    'The race scenario ends stale after the change (WS101), and did not before. Faster and wrong is worse. Of the times: the warm median fell from 3.2 ms to 1.3 ms (by 55 % to 65 %), by faster work.',
  gain: null,
  effects: [effectOf('cold', 'p50', 'none'), effectOf('warm', 'p50', 'better')],
  sides: {
    before: side('before'),
    after: {
      ...side('after'),
      findings: [{ id: 'F1', code: 'WS101', template: 'item:{id}', key: 'item:1' }],
    },
  },
  race: {
    before: { verdict: 'valid', complete: true, causes: [] },
    after: { verdict: 'invalid', complete: true, causes: ['WS101'] },
  },
  notices: [],
};

export const SHAM: Comparison = {
  ...BETTER,
  verdict: 'no-difference',
  because:
    'The warm median fell from 61 ms to 2.9 ms (by 93 % to 96 %), but the gain comes from more hits alone (warm hit ratio 1.2 % to 98 %): neither hits nor misses nor cold requests got faster, so this is no faster work.',
  gain: 'more-hits',
  effects: [
    effectOf('cold', 'p50', 'none'),
    effectOf('warm', 'p50', 'better', {
      before: 61,
      after: 2.9,
      effect: 0.047,
      interval: { low: 0.04, high: 0.07 },
    }),
    effectOf('warm', 'hit-ratio', 'better', {
      before: 0.012,
      after: 0.98,
      effect: 0.968,
      interval: { low: 0.95, high: 0.98 },
    }),
    effectOf('warm', 'source-calls', 'better', {
      before: 0.99,
      after: 0.02,
      effect: -0.97,
      interval: { low: -0.99, high: -0.95 },
    }),
    effectOf('warm', 'p50', 'none', { among: 'hits' }),
    effectOf('warm', 'p50', 'none', { among: 'misses', before: 61, after: 61.2 }),
  ],
  race: null,
  notices: [],
};

const unmeasured = (name: Side) => ({
  ...side(name),
  complete: false,
  ended: 'More than the one change differs.',
  cold: null,
  warm: null,
  keys: [],
  queries: [],
});

export const REFUSED: Comparison = {
  ...BETTER,
  ranMs: 4_100,
  complete: false,
  ended: 'It was refused before anything was measured.',
  verdict: 'not-comparable',
  because:
    'More than the one change differs: besides code (commit) also dependency (package-lock.json), so that it cannot be told which of them made a difference.',
  gain: null,
  blocks: 0,
  effects: [],
  sides: { before: unmeasured('before'), after: unmeasured('after') },
  differences: [
    {
      kind: 'code',
      name: 'commit',
      before: '1'.repeat(40),
      after: 'a'.repeat(40),
      allowed: 'the change (code)',
    },
    difference('dependency', 'package-lock.json', null),
  ],
  race: null,
  notices: [],
};

export const INCOMPLETE: Comparison = {
  ...BETTER,
  complete: false,
  ended: 'The service of the side after ended with signal SIGKILL.',
  verdict: 'not-comparable',
  because:
    'The service of the side after ended with signal SIGKILL. 3 of 8 pairs of turns were measured. So far: too little was measured for an interval.',
  gain: null,
  blocks: 12,
  effects: [effectOf('cold', 'p50', 'unknown'), effectOf('warm', 'p50', 'unknown')],
  race: null,
  notices: [],
};
