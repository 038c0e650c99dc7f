// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what looks like a variable must not become one.
/** New cases: whatever is known of them, their file reads back. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { draftFromFinding } from '../../src/case/from-finding.ts';
import {
  type CaseDraft,
  CHECKLIST_KINDS,
  defaultChecklist,
  draftText,
  EMPTY_DRAFT,
  parseCase,
  VARIABLE_KINDS,
} from '../../src/case/index.ts';
import { slugOf } from '../../src/case/names.ts';
import type { Finding } from '../../src/core/finding.ts';
import type { Operation } from '../../src/core/operation.ts';
import { commandOf } from '../../src/race/scenario/parts.ts';

const root = mkdtempSync(join(tmpdir(), 'whystale-draft-'));
afterAll(() => rmSync(root, { recursive: true }));

const file = join(root, 'x/case.yaml');
const place = { folder: 'cases/x', schema: '../s.json' };
const read = (draft: CaseDraft) => parseCase(draftText(draft, place), file, {});

/** Texts as a command line gives them. */
const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.string({ unit: 'grapheme', maxLength: 30 }),
  fc.constantFrom(
    '${HOME}',
    '$${A}',
    '# no',
    'a: b',
    '- c',
    '"',
    "'",
    '|',
    '>-',
    'null',
    '12',
    '2026-01-31',
    'é\u2028x',
    'yes',
    '*a',
    '&b',
    '!c',
  ),
);
const text = anyText.map((one) => one.replace(/[\ud800-\udfff\0]/g, '').trim()).filter((one) => one !== '');
const maybe = <T>(one: fc.Arbitrary<T>) => fc.option(one, { nil: null });
const command = maybe(text.filter((one) => commandOf(one) !== null));
const path = fc.stringMatching(/^\/[\x21-\x7e]{0,12}$/).map((one) => one.trim());
const request = fc.tuple(fc.constantFrom('GET', 'put', 'Post'), path).map((parts) => parts.join(' '));

const draft: fc.Arbitrary<CaseDraft> = fc.record({
  title: maybe(text),
  owner: maybe(text),
  route: maybe(request),
  symptom: maybe(text),
  input: fc.array(request, { maxLength: 3 }),
  expected: maybe(fc.oneof(text, fc.constant('404'))),
  sql: maybe(text),
  command,
  change: maybe(text),
  kind: maybe(fc.constantFrom(...VARIABLE_KINDS)),
  before: maybe(text),
  after: maybe(text),
  rollback: command,
  assumptions: fc.array(text, { maxLength: 2 }),
  links: fc.array(text, { maxLength: 2 }),
  finding: maybe(
    fc.record({
      id: fc.constant('F1'),
      code: fc.constant('WS104'),
      template: text,
      key: text,
      recording: text,
    }),
  ),
  race: maybe(text),
  service: fc.constant(null),
  url: maybe(fc.constant('http://127.0.0.1:8000')),
  hints: fc.record({ input: fc.array(anyText), change: fc.array(anyText), slow: fc.array(anyText) }),
  suggestion: maybe(text),
  recorded: maybe(fc.array(text, { minLength: 1, maxLength: 3 })),
  checklist: fc.oneof(
    fc.constantFrom(...CHECKLIST_KINDS).map(defaultChecklist),
    fc.array(fc.record({ step: text, command }), { maxLength: 3 }),
  ),
});

describe('the text of a new case', () => {
  test('reads back as what is known', () => {
    fc.assert(
      fc.property(draft, (known) => {
        const item = read(known);
        const { title, owner, symptom, sql, change, kind, before, after, assumptions, links } = known;
        expect(item).toMatchObject({
          ...{ title: title ?? 'x', owner, symptom, status: 'open', url: known.url },
          slow: { sql, command: known.command === null ? null : commandOf(known.command) },
          change: { what: change, kind, before, after },
          rollback: { command: known.rollback === null ? null : commandOf(known.rollback) },
          ...{ assumptions, links },
        });
        expect(item.requests.map(({ method, path }) => `${method} ${path}`)).toEqual(
          known.input.map((one) => one.replace(/^\w+/, (method) => method.toUpperCase())),
        );
        expect(item.finding?.key).toBe(known.finding?.key);
      }),
      { numRuns: 300 },
    );
  });

  test('reads back with every comment taken away: the examples are possible values', () => {
    const commented = draftText(EMPTY_DRAFT, place)
      .split('\n')
      .filter(
        (line) =>
          /^(?!#)|^# (?:[a-z]+:(?: |$)| +-? ?\w[\w-]*:| {2}- )/.test(line) && !line.includes('whystale case'),
      )
      .filter((line) => !/^# (?:yaml-language-server|setup|race):?/.test(line))
      .map((line) => line.replace(/^# /, ''))
      .join('\n');
    const item = parseCase(commented, file, {});
    expect(item).toMatchObject({
      owner: 'Ada Lovelace',
      change: { kind: 'code' },
      load: { rate: 50, seconds: 20, cold: 30, warmup: 20, timeoutMs: 10_000 },
      checklist: [{ kind: 'command' }, { kind: 'judgement', signed: { by: 'Ada' } }],
    });
  });
});

test.each([
  ['WS104 stale-fill-race: item:{id}', 'ws104-stale-fill-race-item-id'],
  ['Älteres  Preis!', 'alteres-preis'],
  ['…', null],
])('%s becomes %s', (words, name) => {
  expect(slugOf(words)).toBe(name);
});

/** A finding whose witness names no request: many were under way at once. */
const FINDING = {
  ...{ id: 'F1', code: 'WS101', cause: 'missing-invalidation', template: 'stock:{id}', key: 'stock:6' },
  ...{ confidence: 'proved', reader: 'GET /stock/{id}', summary: 'old', witness: [] as unknown[] },
  remedy: { title: 'remove the key', steps: [] as unknown[] },
} as unknown as Finding;

describe('the input of a case from a finding', () => {
  type Asked = readonly (readonly [path: string, code: number])[];
  const inputOf = (finding: Finding, asked: Asked) => {
    const operations = asked.map(
      ([path, code], i) =>
        ({
          ...{ id: i + 1, tier: 'http', kind: 'request', session: 'http:1', invoke: i, return: i + 1 },
          ...{ status: 'ok', method: 'GET', path, code, size: 2 },
        }) as Operation,
    );
    const found = { recording: 'rec', command: null, operations, reveal: () => undefined };
    return draftFromFinding(finding, found).input;
  };

  test.each<[string, Asked, string]>([
    [
      'asks for the thing whose value was old',
      [
        ['/stock/52', 200],
        ['/stock/6', 200],
      ],
      'GET /stock/6',
    ],
    [
      'prefers it when it failed once, too',
      [
        ['/stock/6', 500],
        ['/stock/6', 200],
      ],
      'GET /stock/6',
    ],
    [
      'asks for another one where it was never asked for',
      [
        ['/stock/60', 404],
        ['/stock/52', 200],
      ],
      'GET /stock/52',
    ],
  ])('%s', (_, asked, expected) => expect(inputOf(FINDING, asked)).toEqual([expected]));

  test.each([
    ['lib.book.{id}', 'lib.book.6'],
    ['shop|stock|{id}', 'shop|stock|6'],
    ['stock-{id}', 'stock-6'],
    ['t{id}:stock:{id}', 't6:stock:6'],
  ])('is told by keys like %s', (template, key) => {
    const asked = [
      ['/stock/52', 200],
      ['/stock/6', 200],
    ] as const;
    expect(inputOf({ ...FINDING, template, key }, asked)).toEqual(['GET /stock/6']);
  });
});
