/**
 * The statistics of a comparison: from blocks of samples, measured in turn, to effects with intervals and a verdict. Pure: the same
 * blocks and the same random numbers give the same answer.
 */
import type { VariableKind } from '../../case/contract.ts';
import type { Block, Comparison } from '../contract.ts';
import { effectsOf } from './effects.ts';
import { withOrigin } from './origin.ts';
import { decide } from './verdict.ts';

/** Resamples that leave some twenty in each tail at the level of six questions at once, and then some. */
export const RESAMPLES = 10_000;

export interface JudgeOptions {
  /** In [0, 1). */
  readonly random: () => number;
  /** Family-wise confidence of the deciding questions, in (0, 1); 0.95 as a rule. */
  readonly confidence: number;
  /** Subsets of pairs that an interval is made of where there are pairs enough; {@link RESAMPLES} as a rule. */
  readonly resamples: number;
  /** The one variable that was turned. More hits are a gain only where it is the cache's policy. */
  readonly changeKind: VariableKind | null;
}

export type Judged = Pick<Comparison, 'verdict' | 'because' | 'gain' | 'effects' | 'confidence'>;

/** Judges the sides of a comparison. Blocks may come in any order; a block whose neighbour is missing is left out. */
export function judge(blocks: readonly Block[], options: JudgeOptions): Judged {
  const effects = effectsOf(blocks, options);
  const { changeKind, confidence } = options;
  const decided = { ...decide(effects, blocks, changeKind), effects, confidence };
  return withOrigin(decided, blocks, changeKind);
}
