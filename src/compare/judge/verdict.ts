/** From effects to a verdict and the sentence that gives its reason. */
import type { VariableKind } from '../../case/contract.ts';
import type { Block, CompareVerdict, Effect } from '../contract.ts';
import { type Gain, gainOf } from './gain.ts';
import { answered } from './questions.ts';
import {
  becauseBetter,
  becauseErrors,
  becauseMoreHits,
  becauseNothing,
  becauseTooLittle,
  becauseWorse,
} from './wording.ts';

/** Errors that came up, as a share of the requests beyond a percentile, from which on they may have taken the slow ones away. */
const TRIMMED = 0.1;

export interface Judgement {
  readonly verdict: CompareVerdict;
  readonly because: string;
  readonly gain: Gain;
}

/** Worse in anything that decides is worse; better needs something better, and faster work where more hits are not the aim. */
export function decide(
  effects: readonly Effect[],
  blocks: readonly Block[],
  changeKind: VariableKind | null,
): Judgement {
  const deciding = effects.filter(
    ({ among, metric }) => among === 'all' && ['p50', 'p99', 'error-rate'].includes(metric),
  );
  const worse = deciding.filter(({ verdict }) => verdict === 'worse');
  const better = deciding.filter(({ verdict }) => verdict === 'better');
  const sound = better.filter((effect) => !trimmed(effect, deciding));
  const counted = effects.filter((effect) => !better.includes(effect) || sound.includes(effect));
  const gain = gainOf(counted);
  if (worse.length > 0) return { verdict: 'worse', because: becauseWorse(worse, better), gain: null };
  if (sound.some(({ metric }) => metric === 'error-rate') || (sound.length > 0 && isGain(gain, changeKind)))
    return { verdict: 'better', because: becauseBetter(sound, gain, effects), gain };
  if (sound.length > 0) return { verdict: 'no-difference', because: becauseMoreHits(sound, effects), gain };
  if (better.length > 0)
    return { verdict: 'no-difference', because: becauseErrors(better, deciding), gain: null };
  const medians = deciding.filter(({ metric, interval }) => metric === 'p50' && interval !== null);
  if (medians.length > 0)
    return { verdict: 'no-difference', because: becauseNothing(medians, blocks), gain: null };
  return { verdict: 'not-comparable', because: becauseTooLittle(blocks, answered), gain: null };
}

function isGain(gain: Gain, changeKind: VariableKind | null): boolean {
  return gain !== 'more-hits' || changeKind === 'cache-policy';
}

/**
 * Whether a better time may be owed to slow requests that failed instead: errors have no time, and a rise too small to be shown can
 * still be large beside the hundredth of requests that a 99th percentile hangs on.
 */
function trimmed(effect: Effect, deciding: readonly Effect[]): boolean {
  if (effect.metric === 'error-rate') return false;
  const errors = deciding.find(({ phase, metric }) => phase === effect.phase && metric === 'error-rate');
  const beyond = effect.metric === 'p99' ? 0.01 : 0.5;
  return errors !== undefined && errors.effect > TRIMMED * beyond;
}
