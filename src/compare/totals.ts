/** Hits and database calls of whole phases, for where single requests do not tell. Pure. */
import type { MeasuredRun, Phase, PhaseFigures } from '../measure/contract.ts';
import type { Effect, Side } from './contract.ts';

/**
 * The effects with hits and database calls of every phase: where too few requests tell their own, the figures of whole phases stand
 * in, without an interval.
 */
export function withTotals(
  effects: readonly Effect[],
  { before, after }: Readonly<Record<Side, Pick<MeasuredRun, 'cold' | 'warm'>>>,
): readonly Effect[] {
  return (['cold', 'warm'] as const).flatMap((phase) => {
    const own = effects.filter((effect) => effect.phase === phase);
    const [one, other] = [before[phase], after[phase]];
    if (own.length === 0 || one === null || other === null) return own;
    const totals = (['hit-ratio', 'source-calls'] as const).flatMap((metric) =>
      own.some((effect) => effect.metric === metric) ? [] : totalEffect(phase, metric, one, other),
    );
    const strata = own.findIndex(({ among }) => among !== 'all');
    return own.toSpliced(strata < 0 ? own.length : strata, 0, ...totals);
  });
}

function totalEffect(
  phase: Phase,
  metric: 'hit-ratio' | 'source-calls',
  one: PhaseFigures,
  other: PhaseFigures,
): readonly Effect[] {
  const figure = (figures: PhaseFigures) =>
    metric === 'hit-ratio' ? ratioIn(figures) : figures.sourceCallsPerRequest;
  const [before, after] = [figure(one), figure(other)];
  if (before === null || after === null) return [];
  return [
    {
      phase,
      metric,
      among: 'all',
      before,
      after,
      scale: 'difference',
      effect: after - before,
      interval: null,
      verdict: 'unknown',
      detectable: null,
      samples: { before: one.requests, after: other.requests },
    },
  ];
}

function ratioIn({ hits, misses }: Pick<PhaseFigures, 'hits' | 'misses'>): number | null {
  return hits + misses === 0 ? null : hits / (hits + misses);
}
