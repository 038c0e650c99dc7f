/**
 * `--report FORMAT=FILE`, repeatable: the findings in further formats, beside what the command prints. `-` is stdout; there
 * a report takes the place of the text, except `github`, whose lines follow it. Everything that can be known beforehand is
 * refused before the run starts.
 */
import { Option } from 'commander';
import type { Finding } from '../core/finding.ts';
import { WhystaleError } from '../errors.ts';
import { documentText } from '../report/document-text.ts';
import { errorText } from '../report/error.ts';
import type { FindingsDocument } from '../report/findings-document.ts';
import { documentGithub } from '../report/github.ts';
import { documentJunit } from '../report/junit.ts';
import { documentMarkdown } from '../report/markdown.ts';
import { documentSarif } from '../report/sarif.ts';
import { PLAIN } from '../report/style.ts';
import { type FailOn, failing } from './fail-on.ts';
import { type Frame, jsonText } from './frame.ts';
import { type ReportFile, reportFile } from './report-file.ts';

export const REPORT_FORMATS = ['json', 'markdown', 'sarif', 'junit', 'text', 'github'] as const;
export type ReportFormat = (typeof REPORT_FORMATS)[number];

const STDOUT = '-';
/** Columns of a text report: it is read anywhere, not on this terminal. */
const TEXT_WIDTH = 100;

/** One `--report`. */
export interface ReportRequest {
  readonly format: ReportFormat;
  /** As given; `-` is stdout. */
  readonly file: string;
}

/** What a run gives to its reports. */
export interface Reported {
  readonly document: FindingsDocument;
  /** What the command adds to the document with `--json`. */
  readonly more?: Readonly<Record<string, unknown>>;
  /** False when findings were left out on demand. */
  readonly whole?: boolean;
}

export interface Reports {
  /** True when a report stands on stdout in place of the text. */
  readonly replaceText: boolean;
  /** Writes all reports, those to stdout last. False when one could not be written, which is said on stderr. */
  readonly write: (reported: Reported) => boolean;
}

/** The circumstances that reports are checked against. */
export interface ReportSetting {
  /** The option that stdout belongs to, e.g. `--json`; null when it is free. */
  readonly stdout: string | null;
  /** Which findings fail a test case. */
  readonly failOn: FailOn;
}

/** The option, the same on every command that reports findings. */
export function reportOption(): Option {
  return reportOptionOf(
    REPORT_FORMATS,
    'write the findings to a file as json, markdown, sarif, junit, text or github (annotations; alone, they go to stdout); FILE - is stdout; repeatable',
  );
}

/** The option on a command that reports something else. */
export function reportOptionOf(formats: readonly ReportFormat[], description: string): Option {
  return new Option('--report <format=file>', description)
    .argParser((text: string, before: readonly ReportRequest[]) => [...before, parseReport(text, formats)])
    .default([], 'none');
}

/** Reads one `--report`. Throws WSE008. */
export function parseReport(text: string, formats: readonly ReportFormat[] = REPORT_FORMATS): ReportRequest {
  const at = text.indexOf('=');
  const name = at < 0 ? text : text.slice(0, at);
  const format = formats.find((known) => known === name);
  if (format === undefined) throw refused(`--report does not know the format "${name}".`, formats);
  if (at < 0 && format === 'github') return { format, file: STDOUT };
  const file = at < 0 ? '' : text.slice(at + 1);
  if (file === '') throw refused(`--report ${name} names no file.`);
  return { format, file };
}

/** Checks the reports before a run. Throws WSE008 when two are after the same place, WSE009 when a file cannot be written. */
export function prepareReports(
  requests: readonly ReportRequest[],
  { stdout, failOn }: ReportSetting,
  frame: Frame,
): Reports {
  const { replaceText, write } = placeReports(requests, stdout, frame);
  return {
    replaceText,
    write: (reported) => write((format) => drawn(format, reported, failOn, frame.version)),
  };
}

/** Reports whose drawing is the caller's. */
export interface Places {
  readonly replaceText: boolean;
  readonly write: (draw: (format: ReportFormat) => string) => boolean;
}

/** As {@link prepareReports}; `stdout` is the option that stdout belongs to. */
export function placeReports(
  requests: readonly ReportRequest[],
  stdout: string | null,
  frame: Frame,
): Places {
  const printed = requests.filter(({ file }) => file === STDOUT);
  refuseSharedStdout(printed, stdout);
  const files = requests
    .filter(({ file }) => file !== STDOUT)
    .map(({ format, file }) => ({ format, target: reportFile(file, frame.cwd) }));
  refuseSharedFile(files);
  for (const { target } of files) target.check();
  return {
    replaceText: printed.some(({ format }) => format !== 'github'),
    write: (draw) => {
      const failures = files.map(({ format, target }) => attempt(() => target.write(draw(format)), frame));
      for (const { format } of printed) frame.out(draw(format));
      return failures.every((done) => done);
    },
  };
}

function attempt(write: () => void, frame: Frame): boolean {
  try {
    write();
    return true;
  } catch (error) {
    frame.err(errorText(error, frame.errDrawing, frame.env.WHYSTALE_DEBUG === '1'));
    return false;
  }
}

function drawn(
  format: ReportFormat,
  { document, more, whole }: Reported,
  failOn: FailOn,
  version: string,
): string {
  const failed = new Set<Finding>(failing(document.findings, failOn));
  switch (format) {
    case 'json':
      return jsonText({ ...document, ...more });
    case 'markdown':
      return documentMarkdown(document);
    case 'sarif':
      return jsonText(documentSarif(document, { version }));
    case 'junit':
      return documentJunit(document, { fails: (finding) => failed.has(finding), whole: whole ?? true });
    case 'text':
      return documentText(document, { width: TEXT_WIDTH, style: PLAIN });
    case 'github':
      return documentGithub(document);
  }
}

function refuseSharedStdout(printed: readonly ReportRequest[], owner: string | null): void {
  const [first, second] = printed;
  if (first === undefined) return;
  const shown = `--report ${first.format}=${STDOUT}`;
  if (owner !== null) throw refused(`${shown} and ${owner} both want stdout.`);
  if (second !== undefined)
    throw refused(`${shown} and --report ${second.format}=${STDOUT} both want stdout.`);
}

function refuseSharedFile(
  files: readonly { readonly format: ReportFormat; readonly target: ReportFile }[],
): void {
  const paths = files.map(({ target }) => target.path);
  const twice = paths.find((path, index) => paths.indexOf(path) !== index);
  if (twice !== undefined) throw refused(`Two reports are to be written to ${twice}.`);
}

function refused(what: string, formats: readonly ReportFormat[] = REPORT_FORMATS): WhystaleError {
  return new WhystaleError({
    code: 'WSE008',
    what,
    expected: `FORMAT=FILE with one of ${formats.join(', ')}, each to a place of its own${formats.includes('github') ? '; or github alone' : ''}.`,
    retry: 'after-fix',
    next: 'Give each report a file of its own, e.g. --report sarif=whystale.sarif --report junit=whystale.xml',
    exitCode: 2,
  });
}
