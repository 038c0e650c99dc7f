/** WS101: this write never removes the key, though another write does on a change, or nothing ever ends the value. */
import type { Cause } from './cause.ts';

export const missingInvalidation: Cause = {
  code: 'WS101',
  matches: (stale) => stale.templateInvalidated || stale.unbounded,
  explain: (stale, words) =>
    stale.templateInvalidated
      ? `${words.writer} changes ${words.changed} and removes no key. Other writes remove ${words.template} when its rows change; this one never does.`
      : `${words.writer} changes ${words.changed} and removes no key, and ${words.template} has no time to live: nothing ever ends the stale value.`,
  remedy: (_stale, words) => ({
    title: 'remove the key after the commit of this write too',
    steps: [
      `In ${words.writer}, remove ${words.template} after the COMMIT.`,
      'Keep the list of keys that a row feeds in one place, and call it from every write of the table.',
    ],
    recipe: 'docs/recipes/invalidate-after-commit.md',
  }),
};
