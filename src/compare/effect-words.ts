/** Figures of an effect as a person reads them, wherever they are shown. */
import { duration, percent } from '../core/numbers.ts';
import type { Effect } from './contract.ts';

/** One side's figure: `29 ms`, `12 %`, `1.50` calls. */
export function effectValue({ scale, metric }: Effect, number: number): string {
  if (!Number.isFinite(number)) return '-';
  if (scale === 'ratio') return duration(number);
  return metric === 'source-calls' ? number.toFixed(2) : percent(number);
}

/** `-38 %` of a time, `+12.0 pp` (percentage points) of a share, `-1.50` of a number of calls. */
export function effectChange({ scale, metric }: Effect, number: number): string {
  if (!Number.isFinite(number)) return '-';
  if (scale === 'ratio') return `${signed((number - 1) * 100, 0)} %`;
  return metric === 'source-calls' ? signed(number, 2) : `${signed(number * 100, 1)} pp`;
}

function signed(number: number, decimals: number): string {
  const text = number.toFixed(decimals);
  if (Number(text) === 0) return (0).toFixed(decimals);
  return number > 0 ? `+${text}` : text;
}
