/** What a case lacks, what comes next, and how it ends. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  checkCase,
  closeCase,
  listCases,
  readWrittenCase,
  type Surroundings,
  showCase,
  surroundings,
} from '../../src/case/index.ts';
import { COMPLETE, place, placeComparison, placeRun } from './sample.ts';

let root: string;
let around: Surroundings;
const folder = () => join(root, 'cases/old-price');
const file = () => join(folder(), 'case.yaml');

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'whystale-case-check-'));
  around = surroundings(root, { TOKEN: 'secret-token' });
});

afterEach(() => rmSync(root, { recursive: true }));

/** Long ago: nothing is newer than its file. */
function written(text: string): void {
  place(file(), text);
  utimesSync(file(), new Date('2026-01-01'), new Date('2026-01-01'));
}

const fields = async () =>
  (await checkCase(file(), around)).gaps.map(({ field, required }) => (required ? field : `(${field})`));

describe('check', () => {
  test('names everything that a young case lacks, in the order in which it is needed', async () => {
    written('{}');
    const { complete, gaps, next } = await checkCase(file(), around);
    expect(gaps.map(({ stage, field, required }) => `${stage} ${field}${required ? '' : '?'}`)).toEqual([
      'measure input',
      'measure service',
      'compare runs',
      'compare change.what',
      'compare change.kind',
      'close owner',
      'close route',
      'close symptom?',
      'close expected',
      'close rollback',
    ]);
    expect([complete, next]).toEqual([false, { step: 'write', todo: 'write input, service' }]);
    for (const { todo } of gaps) expect(todo).not.toBe('');
  });

  test('is content with a case that was measured', async () => {
    written(COMPLETE);
    placeRun(folder(), '1');
    expect(await checkCase(file(), around)).toMatchObject({
      complete: true,
      gaps: [
        { field: 'input', required: false, problem: 'POST /items/search is no request of GET /items/{id}' },
      ],
      next: { step: 'compare', todo: 'whystale compare cases/old-price' },
    });
  });

  test('wants a baseline that ran to its end, of the case as it is now', async () => {
    written(COMPLETE);
    expect(await fields()).toContain('runs');
    placeRun(folder(), '1', { complete: false });
    placeRun(folder(), '2', { label: 'before' });
    const { gaps, next } = await checkCase(file(), around);
    expect(gaps).toContainEqual(expect.objectContaining({ problem: 'every baseline was cut short' }));
    expect(next.todo).toBe('whystale measure cases/old-price');
    const { measured } = await readWrittenCase(file());
    placeRun(folder(), '3', { measured });
    expect(await fields()).toEqual(['(input)']);
    written(COMPLETE.replace('owner: ada', 'owner: bob'));
    expect(await fields()).toEqual(['(input)']);
    written(COMPLETE.replace('GET /items/1', 'GET /items/2'));
    expect(await fields()).toEqual(['(input)', 'runs']);
  });

  test('knows an old baseline without a digest by its load, and suspects one by its time', async () => {
    placeRun(folder(), '1');
    written(`${COMPLETE}load: {rate: 10/s}\n`);
    expect(await fields()).toContain('runs');
    written(COMPLETE);
    expect(await fields()).not.toContain('(runs)');
    writeFileSync(file(), COMPLETE);
    expect(await fields()).toContain('(runs)');
  });

  test('says which variables are not set, and whose they are', async () => {
    written(COMPLETE);
    const { gaps } = await checkCase(file(), surroundings(root, {}));
    expect(gaps.map(({ field }) => field)).toContain('TOKEN');
  });

  test('asks for signatures once there is something to judge', async () => {
    written(COMPLETE.replace('# the end', '  - the dashboards look the same\n# the end'));
    placeRun(folder(), '1');
    expect(await fields()).toContain('(checklist)');
    placeComparison(folder(), '1');
    expect(await fields()).toContain('checklist');
  });

  test('looks for the folder of the service', async () => {
    written(COMPLETE.replace('url: http://127.0.0.1:8000', 'service: { command: x, cwd: ../app }'));
    expect(await fields()).toContain('service.cwd');
    place(join(root, 'cases/app/main.js'), '');
    expect(await fields()).not.toContain('service.cwd');
  });

  test('reads the race scenario', async () => {
    written(`${COMPLETE}race: race.yaml\n`);
    expect(await fields()).toContain('race');
    const race = 'service: {command: x}\nactors: {reader: GET /items/1}\noracle: GET /items/1\n';
    place(join(folder(), 'race.yaml'), race);
    expect(await fields()).not.toContain('race');
  });
});

