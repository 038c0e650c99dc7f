/** When requests are due: an absolute schedule, so that a late request does not move those after it. */
import type { LoadPlan } from './contract.ts';

const NS_PER_SECOND = 1e9;

/**
 * Due times of a plan in integer ns after its start, one for each request. `constant`: `i / rate`. `poisson`: the gaps, the first
 * included, are independent and exponential with mean `1 / rate` (inverse transform of `random`, one draw for each request), so
 * that arrivals in any stretch are Poisson distributed, as those of many independent users are.
 */
export function* dueOffsets(
  { rate, count, arrivals }: Pick<LoadPlan, 'rate' | 'count' | 'arrivals'>,
  random: () => number,
): Generator<number, void, undefined> {
  let seconds = 0;
  for (let index = 0; index < count; index++) {
    if (arrivals === 'constant') seconds = index / rate;
    // 1 - u lies in (0, 1], so that its logarithm is finite.
    else seconds += -Math.log(1 - random()) / rate;
    yield Math.round(seconds * NS_PER_SECOND);
  }
}
