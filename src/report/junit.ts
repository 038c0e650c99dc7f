/**
 * The findings document as JUnit XML, in the shape that Jenkins, GitLab and others read: one suite, one test case for each
 * code and key template with findings, and one for each template without. A finding that fails the run fails its case;
 * a template that nothing is known to feed was not judged, and its case is skipped.
 */
import type { Finding, TemplateFigures } from '../core/finding.ts';
import { counted } from '../core/numbers.ts';
import { engineLine } from './document-text.ts';
import { coverageLine, summaryLine } from './figures-text.ts';
import { findingLines } from './finding-text.ts';
import type { FindingsDocument } from './findings-document.ts';
import { PLAIN } from './style.ts';
import { visible } from './width.ts';

/** Columns of the timeline in a failure. */
const WIDTH = 100;
const SUITE = 'whystale';

export interface JunitOptions {
  /** Whether a finding fails the run. */
  readonly fails: (finding: Finding) => boolean;
  /** False when findings were left out on demand: then nothing is said of templates without. */
  readonly whole?: boolean;
}

type Outcome = 'passed' | 'failure' | 'error' | 'skipped';

interface TestCase {
  readonly group: string;
  readonly name: string;
  readonly outcome: Outcome;
  /** Kind of the failure. */
  readonly type?: string;
  /** One line. */
  readonly message?: string;
  /** What stands in the failure. */
  readonly text?: string;
  /** What is said beside the outcome. */
  readonly output?: string;
}

/** The XML document, ending in a newline. */
export function documentJunit(document: FindingsDocument, { fails, whole = true }: JunitOptions): string {
  const cases = [...findingCases(document.findings, fails), ...(whole ? otherCases(document) : [])];
  const counts = `${attribute('tests', cases.length)}${(['failure', 'error'] as const)
    .map((outcome) => attribute(`${outcome}s`, ofOutcome(cases, outcome)))
    .join('')}`;
  const suiteCounts = `${counts}${attribute('skipped', ofOutcome(cases, 'skipped'))}`;
  const said = [summaryLine(document), coverageLine(document.coverage), engineLine(document)];
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites${attribute('name', SUITE)}${counts}>`,
    `  <testsuite${attribute('name', SUITE)}${suiteCounts}>`,
    ...cases.flatMap(caseLines),
    `    ${element('system-out', '', [...said, ...document.notices].map(visible).join('\n'))}`,
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

function ofOutcome(cases: readonly TestCase[], wanted: Outcome): number {
  return cases.filter(({ outcome }) => outcome === wanted).length;
}

/** One case for each code and template; findings of several writers stand in one. */
function findingCases(findings: readonly Finding[], fails: (finding: Finding) => boolean): TestCase[] {
  const groups = new Map<string, Finding[]>();
  for (const finding of findings) {
    const identity = JSON.stringify([finding.code, finding.template]);
    groups.set(identity, [...(groups.get(identity) ?? []), finding]);
  }
  return [...groups.values()].map((group) => findingCase(group, fails));
}

function findingCase(findings: readonly Finding[], fails: (finding: Finding) => boolean): TestCase {
  const failing = findings.filter(fails);
  const others = findings.filter((finding) => !fails(finding));
  const [first] = findings as readonly [Finding, ...Finding[]];
  const { code, cause, template } = first;
  const place = { group: 'findings', name: `${code} ${cause} ${template}` };
  const output = others.length === 0 ? {} : { output: findingsText(others) };
  const [worst, ...more] = failing;
  if (worst === undefined) return { ...place, outcome: 'passed', ...output };
  const rest = more.length === 0 ? '' : ` (and ${counted(more.length, 'more finding')})`;
  return {
    ...place,
    outcome: 'failure',
    type: `${code} ${worst.confidence}`,
    message: `${worst.summary}${rest}`,
    text: findingsText(failing),
    ...output,
  };
}

function findingsText(findings: readonly Finding[]): string {
  return findings
    .map((finding) => findingLines(finding, { width: WIDTH, style: PLAIN }).join('\n'))
    .join('\n\n');
}

/** Templates without findings. Silence is no health: a run that saw no template at all is in error. */
function otherCases({ templates, findings, notices }: FindingsDocument): TestCase[] {
  if (templates.length === 0 && findings.length === 0) {
    const message = 'No key template was seen: nothing could be judged.';
    return [
      { group: 'observation', name: 'observation', outcome: 'error', message, text: notices.join('\n') },
    ];
  }
  const found = new Set(findings.map(({ template }) => template));
  return templates.filter(({ template }) => !found.has(template)).map(templateCase);
}

function templateCase({ template, sources }: TemplateFigures): TestCase {
  const place = { group: 'templates', name: template };
  if (sources.length > 0) return { ...place, outcome: 'passed' };
  return { ...place, outcome: 'skipped', message: 'Not judged: no table is known to feed these keys.' };
}

function caseLines({ group, name, outcome, type, message, text, output }: TestCase): string[] {
  const attributes = `${attribute('classname', `${SUITE}.${group}`)}${attribute('name', visible(name))}`;
  const said = [
    ...(message === undefined ? [] : [attribute('message', visible(message))]),
    ...(type === undefined ? [] : [attribute('type', type)]),
  ].join('');
  const children = [
    ...(outcome === 'passed' ? [] : [element(outcome, said, text)]),
    ...(output === undefined ? [] : [element('system-out', '', output)]),
  ];
  if (children.length === 0) return [`    <testcase${attributes}/>`];
  return [`    <testcase${attributes}>`, ...children.map((child) => `      ${child}`), '    </testcase>'];
}

function element(name: string, attributes: string, text = ''): string {
  return text === '' ? `<${name}${attributes}/>` : `<${name}${attributes}>${escaped(text)}</${name}>`;
}

function attribute(name: string, value: string | number): string {
  // An attribute's line ends and tabs would be read as spaces (XML 1.0, 3.3.3).
  return ` ${name}="${escaped(String(value))
    .replaceAll('"', '&quot;')
    .replace(/[\t\n]/g, ' ')}"`;
}

/** Everything but Char of XML 1.0 (2.2), and the control characters that it only discourages; a carriage return would be
 * read as a line end. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding control characters is the purpose.
const NOT_XML = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\ufffe\uffff]|\p{Surrogate}/gu;

/** Text that XML reads as text. */
export function escaped(text: string): string {
  return text.replace(NOT_XML, '').replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
