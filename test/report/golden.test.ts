/**
 * What people see, kept as files and reviewed by eye: test/golden. Update with `npx vitest run --project unit test/report -u`
 * and read the difference before committing it.
 */
import { describe, expect, test } from 'vitest';
import type { Finding } from '../../src/core/finding.ts';
import { WhystaleError } from '../../src/errors.ts';
import { documentText } from '../../src/report/document-text.ts';
import { errorText } from '../../src/report/error.ts';
import { findingLines } from '../../src/report/finding-text.ts';
import { findingsDocument } from '../../src/report/findings-document.ts';
import { documentGithub } from '../../src/report/github.ts';
import { documentJunit } from '../../src/report/junit.ts';
import { documentMarkdown } from '../../src/report/markdown.ts';
import { documentSarif } from '../../src/report/sarif.ts';
import { PLAIN } from '../../src/report/style.ts';
import { watchSummaryText } from '../../src/report/watch-summary.ts';
import { ANALYSIS, LONG, RACE, WIDE } from './sample.ts';

const golden = (name: string) => `../golden/${name}`;
const drawing = (width: number) => ({ width, style: PLAIN });
const DOCUMENT = findingsDocument(ANALYSIS, {
  engine: { redis: '7.0.15', postgres: '18.4', emulated: false },
  child: { exitCode: 0, signal: null },
  recording: 'whystale-recording-20260131-093015Z',
  notices: ['The recording was not closed: the watch still runs, or it was killed.'],
});

describe('a finding as text', () => {
  test.each([80, 100, 140])('the stale fill race in %i columns', async (width) => {
    await expect(`${findingLines(RACE, drawing(width)).join('\n')}\n`).toMatchFileSnapshot(
      golden(`finding-race-${width}.txt`),
    );
  });

  test.each([80, 140])('a long witness with long names in %i columns', async (width) => {
    await expect(`${findingLines(LONG, drawing(width)).join('\n')}\n`).toMatchFileSnapshot(
      golden(`finding-long-${width}.txt`),
    );
  });

  test('wide characters and one lane', async () => {
    await expect(`${findingLines(WIDE, drawing(100)).join('\n')}\n`).toMatchFileSnapshot(
      golden('finding-wide.txt'),
    );
  });
});

test('the whole document as text', async () => {
  await expect(documentText(DOCUMENT, drawing(100))).toMatchFileSnapshot(golden('document.txt'));
});

test('the whole document as Markdown', async () => {
  await expect(documentMarkdown(DOCUMENT)).toMatchFileSnapshot(golden('document.md'));
});

test('the whole document as SARIF', async () => {
  const log = documentSarif({ ...DOCUMENT, findings: [RACE, WIDE] }, { version: '0.1.0' });
  await expect(`${JSON.stringify(log, null, 2)}\n`).toMatchFileSnapshot(golden('document.sarif'));
});

test('the whole document as JUnit XML', async () => {
  const fails = ({ confidence }: Finding) => confidence === 'proved';
  await expect(documentJunit(DOCUMENT, { fails })).toMatchFileSnapshot(golden('document.junit.xml'));
});

test('the whole document as annotations', async () => {
  await expect(documentGithub(DOCUMENT)).toMatchFileSnapshot(golden('document.github.txt'));
});

test('the end of a watch', async () => {
  const text = watchSummaryText(
    {
      analysis: ANALYSIS,
      watchedMs: 61_000,
      addedMs: { redis: 0.021, postgres: 0.18 },
      created: [
        { what: 'publication whystale_4f1c on shop', removed: true },
        {
          what: 'replication slot whystale_4f1c on shop',
          removed: false,
          removeWith: "select pg_drop_replication_slot('whystale_4f1c')",
        },
      ],
      degradations: [{ code: 'monitor', text: 'redis:3 sent MONITOR; its replies are no longer read.' }],
      child: { exitCode: null, signal: 'SIGTERM' },
      recording: 'whystale-recording-20260131-093015Z',
    },
    drawing(100),
  );
  await expect(text).toMatchFileSnapshot(golden('watch-summary.txt'));
});

test('an error', async () => {
  const error = new WhystaleError({
    code: 'WSE203',
    what: '/tmp/x is not a recording: manifest.json is missing.',
    expected: 'a folder with manifest.json and history.jsonl, as whystale watch writes it',
    retry: 'after-fix',
    next: 'name the folder that whystale watch printed',
    exitCode: 2,
  });
  await expect(errorText(error, drawing(80))).toMatchFileSnapshot(golden('error.txt'));
});
