/** The figures of a comparison as a table that is read without a terminal: every row says its phase. */
import type { Effect } from '../compare/contract.ts';
import { effectChange, effectValue } from '../compare/effect-words.ts';
import { type Block, table } from './markdown-contract.ts';

const HEADINGS = ['phase', 'figure', 'before', 'after', 'effect', 'interval', 'says', 'would show'];

const NAMES: Readonly<Record<Effect['metric'], string>> = {
  p50: 'median',
  p99: '99th percentile',
  'error-rate': 'errors',
  'hit-ratio': 'hits',
  'source-calls': 'database calls a request',
};

export const EFFECT_LEGEND =
  'Times count from when a request was due. Interval: where the effect lies, at the confidence of the comparison. Would show: the smallest effect that this many turns would have shown in four of five runs. pp: percentage points.';

export function effectTable(effects: readonly Effect[]): Block {
  return table(HEADINGS, effects.map(row));
}

function row(effect: Effect): readonly string[] {
  const { phase, metric, among, before, after, interval, verdict, detectable } = effect;
  return [
    phase,
    among === 'all' ? NAMES[metric] : `${NAMES[metric]} of ${among}`,
    effectValue(effect, before),
    effectValue(effect, after),
    effectChange(effect, effect.effect),
    interval === null
      ? '-'
      : `${effectChange(effect, interval.low)} to ${effectChange(effect, interval.high)}`,
    verdict === 'none' ? 'no difference' : verdict,
    detectable === null ? '-' : effectChange(effect, detectable),
  ];
}
