/** The document of a comparison, as much of it as is known. */
import { COMPARE_FORMAT, type Comparison } from './contract.ts';

/** Family-wise confidence of the intervals. */
export const CONFIDENCE = 0.95;

/** What a comparison says once it is known; the rest of the document is there from the start. */
export type Told = Pick<Comparison, 'complete' | 'ended' | 'verdict' | 'because'> &
  Partial<Pick<Comparison, 'gain' | 'blocks' | 'effects' | 'race'>>;

/** What stands in a comparison whose process was killed. */
export const CUT_OFF: Told = {
  complete: false,
  ended: 'It was cut off before its end was written.',
  verdict: 'not-comparable',
  because:
    'It was cut off before its end was written; what was measured stands in the samples of both sides.',
};

export interface Facts extends Pick<Comparison, 'case' | 'sides' | 'differences' | 'notices'> {
  /** When it began: ISO 8601, and by the clock of `performance.now()`. */
  readonly began: { readonly at: string; readonly ms: number };
}

export function documentOf({ began, ...facts }: Facts, told: Told): Comparison {
  return {
    format: COMPARE_FORMAT,
    startedAt: began.at,
    ranMs: Math.round(performance.now() - began.ms),
    gain: null,
    confidence: CONFIDENCE,
    blocks: 0,
    effects: [],
    race: null,
    ...told,
    ...facts,
  };
}
