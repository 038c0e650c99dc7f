import { describe, expect, test } from 'vitest';
import { parseDuration } from '../../src/cli/duration.ts';
import { EXIT, exitCodeFor } from '../../src/cli/exit-codes.ts';
import { DEFAULT_FAIL_ON, failing, parseFailOn } from '../../src/cli/fail-on.ts';
import { fits } from '../../src/cli/key-filter.ts';
import { type CauseCode, CODES } from '../../src/core/codes.ts';
import type { Confidence, Finding } from '../../src/core/finding.ts';
import { WhystaleError } from '../../src/errors.ts';
import { RACE } from '../report/sample.ts';

const finding = (code: CauseCode, confidence: Confidence): Finding => ({ ...RACE, code, confidence });
const ONE_OF_EACH = (Object.keys(CODES) as CauseCode[]).flatMap((code) =>
  (['proved', 'likely', 'possible'] as const).map((confidence) => finding(code, confidence)),
);
const failed = (text: string) =>
  new Set(failing(ONE_OF_EACH, parseFailOn(text)).map(({ code, confidence }) => `${code} ${confidence}`));

describe('--fail-on', () => {
  test('takes staleness and safety, proved and likely, by default', () => {
    const codes = failing(ONE_OF_EACH, DEFAULT_FAIL_ON);
    expect(codes.some(({ code }) => CODES[code].group === 'cost')).toBe(false);
    expect(codes.some(({ confidence }) => confidence === 'possible')).toBe(false);
    expect(codes).toHaveLength(Object.values(CODES).filter(({ group }) => group !== 'cost').length * 2);
  });

  test.each([
    ['WS101', ['WS101 proved', 'WS101 likely']],
    ['ws101, WS104', ['WS101 proved', 'WS101 likely', 'WS104 proved', 'WS104 likely']],
    ['WS101,proved', ['WS101 proved']],
    ['stale-fill-race', ['WS104 proved', 'WS104 likely']],
    ['never', []],
  ])('%s', (text, expected) => {
    expect(failed(text)).toEqual(new Set(expected));
  });

  test('takes groups, and a confidence alone keeps the default groups', () => {
    expect(failed('cost')).toContain('WS202 likely');
    expect(failed('cost')).not.toContain('WS101 proved');
    expect(failed('all').size).toBe(Object.keys(CODES).length * 2);
    expect(failed('proved')).toContain('WS101 proved');
    expect(failed('proved')).not.toContain('WS101 likely');
    expect(failed('proved')).not.toContain('WS202 proved');
  });

  test.each(['', 'WS999', 'possible', 'never,WS101', 'proved,likely', 'WS101,'])('refuses %j', (text) => {
    expect(() => parseFailOn(text)).toThrow(WhystaleError);
  });
});

describe('the exit code', () => {
  const seen = { cache: 5, source: 5 };
  const outcome = { findings: [], failOn: DEFAULT_FAIL_ON, seen, environmentFailed: false };
  test.each([
    ['nothing found', outcome, EXIT.done],
    ['a staleness finding', { ...outcome, findings: [RACE] }, EXIT.findings],
    [
      'a staleness finding and a failed child',
      { ...outcome, findings: [RACE], environmentFailed: true },
      EXIT.findings,
    ],
    ['cost findings alone', { ...outcome, findings: [finding('WS202', 'proved')] }, EXIT.done],
    ['a possible finding', { ...outcome, findings: [finding('WS101', 'possible')] }, EXIT.done],
    ['a failed child', { ...outcome, environmentFailed: true }, EXIT.environment],
    ['only one store used', { ...outcome, seen: { cache: 5, source: 0 } }, EXIT.incomplete],
    [
      'no store used and a failed child',
      { ...outcome, seen: { cache: 0, source: 0 }, environmentFailed: true },
      EXIT.environment,
    ],
  ])('%s', (_, facts, expected) => {
    expect(exitCodeFor(facts)).toBe(expected);
  });
});

describe('durations', () => {
  test.each([
    ['2s', 2e9],
    ['500ms', 5e8],
    ['1.5m', 9e10],
    ['1h', 3.6e12],
    ['10us', 1e4],
    ['7ns', 7],
    ['0s', 0],
    ['2 s', 2e9],
  ])('%s', (text, ns) => {
    expect(parseDuration(text, '--delta')).toBe(ns);
  });
  test.each(['', '2', 's', '-1s', '1d', '1e3s', '99999999999999h'])('refuses %j', (text) => {
    expect(() => parseDuration(text, '--delta')).toThrow(/--delta/);
  });
});

test.each([
  ['item:{id}', 'item:1', true],
  ['item:{id}', 'item:', false],
  ['item:{id}', 'items:1', false],
  ['user:{id}:profile', 'user:7:profile', true],
  ['a.b:{hash}', 'axb:1', false],
])('%s fits %s: %s', (template, key, expected) => {
  expect(fits(template, key)).toBe(expected);
});
