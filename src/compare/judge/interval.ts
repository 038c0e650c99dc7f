/**
 * The interval of a mean pair effect, and the smallest effect that would have been shown.
 *
 * The unit is the pair: pairs are resampled whole, the samples in them stay as they are, because resampling those again would count
 * their noise twice (Davison & Hinkley, "Bootstrap Methods and their Application", 1997, section 3.8). So neither likeness of requests
 * within a block nor drift from pair to pair enters as false precision.
 *
 * With many pairs the interval is resampled (subsets.ts), its level exact for symmetric pair effects, which two sides that do not
 * differ have by exchange. With few there are not enough arrangements for a tail (two to the fourth is sixteen), and the percentile
 * bootstrap is too narrow; there the standard error of the bootstrap over pairs is taken with its correction √(n/(n-1)) and with
 * quantiles of Student's t (Hesterberg, "What teachers should know about the bootstrap", The American Statistician 69, 2015). For a
 * mean that standard error has a closed form, the limit of infinitely many resamples (Efron & Tibshirani, "An Introduction to the
 * Bootstrap", 1993, section 5.2), so none are drawn. The t interval is wide rather than narrow for symmetric long tails (Benjamini,
 * "Is the t test really conservative when the parent distribution is long-tailed?", JASA 78, 1983).
 */
import type { Interval } from '../contract.ts';
import { deviation, mean } from './quantile.ts';
import { medianDeviation, noncentrality, tQuantile } from './student.ts';
import { FEWEST_RANKS, subsetCount, subsetInterval, subsetMeans } from './subsets.ts';

/** Four of five runs. */
const POWER = 0.8;

/** Pairs that an interval needs. With three, equal steps of a coarse clock would pass for certainty too often. */
export const FEWEST_PAIRS = 4;

/** What an interval costs at one level and so many pairs: how many standard errors it spans, and how many a true effect must be. */
export interface Reach {
  readonly t: number;
  readonly shift: number;
}

export interface Resampling {
  /** In [0, 1). */
  readonly random: () => number;
  readonly resamples: number;
}

export interface Spread {
  /** Probability that the interval leaves out the true effect. */
  readonly alpha: number;
  /** Factor on the variance for drift between blocks, at least 1. */
  readonly inflation: number;
  /** Standard error below which the spread of the pairs is chance, not precision. */
  readonly floor: number;
}

export interface Estimate {
  readonly mean: number;
  readonly interval: Interval;
  /** Size of the smallest true effect that would be told from none with the stated power. */
  readonly detectable: number;
}

/** Estimates from at least {@link FEWEST_PAIRS} effects. */
export function estimate(
  effects: Float64Array,
  spread: Spread,
  resampling: Resampling,
  { t, shift }: Reach,
): Estimate {
  const { alpha, inflation, floor } = spread;
  const centre = mean(effects);
  const df = effects.length - 1;
  const error = deviation(effects) / Math.sqrt(effects.length);
  const stretch = Math.sqrt(inflation);
  const raw = resampled(effects, alpha, resampling) ?? { low: centre - t * error, high: centre + t * error };
  return {
    mean: centre,
    interval: {
      low: centre - Math.max((centre - raw.low) * stretch, t * floor),
      high: centre + Math.max((raw.high - centre) * stretch, t * floor),
    },
    detectable: shift * Math.max(error / medianDeviation(df), floor),
  };
}

/** Reaches of one comparison, each worked out once: most questions share the level and the number of pairs. */
export function reaches(): (pairs: number, spread: Omit<Spread, 'floor'>) => Reach {
  const known = new Map<string, Reach>();
  return (pairs, { alpha, inflation }) => {
    const name = `${pairs} ${alpha} ${inflation}`;
    const met = known.get(name);
    if (met !== undefined) return met;
    const t = tQuantile(pairs - 1, alpha / 2);
    const reach = { t, shift: noncentrality(pairs - 1, t * Math.sqrt(inflation), POWER) };
    known.set(name, reach);
    return reach;
  };
}

function resampled(effects: Float64Array, alpha: number, { random, resamples }: Resampling): Interval | null {
  if ((alpha / 2) * subsetCount(effects.length, resamples) < FEWEST_RANKS) return null;
  return subsetInterval(subsetMeans(effects, resamples, random), alpha);
}
