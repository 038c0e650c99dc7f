/** `case` as a command line: made from flags, answers and findings; shown, checked, listed, closed; refused. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { readCase, readWrittenCase } from '../../src/case/index.ts';
import { run } from '../../src/cli/program.ts';
import { COMPLETE, place, placeComparison, placeRun } from '../case/sample.ts';
import { testFrame, whystale } from './frame.ts';
import { record, STALE_FILL_RACE } from './story.ts';

const RECORDED = new URL('../corpus/cases/py-shop-patch-forgets/recording', import.meta.url).pathname;
const UNHEARD = new URL('../corpus/cases/node-catalog-ws104/recording', import.meta.url).pathname;

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'whystale-cli-case-'));
});
afterEach(() => rmSync(root, { recursive: true }));

const story = mkdtempSync(join(tmpdir(), 'whystale-cli-case-story-'));
beforeAll(() => record(story, STALE_FILL_RACE, 'whystale-recording-1'));
afterAll(() => rmSync(story, { recursive: true }));

const file = (name: string) => join(root, 'cases', name, 'case.yaml');

describe('new', () => {
  test('writes what the flags say, and comments for the rest', async () => {
    const { exitCode, out } = await whystale(
      [
        ...[
          'case',
          'new',
          'old-price',
          '--title',
          'Old price',
          '--owner',
          'ada',
          '--route',
          'GET /items/{id}',
        ],
        ...[
          '--input',
          'GET /items/1',
          '--input',
          'GET /items/2',
          '--expected',
          '200',
          '--symptom',
          'the page',
        ],
        ...[
          '--change',
          'remove the key',
          '--kind',
          'code',
          '--rollback',
          'git revert "a b"',
          '--slow',
          'select 1',
        ],
        ...[
          '--service',
          'node server.js --port {port}',
          '--race',
          'races/item.yaml',
          '--link',
          'https://example.org',
        ],
      ],
      root,
    );
    expect([exitCode, out]).toEqual([
      0,
      expect.stringMatching(/^Wrote cases\/old-price\/case\.yaml\nFilled in: /),
    ]);
    expect(out).toMatch(/\n\nNext: whystale measure cases\/old-price\n$/);
    expect(await readCase(file('old-price'), {})).toMatchObject({
      ...{ title: 'Old price', owner: 'ada', route: 'GET /items/{id}', symptom: 'the page' },
      requests: [{ path: '/items/1' }, { path: '/items/2' }],
      expected: { status: 200 },
      change: { what: 'remove the key', kind: 'code', before: null },
      rollback: { command: ['git', 'revert', 'a b'] },
      slow: { sql: 'select 1' },
      service: { command: ['node', 'server.js', '--port', '{port}'] },
      race: join(root, 'races/item.yaml'),
    });
    expect(readFileSync(file('old-price'), 'utf8')).toContain('# checklist:');
  });

  test.each([
    [['--title', 'Old price!'], 'old-price'],
    [['--route', 'GET /items/{id}'], 'get-items-id'],
  ])('is named after %j', async (flags, name) => {
    const { out } = await whystale(['case', 'new', ...flags, '--json', '--dir', 'here'], root);
    expect(JSON.parse(out)).toMatchObject({
      format: 'whystale-case-new/1',
      name,
      file: `here/${name}/case.yaml`,
      next: { step: 'write' },
    });
  });

  test('from a finding of a recorded service', async () => {
    const args = ['case', 'new', '--from', 'f2', '--recording', RECORDED, '--owner', 'ada', '--json'];
    const { exitCode, out } = await whystale(args, root);
    const { name, known } = JSON.parse(out);
    expect([exitCode, name]).toEqual([0, 'missing-invalidation-shop-items-page-id']);
    expect(known).toEqual(expect.arrayContaining(['route', 'symptom', 'input', 'finding', 'slow', 'owner']));
    const item = await readCase(file(name), {});
    expect(item).toMatchObject({
      route: 'GET /items',
      symptom: expect.stringContaining('shop/items/page/1 served a value older than the database'),
      requests: [{ method: 'GET', path: expect.stringMatching(/^\/items(\?page=\d+)?$/) }],
      finding: {
        id: 'F2',
        code: 'WS101',
        template: 'shop/items/page/{id}',
        recording: RECORDED.replace(/\/$/, ''),
      },
      slow: { sql: expect.stringMatching(/^SELECT .* FROM item/) },
      change: { what: null },
    });
    const text = readFileSync(file(name), 'utf8');
    expect(text).toContain(
      '# What whystale suggests for F2: remove the key after the commit of this write too.',
    );
    expect(text).toContain('#   command: python');
    const shown = await whystale(['case', 'show', name], root);
    expect(shown.out).toMatch(/whystale explain \S+recording --finding F2/);
  });

  test('from a finding of a recording without HTTP: no route is made up', async () => {
    const args = ['case', 'new', 'x', '--from', 'F1', '--recording', UNHEARD, '--json'];
    expect((await whystale(args, root)).exitCode).toBe(0);
    expect(await readCase(file('x'), {})).toMatchObject({
      route: null,
      requests: [],
      slow: { sql: expect.stringMatching(/^SELECT/) },
    });
  });

  test('from the newest recording here', async () => {
    const { exitCode, out } = await whystale(
      ['case', 'new', '--from', 'F1', '--dir', join(root, 'c')],
      story,
    );
    expect([exitCode, out]).toEqual([0, expect.stringContaining('stale-fill-race-item-id')]);
    expect(await readCase(join(root, 'c/stale-fill-race-item-id'), {})).toMatchObject({
      route: 'GET /items/{id}',
      requests: [{ path: '/items/4711' }],
      finding: { key: 'item:4711' },
    });
  });

  test('never writes over a case', async () => {
    await whystale(['case', 'new', 'x'], root);
    writeFileSync(file('x'), 'owner: ada\n');
    const { exitCode, out } = await whystale(['case', 'new', 'x', '--owner', 'bob', '--json'], root);
    expect([exitCode, JSON.parse(out).error]).toMatchObject([
      2,
      { code: 'WSE706', next: expect.stringContaining('whystale case show cases/x') },
    ]);
    expect(readFileSync(file('x'), 'utf8')).toBe('owner: ada\n');
    mkdirSync(join(root, 'cases/y'));
    symlinkSync('nowhere', file('y'));
    expect((await whystale(['case', 'new', 'y'], root)).exitCode).toBe(2);
  });

  test.each<[string, string[], number, string]>([
    ['no name', [], 2, 'WSE705'],
    ['a name that is a path', ['../x'], 2, 'WSE705'],
    ['no kind of variable', ['x', '--kind', 'magic'], 2, 'WSE001'],
    ['no route', ['x', '--route', '/items'], 2, 'WSE708'],
    ['no request', ['x', '--input', 'GET /ä'], 2, 'WSE708'],
    ['a quote that is not closed', ['x', '--rollback', 'git "revert'], 2, 'WSE708'],
    ['a URL with a path', ['x', '--url', 'http://127.0.0.1/items'], 2, 'WSE708'],
    ['a service that is in two places', ['x', '--url', 'http://127.0.0.1', '--service', 'x'], 2, 'WSE708'],
    ['no finding', ['x', '--from', 'F99', '--recording', RECORDED], 2, 'WSE709'],
    ['no recording', ['x', '--from', 'F1'], 2, 'WSE207'],
    ['a folder that is a file', ['x', '--dir', 'file'], 4, 'WSE707'],
  ])('refuses %s', async (_, args, exit, code) => {
    writeFileSync(join(root, 'file'), '');
    const { exitCode, out } = await whystale(['case', 'new', ...args, '--json'], root);
    expect([exitCode, JSON.parse(out).error.code]).toEqual([exit, code]);
  });
});

describe('new, on a terminal', () => {
  async function answering(lines: string, args: readonly string[] = []) {
    const printed = testFrame(root);
    const stdin = () => Object.assign(Readable.from([lines]), { isTTY: true });
    const exitCode = await run(['case', 'new', ...args], { ...printed.frame, terminal: true, stdin });
    return { exitCode, out: printed.out(), err: printed.err() };
  }

  test('asks what is not known, and again where an answer is none', async () => {
    const answers = ['Old price', '/items', 'GET /items/{id}', '', 'GET /items/1', '200'];
    const more = ['remove the key', 'magic', 'code', 'git revert fix', 'node server.js'];
    const { exitCode, out, err } = await answering(`${[...answers, ...more].join('\n')}\n`, [
      '--owner',
      'ada',
    ]);
    expect([exitCode, out]).toEqual([0, expect.stringContaining('Wrote cases/old-price/case.yaml')]);
    expect(err).toMatch(/Which route\?.*A method and a path.*Which route\?/s);
    expect(await readCase(file('old-price'), {})).toMatchObject({
      ...{ title: 'Old price', owner: 'ada', route: 'GET /items/{id}', symptom: null },
      ...{ requests: [{ path: '/items/1' }], expected: { status: 200 } },
      ...{
        change: { what: 'remove the key', kind: 'code' },
        rollback: { command: ['git', 'revert', 'fix'] },
      },
      service: { command: ['node', 'server.js'] },
    });
    expect(err).not.toContain('Who answers');
  });

  test('writes nothing when the input ends', async () => {
    const { exitCode, err } = await answering('Old price\n');
    expect([exitCode, err]).toEqual([3, expect.stringContaining('WSE710')]);
    expect((await whystale(['case', 'list'], root)).out).toMatch(/^No cases/);
  });

  test('asks nothing with --yes', async () => {
    expect((await answering('', ['x', '--yes'])).exitCode).toBe(0);
  });
});

describe('a case', () => {
  beforeEach(() => {
    place(file('old-price'), COMPLETE);
    placeRun(join(root, 'cases/old-price'), '20260131');
  });

  test.each([
    ['cases/old-price', ''],
    ['cases/old-price/case.yaml', ''],
    ['old-price', ''],
    ['.', 'cases/old-price'],
  ])('is found as %s', async (given, within) => {
    const { exitCode, out } = await whystale(['case', 'show', given, '--json'], join(root, within));
    expect([exitCode, JSON.parse(out)]).toMatchObject([
      0,
      { format: 'whystale-case/1', case: { name: 'old-price', owner: 'ada' } },
    ]);
  });

  test('is shown without its secrets', async () => {
    const { out } = await whystale(['case', 'show', 'old-price'], root, { TOKEN: 'secret-token' });
    expect(out).toContain(`-H 'authorization: Bearer '"\${TOKEN}"`);
    expect(out).not.toContain('secret-token');
  });

  test('is checked: the exit code says whether it is complete', async () => {
    expect((await whystale(['case', 'check', 'old-price'], root)).exitCode).toBe(0);
    place(file('young'), 'owner: ada\n');
    const { exitCode, out } = await whystale(['case', 'check', 'young', '--json'], root);
    expect([exitCode, JSON.parse(out)]).toMatchObject([
      1,
      { format: 'whystale-case-check/1', complete: false },
    ]);
  });

  test('is closed once, when it was compared', async () => {
    const early = await whystale(['case', 'close', 'old-price'], root);
    expect([early.exitCode, early.out]).toEqual([
      1,
      expect.stringContaining('whystale compare cases/old-price'),
    ]);
    placeComparison(join(root, 'cases/old-price'), '1');
    const closed = await whystale(['case', 'close', 'old-price', '--outcome', 'shipped'], root);
    expect([closed.exitCode, closed.out]).toEqual([
      0,
      expect.stringMatching(/^Closed on \d{4}-.*\nshipped\n$/),
    ]);
    const again = await whystale(['case', 'close', 'old-price', '--json'], root);
    expect([again.exitCode, JSON.parse(again.out)]).toMatchObject([
      0,
      { format: 'whystale-case-close/1', closed: true, changed: false, outcome: 'shipped' },
    ]);
    expect((await readWrittenCase(file('old-price'))).status).toBe('closed');
  });

  test('is listed, with those that cannot be read', async () => {
    place(file('broken'), 'owner: [\n');
    const { exitCode, out } = await whystale(['case', 'list', '--json'], root);
    expect([exitCode, JSON.parse(out)]).toMatchObject([
      0,
      { format: 'whystale-case-list/1', folder: 'cases', cases: [{ name: 'broken' }, { name: 'old-price' }] },
    ]);
  });

  test.each<[string, string[], string]>([
    ['no case', ['show', 'none'], 'WSE704'],
    ['a case that is wrong', ['check', 'wrong'], 'WSE703'],
    ['no folder', ['list', 'none'], 'WSE711'],
  ])('refuses %s', async (_, args, code) => {
    place(file('wrong'), 'ower: ada\n');
    const { exitCode, out } = await whystale(['case', ...args, '--json'], root);
    expect([exitCode, JSON.parse(out).error.code]).toEqual([2, code]);
  });
});
