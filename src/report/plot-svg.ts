/** Drawings as SVG that stand alone: no script, no font of their own, light and dark by the reader's own setting. */

export const PLOT = { width: 720, height: 320, left: 56, right: 20, top: 40, bottom: 44 } as const;

/** Colours that people with any colour vision tell apart (Okabe and Ito 2008), and their lighter forms for a dark page. */
export const SERIES_CLASSES = ['a', 'b', 'c', 'd'] as const;

const CSS = `
text{font:12px ui-sans-serif,system-ui,sans-serif;fill:#24292f}
.title{font-size:14px;font-weight:600}.faint{fill:#57606a}
.page{fill:#fff}.grid{stroke:#d8dee4;stroke-width:1}.axis{stroke:#57606a;stroke-width:1}
.line{fill:none;stroke-width:2}.dash{stroke-dasharray:5 3}
.a{stroke:#0072b2}.b{stroke:#d55e00}.c{stroke:#009e73}.d{stroke:#cc79a7}
.box{fill-opacity:.15;stroke-width:1.5}.box.a,.dot.a{fill:#0072b2}.box.b,.dot.b{fill:#d55e00}.box.c,.dot.c{fill:#009e73}.box.d,.dot.d{fill:#cc79a7}
@media (prefers-color-scheme:dark){text{fill:#e6edf3}.faint{fill:#8d96a0}.page{fill:#0d1117}.grid{stroke:#30363d}.axis{stroke:#8d96a0}
.a{stroke:#56b4e9}.b{stroke:#e69f00}.c{stroke:#2fd6a5}.d{stroke:#e7a6cb}
.box.a,.dot.a{fill:#56b4e9}.box.b,.dot.b{fill:#e69f00}.box.c,.dot.c{fill:#2fd6a5}.box.d,.dot.d{fill:#e7a6cb}}`;

// biome-ignore lint/suspicious/noControlCharactersInRegex: these may not stand in XML at all.
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;
const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/** A text as it may stand in SVG. */
export function escaped(text: string): string {
  return text.replace(FORBIDDEN, '\ufffd').replace(/[&<>"']/g, (character) => ENTITIES[character]!);
}

/** A whole drawing. @param described what it shows, for those who do not see it. */
export function svg(title: string, described: string, height: number, parts: readonly string[]): string {
  const { width } = PLOT;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title described">`,
    `<title id="title">${escaped(title)}</title><desc id="described">${escaped(described)}</desc>`,
    `<style>${CSS}</style>`,
    `<rect class="page" width="${width}" height="${height}"/>`,
    `<text class="title" x="${PLOT.left}" y="22">${escaped(title)}</text>`,
    ...parts,
    '</svg>\n',
  ].join('\n');
}

/** A logarithmic axis of milliseconds. */
export interface LogAxis {
  readonly at: (ms: number) => number;
  readonly ticks: readonly number[];
}

const STEPS = [1, 2, 5] as const;
/** Marks on an axis at most; of more, only powers of ten are marked. */
const MOST_TICKS = 10;
/** What is no time at all stands at the least one, ms. */
const LEAST = 0.001;

export function logAxis(least: number, most: number): LogAxis {
  const low = Math.max(LEAST, least);
  const high = Math.max(low * 1.2, most);
  const from = Math.log10(low) - 0.02;
  const span = Math.log10(high) + 0.02 - from;
  const { left, right, width } = PLOT;
  const at = (ms: number) =>
    place(left + ((Math.log10(Math.max(low, ms)) - from) / span) * (width - left - right));
  const marks: number[] = [];
  for (let power = Math.floor(from); power <= Math.ceil(from + span); power++)
    for (const step of STEPS) marks.push(step * 10 ** power);
  const within = marks.filter((ms) => Math.log10(ms) >= from && Math.log10(ms) <= from + span);
  const tens = within.filter((ms) => Number.isInteger(Math.round(Math.log10(ms) * 1e6) / 1e6));
  return { at, ticks: within.length > MOST_TICKS && tens.length > 1 ? tens : within };
}

/** Lines and numbers of the axis, between two heights. */
export function axisParts({ at, ticks }: LogAxis, top: number, bottom: number): readonly string[] {
  return [
    ...ticks.flatMap((ms) => [
      `<line class="grid" x1="${at(ms)}" x2="${at(ms)}" y1="${top}" y2="${bottom}"/>`,
      `<text class="faint" x="${at(ms)}" y="${bottom + 16}" text-anchor="middle">${plain(ms)}</text>`,
    ]),
    `<text class="faint" x="${PLOT.width - PLOT.right}" y="${bottom + 34}" text-anchor="end">response time, ms (logarithmic)</text>`,
  ];
}

export function place(value: number): number {
  return Math.round(value * 10) / 10;
}

function plain(ms: number): string {
  return String(Number(ms.toPrecision(1)));
}
