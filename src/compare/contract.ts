/**
 * A comparison of two sides of a case, measured in turn (A B B A …). The unit of the statistics is the block: requests within one are
 * alike by neighbourhood, blocks are not.
 */
import type { Difference } from '../fingerprint/contract.ts';
import type { MeasuredRun, Phase, Sample } from '../measure/contract.ts';

export const COMPARE_FORMAT = 'whystale-compare/1';
/** In the folder of a comparison. */
export const COMPARISON_FILE = 'comparison.json';

export type Side = 'before' | 'after';

/** Samples of one phase on one side within one turn. */
export interface Block {
  readonly side: Side;
  /** Counts from 0; the blocks `2k` and `2k + 1` are neighbours in time, one of each side. */
  readonly turn: number;
  readonly phase: Phase;
  readonly samples: readonly Sample[];
  /** Reads of the cache over the whole block, also by requests that overlapped; null or absent: not known. */
  readonly reads?: { readonly hits: number; readonly misses: number } | null;
}

/** What is compared. */
export type Metric = 'p50' | 'p99' | 'error-rate' | 'hit-ratio' | 'source-calls';

/** An interval at the comparison's confidence, for times and error rates corrected for the number of questions that decide. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** One question and its answer. */
export interface Effect {
  readonly phase: Phase;
  readonly metric: Metric;
  /** Which requests: all, or those answered from the cache or not. */
  readonly among: 'all' | 'hits' | 'misses';
  /** The figure of a typical block: the mean over blocks, of times the geometric mean, so that `effect` is what it says. */
  readonly before: number;
  readonly after: number;
  /** `ratio` after/before for times; `difference` after - before for shares and counts. */
  readonly scale: 'ratio' | 'difference';
  readonly effect: number;
  readonly interval: Interval | null;
  /** What the interval says. `none`: it holds no effect; `unknown`: too few samples for any interval. */
  readonly verdict: 'better' | 'worse' | 'none' | 'unknown';
  /** The smallest effect (on the same scale) that this many blocks would have shown in four of five runs, of a ratio the gain
   * (below 1); null: unknown. */
  readonly detectable: number | null;
  /** Requests on each side. */
  readonly samples: { readonly before: number; readonly after: number };
}

export type CompareVerdict = 'better' | 'worse' | 'no-difference' | 'not-comparable';

export interface Comparison {
  readonly format: typeof COMPARE_FORMAT;
  readonly case: string;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly ranMs: number;
  readonly complete: boolean;
  readonly ended: string | null;
  readonly verdict: CompareVerdict;
  /** One sentence that says why. */
  readonly because: string;
  /** A gain that comes from more hits alone, not from faster work: `more-hits`; null: there is no gain, or where it
   * comes from is not known. */
  readonly gain: 'faster-work' | 'more-hits' | 'both' | null;
  /** Family-wise confidence of the intervals, 0.95. */
  readonly confidence: number;
  readonly blocks: number;
  readonly effects: readonly Effect[];
  readonly sides: Readonly<Record<Side, MeasuredRun & { readonly source: string }>>;
  readonly differences: readonly (Difference & { readonly allowed: string | null })[];
  /** Verdicts of the case's race scenario; null: there is none, or it was not run. */
  readonly race: Readonly<
    Record<Side, { readonly verdict: string; readonly complete: boolean; readonly causes: readonly string[] }>
  > | null;
  readonly notices: readonly string[];
}
