/** JUnit XML: what CI counts, and that every name of the service stays text. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { failing, parseFailOn } from '../../src/cli/fail-on.ts';
import type { Finding } from '../../src/core/finding.ts';
import { findingsDocument } from '../../src/report/findings-document.ts';
import { documentJunit, escaped } from '../../src/report/junit.ts';
import { ANALYSIS, LONG, RACE, WIDE } from './sample.ts';
import { parseXml, type XmlElement } from './xml.ts';

interface Run {
  readonly findings?: readonly Finding[];
  readonly templates?: typeof ANALYSIS.templates;
  readonly failOn?: string;
  readonly notices?: readonly string[];
  readonly whole?: boolean;
}

/** The suite, read back. */
function suiteOf({ findings = ANALYSIS.findings, failOn = 'staleness', ...rest }: Run = {}): XmlElement {
  const { templates = ANALYSIS.templates, notices = [], whole = true } = rest;
  const document = findingsDocument(
    { ...ANALYSIS, findings, templates },
    { engine: { redis: '7.0.15', postgres: '18.4', emulated: false }, child: null, notices },
  );
  const failed = new Set(failing(findings, parseFailOn(failOn)));
  const root = parseXml(documentJunit(document, { fails: (finding) => failed.has(finding), whole }));
  const [suite, ...more] = root.children;
  expect([root.name, suite?.name, more]).toEqual(['testsuites', 'testsuite', []]);
  return suite as XmlElement;
}

const casesOf = (suite: XmlElement) => suite.children.filter(({ name }) => name === 'testcase');
const outcomes = (suite: XmlElement) =>
  casesOf(suite).map(({ attributes, children }) => [
    attributes.name,
    children.map(({ name }) => name).join(' '),
  ]);

/** Char of XML 1.0 (2.2) without the carriage return and the control characters that it discourages. */
function isKept(character: string): boolean {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x20) return character === '\t' || character === '\n';
  return (
    !(code >= 0x7f && code <= 0x9f) &&
    !(code >= 0xd800 && code <= 0xdfff) &&
    code !== 0xfffe &&
    code !== 0xffff
  );
}

describe('JUnit XML', () => {
  test('fails what --fail-on names, passes other findings with their text, and skips what could not be judged', () => {
    const suite = suiteOf();
    expect(outcomes(suite)).toEqual([
      ['WS104 stale-fill-race item:{id}', 'failure'],
      ['WS101 missing-invalidation user:{id}:profile', 'failure'],
      ['WS202 stampede 商品:{id}', 'system-out'],
      ['lock:{id}', 'skipped'],
    ]);
    expect(suite.attributes).toEqual({
      name: 'whystale',
      tests: '4',
      failures: '2',
      errors: '0',
      skipped: '1',
    });
  });

  test.each([
    ['never', 0],
    ['WS101', 1],
    ['proved', 1],
    ['all', 2],
  ])('counts with --fail-on %s %i failures', (failOn, failures) => {
    expect(suiteOf({ failOn }).attributes.failures).toBe(String(failures));
  });

  test('tells cause and timeline in the failure', () => {
    const [failure] = casesOf(suiteOf())[0]?.children ?? [];
    expect(failure?.attributes).toEqual({ message: RACE.summary, type: 'WS104 proved' });
    expect(failure?.text).toMatch(
      /^F1 {2}WS104[\s\S]*\n> +2\.6 +SET item:1 EX 60[\s\S]*Why +the fill carries/,
    );
  });

  test('a template with a known source and no finding passes', () => {
    expect(outcomes(suiteOf({ findings: [RACE] }))).toContainEqual(['user:{id}:profile', '']);
  });

  test('one case for one code and template, whoever wrote', () => {
    const other: Finding = { ...RACE, id: 'F2', writer: 'PUT /prices', summary: 'another write' };
    const likely: Finding = { ...RACE, id: 'F3', writer: null, confidence: 'possible' };
    const [first, ...rest] = casesOf(suiteOf({ findings: [RACE, other, likely] }));
    expect(rest.filter(({ attributes }) => attributes.classname === 'whystale.findings')).toEqual([]);
    expect(first?.children.map(({ name }) => name)).toEqual(['failure', 'system-out']);
    expect(first?.children[0]?.attributes.message).toBe(`${RACE.summary} (and 1 more finding)`);
    expect(first?.children[0]?.text).toMatch(/^F1[\s\S]*\n\nF2/);
    expect(first?.children[1]?.text).toMatch(/^F3/);
  });

  test('no template seen is an error, not a pass', () => {
    const suite = suiteOf({ findings: [], templates: [], notices: ['No operation on Redis was seen.'] });
    expect(outcomes(suite)).toEqual([['observation', 'error']]);
    expect(suite.attributes.errors).toBe('1');
    expect(casesOf(suite)[0]?.children[0]?.text).toBe('No operation on Redis was seen.');
  });

  test('says nothing of other templates when findings were left out', () => {
    expect(outcomes(suiteOf({ findings: [LONG], whole: false }))).toHaveLength(1);
    expect(suiteOf({ findings: [], whole: false }).attributes.tests).toBe('0');
  });

  test('is read back whatever the service calls things', () => {
    const name = fc.string({ unit: 'binary', minLength: 1 });
    fc.assert(
      fc.property(name, name, name, (template, summary, notice) => {
        const suite = suiteOf({ findings: [{ ...RACE, template, summary }, WIDE], notices: [notice] });
        expect(casesOf(suite)[0]?.children[0]?.name).toBe('failure');
      }),
    );
  });

  test('gives back every character that XML allows', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const source = `<?xml version="1.0" encoding="UTF-8"?>\n<a>${escaped(text)}</a>`;
        const kept = [...text].filter(isKept).join('');
        expect(parseXml(source).text).toBe(kept);
      }),
    );
  });
});
