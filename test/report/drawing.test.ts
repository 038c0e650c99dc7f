import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { WitnessStep } from '../../src/core/finding.ts';
import { count, duration, percent, stepTime } from '../../src/core/numbers.ts';
import { elide, MAX_STEPS } from '../../src/report/elide.ts';
import { findingLines } from '../../src/report/finding-text.ts';
import { PLAIN, styleFor, widthFor } from '../../src/report/style.ts';
import { drawTimeline } from '../../src/report/timeline.ts';
import { cut, displayWidth, padEnd, visible } from '../../src/report/width.ts';
import { wrapText } from '../../src/report/wrap.ts';
import { RACE, WIDE } from './sample.ts';

const anyStep: fc.Arbitrary<WitnessStep> = fc
  .record({
    op: fc.nat(),
    atMs: fc.double({ min: 0, max: 1e7, noNaN: true }),
    lane: fc.constantFrom('reader', 'writer', 'log'),
    session: fc.constant('redis:1'),
    text: fc.string({ unit: 'grapheme', maxLength: 80 }),
    result: fc.option(fc.string({ unit: 'binary', maxLength: 60 }), { nil: undefined }),
    note: fc.option(fc.string({ unit: 'grapheme', maxLength: 60 }), { nil: undefined }),
    decisive: fc.option(fc.boolean(), { nil: undefined }),
  })
  .map(
    (step) =>
      Object.fromEntries(
        Object.entries(step).filter(([, value]) => value !== undefined),
      ) as unknown as WitnessStep,
  );
const anyHeading = fc.option(fc.string({ unit: 'grapheme', maxLength: 120 }));

describe('a timeline', () => {
  test('never exceeds the width, and never steers the terminal, whatever the steps hold', () => {
    fc.assert(
      fc.property(
        fc.array(anyStep, { maxLength: 60 }),
        anyHeading,
        anyHeading,
        fc.integer({ min: 80, max: 140 }),
        (steps, reader, writer, width) => {
          for (const line of drawTimeline(steps, { reader, writer }, { width, style: PLAIN })) {
            expect(displayWidth(line)).toBeLessThanOrEqual(width);
            expect(visible(line)).toBe(line);
          }
        },
      ),
    );
  });

  test('names every step with a note, however many steps there are', () => {
    const steps: WitnessStep[] = Array.from({ length: 200 }, (_, op) => ({
      op,
      atMs: op,
      lane: 'reader',
      session: 's',
      text: `GET k${op}`,
      ...(op % 50 === 10 && { note: `note ${op}` }),
    }));
    const text = drawTimeline(steps, RACE, { width: 100, style: PLAIN }).join('\n');
    for (const op of [10, 60, 110, 160]) expect(text).toContain(`note ${op}`);
    expect(text).toContain('steps left out');
  });

  test('is empty without steps', () => {
    expect(drawTimeline([], RACE, { width: 100, style: PLAIN })).toEqual([]);
  });
});

describe('leaving steps out', () => {
  const step = (op: number, rest: Partial<WitnessStep> = {}): WitnessStep => ({
    op,
    atMs: op,
    lane: 'reader',
    session: 's',
    text: `GET k${op}`,
    ...rest,
  });

  test('accounts for every step', () => {
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 120 }), (steps) => {
        const rows = elide(steps);
        const drawn = rows.filter((row) => row.is === 'step').length;
        const left = rows
          .filter((row) => row.is === 'elided')
          .reduce((sum, row) => sum + Number.parseInt(row.text.replaceAll(',', ''), 10), 0);
        expect(drawn + left).toBe(steps.length);
      }),
    );
  });

  test('keeps the decisive step and both ends', () => {
    const steps = Array.from({ length: 100 }, (_, op) => step(op, op === 50 ? { decisive: true } : {}));
    const drawn = elide(steps).flatMap((row) => (row.is === 'step' ? [row.step.op] : []));
    expect(drawn).toContain(0);
    expect(drawn).toContain(50);
    expect(drawn).toContain(99);
    expect(drawn.length).toBeLessThanOrEqual(MAX_STEPS + 2);
  });

  test('folds a run of equal steps', () => {
    const steps = [
      step(0),
      ...Array.from({ length: 9 }, (_, op) => step(op + 1, { text: 'GET k', result: 'hit' })),
      step(11),
    ];
    expect(elide(steps).map((row) => (row.is === 'step' ? row.step.text : row.text))).toEqual([
      'GET k0',
      'GET k',
      '7 more of GET k, hit',
      'GET k',
      'GET k11',
    ]);
  });
});

