/** Footprints of faults that strike Redis itself: what a step that does the same would touch. */
import { type Footprint, redisKey, writes } from '../explore/footprint.ts';
import { PUSHED } from './pushes.ts';

/** A key's time to live ends, or it is evicted. Clients that track keys are told. */
export function expireFootprint(database: number, key: string): Footprint {
  return [writes(redisKey(database, key)), PUSHED];
}

export const evictFootprint = expireFootprint;

/** Redis loses everything, all databases. */
export function emptyFootprint(): Footprint {
  return [writes('redis:*'), PUSHED];
}
