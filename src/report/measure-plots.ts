/** The drawings of a measured run. */
import type { MeasuredRun, Phase, Sample } from '../measure/contract.ts';
import { boxSvg } from './plot-box.ts';
import { ecdfSvg, type Series } from './plot-ecdf.ts';

/** File names and texts; phases without an answer have none. */
export function measurePlots(
  run: Pick<MeasuredRun, 'case' | 'label'>,
  samples: readonly Sample[],
): readonly (readonly [file: string, text: string])[] {
  const right = samples.filter(({ status, error }) => status !== null && error === null);
  const of = (phase: Phase): readonly Series[] => {
    const those = right.filter((one) => one.phase === phase);
    return [
      { name: `${phase}, from when it was due`, values: those.map((one) => one.correctedMs) },
      {
        name: `${phase}, from when it was sent`,
        values: those.map((one) => one.uncorrectedMs),
        dashed: true,
      },
    ];
  };
  const name = `${run.case}, ${run.label}`;
  const drawings: readonly (readonly [string, string | null])[] = [
    ['cold-ecdf.svg', ecdfSvg(`${name}: cold`, of('cold'))],
    ['warm-ecdf.svg', ecdfSvg(`${name}: warm`, of('warm'))],
    ['box.svg', boxSvg(`${name}: response times`, [...of('cold'), ...of('warm')])],
  ];
  return drawings.flatMap(([file, text]) => (text === null ? [] : [[file, text] as const]));
}
