/** From what times say to what the comparison says: faster and wrong is worse, and a comparison cut short is never better. Pure. */

import { CODES } from '../core/codes.ts';
import type { Finding } from '../core/finding.ts';
import type { Comparison, Side } from './contract.ts';

export type RaceSides = NonNullable<Comparison['race']>;

/** What bears on the verdict besides the times. */
export interface Circumstances {
  readonly race: RaceSides | null;
  /** Stale answers that only the side after gave. */
  readonly stale: readonly string[];
  /** Why it was cut short, and after how many pairs; null: it was not. */
  readonly cut: { readonly why: string; readonly pairs: number; readonly of: number } | null;
}

type Told = Pick<Comparison, 'verdict' | 'because' | 'gain'>;

export function outcomeOf(judged: Told, { race, stale, cut }: Circumstances): Told {
  const told = withCut(withRace(judged, race, cut !== null), cut);
  if (stale.length === 0) return told;
  const seen = `${stale.join(', ')} only after the change: a stale answer was served while it was measured`;
  return wrong(`${seen}. Faster and wrong is worse`, judged);
}

function wrong(why: string, judged: Told): Told {
  return { verdict: 'worse', because: `${why}. Of the times: ${lowered(judged.because)}`, gain: null };
}

function withRace(judged: Told, race: RaceSides | null, isCut: boolean): Told {
  if (race === null) return judged;
  const { before, after } = race;
  const added = (text: string): Told => ({ ...judged, because: `${judged.because} ${text}` });
  const taken = (text: string): Told =>
    judged.verdict === 'better'
      ? { verdict: 'not-comparable', because: `${text} ${judged.because}`, gain: null }
      : added(text);
  if (after.verdict === 'invalid') {
    const found = `The race scenario ends stale after the change${causesOf(after)}`;
    if (before.verdict === 'valid')
      return wrong(`${found}, and did not before. Faster and wrong is worse`, judged);
    if (before.verdict === 'invalid') return added(`Both sides can still end stale${causesOf(after)}.`);
    return taken(`${found}, and of the side before it is not known.`);
  }
  if (after.verdict !== 'valid')
    return before.verdict === 'valid'
      ? taken(
          'The race scenario could not be explored whole after the change, as it was before: whether it is still right is not known.',
        )
      : added('The race scenario could not be explored whole: whether the side after is right is not known.');
  if (before.verdict !== 'invalid') return judged;
  return mended(
    judged,
    `The race scenario ended stale before the change${causesOf(before)}, and no longer does.`,
    isCut,
  );
}

/** A mended race is a gain even where times do not differ, but none that makes up for worse times. */
function mended(judged: Told, text: string, isCut: boolean): Told {
  if (isCut || judged.verdict === 'worse' || judged.verdict === 'not-comparable')
    return { ...judged, because: `${judged.because} ${text}` };
  return { verdict: 'better', because: `${text} ${judged.because}`, gain: judged.gain };
}

function causesOf({ causes }: RaceSides[Side]): string {
  return causes.length === 0 ? '' : ` (${causes.join(', ')})`;
}

function withCut(told: Told, cut: Circumstances['cut']): Told {
  if (cut === null) return told;
  const { why, pairs, of } = cut;
  const because = `${why} ${pairs} of ${of} pairs of turns were measured. So far: ${lowered(told.because)}`;
  if (told.verdict !== 'better') return { ...told, because };
  return {
    verdict: 'not-comparable',
    because: `${because} A comparison that was cut short is never better.`,
    gain: null,
  };
}

/** The beginning of a sentence within another one; abbreviations stay. */
function lowered(sentence: string): string {
  return /^[A-Z][a-z]/.test(sentence) ? sentence.charAt(0).toLowerCase() + sentence.slice(1) : sentence;
}

/** Proved stale answers that only one side gave, as `WS104 item:{id}`. */
export function staleOnlyAfter(before: readonly Finding[], after: readonly Finding[]): readonly string[] {
  const proved = (findings: readonly Finding[]) =>
    findings
      .filter(
        ({ code, confidence, hits }) =>
          confidence === 'proved' && hits > 0 && CODES[code].group === 'staleness',
      )
      .map(({ code, template }) => `${code} ${template}`);
  const known = new Set(proved(before));
  return [...new Set(proved(after))].filter((name) => !known.has(name));
}
