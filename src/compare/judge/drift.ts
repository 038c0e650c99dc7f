/**
 * Slow drift over a run: neighbouring blocks are alike, more distant ones less. Within a pair the likeness only helps. Between pairs it
 * can hurt: in the order A B B A two neighbouring pairs lean the same way, so that their mean strays further than their spread tells.
 */
import type { Unit } from './pairs.ts';

/** Correlations of neighbouring blocks that are tried, in steps of a twentieth. */
const CORRELATIONS = Array.from({ length: 20 }, (_, step) => step / 20);

/**
 * How much larger the variance of the mean effect can be than the spread of the units says, at the worst first-order autoregressive
 * drift of the blocks, for the order in which the sides really came. At least 1; about 1.2 for A B B A. The arithmetic is that of any
 * linear contrast of correlated observations (Box, Hunter & Hunter, "Statistics for Experimenters", 2nd ed. 2005, chapter 3).
 */
export function driftInflation(units: readonly Unit[]): number {
  const contrasts = units.map(contrastOf);
  const whole = productsByLag(contrasts.flat());
  const own = contrasts.map(productsByLag);
  const n = units.length;
  let worst = 1;
  for (const correlation of CORRELATIONS) {
    const sum = variance(whole, correlation);
    const apart = own.reduce((total, products) => total + variance(products, correlation), 0);
    const spread = (apart - sum / n) / (n - 1);
    if (spread > 0) worst = Math.max(worst, sum / n / spread);
  }
  return worst;
}

/** Inflations of one comparison, each worked out once: most questions have the same units. */
export function driftInflations(): (units: readonly Unit[]) => number {
  const known = new Map<string, number>();
  return (units) => {
    const turns = JSON.stringify(units.map((unit) => unit.turns));
    const inflation = known.get(turns) ?? driftInflation(units);
    known.set(turns, inflation);
    return inflation;
  };
}

interface Weight {
  readonly turn: number;
  readonly weight: number;
}

function contrastOf({ turns }: Unit): readonly Weight[] {
  return [
    ...turns.before.map((turn) => ({ turn, weight: -1 / turns.before.length })),
    ...turns.after.map((turn) => ({ turn, weight: 1 / turns.after.length })),
  ];
}

/** Products of every two weights, summed up by how many turns lie between them. */
function productsByLag(weights: readonly Weight[]): ReadonlyMap<number, number> {
  const products = new Map<number, number>();
  for (const one of weights)
    for (const other of weights) {
      const lag = Math.abs(one.turn - other.turn);
      products.set(lag, (products.get(lag) ?? 0) + one.weight * other.weight);
    }
  return products;
}

/** Variance of a weighted sum of blocks of unit variance whose correlation falls by a factor with each turn between them. */
function variance(products: ReadonlyMap<number, number>, correlation: number): number {
  let total = 0;
  for (const [lag, product] of products) total += product * correlation ** lag;
  return total;
}
