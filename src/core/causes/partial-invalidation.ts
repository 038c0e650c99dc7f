/** WS110: the same write did remove another key fed by the row, and forgot this one. */
import type { Removal } from '../versions.ts';
import { type Cause, keyName, type StaleCase } from './cause.ts';

function other(stale: StaleCase): Removal | undefined {
  return stale.elsewhere.find((removal) => !removal.failed && stale.fedByRow(removal.key));
}

export const partialInvalidation: Cause = {
  code: 'WS110',
  matches: (stale) => other(stale) !== undefined,
  explain: (stale, words) => {
    const removed = other(stale);
    const did = removed?.kind === 'rewrite' ? 'rewrites' : 'removes';
    return `${words.writer} ${did} ${removed === undefined ? 'another key' : keyName(removed.key)}, but ${keyName(stale.version.key)} is fed by the same row (${words.changed}) and is forgotten.`;
  },
  remedy: (_stale, words) => ({
    title: 'remove every key that the row feeds',
    steps: [
      `In ${words.writer}, remove ${words.template} as well, after ${words.commit}.`,
      'Keep the list of keys that a row feeds in one place next to the table.',
      'Where the keys are looked up in an index (a set of keys for each tag), add a key to the index before its rows are read: else one that is being filled is missed.',
    ],
    recipe: 'docs/recipes/key-function.md',
  }),
};
