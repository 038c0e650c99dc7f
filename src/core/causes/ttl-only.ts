/** WS112: nothing ever removes keys of this template on a change; the time to live is the only end of a stale value. */
import { type Cause, outsideSteps } from './cause.ts';

export const ttlOnly: Cause = {
  code: 'WS112',
  matches: () => true,
  explain: (_stale, words) =>
    `No write removes ${words.template} when its rows change (${words.changed}); the time to live is the only thing that ends a stale value.`,
  remedy: (_stale, words) => ({
    title: 'decide: invalidate, or state how stale it may be',
    steps: [
      `In ${words.writer}, remove ${words.template} after ${words.commit}.`,
      ...outsideSteps(words),
      'Or write down that readers may see values as old as the time to live, and make it as short as that needs.',
    ],
    recipe: 'docs/recipes/invalidate-after-commit.md',
  }),
};
