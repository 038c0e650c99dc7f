// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what looks like a variable must not become one.
/** What is done of a case: commands that are run, judgements that are signed, and the tag at its end. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  checkCase,
  closeCase,
  readWrittenCase,
  runChecklist,
  signedText,
  signStep,
  surroundings,
} from '../../src/case/index.ts';
import { WhystaleError } from '../../src/errors.ts';
import { place, placeComparison, placeRun } from './sample.ts';

let root: string;
const folder = () => join(root, 'cases/price');
const file = () => join(folder(), 'case.yaml');
const around = () => surroundings(root, {});
const git = (...args: string[]) => execFileSync('git', args, { cwd: root, encoding: 'utf8' });

const CASE = `owner: ada # since May
title: The old price
route: GET /items/{id}
symptom: the page
input: GET /items/1
expected: 200
change: { what: fence the write, kind: code }
rollback: git revert fix
service: { command: node server.js, cwd: ../.. }
# what is done
checklist:
  - { step: run unit tests, command: "echo token $API_TOKEN; test -f app.js" } # quick
  - step: run linting
    command: test "$(cat app.js)" = ok
  # who may
  - check permissions # since May
  - { step: review the failure mode } # later
`;

const pattern = mkdtempSync(join(tmpdir(), 'whystale-case-done-pattern-'));

/** A repository is made once, and copied. */
beforeAll(() => {
  root = pattern;
  place(file(), CASE);
  place(join(root, 'app.js'), 'ok');
  git('init', '-q', '-b', 'main');
  git('config', 'user.name', 'Ada');
  git('config', 'user.email', 'ada@example.org');
  commit('one');
});

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'whystale-case-done-'));
  cpSync(pattern, root, { recursive: true, preserveTimestamps: true });
});

afterAll(() => rmSync(pattern, { recursive: true }));

afterEach(() => rmSync(root, { recursive: true }));

function commit(message: string): void {
  git('add', '-A');
  git('commit', '-q', '-m', message);
}

const run = (step: string | null = null, env: Record<string, string> = {}) =>
  runChecklist(file(), step, {
    cwd: root,
    env: { PATH: process.env.PATH, ...env },
    signal: new AbortController().signal,
    now: () => new Date('2026-02-01T10:00:00Z'),
    begins: () => undefined,
  });
const sign = (step: string, by = 'ada', note: string | null = null) =>
  signStep(file(), step, { by, at: '2026-02-01', note }, root);
const recorded = () => JSON.parse(readFileSync(join(folder(), 'checklist.json'), 'utf8'));

async function codeOf(work: () => unknown): Promise<string> {
  try {
    await work();
  } catch (error) {
    if (error instanceof WhystaleError) return error.facts.code;
    throw error;
  }
  return 'none';
}

describe('commands', () => {
  test('are run in the folder of the service, and recorded with their commit', async () => {
    const document = await run(null, { API_TOKEN: 'tok-4f1c2a9e' });
    expect(document).toMatchObject({ passed: true, unsigned: [{ number: 3 }, { number: 4 }] });
    expect(recorded()).toMatchObject({
      format: 'whystale-checklist/1',
      case: 'price',
      steps: [
        {
          ...{ step: 'run unit tests', exitCode: 0, output: ['token ***'] },
          on: { commit: git('rev-parse', 'HEAD').trim(), dirty: false },
        },
        { step: 'run linting', exitCode: 0, command: 'test "$(cat app.js)" = ok' },
      ],
    });
  });

  test('may be run one by one, by number or by a part of the name; the record keeps the others', async () => {
    await run('1');
    writeFileSync(join(root, 'app.js'), 'no');
    const document = await run('lint');
    expect(document).toMatchObject({
      passed: false,
      steps: [{ number: 2, run: { exitCode: 1, on: { dirty: true } } }],
    });
    expect(recorded().steps).toHaveLength(2);
  });

  test.each([
    ['3', 'WSE814'],
    ['9', 'WSE813'],
    ['run', 'WSE813'],
  ])('that are none (%s) are refused', async (step, code) => {
    expect(await codeOf(() => run(step))).toBe(code);
  });
});

