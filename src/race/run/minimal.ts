/** Looks for a simpler execution that fails in the same way. */

import { minimise } from '../explore/minimise.ts';
import { createGuide } from '../explore/replay.ts';
import type { NamedCause } from './cause.ts';
import { type Found, faultOf } from './collection.ts';
import type { Ran } from './execution.ts';

/** Executions spent on one counterexample at most. */
const MAX_RUNS = 12;

/**
 * @param run runs one execution with the strategy, and names the cause where it ended stale.
 * @param acrossClasses whether orderings that were not explored may hold a simpler one.
 */
export async function simplest(
  found: Found,
  run: (
    strategy: ReturnType<typeof createGuide>,
  ) => Promise<{ readonly ran: Ran; readonly cause: NamedCause | null }>,
  acrossClasses: boolean,
): Promise<{ readonly ran: Ran; readonly cause: NamedCause } | null> {
  let best: { readonly ran: Ran; readonly cause: NamedCause } | null = null;
  const { switches } = await minimise(
    found.ran.events,
    async (wanted) => {
      const { ran, cause } = await run(createGuide(wanted));
      const failing = cause?.code === found.cause.code && faultOf(ran) === found.fault;
      if (failing && cause !== null && (best === null || ran.taken.length <= best.ran.taken.length)) {
        best = { ran, cause };
      }
      return { events: ran.events, failing };
    },
    { maxRuns: MAX_RUNS, acrossClasses },
  );
  return best !== null && switches > 0 ? best : null;
}
