/** How explorations and replays are told: test/golden/race-*. Update with `npx vitest run --project unit test/report -u`. */
import { describe, expect, test } from 'vitest';
import type { RaceResult, ReplayResult } from '../../src/race/result.ts';
import { actorLanes } from '../../src/report/race-lanes.ts';
import { raceMarkdown } from '../../src/report/race-markdown.ts';
import { raceProgressLine, raceText, verdictSentence } from '../../src/report/race-text.ts';
import { replayText, replayVerdict, stepLines } from '../../src/report/replay-text.ts';
import { PLAIN } from '../../src/report/style.ts';
import {
  CRASHED,
  DIVERGED,
  INTERRUPTED,
  INVALID,
  LATE_FILL,
  NOT_REPRODUCED,
  REPLAY_DIVERGED,
  REPRODUCED,
  TRUNCATED,
  VALID,
} from './race-sample.ts';

const golden = (name: string) => `../golden/${name}`;
const drawing = (width: number) => ({ width, style: PLAIN });

const RESULTS: readonly (readonly [string, RaceResult])[] = [
  ['valid', VALID],
  ['invalid', INVALID],
  ['truncated', TRUNCATED],
  ['diverged', DIVERGED],
  ['interrupted', INTERRUPTED],
];

describe('an exploration', () => {
  test.each(RESULTS)('that is %s, as text', async (name, result) => {
    await expect(raceText(result, drawing(100))).toMatchFileSnapshot(golden(`race-${name}.txt`));
  });

  test('in 80 columns', async () => {
    await expect(raceText(INVALID, drawing(80))).toMatchFileSnapshot(golden('race-invalid-80.txt'));
  });

  test.each([
    ['valid', VALID],
    ['invalid', INVALID],
  ] as const)('that is %s, as Markdown', async (name, result) => {
    await expect(raceMarkdown(result)).toMatchFileSnapshot(golden(`race-${name}.md`));
  });

  test.each(RESULTS)('that is %s says its bound, and promises nothing that was not explored', (_, result) => {
    const unwrapped = raceText(result, drawing(100)).replaceAll(/\s+/g, ' ');
    expect(unwrapped).toContain(result.bound);
    expect(raceMarkdown(result)).toContain('**Bound.**');
    expect(verdictSentence(result).includes('not complete')).toBe(!result.complete);
  });

  test('stays within its columns, but for the line to be copied', () => {
    for (const [, result] of RESULTS)
      for (const line of raceText(result, drawing(80)).split('\n'))
        if (!line.includes('$ whystale')) expect(line.length).toBeLessThanOrEqual(80);
  });

  test('progresses', () => {
    const progress = { ...VALID, gaps: [], start: 'cold', remaining: 30, elapsedMs: 3_210 } as const;
    expect(raceProgressLine(progress)).toBe(
      'cold start: 48 executions, 40 classes, 0 stale, 12 pruned, at least 30 to come, 3.2 s',
    );
    expect(raceProgressLine({ ...progress, remaining: null })).not.toContain('to come');
  });
});

const REPLAYS: readonly (readonly [string, ReplayResult])[] = [
  ['reproduced', REPRODUCED],
  ['not-reproduced', NOT_REPRODUCED],
  ['diverged', REPLAY_DIVERGED],
];

describe('a replay', () => {
  test.each(REPLAYS)('that is %s', async (name, result) => {
    expect(replayVerdict(result)).toBe(name);
    const text = replayText(result, actorLanes(VALID.tried.actors), drawing(100));
    await expect(text).toMatchFileSnapshot(golden(`replay-${name}.txt`));
  });

  test('that never ran decides nothing', () => {
    expect(replayVerdict({ ...NOT_REPRODUCED, runs: [] })).toBe('failed');
  });

  test('goes step by step', () => {
    const [, , , , removal] = CRASHED.steps;
    const cached = [
      { key: 'item:1', value: '{"price":10}' },
      { key: 'gen:item:1', value: null },
    ];
    const lines = [
      ...stepLines(LATE_FILL.steps[0]!, { step: 1, of: 6 }, drawing(80)),
      ...stepLines({ ...removal!, cached, database: '12' }, { step: 5, of: 6 }, drawing(80)),
      ...stepLines({ ...LATE_FILL.steps[1]!, cached: [] }, { step: 12, of: 14 }, drawing(80)),
    ];
    expect(lines).toEqual([
      '  1/6  reader  GET item:1   miss',
      '  5/6  writer  CRASH before DEL item:1',
      '       cache     item:1 = {"price":10}',
      '       cache     gen:item:1 is absent',
      '       database  12',
      '       nothing removes the key',
      '12/14  reader  SELECT … items id=1   price 10',
      '       cache     no key of this schedule',
    ]);
  });
});
