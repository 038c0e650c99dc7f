/** What is usual of times, learned from pairs without a choice, and how unlikely another time is. */
import { quantile } from './clock.ts';

/** A time between two stamps of a pair; ns. */
export interface Usual {
  readonly middle: number;
  readonly scale: number;
}

/** Least scale; ns. */
const LEAST_SCALE = 5e3;

/** How much likelier (by its logarithm) than its rivals a pair must be to be clear. */
export const MARGIN = 2;

export function usual(times: readonly number[]): Usual {
  const middle = quantile(times, 0.5);
  const scale = quantile(
    times.map((time) => Math.abs(time - middle)),
    0.5,
  );
  return { middle, scale: Math.max(LEAST_SCALE, scale) };
}

/** How unlikely a time is, as a negative logarithm with heavy tails (Cauchy): a client may wait long for a connection. */
export function unlikely(time: number, { middle, scale }: Usual): number {
  return Math.log1p(((time - middle) / scale) ** 2);
}
