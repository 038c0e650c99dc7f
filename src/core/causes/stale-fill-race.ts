/** WS104: the fill carries a value read before the commit and arrives after the invalidation. */
import type { Cause } from './cause.ts';

export const staleFillRace: Cause = {
  code: 'WS104',
  matches: (stale) => stale.between.some((removal) => removal.kind === 'removal' && !removal.failed),
  explain: (_stale, words) =>
    `The fill carries a value that was read before the commit (${words.changed}) and arrives after the invalidation: the removal ran too early for this reader, and nothing removes the key afterwards.`,
  remedy: (_stale, words) => ({
    title: 'make the fill refuse to overwrite a newer generation',
    steps: [
      `In ${words.reader}, read a generation of the key before the SELECT, and let the fill happen only if the generation is still the same (one Lua script).`,
      `In ${words.writer}, raise the generation where the key is removed.`,
      'Removing the key again a little later only makes the window smaller.',
    ],
    recipe: 'docs/recipes/generation-fence.md',
  }),
};
