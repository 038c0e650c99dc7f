/** WS104: the fill carries a value read before the commit and arrives after the invalidation. */
import type { Removal } from '../versions.ts';
import type { Cause, StaleCase } from './cause.ts';

export const staleFillRace: Cause = {
  code: 'WS104',
  matches: (stale) => stale.between.some((removal) => !removal.failed && isPassed(stale, removal)),
  explain: (_stale, words) =>
    `The fill carries a value that was read before the commit (${words.changed}) and arrives after the invalidation: the removal ran too early for this reader, and nothing removes the key afterwards.`,
  remedy: (_stale, words) => ({
    title: 'make the fill refuse to overwrite a newer generation',
    steps: [
      `In ${words.reader}, read a generation of ${words.template} before ${words.select}, and let the fill happen only if the generation is still the same (one Lua script).`,
      `In ${words.writer}, raise the generation where the key is removed, after ${words.commit}.`,
      'Removing the key again a little later only makes the window smaller.',
    ],
    recipe: 'docs/recipes/generation-fence.md',
  }),
};

/** A removal that the fill came after, or the write's own new value that it replaced. */
function isPassed({ version, ownAfter }: StaleCase, removal: Removal): boolean {
  if (removal.kind === 'removal') return true;
  return ownAfter.includes(removal) && version.sources.every((source) => !source.read.own);
}
