/** The folder of a run: readable at any moment. */
import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { WhystaleError } from '../../src/errors.ts';
import { readRun, readSamples } from '../../src/measure/read.ts';
import { newRunFolder, RunFolder, runName } from '../../src/measure/run-folder.ts';
import { COLD, CUT_SHORT, RUN } from '../report/measure-sample.ts';

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'whystale-measure-'));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

function codeOf(run: () => unknown): string {
  try {
    run();
    return 'nothing was thrown';
  } catch (error) {
    return error instanceof WhystaleError ? error.facts.code : String(error);
  }
}

test('is named by time and label, and two of one second do not meet', () => {
  const at = new Date('2026-03-01T10:20:30.456Z');
  expect(runName(at, 'baseline')).toBe('2026-03-01T10-20-30Z-baseline');
  expect(runName(at, '../my run: 1')).toBe('2026-03-01T10-20-30Z-my-run-1');
  expect(runName(at, '…')).toBe('2026-03-01T10-20-30Z-run');
  const runs = folder();
  mkdirSync(newRunFolder(runs, at, 'a'));
  expect(newRunFolder(runs, at, 'a')).toBe(join(runs, '2026-03-01T10-20-30Z-a-2'));
});

test.each([
  ['whole', RUN],
  ['cut short', CUT_SHORT],
  ['with the digest of its case', { ...RUN, measured: 'ab12' }],
])('a run that is %s reads back as it was', (_, run) => {
  const kept = new RunFolder(join(folder(), 'runs', 'one'));
  kept.write(CUT_SHORT);
  kept.append(COLD.slice(0, 2));
  kept.append([]);
  kept.append(COLD.slice(2));
  kept.write(run);
  expect(readRun(kept.path)).toEqual(run);
  expect(readSamples(kept.path)).toEqual(COLD);
  expect(readdirSync(kept.path).sort()).toEqual(['run.json', 'samples.jsonl']);
});

test('a last line that was cut off is left out', () => {
  const kept = new RunFolder(join(folder(), 'one'));
  kept.append(COLD);
  appendFileSync(join(kept.path, 'samples.jsonl'), '{"phase":"co');
  expect(readSamples(kept.path)).toHaveLength(COLD.length);
});

test('a folder with other things in it is not written to', () => {
  const path = folder();
  writeFileSync(join(path, 'mine.txt'), '');
  expect(codeOf(() => new RunFolder(path))).toBe('WSE733');
  expect(readdirSync(path)).toEqual(['mine.txt']);
});

test.each([
  ['nothing', null],
  ['no JSON', '{'],
  ['another document', '{"format":"whystale-findings/1"}'],
  ['a run without figures', '{"format":"whystale-measure/1"}'],
])('%s is no run', (_, text) => {
  const path = folder();
  if (text !== null) writeFileSync(join(path, 'run.json'), text);
  expect(codeOf(() => readRun(path))).toBe('WSE734');
});
