/**
 * Student's t, central and noncentral. Both are a normal variable divided by an independent root mean square, so one integral over that
 * divisor serves them: P(T > c) = ∫ Φ(shift − c·s) f(s) ds, f the density of √(χ²/df) (Johnson, Kotz & Balakrishnan, "Continuous
 * Univariate Distributions" vol. 2, 2nd ed. 1995, chapters 28 and 31).
 */

const STEPS = 128;
const HALVINGS = 40;
const LARGEST = 1e6;

/** Nodes of Simpson's rule over the divisor, each with its share of the probability. */
interface Divisor {
  readonly nodes: Float64Array;
  readonly weights: Float64Array;
}

/** P(T > c) of a t variable with `df` degrees of freedom and noncentrality `shift`. */
export function upperTail(c: number, shift: number, df: number): number {
  return tailOver(divisorOf(df), c, shift);
}

function tailOver({ nodes, weights }: Divisor, c: number, shift: number): number {
  let sum = 0;
  for (let step = 0; step <= STEPS; step++)
    sum += (weights[step] ?? 0) * normalBelow(shift - c * (nodes[step] ?? 0));
  return sum;
}

function divisorOf(df: number): Divisor {
  const spread = 9 / Math.sqrt(2 * df);
  const from = Math.max(0, 1 - spread);
  const width = (1 + spread - from) / STEPS;
  const scale = Math.log(2) + (df / 2) * Math.log(df / 2) - logGamma(df / 2);
  const nodes = Float64Array.from({ length: STEPS + 1 }, (_, step) => from + step * width);
  const weights = nodes.map((s, step) => {
    const density = Math.exp(scale + (df - 1) * Math.log(s) - (df * s * s) / 2);
    return (simpson(step) * density * width) / 3;
  });
  return { nodes, weights };
}

/** Weights of Simpson's rule. */
function simpson(step: number): number {
  if (step === 0 || step === STEPS) return 1;
  return step % 2 === 1 ? 4 : 2;
}

/** The value that a t variable passes upwards with probability `tail` (below one half). */
export function tQuantile(df: number, tail: number): number {
  const divisor = divisorOf(df);
  return solve((c) => tailOver(divisor, c, 0) <= tail);
}

/** How many standard errors a true effect must be for the estimate to pass `critical` standard errors with probability `power`. */
export function noncentrality(df: number, critical: number, power: number): number {
  const divisor = divisorOf(df);
  return solve((shift) => tailOver(divisor, critical, shift) >= power);
}

/** The median of a standard deviation that was estimated with `df` degrees of freedom, as a share of the true one: the cube-root
 * approximation of Wilson & Hilferty, PNAS 17 (1931), to the median of χ². */
export function medianDeviation(df: number): number {
  return (1 - 2 / (9 * df)) ** 1.5;
}

/** The smallest x above zero for which a condition holds that holds for all larger ones. */
function solve(holds: (x: number) => boolean): number {
  let high = 1;
  while (!holds(high) && high < LARGEST) high *= 2;
  let low = 0;
  for (let step = 0; step < HALVINGS; step++) {
    const middle = (low + high) / 2;
    if (holds(middle)) high = middle;
    else low = middle;
  }
  return high;
}

/** Φ, by formula 26.2.17 of Abramowitz & Stegun, "Handbook of Mathematical Functions" (1964); error below 7.5e-8. */
export function normalBelow(z: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(z));
  const series =
    t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  const tail = (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * series;
  return z > 0 ? 1 - tail : tail;
}

/** ln Γ(x) for x > 0: the recurrence up to 8, then Stirling's series (Abramowitz & Stegun 6.1.41). */
function logGamma(x: number): number {
  let shift = 0;
  let z = x;
  for (; z < 8; z++) shift += Math.log(z);
  const series = 1 / (12 * z) - 1 / (360 * z ** 3) + 1 / (1260 * z ** 5);
  return (z - 0.5) * Math.log(z) - z + Math.log(2 * Math.PI) / 2 + series - shift;
}
