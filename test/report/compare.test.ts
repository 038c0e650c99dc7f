/** How comparisons are told and drawn: test/golden/compare-*. Update with `npx vitest run --project unit test/report/compare -u`. */
import { describe, expect, test } from 'vitest';
import { compareMarkdown } from '../../src/report/compare-markdown.ts';
import { comparePlots } from '../../src/report/compare-plots.ts';
import { compareProgressLine, compareText } from '../../src/report/compare-text.ts';
import { PLAIN } from '../../src/report/style.ts';
import { BETTER, INCOMPLETE, REFUSED, SHAM, WORSE } from './compare-sample.ts';
import { SAMPLES } from './measure-sample.ts';

const golden = (name: string) => `../golden/${name}`;
const drawing = (width: number) => ({ width, style: PLAIN });
const FOLDER = 'cases/slow-item/comparisons/2026-03-02T10-00-00Z-main-working-tree';
const next = (command: string, why: string) => ({ folder: FOLDER, next: { command, why } });

const ALL = [
  ['better', BETTER, next('whystale case close slow-item', 'it helped')],
  ['worse', WORSE, next('git revert HEAD', 'take the change back')],
  ['sham', SHAM, next('git revert HEAD', 'or say change.kind: cache-policy, if more hits are the aim')],
  [
    'refused',
    REFUSED,
    next('whystale compare slow-item --allow package-lock.json', 'or change one thing at a time'),
  ],
  ['incomplete', INCOMPLETE, next('whystale compare slow-item', 'once more, to the end')],
] as const;

describe('a comparison', () => {
  test.each(ALL)('that is %s, as text', async (name, comparison, options) => {
    await expect(compareText(comparison, options, drawing(100))).toMatchFileSnapshot(
      golden(`compare-${name}.txt`),
    );
  });

  test.each(
    ALL,
  )('that is %s stays within its columns, but for the line to be copied', (_, comparison, options) => {
    for (const line of compareText(comparison, options, drawing(80)).split('\n'))
      if (!line.startsWith('Next')) expect(line.length, line).toBeLessThanOrEqual(80);
  });

  test('as Markdown', async () => {
    await expect(compareMarkdown(BETTER)).toMatchFileSnapshot(golden('compare-better.md'));
  });

  test('says its verdict first', () => {
    for (const [, comparison, options] of ALL)
      expect(compareText(comparison, options, drawing(100)).startsWith(comparison.verdict)).toBe(true);
  });
});

describe('its drawings', () => {
  test('hold both sides of a phase in one plot', () => {
    const plots = new Map(comparePlots(BETTER, { before: SAMPLES, after: SAMPLES }));
    expect([...plots.keys()]).toEqual(['cold-ecdf.svg', 'warm-ecdf.svg', 'box.svg']);
    for (const text of plots.values()) {
      expect(text).toContain('before');
      expect(text).toContain('after');
      expect(text).not.toMatch(/NaN|Infinity|undefined/);
    }
  });

  test('are none where nothing was answered', () => {
    expect(comparePlots(REFUSED, { before: [], after: [] })).toEqual([]);
  });
});

describe('its progress', () => {
  test.each([
    [{ doing: 'starting', side: null, turn: null, text: null }, 'starting'],
    [
      { doing: 'exploring', side: 'after', turn: null, text: '12 executions' },
      'exploring, after, 12 executions',
    ],
    [
      {
        doing: 'measuring',
        side: 'after',
        text: null,
        turn: { phase: 'warm', index: 8, of: 16, leftMs: 21_600 },
      },
      '[############............] turn 9 of 16: after warm, about 22 s left',
    ],
  ])('%o', (stage, line) => {
    expect(compareProgressLine(stage)).toBe(line);
  });
});
