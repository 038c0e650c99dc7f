/** A measured run as it might be, with its samples. */

import type { MeasuredRun, Phase, Sample } from '../../src/measure/contract.ts';
import { phaseFigures } from '../../src/measure/figures.ts';

/** Response times that look like some: a hump and a tail, always the same ones. */
function times(count: number, median: number): readonly number[] {
  return Array.from({ length: count }, (_, i) => {
    const share = (((i * 7919) % count) + 0.5) / count;
    return Math.round(median * (0.6 + 0.8 * share + 4 * share ** 20) * 1000) / 1000;
  });
}

function samples(phase: Phase, count: number, median: number): readonly Sample[] {
  return times(count, median).map((ms, index) => ({
    phase,
    index,
    request: 0,
    dueMs: index * 20,
    correctedMs: ms,
    uncorrectedMs: Math.round(ms * 900) / 1000,
    status: index % 50 === 49 ? null : 200,
    error: index % 50 === 49 ? 'no answer within 10000 ms' : null,
    cache: phase === 'cold' ? 'miss' : 'hit',
    sourceCalls: phase === 'cold' ? 3 : 1,
    cacheCalls: 2,
  }));
}

export const COLD = samples('cold', 30, 18.2);
export const WARM = samples('warm', 400, 2.4);
export const SAMPLES: readonly Sample[] = [...COLD, ...WARM];

const query = (shape: string, calls: number, ms: number) => ({
  shape,
  calls,
  callsPerRequest: Math.round((calls / SAMPLES.length) * 1000) / 1000,
  totalMs: calls * ms,
  p50Ms: ms,
  maxMs: ms * 6,
  plan: null,
});

export const RUN: MeasuredRun = {
  format: 'whystale-measure/1',
  case: 'slow-item',
  label: 'baseline',
  startedAt: '2026-03-01T10:00:00.000Z',
  ranMs: 31_400,
  complete: true,
  ended: null,
  engine: { redis: '7.0.15', postgres: '18.4', emulated: false },
  load: { rate: 50, seconds: 8, cold: 30, arrivals: 'poisson' },
  cold: phaseFigures([{ samples: COLD, totals: { hits: 0, misses: 30, sourceCalls: 90, cacheCalls: 60 } }]),
  warm: phaseFigures([
    { samples: WARM, totals: { hits: 400, misses: 0, sourceCalls: 400, cacheCalls: 800 } },
  ]),
  keys: [
    { key: 'item:1', db: 0, removed: true, why: 'its value was read from items, categories' },
    {
      key: 'session:4f1c…',
      db: 2,
      removed: false,
      why: 'without it the request was answered 401 instead of 200; it was put back',
    },
  ],
  queries: [
    {
      ...query(
        'SELECT count(*)::int AS reviews, round(avg(rating), $1)::float AS rating FROM reviews WHERE item_id = $2',
        30,
        4.1,
      ),
      plan: 'Aggregate  (cost=540.50..540.52 rows=1 width=12) (actual time=3.599..3.600 rows=1.00 loops=1)\n  ->  Seq Scan on reviews',
    },
    query('SELECT user_id FROM tokens WHERE token = $1', 430, 0.2),
  ],
  findings: [{ id: 'F1', code: 'WS112', template: 'item:{id}', key: 'item:1' }],
  fingerprint: { format: 'whystale-fingerprint/1', at: '2026-03-01T10:00:00.000Z', entries: [], unknown: [] },
  notices: ['This machine sent 1.2 % of 400 requests more than 5 ms late, at worst by 25 ms.'],
};

export const CUT_SHORT: MeasuredRun = {
  ...RUN,
  complete: false,
  ended: 'The service ended with exit code 1. Its last lines:\nout of \u001b[31mmemory',
  cold: null,
  keys: [],
  queries: [],
  findings: [],
  notices: [],
};

export const UNWATCHED: MeasuredRun = {
  ...CUT_SHORT,
  ended: null,
  complete: true,
  engine: { redis: null, postgres: null, emulated: false },
  warm: phaseFigures([{ samples: WARM, totals: null }]),
};
