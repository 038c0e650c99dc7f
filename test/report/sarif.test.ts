/** SARIF 2.1.0: what is written keeps to the standard, whatever stands in keys, routes and statements. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CauseCode, CODES } from '../../src/core/codes.ts';
import type { Confidence, Finding } from '../../src/core/finding.ts';
import { type FindingsDocument, findingsDocument } from '../../src/report/findings-document.ts';
import { fingerprint, fnv1a } from '../../src/report/fingerprint.ts';
import { documentSarif } from '../../src/report/sarif.ts';
import { visible } from '../../src/report/width.ts';
import { ANALYSIS, LONG, RACE } from './sample.ts';
import { brokenBonds, SarifModel } from './sarif-model.ts';

const CONTEXT = {
  engine: { redis: '7.0.15', postgres: '18.4', emulated: false },
  child: { exitCode: 0, signal: null },
  recording: 'whystale-recording-20260131-093015Z',
  notices: ['The recording was not closed: the watch still runs, or it was killed.'],
};
const documentOf = (findings: readonly Finding[], recording: string | null = CONTEXT.recording) =>
  findingsDocument({ ...ANALYSIS, findings }, { ...CONTEXT, recording });

/** As a reader of the file sees it. */
function read(document: FindingsDocument) {
  const log = SarifModel.parse(JSON.parse(JSON.stringify(documentSarif(document, { version: '0.1.0' }))));
  expect(brokenBonds(log)).toEqual([]);
  const [run] = log.runs;
  if (run === undefined) throw new Error('There is no run.');
  return run;
}

const only = (finding: Finding, recording?: string | null) => {
  const [result] = read(documentOf([finding], recording)).results;
  if (result === undefined) throw new Error('There is no result.');
  return result;
};

