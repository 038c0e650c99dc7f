/** WS101: this write never removes the key, though another write does on a change, or nothing ever ends the value. */
import { type Cause, outsideSteps, type Words } from './cause.ts';

export const missingInvalidation: Cause = {
  code: 'WS101',
  matches: (stale) => stale.templateInvalidated || stale.unbounded,
  explain: (stale, words) => {
    const what = `${words.writer} changes ${words.changed} ${removesNothing(words)}`;
    return stale.templateInvalidated
      ? `${what}. Other writes remove ${words.template} when its rows change; this one never does.`
      : `${what}, and ${words.template} has no time to live: nothing ever ends the stale value.`;
  },
  remedy: (_stale, words) => ({
    title: 'remove the key after the commit of this write too',
    steps: [
      `In ${words.writer}, remove ${words.template} after ${words.commit}.`,
      ...outsideSteps(words),
      'Keep the list of keys that a row feeds in one place, and call it from every write of the table.',
    ],
    recipe: 'docs/recipes/invalidate-after-commit.md',
  }),
};

/** What a client past the proxies does in Redis is not seen. */
function removesNothing({ outside }: Words): string {
  return outside ? 'and was not seen to remove a key' : 'and removes no key';
}