describe('width', () => {
  test.each([
    ['item:1', 6],
    ['商品', 4],
    ['１２', 4],
    ['é', 1],
    ['e\u0301', 1],
    ['😀', 2],
    ['👩‍👩‍👧', 2],
    ['❤️', 2],
    ['한국', 4],
    ['…', 1],
    ['', 0],
  ])('of %j is %i', (text, width) => {
    expect(displayWidth(text)).toBe(width);
  });

  test('of what was cut or filled is what was asked for', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 2, max: 60 }), (raw, width) => {
        const text = visible(raw);
        expect(displayWidth(cut(text, width))).toBeLessThanOrEqual(width);
        expect(displayWidth(padEnd(text, width))).toBe(Math.max(width, displayWidth(text)));
      }),
    );
  });

  test('wrapping loses nothing but spaces', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 4, max: 40 }), (raw, width) => {
        const text = visible(raw);
        const lines = wrapText(text, width);
        for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(width);
        expect(lines.join('').replace(/\s/g, '')).toBe(text.replace(/\s/g, ''));
      }),
    );
  });

  test('control characters are shown, not sent', () => {
    expect(visible('a\u001b[31m\r\n\u009b1m\u202e')).toBe('a\\x1b[31m\\r\\n\\x9b1m\\u202e');
    expect(findingLines(WIDE, { width: 100, style: PLAIN }).join('')).not.toContain('\u001b');
  });
});

describe('colours and columns', () => {
  const painted = (env: Record<string, string>, isTTY: boolean) => styleFor({ isTTY, env }).bad('x') !== 'x';
  test.each([
    ['a terminal', {}, true, true],
    ['a pipe', {}, false, false],
    ['NO_COLOR', { NO_COLOR: '1' }, true, false],
    ['an empty NO_COLOR', { NO_COLOR: '' }, true, true],
    ['NO_COLOR and FORCE_COLOR', { NO_COLOR: '1', FORCE_COLOR: '1' }, true, false],
    ['FORCE_COLOR in a pipe', { FORCE_COLOR: '1' }, false, true],
    ['a dumb terminal', { TERM: 'dumb' }, true, false],
  ])('%s', (_, env, isTTY, expected) => {
    expect(painted(env, isTTY)).toBe(expected);
  });

  test.each([
    [undefined, 100],
    [40, 80],
    [120, 120],
    [300, 140],
  ])('%s columns draw in %i', (columns, width) => {
    expect(widthFor({ isTTY: true, env: {}, columns })).toBe(width);
  });

  test('colours change no width', () => {
    const colour = styleFor({ isTTY: true, env: {} });
    const stripped = findingLines(RACE, { width: 100, style: colour })
      .join('\n')
      .replaceAll(new RegExp(`${String.fromCharCode(27)}\\[\\d+m`, 'g'), '');
    expect(stripped).toBe(findingLines(RACE, { width: 100, style: PLAIN }).join('\n'));
  });
});

describe('digests', () => {
  const drawn = (...values: string[]) =>
    findingLines({ ...RACE, summary: values.join(' ') }, { width: 140, style: PLAIN })[1]?.trim();

  test('are as short as keeps them apart', () => {
    expect(drawn('h:0123456789ab', 'h:fedcba987654~')).toBe('h:0123 h:fedc');
    expect(drawn('h:0123456789ab', 'h:012345678999')).toBe('h:0123456789a h:01234567899');
    expect(drawn('h:0123456789ab', 'h:0123456789ab')).toBe('h:0123 h:0123');
  });
});

describe('numbers', () => {
  test.each([
    [0, '0 ms'],
    [0.84, '0.8 ms'],
    [12.4, '12 ms'],
    [999, '999 ms'],
    [48_200, '48.2 s'],
    [60_000, '60 s'],
    [99_960, '1 min 40 s'],
    [200_000, '3 min 20 s'],
    [3_600_000, '1 h'],
    [7_500_000, '2 h 5 min'],
  ])('%f ms is %s', (ms, text) => {
    expect(duration(ms)).toBe(text);
  });
  test.each([
    [0, '0 %'],
    [0.0001, '< 0.1 %'],
    [0.5, '50 %'],
    [0.99999, '> 99.9 %'],
    [1, '100 %'],
  ])('%f is %s', (share, text) => {
    expect(percent(share)).toBe(text);
  });
  test.each([
    [0, '0'],
    [999, '999'],
    [1000, '1,000'],
    [1_234_567, '1,234,567'],
  ])('%i is %s', (value, text) => {
    expect(count(value)).toBe(text);
  });
  test('times of steps', () => {
    expect([0, 1.25, 48_200, 120_000].map(stepTime)).toEqual(['0.0', '1.3', '48200.0', '120000']);
  });
});
