/** How measured runs are told and drawn: test/golden/measure-*. Update with `npx vitest run --project unit test/report/measure -u`. */
import { describe, expect, test } from 'vitest';
import { measurePlots } from '../../src/report/measure-plots.ts';
import { measureProgressLine, measureText } from '../../src/report/measure-text.ts';
import { boxSvg } from '../../src/report/plot-box.ts';
import { ecdfSvg } from '../../src/report/plot-ecdf.ts';
import { logAxis } from '../../src/report/plot-svg.ts';
import { PLAIN } from '../../src/report/style.ts';
import { CUT_SHORT, RUN, SAMPLES, UNWATCHED } from './measure-sample.ts';

const golden = (name: string) => `../golden/${name}`;
const drawing = (width: number) => ({ width, style: PLAIN });
const OPTIONS = {
  folder: 'cases/slow-item/runs/2026-03-01T10-00-00Z-baseline',
  next: 'whystale compare slow-item',
  errors: [['no answer within 10000 ms', 8]] as const,
};

describe('a run', () => {
  test.each([
    ['whole', RUN],
    ['cut-short', CUT_SHORT],
    ['unwatched', UNWATCHED],
  ] as const)('that is %s, as text', async (name, run) => {
    await expect(measureText(run, OPTIONS, drawing(100))).toMatchFileSnapshot(golden(`measure-${name}.txt`));
  });

  test('stays within its columns, but for plans and the line to be copied', () => {
    const text = measureText(
      { ...RUN, queries: RUN.queries.map((query) => ({ ...query, plan: null })) },
      OPTIONS,
      drawing(80),
    );
    for (const line of text.split('\n'))
      if (!line.includes('$ whystale')) expect(line.length).toBeLessThanOrEqual(80);
  });

  test('steers no terminal', () => {
    expect(measureText(CUT_SHORT, OPTIONS, drawing(100))).not.toContain('\u001b');
  });
});

describe('its drawings', () => {
  const plots = measurePlots(RUN, SAMPLES);

  test.each(plots)('%s', async (file, text) => {
    await expect(text).toMatchFileSnapshot(golden(`measure-${file}`));
  });

  test.each(plots)('%s is well-formed, without script, light and dark', (_, text) => {
    expect(text).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" .*role="img"/);
    expect(text).not.toMatch(/<script|href=|url\(|NaN|Infinity|undefined/);
    expect(text).toContain('prefers-color-scheme:dark');
    const open = [...text.matchAll(/<(\w+)[^>]*?(\/?)>/g)].filter(([, , closed]) => closed === '').length;
    expect([...text.matchAll(/<\/\w+>/g)]).toHaveLength(open);
  });

  test('are none where nothing was answered', () => {
    expect(
      measurePlots(
        RUN,
        SAMPLES.map((sample) => ({ ...sample, status: null })),
      ),
    ).toEqual([]);
  });

  test('hold any name as text', () => {
    const name = `<b onload="x">&'\u0000`;
    for (const text of [ecdfSvg(name, [{ name, values: [1] }]), boxSvg(name, [{ name, values: [0] }])]) {
      expect(text).toContain('&lt;b onload=&quot;x&quot;&gt;&amp;&apos;\ufffd');
      expect(text).not.toContain('<b');
    }
  });

  test('take any times: one alone, all alike, none, hours', () => {
    for (const values of [
      [3],
      [3, 3, 3],
      [0, 0.0004],
      [0.01, 7_200_000],
      Array.from({ length: 50_000 }, (_, i) => i),
    ]) {
      const text = ecdfSvg('t', [{ name: 'n', values }]) ?? '';
      expect(text).not.toMatch(/NaN|Infinity/);
      expect(text.length).toBeLessThan(20_000);
    }
  });
});

test('an axis marks round numbers, few enough to read', () => {
  for (const [least, most] of [
    [1, 1.1],
    [0.5, 30],
    [0.01, 1e6],
  ] as const) {
    const { ticks, at } = logAxis(least, most);
    expect(ticks.length).toBeLessThanOrEqual(12);
    for (const tick of ticks) expect(at(tick)).toBeGreaterThan(0);
  }
});

test('progress has a bar where the end is known', () => {
  expect(measureProgressLine('warm', 50, 100)).toBe('warm     [############............] 50 of 100');
  expect(measureProgressLine('starting', 0, 0)).toBe('starting');
  expect(measureProgressLine('cold', 12, 10)).toContain('[########################]');
});
