/**
 * Intervals from random subsets of the pair effects: Hartigan's typical values, "Using subsample values as typical values", Journal of
 * the American Statistical Association 64 (1969). When each effect is as likely to lie so far above the centre as below it, the mean of
 * a random subset is above the centre as often as below, and the tails of these means hold the centre with exactly the stated
 * probability, normal or not. It is the sign-flip permutation test turned into an interval: flipping the pairs of a subset S lowers the
 * sum of the effects minus θ just when the mean over S is above θ.
 */

/** Random bits taken from one number; generators of 32 bits have as many good ones. */
const BITS = 24;

/** Ranks that each tail must hold at least; with fewer the interval is as coarse as the largest single effect. */
export const FEWEST_RANKS = 20;

/** Means over subsets of the effects, ascending: over every subset when there are at most `resamples`, else over random ones. */
export function subsetMeans(effects: Float64Array, resamples: number, random: () => number): Float64Array {
  const all = 2 ** effects.length;
  const means = all <= resamples ? everyMean(effects, all) : randomMeans(effects, resamples, random);
  return means.sort();
}

/** How many subsets there are to draw from. */
export function subsetCount(pairs: number, resamples: number): number {
  return Math.min(2 ** pairs, resamples);
}

/**
 * The interval that leaves out the centre with probability `alpha`, half on each side. The effects as they stand count as one more
 * arrangement (Phipson & Smyth, "Permutation p-values should never be zero", 2010).
 */
export function subsetInterval(ascending: Float64Array, alpha: number): { low: number; high: number } | null {
  const rank = Math.floor((alpha / 2) * (ascending.length + 1)) - 1;
  const low = ascending[rank];
  const high = ascending[ascending.length - 1 - rank];
  return low === undefined || high === undefined ? null : { low, high };
}

function everyMean(effects: Float64Array, all: number): Float64Array {
  const means = new Float64Array(all - 1);
  for (let mask = 1; mask < all; mask++) {
    let sum = 0;
    let size = 0;
    for (let bits = mask, index = 0; bits > 0; bits >>>= 1, index++) {
      if ((bits & 1) === 0) continue;
      sum += effects[index] ?? 0;
      size++;
    }
    means[mask - 1] = sum / size;
  }
  return means;
}

function randomMeans(effects: Float64Array, resamples: number, random: () => number): Float64Array {
  const means = new Float64Array(resamples);
  for (let resample = 0; resample < resamples; resample++) {
    let sum = 0;
    let size = 0;
    let bits = 0;
    for (let index = 0; index < effects.length; index++, bits >>>= 1) {
      if (index % BITS === 0) bits = Math.floor(random() * 2 ** BITS);
      if ((bits & 1) === 0) continue;
      sum += effects[index] ?? 0;
      size++;
    }
    // The empty subset, one of thousands, has no mean; one pair stands in.
    means[resample] = size > 0 ? sum / size : (effects[resample % effects.length] ?? 0);
  }
  return means;
}
