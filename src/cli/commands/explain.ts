/** `explain`: the findings of a recording, with timeline, cause and remedy. */
import type { Command } from 'commander';
import { analyse } from '../../core/analyse.ts';
import type { Analysis, Finding } from '../../core/finding.ts';
import { WhystaleError } from '../../errors.ts';
import { newestRecording } from '../../recording/locate.ts';
import { openRecording, type Recording } from '../../recording/reader.ts';
import { documentText } from '../../report/document-text.ts';
import { type FindingsDocument, findingsDocument } from '../../report/findings-document.ts';
import { documentMarkdown } from '../../report/markdown.ts';
import { withExamples } from '../examples.ts';
import { type ExitCode, exitCodeFor } from '../exit-codes.ts';
import { type FailOn, failOnOption } from '../fail-on.ts';
import { type Frame, printJson } from '../frame.ts';
import { concerning } from '../key-filter.ts';
import { prepareReports, type ReportRequest, reportOption } from '../reports.ts';
import { counting, emptyTally, type Tally } from '../tally.ts';
import { unseenNotices } from '../unseen.ts';

interface Options {
  readonly key?: string;
  readonly finding?: string;
  readonly json?: boolean;
  readonly markdown?: boolean;
  readonly report: readonly ReportRequest[];
  readonly failOn: FailOn;
}

export function register(program: Command, frame: Frame): void {
  const command = program
    .command('explain')
    .description('Explain what a recording shows: causal timeline, cause and remedy of every finding.')
    .argument('[dir]', 'recording (default: the newest whystale-recording* or .whystale here)')
    .option('--key <key>', 'only findings that concern this key')
    .option('--finding <id>', 'only this finding, e.g. F1')
    .addOption(failOnOption())
    .addOption(reportOption())
    .option('--markdown', 'print Markdown')
    .option('--json', 'print one JSON document')
    .action(frame.action((dir: string | undefined, options: Options) => explain(dir, options, frame)));
  withExamples(command, [
    'whystale explain',
    'whystale explain whystale-recording-20260131-093015Z --finding F1',
    'whystale explain --key item:1 --json',
    'whystale explain ./rec --fail-on WS101,WS104,proved',
    'whystale explain ./rec --report sarif=whystale.sarif --report junit=whystale.xml',
  ]);
}

function explain(dir: string | undefined, options: Options, frame: Frame): ExitCode {
  const { failOn } = options;
  const stdout = options.json ? '--json' : options.markdown ? '--markdown' : null;
  const reports = prepareReports(options.report, { stdout, failOn }, frame);
  const recording = openRecording(dir ?? newestRecording(frame.cwd));
  const tally = emptyTally();
  const operations = counting(recording.operations, tally, options.key);
  const analysis = analyse(operations, { reveal: recording.reveal, stores: recording.manifest.stores });
  const findings = chosen(analysis, options, tally, recording);
  const notices = [...recording.notices, ...unseenNotices(tally)];
  const document = documentOf({ ...analysis, findings }, recording, notices);
  if (!reports.replaceText) print(document, options, frame);
  const whole = options.key === undefined && options.finding === undefined;
  const written = reports.write({ document, whole });
  return exitCodeFor({ findings, failOn, seen: tally, environmentFailed: !written });
}

function documentOf(analysis: Analysis, recording: Recording, notices: readonly string[]): FindingsDocument {
  const { engines, child } = recording.manifest;
  return findingsDocument(analysis, { engine: engines, child, recording: recording.folder, notices });
}

function print(document: FindingsDocument, options: Options, frame: Frame): void {
  if (options.json) printJson(frame, document);
  else if (options.markdown) frame.out(documentMarkdown(document));
  else frame.out(documentText(document, frame.drawing, { figures: options.finding === undefined }));
}

/** The findings asked for; a question about something that does not exist is an error, not an empty answer. */
function chosen(
  analysis: Analysis,
  { key, finding }: Options,
  tally: Tally,
  { folder }: Recording,
): readonly Finding[] {
  let { findings } = analysis;
  if (finding !== undefined) {
    findings = findings.filter(({ id }) => id.toLowerCase() === finding.toLowerCase());
    if (findings.length === 0) throw noSuchFinding(finding, analysis.findings);
  }
  if (key !== undefined) {
    if (tally.onKey === 0) throw noSuchKey(key, folder);
    findings = findings.filter((candidate) => concerning(candidate, key));
  }
  return findings;
}

function noSuchFinding(id: string, findings: readonly Finding[]): WhystaleError {
  const ids = findings.map((finding) => finding.id);
  return new WhystaleError({
    code: 'WSE005',
    what: `The recording has no finding ${id}.`,
    expected:
      ids.length === 0 ? 'A recording with findings; this one has none.' : `One of ${ids.join(', ')}.`,
    retry: 'after-fix',
    next: 'Run whystale explain without --finding: it lists them.',
    exitCode: 2,
  });
}

function noSuchKey(key: string, folder: string): WhystaleError {
  return new WhystaleError({
    code: 'WSE006',
    what: `The key ${key} does not occur in the recording ${folder}.`,
    expected: 'A key that an operation of the recording names.',
    retry: 'after-fix',
    next: 'Run whystale explain without --key: it lists the templates that were seen.',
    exitCode: 2,
  });
}
