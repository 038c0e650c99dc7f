/** Where a gain comes from: faster work, or the same work done less often because more requests hit. */
import type { Phase } from '../../measure/contract.ts';
import type { Comparison, Effect } from '../contract.ts';

export type Gain = Comparison['gain'];

/**
 * Faster work shows where hits cannot: among the hits, among the misses, or in a phase whose hit ratio did not rise. The cold phase is
 * all misses by construction, so that it counts even where the cache use of its requests is not known; when it hits more nevertheless,
 * there is a cache that was not made cold, and its times prove nothing. Null: nothing is faster, or where it comes from cannot be told.
 */
export function gainOf(effects: readonly Effect[]): Gain {
  const fasterPhases = (['cold', 'warm'] as const).filter((phase) => faster(effects, phase));
  if (fasterPhases.length === 0) return null;
  const moreHits = fasterPhases.some((phase) => hitRatio(effects, phase)?.verdict === 'better');
  if (!effects.some(fasterStratum) && !fasterPhases.some((phase) => fasterAtEqualHits(effects, phase)))
    return moreHits ? 'more-hits' : null;
  return moreHits ? 'both' : 'faster-work';
}

export function hitRatio(effects: readonly Effect[], phase: Phase): Effect | undefined {
  return effects.find((effect) => effect.phase === phase && effect.metric === 'hit-ratio');
}

function faster(effects: readonly Effect[], phase: Phase): boolean {
  return effects.some(
    (effect) =>
      effect.phase === phase &&
      effect.among === 'all' &&
      effect.scale === 'ratio' &&
      effect.verdict === 'better',
  );
}

function fasterStratum(effect: Effect): boolean {
  return effect.among !== 'all' && effect.verdict === 'better';
}

function fasterAtEqualHits(effects: readonly Effect[], phase: Phase): boolean {
  const verdict = hitRatio(effects, phase)?.verdict ?? 'unknown';
  return verdict === 'unknown' ? phase === 'cold' : verdict !== 'better';
}
