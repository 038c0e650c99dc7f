/**
 * The findings document as a SARIF 2.1.0 log (OASIS, docs.oasis-open.org/sarif/sarif/v2.1.0; section numbers below are
 * its). A finding is a result, a code a rule, and the witness a code flow with one thread flow per lane.
 *
 * whystale stands on the wire and knows no source file: key template and routes are logical locations. The history of
 * the recording, which is what was analysed, is the physical one, without which code scanning on GitHub refuses a log.
 */
import type { Finding, WitnessStep } from '../core/finding.ts';
import { duration } from '../core/numbers.ts';
import { withShortDigests } from './digests.ts';
import type { FindingsDocument } from './findings-document.ts';
import { fingerprint } from './fingerprint.ts';
import { RULES, type Rule } from './rules.ts';
import { severityOf } from './severity.ts';
import { visible } from './width.ts';

export const SARIF_SCHEMA =
  'https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json';

/** Name that stands for the folder of the recording (3.4.4); the folder itself differs from machine to machine. */
const RECORDING = 'RECORDING';
/** The file of a recording that holds what was seen. */
const HISTORY = 'history.jsonl';

const LANES = ['reader', 'writer', 'log'] as const;

/** What the log says of the tool. */
export interface SarifContext {
  /** Version of whystale. */
  readonly version: string;
}

/** The log, ready to be written as JSON. */
export function documentSarif(document: FindingsDocument, { version }: SarifContext) {
  const evidence = document.recording === null ? {} : EVIDENCE;
  return {
    $schema: SARIF_SCHEMA,
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: { name: 'whystale', version, semanticVersion: version, rules: RULES.map(ruleOf) },
        },
        invocations: [
          { executionSuccessful: true, toolExecutionNotifications: document.notices.map(notificationOf) },
        ],
        ...(document.recording !== null && {
          originalUriBaseIds: { [RECORDING]: { description: message('The folder of the recording.') } },
        }),
        results: document.findings.map((finding) => resultOf(finding, evidence)),
        properties: {
          engine: document.engine,
          coverage: document.coverage,
          summary: document.summary,
          recording: document.recording,
        },
      },
    ],
  };
}

export type SarifLog = ReturnType<typeof documentSarif>;

/** Where the evidence stands. The line of an operation is not known here: the first line stands for the file, since
 * consumers that mark files ask for one. */
const EVIDENCE = {
  physicalLocation: {
    artifactLocation: { uri: HISTORY, uriBaseId: RECORDING },
    region: { startLine: 1 },
  },
} as const;

type Evidence = typeof EVIDENCE | Record<string, never>;

/** 3.49. `helpUri` must be absolute there, and the documentation comes with the package: it is named in the help. */
function ruleOf({ code, name, group, meaning, consequence, severity, documentation }: Rule) {
  return {
    id: code,
    name,
    shortDescription: { text: text(meaning) },
    fullDescription: { text: text(`${meaning} ${consequence}`) },
    help: {
      text: `How it is decided and what to do: ${documentation} of whystale.`,
      markdown: `How it is decided and what to do: \`${documentation}\` of whystale.`,
    },
    defaultConfiguration: { level: severity },
    properties: { tags: [group], documentation },
  };
}

function notificationOf(notice: string) {
  return { level: 'warning', message: message(notice) };
}

function resultOf(whole: Finding, evidence: Evidence) {
  const finding = withShortDigests(whole);
  const { code, template, writer, reader } = finding;
  const identity = fingerprint(whole);
  const flows = LANES.flatMap((lane) => threadFlow(lane, finding, evidence));
  return {
    ruleId: code,
    ruleIndex: RULES.findIndex((rule) => rule.code === code),
    level: severityOf(finding),
    message: { text: resultText(finding), ...markdownOf(finding) },
    locations: [
      {
        ...evidence,
        logicalLocations: [
          logicalLocation('keyTemplate', template),
          ...(writer === null ? [] : [logicalLocation('writer', writer)]),
          ...(reader === null ? [] : [logicalLocation('reader', reader)]),
        ],
      },
    ],
    // The second name is the only one that code scanning on GitHub reads; its form is theirs.
    partialFingerprints: { 'whystaleFinding/v1': identity, primaryLocationLineHash: `${identity}:1` },
    ...(flows.length > 0 && { codeFlows: [{ message: message(finding.summary), threadFlows: flows }] }),
    properties: propertiesOf(whole),
  };
}

function propertiesOf({ witness: _, summary, explanation, code, cause, ...facts }: Finding) {
  return { cause, ...facts };
}

/** Paragraphs; the first is one sentence that stands for all where there is little room (3.11.3). */
function resultText({ summary, explanation, remedy }: Finding): string {
  const fix = remedy.recipe === undefined ? remedy.title : `${remedy.title} (${remedy.recipe})`;
  return [summary, `Why: ${explanation}`, `Fix: ${fix}.`].map(text).join('\n\n');
}

/** The same with the remedy's code, for viewers that draw Markdown (3.11.4). */
function markdownOf(finding: Finding): { readonly markdown?: string } {
  const { code = [] } = finding.remedy;
  if (code.length === 0) return {};
  const blocks = code.map(
    ({ language, driver, lines }) =>
      `${driver}:\n\n\`\`\`${language}\n${lines.map(braced).join('\n')}\n\`\`\``,
  );
  return { markdown: [resultText(finding), ...blocks].join('\n\n') };
}

/** Code: only the braces of placeholders are escaped. */
function braced(line: string): string {
  return visible(line).replace(/[{}]/g, '$&$&');
}

function logicalLocation(kind: string, name: string) {
  return { name: visible(name), fullyQualifiedName: visible(name), kind };
}

/** The steps of one lane (3.37); `executionOrder` ties the lanes together (3.38.11). None when nothing happened in it. */
function threadFlow(lane: (typeof LANES)[number], finding: Finding, evidence: Evidence) {
  const route = lane === 'log' ? null : finding[lane];
  const locations = finding.witness.flatMap((step, index) =>
    step.lane === lane ? [threadFlowLocation(step, index + 1, evidence)] : [],
  );
  if (locations.length === 0) return [];
  return [{ id: lane, message: message(route === null ? lane : `${lane} ${route}`), locations }];
}

function threadFlowLocation(step: WitnessStep, executionOrder: number, evidence: Evidence) {
  return {
    location: { ...evidence, message: message(stepText(step)) },
    executionOrder,
    importance: importanceOf(step),
    properties: { operation: step.op, session: step.session, atMs: step.atMs },
  };
}

function importanceOf({ lane, decisive, note }: WitnessStep): 'essential' | 'important' | 'unimportant' {
  if (decisive === true) return 'essential';
  return lane === 'log' && note === undefined ? 'unimportant' : 'important';
}

function stepText({ text, result, note, atMs }: WitnessStep): string {
  const outcome = result === undefined || result === '' ? '' : `: ${result}`;
  return `${text}${outcome}${note === undefined ? '' : ` (${note})`}, after ${duration(atMs)}`;
}

function message(raw: string) {
  return { text: text(raw) };
}

/** Text of a message: braces are doubled because single ones are placeholders (3.11.5), and `](` is kept from making a
 * link (3.11.6). */
function text(raw: string): string {
  return visible(raw).replace(/[{}]/g, '$&$&').replaceAll('](', '\\](');
}
