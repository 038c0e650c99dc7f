/** WS103: the key was removed before the commit, and a reader filled it again with the old value in between. */
import type { Cause } from './cause.ts';

export const invalidateBeforeCommit: Cause = {
  code: 'WS103',
  matches: (stale) => {
    const fill = stale.version.since;
    const after = stale.ownAfter.some((removal) => !removal.failed);
    return !after && stale.ownBefore.some((removal) => removal.interval.invoke < fill.return);
  },
  explain: (_stale, words) =>
    `${words.writer} removes the key before its COMMIT. A reader that misses in between still sees the old row and fills the key again; nothing removes it after the commit.`,
  remedy: (_stale, words) => ({
    title: 'invalidate after the commit',
    steps: [
      `In ${words.writer}, move the removal of ${words.template} behind ${words.commit} (an after-commit hook, or after the transaction block).`,
      'A removal before the commit may stay as well; it is the one after it that counts.',
    ],
    recipe: 'docs/recipes/invalidate-after-commit.md',
  }),
};