describe('a signature', () => {
  test('goes into the file, with every comment where it was', async () => {
    sign('check permissions', 'Ada "L" ${X}', 'read-only: fine # really');
    sign('4', 'bob');
    const text = readFileSync(file(), 'utf8');
    for (const comment of ['# since May', '# what is done', '# quick', '# who may', '# later'])
      expect(text).toContain(comment);
    const { checklist } = await readWrittenCase(file());
    expect(checklist.slice(2)).toEqual([
      {
        ...{ kind: 'judgement', step: 'check permissions' },
        signed: { by: 'Ada "L" ${X}', at: '2026-02-01', note: 'read-only: fine # really' },
      },
      {
        kind: 'judgement',
        step: 'review the failure mode',
        signed: { by: 'bob', at: '2026-02-01', note: null },
      },
    ]);
  });

  test('changes nothing but its line', () => {
    const lines = signedText(CASE, 3, { by: 'bob', at: '2026-02-01', note: null }).split('\n');
    const changed = lines.filter((line) => !CASE.split('\n').includes(line));
    expect(changed).toEqual([
      '  - { step: review the failure mode, signed: { by: bob, at: 2026-02-01 } } # later',
    ]);
  });

  test('is given once, by somebody, to a judgement', async () => {
    sign('3');
    expect(await codeOf(() => sign('3', 'bob'))).toBe('WSE815');
    expect(await codeOf(() => sign('1'))).toBe('WSE814');
    expect(await codeOf(() => sign('4', ' '))).toBe('WSE816');
  });
});

