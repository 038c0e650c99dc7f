/** The corpus as tests: every case is explained, and each miss and each extra is named. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { casesIn, RECORDING_FOLDER } from './case.ts';
import { explainedScore } from './explained.ts';
import { PROVED_PRECISION_GOAL, RECALL_GOAL, score } from './score.ts';
import { faults } from './table.ts';

const CASES = casesIn(join(import.meta.dirname, 'cases'));
const SCORES = new Map(CASES.map((one) => [one.name, explainedScore(one)]));

/** Bytes that a clone carries for the corpus. */
const MOST_BYTES_OF_A_CASE = 400 << 10;
const MOST_BYTES = 16 << 20;
/** Folders of the machine that recorded. */
const MACHINE_PATH = /(?<![\w.])\/(?:home|Users|root|work|tmp|var|usr|opt|private)\//;

describe('every case is told as it is', () => {
  for (const { name, known } of CASES) {
    test(name, () => {
      const wrong = faults(SCORES.get(name)!);
      if (known === undefined) expect(wrong).toEqual([]);
      else expect(wrong, 'right by now: take away its `known`').not.toEqual([]);
    });
  }
});

test('the goals are met', () => {
  const { overall, proved } = score([...SCORES.values()]);
  expect(proved.precision).toBeGreaterThanOrEqual(PROVED_PRECISION_GOAL);
  expect(overall.recall).toBeGreaterThanOrEqual(RECALL_GOAL);
});

describe('recordings can be given to anybody', () => {
  const sizes = new Map<string, number>();
  for (const { name, folder } of CASES) {
    test(name, () => {
      const files = readdirSync(join(folder, RECORDING_FOLDER)).map((file) =>
        join(folder, RECORDING_FOLDER, file),
      );
      for (const file of files) expect(readFileSync(file, 'utf8')).not.toMatch(MACHINE_PATH);
      sizes.set(
        name,
        files.reduce((sum, file) => sum + statSync(file).size, 0),
      );
      expect(sizes.get(name)).toBeLessThanOrEqual(MOST_BYTES_OF_A_CASE);
    });
  }
  test('together they are small', () => {
    expect([...sizes.values()].reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(MOST_BYTES);
  });
});