describe('a SARIF log', () => {
  test('keeps to the standard', () => {
    expect(read(documentOf(ANALYSIS.findings)).results).toHaveLength(ANALYSIS.findings.length);
    expect(read(documentOf([])).results).toEqual([]);
  });

  test('has every code as a rule, its documentation named', () => {
    const { rules } = read(documentOf([])).tool.driver;
    expect(rules.map(({ id, name }) => [id, name])).toEqual(
      Object.entries(CODES).map(([code, { name }]) => [code, name]),
    );
    for (const { id, defaultConfiguration, properties, help } of rules) {
      const { name, group } = CODES[id as CauseCode];
      expect(defaultConfiguration.level).toBe(group === 'cost' ? 'note' : 'error');
      expect(properties.documentation).toBe(`docs/findings.md#${id.toLowerCase()}-${name}`);
      expect(help.text).toContain(properties.documentation);
    }
  });

  test.each<[CauseCode, Confidence, string]>([
    ['WS104', 'proved', 'error'],
    ['WS104', 'likely', 'warning'],
    ['WS104', 'possible', 'note'],
    ['WS301', 'proved', 'error'],
    ['WS202', 'proved', 'note'],
  ])('%s %s is of level %s', (code, confidence, level) => {
    expect(only({ ...RACE, code, confidence }).level).toBe(level);
  });

  test('locates a finding by key template and routes, and by the recording, which every location names', () => {
    const { locations, codeFlows } = only(RACE);
    expect(locations).toEqual([
      {
        physicalLocation: {
          artifactLocation: { uri: 'history.jsonl', uriBaseId: 'RECORDING' },
          region: { startLine: 1 },
        },
        logicalLocations: [
          { name: 'item:{id}', fullyQualifiedName: 'item:{id}', kind: 'keyTemplate' },
          { name: 'PUT /items/{id}', fullyQualifiedName: 'PUT /items/{id}', kind: 'writer' },
          { name: 'GET /items/{id}', fullyQualifiedName: 'GET /items/{id}', kind: 'reader' },
        ],
      },
    ]);
    const steps = codeFlows?.[0]?.threadFlows.flatMap((flow) => flow.locations) ?? [];
    for (const { location } of steps)
      expect(location.physicalLocation).toEqual(locations[0]?.physicalLocation);
  });

  test('names no file when nothing was recorded', () => {
    const { locations, codeFlows } = only(RACE, null);
    expect(JSON.stringify([locations, codeFlows])).not.toContain('physicalLocation');
    expect(read(documentOf([RACE], null)).originalUriBaseIds).toBeUndefined();
  });

  test('tells the witness as one thread flow per lane, tied together by their order', () => {
    const flows = only(RACE).codeFlows?.[0]?.threadFlows ?? [];
    expect(flows.map(({ id, message }) => [id, message.text])).toEqual([
      ['reader', 'reader GET /items/{{id}}'],
      ['writer', 'writer PUT /items/{{id}}'],
    ]);
    const told = flows
      .flatMap(({ id, locations }) => locations.map((step) => ({ id, ...step })))
      .sort((a, b) => a.executionOrder - b.executionOrder);
    expect(told.map(({ id, location }) => `${id} ${location.message?.text}`)).toEqual([
      'reader GET item:1: miss, after 0 ms',
      'reader SELECT … items id=1: price 10, after 0.4 ms',
      'writer UPDATE items id=1: price 12, after 1.1 ms',
      'writer COMMIT (the source changes here), after 1.9 ms',
      'writer DEL item:1: 0 removed, after 2.2 ms',
      'reader SET item:1 EX 60: price 10 (stale from here), after 2.6 ms',
    ]);
    expect(told.filter(({ importance }) => importance === 'essential')).toHaveLength(1);
    expect(only(LONG).codeFlows?.[0]?.threadFlows.map(({ id }) => id)).toEqual(['reader', 'writer', 'log']);
    expect(only({ ...RACE, witness: [] }).codeFlows).toBeUndefined();
  });

  test('carries the figures, and starts its message with the summary', () => {
    const { properties, message } = only(RACE);
    expect(properties).toMatchObject({ confidence: 'proved', staleForMs: 48_200, hits: 317, key: 'item:1' });
    expect(message.text.split('\n')[0]).toBe(RACE.summary);
  });

  test('tells what was not seen', () => {
    const [invocation] = read(documentOf([])).invocations;
    expect(invocation?.toolExecutionNotifications.map((notification) => notification.message.text)).toEqual(
      CONTEXT.notices,
    );
  });

  test('stays a log whatever the service calls things', () => {
    const name = fc.string({ unit: 'binary', minLength: 1 });
    fc.assert(
      fc.property(name, name, fc.option(name), (template, key, route) => {
        const witness = RACE.witness.map((step) => ({ ...step, text: key, result: template }));
        only({
          ...RACE,
          template,
          key,
          writer: route,
          reader: route,
          summary: key,
          explanation: template,
          witness,
        });
      }),
    );
  });

  test('gives back the text that was meant, without placeholders and links', () => {
    const text = fc.string({ unit: fc.constantFrom('{', '}', '0', '[', ']', '(', ')', 'a'), minLength: 1 });
    fc.assert(
      fc.property(text, (summary) => {
        const written = only({ ...RACE, summary }).message.text.split('\n')[0] ?? '';
        expect(written).not.toMatch(/(?<!\\)\]\(/);
        // 3.11.5 read from the left: a pair of braces is one brace.
        const shown = written.replaceAll('\\](', '](').replace(/\{\{|\}\}/g, (pair) => pair.charAt(0));
        expect(shown).toBe(visible(summary));
      }),
    );
  });
});

describe('the fingerprint', () => {
  test.each([
    // Vectors of draft-eastlake-fnv, appendix.
    ['', 'cbf29ce484222325'],
    ['a', 'af63dc4c8601ec8c'],
    ['foobar', '85944171f73967e8'],
  ])('is FNV-1a: %j', (text, digest) => {
    expect(fnv1a(text)).toBe(digest);
  });

  test('is the same in every run, and another for another code, template or writer', () => {
    const later = { ...RACE, id: 'F7', key: 'item:2', hits: 1, staleForMs: 3, reader: null, witness: [] };
    expect(only(later).partialFingerprints).toEqual(only(RACE).partialFingerprints);
    const others: Finding[] = [
      RACE,
      { ...RACE, code: 'WS101' },
      { ...RACE, template: 'items' },
      { ...RACE, writer: null },
    ];
    expect(new Set(others.map(fingerprint)).size).toBe(others.length);
  });
});
