/** WS109: two writers wrote the cache in another order than they committed. */
import type { Cause } from './cause.ts';

export const writeOrderRace: Cause = {
  code: 'WS109',
  matches: (stale) =>
    stale.window.filledAfter &&
    stale.version.sources.some((source) => source.read.own) &&
    [...stale.between, ...stale.ownAfter].some((removal) => removal.kind === 'rewrite'),
  explain: (_stale, words) =>
    `Two writers wrote the value through to ${words.key}. Their cache writes arrived in another order than their commits: the older value (${words.changed}) stayed.`,
  remedy: (_stale, words) => ({
    title: 'let the newer version win',
    steps: [
      `Store a version with the value of ${words.template} (a row version or the commit time of the database) and let a script write only if it is newer.`,
      `Or remove ${words.template} after ${words.commit} in place of writing it through.`,
    ],
    recipe: 'docs/recipes/generation-fence.md',
  }),
};
