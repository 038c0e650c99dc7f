/** `--report FORMAT=FILE`. */
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { reportFile } from '../../src/cli/report-file.ts';
import { parseReport, REPORT_FORMATS } from '../../src/cli/reports.ts';
import { WhystaleError } from '../../src/errors.ts';
import { FindingsSchema } from '../../src/report/findings-document.ts';
import { temporaryFolder } from '../recording/folder.ts';
import { brokenBonds, SarifModel } from '../report/sarif-model.ts';
import { parseXml } from '../report/xml.ts';
import { whystale } from './frame.ts';
import { record, STALE_FILL_RACE } from './story.ts';

const codeOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (error instanceof WhystaleError) return error.facts.code;
    throw error;
  }
  return 'none';
};

/** A folder with a recording, in which `explain` is run. */
async function explaining() {
  const folder = temporaryFolder();
  await record(folder, STALE_FILL_RACE);
  return {
    folder,
    explain: (...args: string[]) => whystale(['explain', ...args], folder),
    text: (name: string) => readFileSync(join(folder, name), 'utf8'),
    names: () => readdirSync(folder).filter((name) => !name.startsWith('whystale-recording')),
  };
}

describe('--report', () => {
  test('writes every format to its file, beside what is printed', async () => {
    const { explain, text, names } = await explaining();
    const reports = REPORT_FORMATS.flatMap((format) => ['--report', `${format}=${format}.out`]);
    const { exitCode, out, err } = await explain(...reports);
    expect([exitCode, err]).toEqual([1, '']);
    expect(out).toBe((await explain()).out);
    expect(names().sort()).toEqual(REPORT_FORMATS.map((format) => `${format}.out`).sort());
    const sarif = SarifModel.parse(JSON.parse(text('sarif.out')));
    expect(brokenBonds(sarif)).toEqual([]);
    expect(sarif.runs[0]?.results.map(({ ruleId }) => ruleId)).toEqual(['WS104']);
    expect(parseXml(text('junit.out')).attributes.failures).toBe('1');
    expect(FindingsSchema.parse(JSON.parse(text('json.out'))).findings).toHaveLength(1);
    expect(text('markdown.out')).toMatch(/^# Findings\n/);
    expect(text('text.out')).toMatch(/^F1 {2}WS104/);
    expect(text('github.out')).toMatch(/^::error title=WS104 stale-fill-race item%3A\{id\} \(proved\)::/);
  });

  test('the JSON report is what --json prints', async () => {
    const { explain, text } = await explaining();
    const { out } = await explain('--json', '--report', 'json=a.json');
    expect(text('a.json')).toBe(out);
  });

  test('on stdout a report takes the place of the text, and annotations follow it', async () => {
    const { explain } = await explaining();
    const { out: sarif } = await explain('--report', 'sarif=-');
    expect(SarifModel.parse(JSON.parse(sarif)).runs).toHaveLength(1);
    const plain = (await explain()).out;
    const { out } = await explain('--report', 'github');
    expect(out.startsWith(plain)).toBe(true);
    expect(out.slice(plain.length)).toMatch(/^::error .*\n$/);
  });

  test('test cases fail as --fail-on says, and say nothing of what was left out', async () => {
    const { explain, text } = await explaining();
    await explain('--report', 'junit=a.xml', '--fail-on', 'never');
    expect(parseXml(text('a.xml')).attributes).toMatchObject({ tests: '1', failures: '0' });
    await explain('--report', 'junit=a.xml', '--finding', 'F1');
    expect(parseXml(text('a.xml')).attributes).toMatchObject({ tests: '1', failures: '1' });
  });

  test.each([
    ['an unknown format', ['html=a.html']],
    ['no file', ['sarif']],
    ['an empty file', ['sarif=']],
    ['two reports on stdout', ['sarif=-', 'junit=-']],
    ['a report and annotations on stdout', ['sarif=-', 'github']],
    ['two reports in one file', ['sarif=a', 'junit=./a']],
  ])('%s is refused before the run', async (_, reports) => {
    const { explain, names } = await explaining();
    const { exitCode, out, err } = await explain(...reports.flatMap((report) => ['--report', report]));
    expect([exitCode, out, err]).toEqual([2, '', expect.stringContaining('error WSE008')]);
    expect(names()).toEqual([]);
  });

  test.each([['--json'], ['--markdown']])('stdout belongs to %s', async (option) => {
    const { explain } = await explaining();
    const { exitCode, out, err } = await explain(option, '--report', 'github');
    expect([exitCode, `${out}${err}`]).toEqual([2, expect.stringContaining('WSE008')]);
  });

  test.each([
    ['a folder that is not there', 'no/a.sarif'],
    ['a folder', '.'],
    ['a file in place of a folder', 'file/a.sarif'],
  ])('%s is refused before the recording is opened', async (_, name) => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'file'), '');
    const { exitCode, err } = await whystale(
      ['explain', 'no-recording', '--report', `sarif=${name}`],
      folder,
    );
    expect([exitCode, err]).toEqual([2, expect.stringContaining('error WSE009')]);
    expect(readdirSync(folder)).toEqual(['file']);
  });

  test('watch and demo refuse it before they start anything', async () => {
    const folder = temporaryFolder();
    for (const command of [
      ['watch', '--report', 'sarif=no/a'],
      ['demo', '--report', 'sarif=no/a'],
    ]) {
      const { exitCode, err } = await whystale(command, folder);
      expect([exitCode, err]).toEqual([2, expect.stringMatching(/^error WSE009/)]);
    }
    expect(readdirSync(folder)).toEqual([]);
  });

  test('a file name may hold an equals sign', () => {
    expect(parseReport('junit=a=b.xml')).toEqual({ format: 'junit', file: 'a=b.xml' });
    expect(codeOf(() => parseReport('=a'))).toBe('WSE008');
  });
});

describe('a report file', () => {
  test('is replaced as a whole: nothing stays beside it, links and permissions stay', () => {
    const folder = temporaryFolder();
    const real = join(folder, 'real.xml');
    writeFileSync(real, 'a longer text that was there before');
    chmodSync(real, 0o640);
    symlinkSync('real.xml', join(folder, 'link.xml'));
    const file = reportFile('link.xml', folder);
    file.check();
    file.write('new');
    expect(readdirSync(folder).sort()).toEqual(['link.xml', 'real.xml']);
    expect([readFileSync(real, 'utf8'), statSync(real).mode & 0o777]).toEqual(['new', 0o640]);
    expect(readFileSync(join(folder, 'link.xml'), 'utf8')).toBe('new');
  });

  test('a device is written to, not replaced', () => {
    const file = reportFile('/dev/null', '/');
    file.check();
    file.write('text');
    expect(statSync('/dev/null').isCharacterDevice()).toBe(true);
  });

  test('that can no longer be written at the end is an error of its own and leaves nothing', () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'reports'));
    const file = reportFile('reports/a.sarif', folder);
    file.check();
    rmSync(join(folder, 'reports'), { recursive: true });
    expect(codeOf(() => file.write('text'))).toBe('WSE010');
    expect(readdirSync(folder)).toEqual([]);
  });
});