describe('a tag', () => {
  const close = (tag: string | null = 'v1.2.3') =>
    closeCase(file(), { at: '2026-02-02', outcome: null, tag }, around());
  const phase = (p50: number) => ({ correctedMs: { p50 } });
  const measuredSide = (cold: number, warm: number) => ({
    ...{ format: 'whystale-measure/1', cold: phase(cold), warm: phase(warm) },
  });

  function compared(): void {
    placeRun(folder(), '1');
    placeComparison(folder(), '1', {
      gain: 'faster-work',
      sides: { before: measuredSide(48.2, 2.4), after: measuredSide(12, 1.1) },
      // The verdict is about these; of the warm phase nothing was judged.
      effects: [
        { phase: 'cold', metric: 'p50', among: 'hits', before: 1, after: 1 },
        { phase: 'cold', metric: 'p50', among: 'all', before: 46.8, after: 13 },
      ],
      race: {
        before: { verdict: 'counterexample', complete: true },
        after: { verdict: 'proved', complete: true },
      },
    });
  }

  test('is refused with all that is missing, and nothing is touched', async () => {
    compared();
    commit('measured');
    const before = [readFileSync(file(), 'utf8'), git('tag')];
    const document = await close();
    expect(document.closed).toBe(false);
    expect(document.gaps.map(({ problem, todo }) => `${problem}: ${todo}`)).toEqual([
      '"run unit tests" was not run yet: whystale case run cases/price 1',
      '"run linting" was not run yet: whystale case run cases/price 2',
      'nobody has signed "check permissions": whystale case sign cases/price 3 --by NAME',
      'nobody has signed "review the failure mode": whystale case sign cases/price 4 --by NAME',
    ]);
    expect([readFileSync(file(), 'utf8'), git('tag')]).toEqual(before);
  });

  test.each([
    null,
    'v1.2.3',
  ])('and closing, while nothing is compared, tell all that is missing (tag %s)', async (tag) => {
    place(file(), `${CASE}rehearse: { url: "http://127.0.0.1:1", deploy: x, ready: GET /, before: GET / }\n`);
    placeRun(folder(), '1');
    commit('measured');
    const { closed, gaps } = await close(tag);
    expect(closed).toBe(false);
    expect(gaps.every(({ required }) => required)).toBe(true);
    const commands = tag === null ? [] : ['case run cases/price 1', 'case run cases/price 2'];
    expect(gaps.slice(-commands.length - 4).map(({ todo }) => todo)).toEqual(
      [
        ...['compare cases/price', 'rehearse cases/price', ...commands],
        ...['case sign cases/price 3 --by NAME', 'case sign cases/price 4 --by NAME'],
      ].map((rest) => `whystale ${rest}`),
    );
  });

  test('carries the figures, and is made of what is checked out', async () => {
    compared();
    sign('3');
    sign('4', 'bob');
    await run();
    commit('done, in the folder of the case only');
    const document = await close();
    expect(document).toMatchObject({
      closed: true,
      gaps: [],
      tag: { name: 'v1.2.3', commit: git('rev-parse', 'HEAD').trim() },
    });
    expect(git('cat-file', '-t', 'v1.2.3').trim()).toBe('tag');
    const message = git('tag', '-l', '--format=%(contents)', 'v1.2.3');
    expect(message.replaceAll(/[0-9a-f]{64}/g, 'DIGEST').trim()).toBe(
      `v1.2.3: The old price

Case: price
Change: fence the write
Verdict: better: warm p50 fell from 2.4 ms to 1.1 ms, and the answers stayed right
p50 cold: 47 ms before, 13 ms after
p50 warm: 2.4 ms before, 1.1 ms after
Gain: faster-work
Race: counterexample before, proved after
Rollback: not rehearsed
Passed: run unit tests
Passed: run linting
Signed: check permissions (ada, 2026-02-01)
Signed: review the failure mode (bob, 2026-02-01)

sha256 DIGEST case.yaml
sha256 DIGEST comparisons/1/comparison.json
sha256 DIGEST checklist.json`,
    );
    const digest = execFileSync('sha256sum', [file()], { encoding: 'utf8' }).slice(0, 64);
    expect(message).toContain(`sha256 ${digest} case.yaml`);
    expect(git('status', '--porcelain').trim()).toBe('M cases/price/case.yaml');
  });

  test('never overwrites one, and needs a name that git allows', async () => {
    git('tag', 'v1.2.3');
    expect(await codeOf(() => close())).toBe('WSE817');
    expect(await codeOf(() => close('a..b'))).toBe('WSE817');
    expect(await codeOf(() => close('--force'))).toBe('WSE817');
  });

  test('needs commands that passed on what is checked out', async () => {
    compared();
    sign('3');
    sign('4');
    await run();
    writeFileSync(join(root, 'app.js'), 'ok ');
    commit('changed');
    const problems = async () => (await close()).gaps.map(({ problem }) => problem);
    expect((await problems())[0]).toMatch(
      /^"run unit tests" passed at [0-9a-f]{10}, which is not what is checked out$/,
    );
    await run();
    expect(await problems()).toEqual(['"run linting" failed: exit code 1']);
    place(file(), readFileSync(file(), 'utf8').replace('test -f app.js', 'test -f app.js && true'));
    expect((await problems())[0]).toBe('"run unit tests" was run with another command');
  });

  test('that git does not make leaves the case open', async () => {
    compared();
    sign('3');
    sign('4');
    await run();
    commit('done');
    writeFileSync(join(root, '.git/hooks/reference-transaction'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
    const before = readFileSync(file(), 'utf8');
    expect(await codeOf(() => close())).toBe('WSE818');
    expect(readFileSync(file(), 'utf8')).toBe(before);
  });

  test('waits for the rehearsal that the case describes; a document that merely says so is not believed', async () => {
    place(file(), `${CASE}rehearse: { url: "http://127.0.0.1:1", deploy: x, ready: GET /, before: GET / }\n`);
    compared();
    const problems = async () =>
      (await checkCase(file(), around())).gaps
        .filter(({ field }) => field === 'rehearsals')
        .map(({ problem }) => problem);
    expect(await problems()).toEqual(['it was not rehearsed yet, so that its rollback is not confirmed']);
    const { rehearsed } = await readWrittenCase(file());
    const claim = {
      ...{ format: 'whystale-rehearsal/1', rehearsed, startedAt: '2026-02-01T10:00:00.000Z', complete: true },
      ...{ verdict: 'held', because: 'everything held', rollbackConfirmed: true, steps: [] as object[] },
    };
    const rehearsal = join(folder(), 'rehearsals/1/rehearsal.json');
    place(rehearsal, JSON.stringify(claim));
    expect(await problems()).toEqual(['the rollback is not confirmed: everything held']);
    const command = {
      command: 'x',
      startedAt: '',
      ranMs: 1,
      exitCode: 0,
      signal: null,
      stopped: null,
      failure: null,
      output: [],
    };
    const steps = ['deploy', 'rollback', 'restored'].map((step) => ({
      step,
      outcome: 'held',
      commands: [command],
    }));
    place(rehearsal, JSON.stringify({ ...claim, steps }));
    expect(await problems()).toEqual([]);
    place(rehearsal, JSON.stringify({ ...claim, steps, rehearsed: 'other' }));
    expect((await problems())[0]).toContain('is out of date');
  });
});
