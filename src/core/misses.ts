/** Which miss a fill answers, when several readers miss the same key at once. */

import { chooseSources } from './lineage.ts';
import type { CacheRead, CacheScript, CacheWrite } from './operation.ts';
import type { PayloadIndex } from './payload.ts';
import { RECENT } from './recent.ts';
import type { ReadFact } from './source.ts';
import type { KeyState, Version } from './versions.ts';

/** Commands that count in place: what they leave is made from nothing that was read. */
const COUNTERS: ReadonlySet<string> = new Set(['INCR', 'INCRBY', 'DECR', 'DECRBY', 'INCRBYFLOAT']);

/** Whether a value was counted in place. */
export function isCounted(version: Version): boolean {
  return version.fill !== null && COUNTERS.has(version.fill.command);
}

/** Misses that a fill may answer, earliest first: those of its own session, else all, and none that is known to be another
 * request's. Several requests may share one connection, so any of them may be the one; what was read since the earliest may be
 * behind the fill. */
export function openMisses(key: KeyState, op: CacheWrite | CacheScript): readonly CacheRead[] {
  const open = key.misses.filter(
    (miss) =>
      (miss.return ?? Number.POSITIVE_INFINITY) < op.invoke &&
      op.invoke - miss.invoke <= RECENT.withMiss &&
      (miss.request === undefined || op.request === undefined || miss.request === op.request),
  );
  const same = open.filter((miss) => miss.session === op.session);
  return same.length > 0 ? same : open;
}

/** The miss that a fill answers: the last one before the reads behind it. It is answered once. What a transaction made of
 * its own change answers none. */
export function answeredMiss(
  key: KeyState,
  misses: readonly CacheRead[],
  sources: Version['sources'],
): CacheRead | null {
  if (misses.length === 0 || sources.some((source) => source.read.own)) return null;
  const first = Math.min(...sources.map((source) => source.read.op.invoke));
  const miss = misses.findLast((one) => (one.return ?? Number.POSITIVE_INFINITY) <= first) ?? misses.at(-1)!;
  if (sources.length > 0) key.misses.splice(key.misses.indexOf(miss), 1);
  return miss;
}

/** The reads behind a payload. `reads`: those since a moment, or all that are remembered; `request`: the fill's, where known. */
export function sourcesBehind(
  key: KeyState,
  payload: PayloadIndex,
  reads: (since: number | null) => readonly ReadFact[],
  miss: CacheRead | null,
  request?: number,
): Version['sources'] {
  const chosen = chooseSources(reads(miss?.invoke ?? null), payload, key, request);
  if (chosen.length > 0 || miss === null) return chosen;
  // Some read the source first and look into the cache only then.
  return chooseSources(reads(null), payload, key, request).filter((source) => source.certain);
}
