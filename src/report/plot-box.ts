/** Box plots of response times: the box holds the middle half, the line in it is the median, whiskers reach from the 1st to the 99th
 * percentile, dots are the shortest and the longest. */
import { least, most, type Series } from './plot-ecdf.ts';
import { axisParts, escaped, logAxis, PLOT, place, SERIES_CLASSES, svg } from './plot-svg.ts';

const ROW = 44;
const BOX = 20;

/** The drawing; null when no series has a value. */
export function boxSvg(title: string, all: readonly Series[]): string | null {
  const series = all.filter(({ values }) => values.length > 0);
  if (series.length === 0) return null;
  const values = series.flatMap((one) => one.values);
  const axis = logAxis(least(values), most(values));
  const { top, bottom } = PLOT;
  const floor = top + series.length * ROW;
  const parts = series.flatMap((one, i) => row(one, top + i * ROW, SERIES_CLASSES[i % 4] ?? 'a', axis.at));
  const described = series.map(({ name, values }) => `${name}: ${numbers(values)}`).join('; ');
  return svg(title, described, floor + bottom, [...axisParts(axis, top, floor), ...parts]);
}

function row({ name, values }: Series, top: number, series: string, x: (ms: number) => number): string[] {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => x(quantile(sorted, share));
  const box = top + ROW - BOX - 4;
  const middle = place(box + BOX / 2);
  const line = (from: number, to: number, y1: number, y2: number) =>
    `<line class="line ${series}" x1="${from}" x2="${to}" y1="${y1}" y2="${y2}"/>`;
  const dot = (share: number) => `<circle class="dot ${series}" cx="${at(share)}" cy="${middle}" r="2.5"/>`;
  return [
    `<text x="${PLOT.left}" y="${top + 14}">${escaped(name)}: ${escaped(numbers(values))}</text>`,
    line(at(0.01), at(0.25), middle, middle),
    line(at(0.75), at(0.99), middle, middle),
    `<rect class="box ${series}" x="${at(0.25)}" y="${box}" width="${place(Math.max(1, at(0.75) - at(0.25)))}" height="${BOX}"/>`,
    line(at(0.5), at(0.5), box, box + BOX),
    dot(0),
    dot(1),
  ];
}

/** By nearest rank. */
function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
}

function numbers(values: readonly number[]): string {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => quantile(sorted, share).toFixed(1);
  return `median ${at(0.5)} ms, middle half ${at(0.25)} to ${at(0.75)} ms, ${values.length} requests`;
}
