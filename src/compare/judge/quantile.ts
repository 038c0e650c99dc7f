/** Quantiles of samples. */

/**
 * The `p` quantile of values in ascending order, which must not be empty. Definition 8 of Hyndman & Fan, "Sample quantiles in
 * statistical packages", The American Statistician 50 (1996): median-unbiased whatever the distribution, so that sides with unlike
 * numbers of requests can be compared.
 */
export function quantile(ascending: Float64Array, p: number): number {
  const last = ascending.length - 1;
  const position = Math.min(Math.max((ascending.length + 1 / 3) * p - 2 / 3, 0), last);
  const below = Math.floor(position);
  const low = ascending[below] ?? Number.NaN;
  const high = ascending[Math.min(below + 1, last)] ?? Number.NaN;
  return low + (high - low) * (position - below);
}

/** The mean; of values that are all the same that value, not a rounding error. */
export function mean(values: Float64Array): number {
  const [first = Number.NaN] = values;
  if (values.every((value) => value === first)) return first;
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

/** Standard deviation of a sample (divided by n - 1). */
export function deviation(values: Float64Array): number {
  const centre = mean(values);
  let squares = 0;
  for (const value of values) squares += (value - centre) ** 2;
  return Math.sqrt(squares / (values.length - 1));
}
