/** WS111: the cached answer was "no row", and the row exists by now. */
import type { Cause } from './cause.ts';

export const negativeCache: Cause = {
  code: 'WS111',
  matches: (stale) =>
    stale.window.effects.some(
      (effect) => effect.kind === 'entered' && effect.source?.kind === 'negative' && effect.source.keyed,
    ),
  explain: (_stale, words) =>
    `The cache remembers that there was no row. ${words.writer} created it and removed nothing, so readers are still told that it does not exist.`,
  remedy: (_stale, words) => ({
    title: 'remove the negative entry when the row is created',
    steps: [
      `In ${words.writer}, remove ${words.template} after ${words.commit} as well.`,
      'Give "no row" a much shorter time to live than a row.',
    ],
    recipe: 'docs/recipes/invalidate-after-commit.md',
  }),
};
