/** WS105: the right removal was sent and failed. */
import type { Removal } from '../versions.ts';
import { type Cause, keyName, type StaleCase } from './cause.ts';

/** The last attempt that failed; none when one succeeded after it: then something else made the value stale. */
function lost({ ownBefore, ownAfter }: StaleCase): Removal | undefined {
  const own = [...ownBefore, ...ownAfter];
  const failed = own.findLast((removal) => removal.failed);
  if (failed === undefined) return undefined;
  return own.some((other) => !other.failed && other.interval.invoke > failed.interval.invoke)
    ? undefined
    : failed;
}

export const failedInvalidation: Cause = {
  code: 'WS105',
  matches: (stale) => lost(stale) !== undefined,
  explain: (stale, words) => {
    const failed = lost(stale);
    const why =
      failed?.op.status === 'info'
        ? 'was never answered'
        : `was answered with ${failed?.op.error ?? 'an error'}`;
    return `${words.writer} sent ${failed?.op.command ?? 'the removal'} ${keyName(stale.version.key)}, but it ${why}, and nothing tried again.`;
  },
  remedy: (_stale, words) => ({
    title: 'do not lose an invalidation',
    steps: [
      `In ${words.writer}, check the reply of the removal of ${words.template} after ${words.commit} and repeat it until it succeeds, outside the request if need be.`,
      'Write the key to an outbox table in the same transaction, and remove keys from there: the invalidation is then as durable as the change.',
      'Mend what made it fail: permissions of the Redis user, a read-only replica, a timeout.',
    ],
    recipe: 'docs/recipes/transactional-outbox.md',
  }),
};
