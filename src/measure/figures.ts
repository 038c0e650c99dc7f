/** Figures of a phase, from its blocks. Pure. */
import { latencyFigures } from '../load/index.ts';
import type { PhaseFigures, Sample } from './contract.ts';
import type { MeasuredBlock } from './measured-contract.ts';
import { rounded } from './queries.ts';

/** Null: no request was sent. */
export function phaseFigures(
  blocks: readonly Pick<MeasuredBlock, 'samples' | 'totals'>[],
): PhaseFigures | null {
  const samples = blocks.flatMap((block) => block.samples);
  if (samples.length === 0) return null;
  const right = samples.filter(isRight);
  const errors = samples.length - right.length;
  const watched = blocks.filter(({ samples }) => samples.length > 0).every(({ totals }) => totals !== null);
  const sum = (of: 'hits' | 'misses' | 'sourceCalls' | 'cacheCalls') =>
    blocks.reduce((total, { totals }) => total + (totals?.[of] ?? 0), 0);
  const each = (of: 'sourceCalls' | 'cacheCalls') => (watched ? rounded(sum(of) / samples.length) : null);
  return {
    requests: samples.length,
    errors,
    errorRate: errors / samples.length,
    correctedMs: latencyFigures(right.map(({ correctedMs }) => correctedMs)),
    uncorrectedMs: latencyFigures(right.map(({ uncorrectedMs }) => uncorrectedMs)),
    hits: sum('hits'),
    misses: sum('misses'),
    sourceCallsPerRequest: each('sourceCalls'),
    cacheCallsPerRequest: each('cacheCalls'),
    attributed: samples.filter(({ cache }) => cache !== null).length,
  };
}

/** Whether a request was answered as expected. */
export function isRight({ status, error }: Sample): boolean {
  return status !== null && error === null;
}
