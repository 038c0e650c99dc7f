/** WS106: the cached value was read inside a transaction that had changed the row and was rolled back. */
import type { Cause } from './cause.ts';

export const uncommittedData: Cause = {
  code: 'WS106',
  matches: (stale) => stale.write.commit.txn.state === 'rolled back',
  explain: (_stale, words) =>
    `The value was read inside the transaction that wrote it, cached, and then the transaction was rolled back: ${words.key} holds a value that was never committed.`,
  remedy: (_stale, words) => ({
    title: 'fill the cache only with committed values',
    steps: [
      `In ${words.writer}, move the cache write of ${words.template} behind ${words.commit}, or remove the key there and let the next read fill it.`,
      'On rollback, do nothing to the cache.',
    ],
    recipe: 'docs/recipes/invalidate-after-commit.md',
  }),
};
