/** Empirical distribution functions of response times: for each time the share of requests that took no longer. */
import { axisParts, escaped, logAxis, PLOT, place, SERIES_CLASSES, svg } from './plot-svg.ts';

export interface Series {
  readonly name: string;
  readonly values: readonly number[];
  readonly dashed?: boolean;
}

/** Steps drawn of one line; of more values, those nearest to as many quantiles. The last one is always drawn. */
const MOST_STEPS = 400;
const SHARES = [0, 0.25, 0.5, 0.75, 0.9, 1] as const;

/** The drawing; null when no series has a value. */
export function ecdfSvg(title: string, all: readonly Series[]): string | null {
  const series = all.filter(({ values }) => values.length > 0).slice(0, SERIES_CLASSES.length);
  if (series.length === 0) return null;
  const values = series.flatMap((one) => one.values);
  const axis = logAxis(least(values), most(values));
  const { height, top, bottom, left, right, width } = PLOT;
  const floor = height - bottom;
  const y = (share: number) => place(floor - share * (floor - top));
  const shares = SHARES.flatMap((share) => [
    `<line class="grid" x1="${left}" x2="${width - right}" y1="${y(share)}" y2="${y(share)}"/>`,
    `<text class="faint" x="${left - 6}" y="${y(share) + 4}" text-anchor="end">${Math.round(share * 100)} %</text>`,
  ]);
  const lines = series.map(
    (one, i) =>
      `<path class="line ${SERIES_CLASSES[i]}${one.dashed === true ? ' dash' : ''}" d="${path(one.values, axis.at, y)}"/>`,
  );
  return svg(title, described(series), height, [
    ...axisParts(axis, top, floor),
    ...shares,
    ...lines,
    ...legend(series),
  ]);
}

function path(values: readonly number[], x: (ms: number) => number, y: (share: number) => number): string {
  const sorted = [...values].sort((a, b) => a - b);
  const steps = Math.min(sorted.length, MOST_STEPS);
  let d = `M${x(sorted[0]!)} ${y(0)}`;
  for (let i = 1; i <= steps; i++) {
    const rank = Math.ceil((i / steps) * sorted.length);
    d += `H${x(sorted[rank - 1]!)}V${y(rank / sorted.length)}`;
  }
  return d;
}

function legend(series: readonly Series[]): readonly string[] {
  const { width, right } = PLOT;
  return series.flatMap(({ name, values, dashed }, i) => {
    const y = 16 + i * 15;
    const end = width - right;
    return [
      `<line class="line ${SERIES_CLASSES[i]}${dashed === true ? ' dash' : ''}" x1="${end - 24}" x2="${end}" y1="${y - 4}" y2="${y - 4}"/>`,
      `<text x="${end - 30}" y="${y}" text-anchor="end">${escaped(name)} (${values.length})</text>`,
    ];
  });
}

function described(series: readonly Series[]): string {
  return series
    .map(({ name, values }) => {
      const sorted = [...values].sort((a, b) => a - b);
      const median = sorted[Math.ceil(sorted.length / 2) - 1] ?? 0;
      return `${name}: ${values.length} requests, median ${median.toFixed(1)} ms, longest ${(sorted.at(-1) ?? 0).toFixed(1)} ms`;
    })
    .join('; ');
}

export function least(values: readonly number[]): number {
  return values.reduce((found, value) => Math.min(found, value), Number.POSITIVE_INFINITY);
}

export function most(values: readonly number[]): number {
  return values.reduce((found, value) => Math.max(found, value), 0);
}
