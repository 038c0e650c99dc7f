/** The drawings of a comparison: both sides in one plot. */
import type { Comparison, Side } from '../compare/contract.ts';
import type { Phase, Sample } from '../measure/contract.ts';
import { boxSvg } from './plot-box.ts';
import { ecdfSvg, type Series } from './plot-ecdf.ts';

/** File names and texts; phases without an answer have none. */
export function comparePlots(
  { case: name, sides }: Pick<Comparison, 'case' | 'sides'>,
  samples: Readonly<Record<Side, readonly Sample[]>>,
): readonly (readonly [file: string, text: string])[] {
  const series = (phase: Phase): readonly Series[] =>
    (['before', 'after'] as const).map((side) => ({
      name: `${side}, ${sides[side].source}`,
      values: samples[side]
        .filter((one) => one.phase === phase && one.status !== null && one.error === null)
        .map(({ correctedMs }) => correctedMs),
    }));
  const both = (['cold', 'warm'] as const).flatMap((phase) =>
    series(phase).map((one, i) => ({ ...one, name: `${phase}, ${i === 0 ? 'before' : 'after'}` })),
  );
  const drawings: readonly (readonly [string, string | null])[] = [
    ['cold-ecdf.svg', ecdfSvg(`${name}: cold`, series('cold'))],
    ['warm-ecdf.svg', ecdfSvg(`${name}: warm`, series('warm'))],
    ['box.svg', boxSvg(`${name}: response times`, both)],
  ];
  return drawings.flatMap(([file, text]) => (text === null ? [] : [[file, text] as const]));
}
