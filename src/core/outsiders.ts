/**
 * Names of writers that did not pass the proxies. The server tells who they were only while they are there, so of several
 * alike some are named and some are a mere transaction number: they go by one name as long as nothing speaks against it.
 */
import type { Verdict } from './judge.ts';
import type { Commit, Outside } from './source.ts';
import { outsideText } from './wording.ts';

export class Outsiders {
  /** By the shape of what was written: clients that were named, by their name, and the first transaction. */
  readonly #named = new Map<string, Map<string, Outside>>();
  readonly #first = new Map<string, Outside>();

  constructor(verdicts: readonly Verdict[]) {
    for (const { window } of verdicts) {
      const { outside, shape } = window.write.commit;
      if (outside === undefined) continue;
      if (!this.#first.has(shape)) this.#first.set(shape, outside);
      if (!isNamed(outside)) continue;
      const names = this.#named.get(shape) ?? new Map<string, Outside>();
      const text = outsideText(outside);
      if (!names.has(text)) names.set(text, outside);
      this.#named.set(shape, names);
    }
  }

  /** Who a commit goes by. */
  of(commit: Commit, outside: Outside): Outside {
    if (isNamed(outside)) return outside;
    const names = this.#named.get(commit.shape);
    const [only] = names?.values() ?? [];
    return names?.size === 1 && only !== undefined ? only : (this.#first.get(commit.shape) ?? outside);
  }
}

function isNamed({ application, user }: Outside): boolean {
  return (application !== null && application !== '') || user !== null;
}
