/** What is asked of the samples of a phase. */
import { groupedBy } from '../../core/multimap.ts';
import type { CacheUse, Phase, Sample } from '../../measure/contract.ts';
import type { Effect, Metric, Side } from '../contract.ts';
import type { Pair } from './pairs.ts';
import { mean, quantile } from './quantile.ts';

/** Values a side that a figure of one unit needs. */
const ENOUGH = 5;
/** With fewer the 99th percentile is just the slowest request. */
const ENOUGH_FOR_TAIL = 100;
/** A clock may tell no time at all; below this it is taken for this, ms. */
const SHORTEST_MS = 0.001;

export interface Question {
  readonly phase: Phase;
  readonly metric: Metric;
  readonly among: Effect['among'];
  readonly scale: Effect['scale'];
  /** Whether the verdict hangs on it; the others explain. */
  readonly decides: boolean;
  readonly better: 'lower' | 'higher';
  /** Whether values are shares in [0, 1]. */
  readonly share: boolean;
  /** The value of a sample (of times: the logarithm); null: it has none. */
  readonly valueIn: (sample: Sample) => number | null;
  /** The figure of values, which it may put in order. */
  readonly figure: (values: Float64Array) => number;
  readonly enough: number;
}

/**
 * Medians, tails and error rates decide, each in both directions: a stampede that is mended shows in the tail alone. The family-wise
 * level pays for all of them. Hit ratio, source calls and the medians of hits and misses explain: they can take a `better` back, never
 * make one, and so cost nothing of that level.
 */
export function questionsOf(phase: Phase, pairs: readonly Pair[]): readonly Question[] {
  const all = responseTimes(phase, 'all', logTime);
  return [
    {
      ...all,
      metric: 'p50',
      decides: true,
      figure: (values) => quantile(values.sort(), 0.5),
      enough: ENOUGH,
    },
    {
      ...all,
      metric: 'p99',
      decides: true,
      figure: (values) => quantile(values.sort(), 0.99),
      enough: ENOUGH_FOR_TAIL,
    },
    {
      ...means(phase, 'error-rate', (sample) => (answered(sample) ? 0 : 1)),
      decides: true,
      share: true,
    },
    { ...means(phase, 'hit-ratio', fromCache), better: 'higher', share: true },
    means(phase, 'source-calls', (sample) => (answered(sample) ? sample.sourceCalls : null)),
    ...strata(phase, pairs),
  ];
}

/** Answered as expected; only such requests have a time that means anything. */
export function answered(sample: Sample): boolean {
  return sample.error === null && sample.status !== null;
}

function logTime(sample: Sample): number | null {
  return answered(sample) ? Math.log(Math.max(sample.correctedMs, SHORTEST_MS)) : null;
}

function responseTimes(phase: Phase, among: Effect['among'], valueIn: Question['valueIn']) {
  return { phase, among, scale: 'ratio', better: 'lower', share: false, valueIn } as const;
}

function means(phase: Phase, metric: Metric, valueIn: Question['valueIn']): Question {
  return {
    phase,
    metric,
    among: 'all',
    scale: 'difference',
    decides: false,
    better: 'lower',
    share: false,
    valueIn,
    figure: mean,
    enough: ENOUGH,
  };
}

/**
 * How far a request was answered without the source. One that asked neither the cache nor the source was answered from the service's own
 * memory: a cache as well, that nobody can make cold.
 */
function fromCache(sample: Sample): number | null {
  if (!answered(sample) || sample.cache === null) return null;
  if (sample.cache === 'none') return sample.sourceCalls === 0 ? 1 : 0;
  return { hit: 1, mixed: 0.5, miss: 0 }[sample.cache];
}

/** Medians of hits and of misses; where nothing hit, the misses are all there is and not asked again. */
function strata(phase: Phase, pairs: readonly Pair[]): readonly Question[] {
  if (tally(pairs, 'before', 'hit') + tally(pairs, 'after', 'hit') === 0) return [];
  return [stratum(phase, 'hits', 'hit', pairs), stratum(phase, 'misses', missKind(pairs), pairs)];
}

/**
 * Like with like: a request that reads a session and an item is `mixed` when the item misses, one that reads the item alone is `miss`.
 * The kind that most requests of both sides have stands for the misses; taken together, more half hits would pass for faster misses.
 */
function missKind(pairs: readonly Pair[]): CacheUse {
  const shared = (kind: CacheUse) => Math.min(tally(pairs, 'before', kind), tally(pairs, 'after', kind));
  return (['mixed', 'none'] as const).reduce<CacheUse>(
    (best, kind) => (shared(kind) > shared(best) ? kind : best),
    'miss',
  );
}

function tally(pairs: readonly Pair[], side: Side, kind: CacheUse): number {
  let found = 0;
  for (const { samples } of pairs) for (const sample of samples[side]) if (sample.cache === kind) found++;
  return found;
}

/**
 * The median among requests of one cache use. A warmer cache changes which requests still miss; so each time is first corrected for how
 * much longer its request takes than the others, and a different mix of requests is no different median.
 */
function stratum(phase: Phase, among: 'hits' | 'misses', kind: CacheUse, pairs: readonly Pair[]): Question {
  const members = pairs
    .flatMap(({ samples }) => [...samples.before, ...samples.after])
    .filter((sample) => sample.cache === kind && answered(sample));
  const offsets = offsetsOf(members);
  const valueIn = (sample: Sample) => {
    const time = sample.cache === kind ? logTime(sample) : null;
    return time === null ? null : time - (offsets.get(sample.request) ?? 0);
  };
  return {
    ...responseTimes(phase, among, valueIn),
    metric: 'p50',
    decides: false,
    figure: (values) => quantile(values.sort(), 0.5),
    enough: ENOUGH,
  };
}

/** How much longer than the others each request takes, on the scale of logarithms. */
function offsetsOf(samples: readonly Sample[]): ReadonlyMap<number, number> {
  const byRequest = groupedBy(samples, ({ request }) => request);
  if (byRequest.size < 2) return new Map();
  const whole = medianTime(samples);
  return new Map([...byRequest].map(([request, own]) => [request, medianTime(own) - whole]));
}

function medianTime(samples: readonly Sample[]): number {
  return quantile(Float64Array.from(samples, (sample) => logTime(sample) ?? 0).sort(), 0.5);
}
