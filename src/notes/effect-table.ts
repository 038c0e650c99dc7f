/** The figures of a comparison as a table that is read without a terminal: every row says its phase. */
import type { Effect } from '../compare/contract.ts';
import { duration, percent } from '../core/numbers.ts';
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
    value(effect, before),
    value(effect, after),
    change(effect, effect.effect),
    interval === null ? '-' : `${change(effect, interval.low)} to ${change(effect, interval.high)}`,
    verdict === 'none' ? 'no difference' : verdict,
    detectable === null ? '-' : change(effect, detectable),
  ];
}

function value({ scale, metric }: Effect, number: number): string {
  if (!Number.isFinite(number)) return '-';
  if (scale === 'ratio') return duration(number);
  return metric === 'source-calls' ? number.toFixed(2) : percent(number);
}

/** `-38 %` of a time, `+1.2 pp` of a share, `-1.50` of a number of calls. */
function change({ scale, metric }: Effect, number: number): string {
  if (!Number.isFinite(number)) return '-';
  if (scale === 'ratio') return `${signed((number - 1) * 100, 0)} %`;
  return metric === 'source-calls' ? signed(number, 2) : `${signed(number * 100, 1)} pp`;
}

function signed(number: number, decimals: number): string {
  const text = number.toFixed(decimals);
  if (Number(text) === 0) return (0).toFixed(decimals);
  return number > 0 ? `+${text}` : text;
}
