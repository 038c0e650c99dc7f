/** Which miss a fill answers, when several readers miss the same key at once. */

import { chooseSources } from './lineage.ts';
import type { CacheRead, CacheScript, CacheWrite, Payload } from './operation.ts';
import { indexPayload } from './payload.ts';
import { RECENT, type Recent } from './recent.ts';
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

/** The reads behind a payload that was filled then, in that request where it is known. */
export function sourcesBehind(
  recent: Recent,
  key: KeyState,
  payload: Payload,
  { invoke, request }: Pick<CacheWrite, 'invoke' | 'request'>,
  miss: CacheRead | null,
): Version['sources'] {
  const index = indexPayload(payload);
  const chosen = (since: number | null) => chooseSources(recent.reads(since, invoke), index, key, request);
  const answered = chosen(miss?.invoke ?? null);
  if (answered.length > 0 || miss === null) return answered;
  // Some read the source first and look into the cache only then.
  return chosen(null).filter((source) => source.certain);
}
