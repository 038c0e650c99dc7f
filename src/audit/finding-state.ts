/** Findings of the core as items of the checklist. Pure. */
import type { Finding } from '../core/finding.ts';
import type { Judgement } from './catalogue.ts';
import type { ItemState } from './contract.ts';

/** As `explain` decides what fails a run: `proved` and `likely` are bad, `possible` is worth a look. */
export function stateOf({ confidence }: Pick<Finding, 'confidence'>): ItemState {
  return confidence === 'possible' ? 'warn' : 'bad';
}

/** Findings named in one item. */
const SHOWN = 4;

type Told = Pick<Finding, 'confidence' | 'summary' | 'remedy'>;

/** Judges by findings of one code, worst first; `ok` says what was looked at when there is none. */
export function judgeFindings(findings: readonly Told[], ok: string): Judgement {
  const ranked = [...findings].sort((a, b) => RANK[a.confidence] - RANK[b.confidence]);
  const [worst] = ranked;
  if (worst === undefined) return { state: 'ok', evidence: ok };
  const more = ranked.length > SHOWN ? ` And ${ranked.length - SHOWN} more.` : '';
  return {
    state: stateOf(worst),
    evidence: `${ranked
      .slice(0, SHOWN)
      .map(({ summary }) => summary)
      .join(' ')}${more}`,
    mend: worst.remedy.steps.join(' ') || worst.remedy.title,
  };
}

const RANK = { proved: 0, likely: 1, possible: 2 } as const;
