/** WS107: the fill was read from a standby after the commit, and carries the value from before it. */
import { isReplicaRead } from '../source.ts';
import type { Cause, StaleCase } from './cause.ts';

export const replicaLag: Cause = {
  code: 'WS107',
  matches: (stale) => stale.window.filledAfter && lagging(stale) !== null,
  explain: (stale, words) => {
    const after = (lagging(stale) ?? 0) / 1e6;
    return `The fill was read from a replica ${after.toFixed(1)} ms after the commit had returned, and still carries the value from before it (${words.changed}): the replica lagged, and nothing removes the key once it has caught up.`;
  },
  remedy: (_stale, words) => ({
    title: 'fill the cache from the primary, or fence the fill',
    steps: [
      `In ${words.reader}, send ${words.select} to the primary where the result is cached as ${words.template}; a cached read costs it one query per miss.`,
      `Or let ${words.writer} set a short tombstone after ${words.commit} instead of a plain removal, that fills must not overwrite for as long as the replica may lag.`,
    ],
    recipe: 'docs/recipes/tombstone.md',
  }),
};

/** Time from the commit's return to the read that missed it, in ns; null when the read was not too late for the primary. */
function lagging({ window }: StaleCase): number | null {
  const committed = window.write.commit.interval.return;
  for (const { source } of window.effects) {
    if (source !== null && isReplicaRead(source.read) && source.read.op.invoke > committed)
      return source.read.op.invoke - committed;
  }
  return null;
}
