/** The causes in the order in which they are asked: the first that matches names the finding. The last always matches. */
import type { Cause, StaleCase } from './cause.ts';
import { failedInvalidation } from './failed-invalidation.ts';
import { invalidateBeforeCommit } from './invalidate-before-commit.ts';
import { missingInvalidation } from './missing-invalidation.ts';
import { negativeCache } from './negative-cache.ts';
import { partialInvalidation } from './partial-invalidation.ts';
import { replicaLag } from './replica-lag.ts';
import { staleFillRace } from './stale-fill-race.ts';
import { ttlOnly } from './ttl-only.ts';
import { uncommittedData } from './uncommitted-data.ts';
import { writeOrderRace } from './write-order-race.ts';
import { wrongKey } from './wrong-key.ts';

export const CAUSES: readonly Cause[] = [
  uncommittedData,
  // Told by where and when the value was read; the order of the removals has no part in it.
  replicaLag,
  failedInvalidation,
  invalidateBeforeCommit,
  staleFillRace,
  writeOrderRace,
  negativeCache,
  wrongKey,
  partialInvalidation,
  missingInvalidation,
  ttlOnly,
];

export function causeOf(stale: StaleCase): Cause {
  return CAUSES.find((cause) => cause.matches(stale)) ?? ttlOnly;
}