describe('revisions', () => {
  const change = (before: string, after: string) =>
    written(COMPLETE.replace('kind: code }', `kind: code, before: ${before}, after: ${after} }`));
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.org', ...args], { cwd: root });
  const said = async () =>
    (await checkCase(file(), around)).gaps.flatMap(({ field, problem }) =>
      field.startsWith('change') ? [`${field} ${problem}`] : [],
    );

  test('are looked up in the repository of the service', async () => {
    git('init', '-q', '-b', 'main');
    git('commit', '-q', '--allow-empty', '-m', 'one');
    git('tag', 'same');
    git('commit', '-q', '--allow-empty', '-m', 'two');
    change('main', 'nowhere');
    expect(await said()).toEqual(['change.after nowhere names no commit in cases/old-price']);
    change('main~1', 'main');
    expect(await said()).toEqual([]);
    change('same', 'main~1');
    expect(await said()).toEqual(['change.after same and main~1 are the same commit']);
    change('"--help"', 'main');
    expect(await said()).toEqual(['change.before --help names no commit in cases/old-price']);
  });

  test('need a repository', async () => {
    change('main', 'fix');
    expect(await said()).toEqual([
      'change.before cases/old-price is in no git repository',
      'change.after cases/old-price is in no git repository',
    ]);
  });

  test('are not decided where git cannot be run', async () => {
    change('main', 'fix');
    placeRun(folder(), '1');
    around = { ...around, revision: async () => ({ is: 'no-git', why: 'git is not installed' }) };
    const { complete, gaps } = await checkCase(file(), around);
    expect(complete).toBe(true);
    expect(gaps.map(({ problem }) => problem)).toContain('main could not be looked up: git is not installed');
  });
});

describe('close', () => {
  const closing = { at: '2026-02-02', outcome: null };

  test('waits for a comparison that ran to its end', async () => {
    written(COMPLETE);
    placeRun(folder(), '1');
    placeComparison(folder(), '1', { complete: false });
    const before = readFileSync(file(), 'utf8');
    expect(await closeCase(file(), closing, around)).toMatchObject({
      closed: false,
      gaps: [{ field: 'comparisons', problem: 'every comparison was cut short' }],
    });
    expect(readFileSync(file(), 'utf8')).toBe(before);
  });

  test('waits where the newest comparison tells nothing, whatever an older one told', async () => {
    written(COMPLETE);
    placeRun(folder(), '1');
    placeComparison(folder(), '1');
    placeComparison(folder(), '2', {
      startedAt: '2026-02-02T10:00:00.000Z',
      verdict: 'not-comparable',
      because: 'The Redis version differs too.',
    });
    expect(await closeCase(file(), closing, around)).toMatchObject({
      closed: false,
      gaps: [{ problem: 'the comparison 2 tells nothing: The Redis version differs too.' }],
    });
    expect((await showCase(file(), around)).next.step).toBe('compare');
  });

  test('says so in the file, and keeps every comment', async () => {
    written(COMPLETE);
    placeRun(folder(), '1');
    placeComparison(folder(), '1');
    expect(await closeCase(file(), closing, around)).toMatchObject({
      closed: true,
      changed: true,
      at: '2026-02-02',
    });
    const text = readFileSync(file(), 'utf8');
    for (const comment of ['# who answers', '# since May', '# the end']) expect(text).toContain(comment);
    const item = await readWrittenCase(file());
    expect([item.status, item.closed, item.outcome]).toEqual([
      'closed',
      '2026-02-02',
      'better: warm p50 fell from 2.4 ms to 1.1 ms, and the answers stayed right',
    ]);
    expect(await closeCase(file(), { at: '2027-01-01', outcome: 'x' }, around)).toMatchObject({
      closed: true,
      changed: false,
      at: '2026-02-02',
    });
    expect(readFileSync(file(), 'utf8')).toBe(text);
    expect((await showCase(file(), around)).next.step).toBe('done');
  });

  test.each(['status: open\n', 'status: open # yet\nclosed: 2020-01-01\n'])('over %j', async (status) => {
    written(status + COMPLETE);
    placeRun(folder(), '1');
    placeComparison(folder(), '1');
    const outcome = 'costs $' + '{5}: "fine"\nreally';
    await closeCase(file(), { ...closing, outcome }, around);
    const item = await readWrittenCase(file());
    expect([item.status, item.closed, item.outcome]).toEqual(['closed', '2026-02-02', outcome]);
  });
});

describe('what is damaged', () => {
  test('is listed with its problem, and stops no other', async () => {
    written(COMPLETE);
    place(join(root, 'cases/broken/case.yaml'), 'ower: ada\n');
    place(join(root, 'cases/none/readme.md'), '');
    placeRun(folder(), '1');
    placeComparison(folder(), '1');
    const { cases } = await listCases(join(root, 'cases'), around, { mayBeMissing: false });
    expect(cases).toMatchObject([
      {
        name: 'broken',
        status: null,
        problem: expect.stringContaining('cases/broken/case.yaml:1:1: unknown field'),
      },
      {
        name: 'old-price',
        status: 'open',
        owner: 'ada',
        lastRun: { label: 'baseline', coldP50Ms: 48.2, warmP50Ms: 2.4 },
        lastVerdict: 'better',
        next: { step: 'close', todo: 'whystale case close cases/old-price' },
      },
    ]);
  });

  test('among runs is noted; what is none of ours is passed over', async () => {
    written(COMPLETE);
    place(join(folder(), 'runs/1/run.json'), '{');
    place(join(folder(), 'runs/2/run.json'), '{"format": "whystale-measure/1"}');
    place(join(folder(), 'runs/3/run.json'), '{"format": "other/1"}');
    place(join(folder(), 'comparisons/1/figures.json'), '[]');
    placeRun(folder(), '4');
    const { runs, notices } = await showCase(file(), around);
    expect(runs.map(({ name }) => name)).toEqual(['4']);
    expect(notices).toEqual([
      'cases/old-price/runs/1/run.json is damaged: it is no JSON',
      'cases/old-price/runs/2/run.json has a form that this whystale does not know',
    ]);
  });
});
