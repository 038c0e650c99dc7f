/** WS102: the same write removed a key that nothing ever filled, in place of this one. */
import type { Removal } from '../versions.ts';
import { type Cause, keyName, type StaleCase } from './cause.ts';

function wrongRemoval(stale: StaleCase): Removal | undefined {
  return stale.elsewhere.find((removal) => removal.kind === 'removal' && stale.neverFilled(removal.key));
}

export const wrongKey: Cause = {
  code: 'WS102',
  matches: (stale) => wrongRemoval(stale) !== undefined,
  explain: (stale, words) => {
    const wrong = wrongRemoval(stale);
    const name = wrong === undefined ? 'another key' : keyName(wrong.key);
    return `${words.writer} removes ${name}, which nothing ever fills; the value is cached under ${keyName(stale.version.key)}.`;
  },
  remedy: (stale, words) => {
    const wrong = wrongRemoval(stale);
    return {
      title: 'name the key in one place',
      steps: [
        `In ${words.writer}, remove ${words.template} in place of ${wrong === undefined ? 'the other key' : words.templateOf(wrong.key)}.`,
        'Build keys with one function that readers and writers share, database number included.',
      ],
      recipe: 'docs/recipes/key-function.md',
    };
  },
};
