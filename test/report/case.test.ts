/** How cases are told: test/golden/case-*. Update with `npx vitest run --project unit test/report -u`. */
import { mkdirSync, mkdtempSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkCase, closeCase, listCases, showCase, surroundings } from '../../src/case/index.ts';
import { caseCheckText } from '../../src/report/case-check-text.ts';
import { caseListText } from '../../src/report/case-list-text.ts';
import { caseCloseText, caseNewText, caseText } from '../../src/report/case-text.ts';
import { PLAIN } from '../../src/report/style.ts';
import { COMPLETE, place, placeComparison, placeRun } from '../case/sample.ts';

const golden = (name: string) => `../golden/${name}`;
const drawing = (width: number) => ({ width, style: PLAIN });

const root = mkdtempSync(join(tmpdir(), 'whystale-report-case-'));
const around = surroundings(root, {});
const file = (name: string) => join(root, 'cases', name, 'case.yaml');

const SERVED = `title: The list forgets new items
owner: ada
route: GET /items
input: GET /items?tags[]=a
expected: 200
finding: { id: F2, code: WS110, template: "items:page:{n}", key: "items:page:1", recording: ../../rec }
change: { what: raise the generation, kind: cache-policy, before: main, after: fix list }
rollback: { note: nothing was shipped }
service: { command: node server.js, cwd: ../../shop }
race: race.yaml
checklist: [{ step: seen by two, signed: { by: bob, at: 2026-02-01, note: fine } }, looks right]
`;

const COLOURED = 'owner: "\\e[31mred"\nsymptom: "a\\nb"\nassumptions: ["\\u202eflip"]\ninput: GET /a\n';

beforeAll(() => {
  place(file('old-price'), COMPLETE);
  utimesSync(file('old-price'), new Date('2026-01-01'), new Date('2026-01-01'));
  placeRun(join(root, 'cases/old-price'), '20260131-093015Z');
  placeRun(join(root, 'cases/old-price'), '20260201-100000Z', {
    label: 'after',
    startedAt: '2026-02-01T10:00:00.000Z',
    complete: false,
  });
  placeComparison(join(root, 'cases/old-price'), '1');
  place(file('list'), SERVED);
  mkdirSync(join(root, 'shop'));
  place(file('broken'), 'ower: ada\n');
  place(file('young'), '{}');
  place(file('coloured'), COLOURED);
});

afterAll(() => rmSync(root, { recursive: true }));

describe('a runbook', () => {
  test.each(['old-price', 'list', 'young'])('%s', async (name) => {
    const document = await showCase(file(name), around);
    await expect(caseText(document, drawing(100))).toMatchFileSnapshot(golden(`case-show-${name}.txt`));
  });

  test('stays within its columns, but for what is to be pasted', async () => {
    for (const name of ['old-price', 'list', 'young'])
      for (const line of caseText(await showCase(file(name), around), drawing(80)).split('\n'))
        if (!/^ {4}\(?(?:whystale|curl|git|cd)/.test(line)) expect(line.length).toBeLessThanOrEqual(80);
  });

  test('steers no terminal', async () => {
    const text = caseText(await showCase(file('coloured'), around), drawing(100));
    expect(text).toContain('\\x1b[31mred');
    for (const control of ['\u001b', '\u202e']) expect(text).not.toContain(control);
  });
});

describe('what is missing', () => {
  test.each(['old-price', 'list', 'young'])('of %s', async (name) => {
    const document = await checkCase(file(name), around);
    await expect(caseCheckText(document, drawing(100))).toMatchFileSnapshot(golden(`case-check-${name}.txt`));
  });

  test('to close', async () => {
    const document = await closeCase(file('young'), { at: '2026-01-31', outcome: null }, around);
    await expect(caseCloseText(document, drawing(100))).toMatchFileSnapshot(golden('case-close-missing.txt'));
  });
});

test('a list', async () => {
  const document = await listCases(join(root, 'cases'), around, { mayBeMissing: false });
  await expect(caseListText(document, drawing(120))).toMatchFileSnapshot(golden('case-list.txt'));
});

test('a list of none says how to begin', async () => {
  const document = await listCases(join(root, 'none'), around, { mayBeMissing: true });
  expect(caseListText(document, drawing(100))).toBe('No cases in none. Start one: whystale case new NAME\n');
});

test('what was made, and what was closed', () => {
  const made = {
    format: 'whystale-case-new/1',
    ...{
      name: 'x',
      file: 'cases/x/case.yaml',
      known: ['route', 'input'],
      notices: ['The recording was not closed.'],
    },
    next: { step: 'write', todo: 'write service' },
  } as const;
  expect(caseNewText(made, drawing(100))).toBe(
    'Note: The recording was not closed.\nWrote cases/x/case.yaml\nFilled in: route, input.\n\nNext: write service\n',
  );
  const closed = {
    format: 'whystale-case-close/1',
    ...{
      case: { name: 'x', file: 'cases/x/case.yaml' },
      closed: true,
      at: '2026-01-31',
      outcome: 'shipped',
      gaps: [],
      tag: null,
    },
  } as const;
  const text = (changed: boolean) => caseCloseText({ ...closed, changed }, drawing(100));
  expect(text(true)).toBe('Closed on 2026-01-31: cases/x/case.yaml\nshipped\n');
  expect(text(false)).toMatch(/^Was closed on 2026-01-31 already; nothing was changed: /);
});
