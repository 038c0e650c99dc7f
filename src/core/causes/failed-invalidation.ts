/** WS105: the right removal was sent and failed. */
import { type Cause, keyName } from './cause.ts';

export const failedInvalidation: Cause = {
  code: 'WS105',
  matches: (stale) => [...stale.ownBefore, ...stale.ownAfter].some((removal) => removal.failed),
  explain: (stale, words) => {
    const failed = [...stale.ownBefore, ...stale.ownAfter].find((removal) => removal.failed);
    const why =
      failed?.op.status === 'info'
        ? 'was never answered'
        : `was answered with ${failed?.op.error ?? 'an error'}`;
    return `${words.writer} sent ${failed?.op.command ?? 'the removal'} ${keyName(stale.version.key)}, but it ${why}, and nothing tried again.`;
  },
  remedy: (_stale, words) => ({
    title: 'do not lose an invalidation',
    steps: [
      `In ${words.writer}, check the reply of the removal and repeat it until it succeeds, outside the request if need be.`,
      'Write the key to an outbox table in the same transaction, and remove keys from there: the invalidation is then as durable as the change.',
      'Mend what made it fail: permissions of the Redis user, a read-only replica, a timeout.',
    ],
    recipe: 'docs/recipes/transactional-outbox.md',
  }),
};
