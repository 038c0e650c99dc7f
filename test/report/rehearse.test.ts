/** How rehearsals and checklists are told: test/golden/rehearse-*, case-run*. Update with `npx vitest run --project unit test/report/rehearse.test.ts -u`. */
import { describe, expect, test } from 'vitest';
import type { CommandRun } from '../../src/case/checklist-contract.ts';
import type { CheckResult, Rehearsal, RehearsalStep } from '../../src/rehearse/contract.ts';
import { caseCloseText } from '../../src/report/case-text.ts';
import { caseRunText, caseSignText } from '../../src/report/checklist-text.ts';
import { rehearseProgress, rehearseText } from '../../src/report/rehearse-text.ts';
import { PLAIN } from '../../src/report/style.ts';

const golden = (name: string) => `../golden/${name}`;
const drawing = { width: 100, style: PLAIN };

const command = (parts: Partial<CommandRun> = {}): CommandRun => ({
  ...{ command: './deploy.sh staging', startedAt: '2026-02-01T10:00:00.000Z', ranMs: 1234, exitCode: 0 },
  ...{ signal: null, stopped: null, failure: null, output: ['done'] },
  ...parts,
});

const step = (name: RehearsalStep['step'], parts: Partial<RehearsalStep> = {}): RehearsalStep => ({
  ...{ step: name, outcome: 'held', startedAt: '2026-02-01T10:00:00.000Z', ranMs: 120, why: null },
  ...{ commands: [], checks: [], configuration: null, figures: null },
  ...parts,
});

const check: CheckResult = {
  ...{ name: 'GET /version', kind: 'request', outcome: 'held', why: null, ranMs: 4, status: 200 },
  freshAfterMs: null,
};

const HELD: Rehearsal = {
  ...{
    format: 'whystale-rehearsal/1',
    case: 'old-price',
    rehearsed: 'x',
    startedAt: '2026-02-01T10:00:00.000Z',
  },
  ...{ ranMs: 48_200, complete: true, ended: null, url: 'https://staging.example.org', verdict: 'held' },
  on: { commit: '0123456789abcdef0123456789abcdef01234567', dirty: false },
  because: 'everything held, and the rollback brought the old behaviour back',
  ...{ deployed: true, rollbackConfirmed: true, tellsApart: true, notices: [] },
  steps: [
    step('configuration', {
      configuration: {
        same: 12,
        differences: [
          {
            name: 'DB_PASSWORD',
            staging: { value: 'h:0123456789abcdef' },
            production: { value: 'h:fedcba9876543210' },
            allowed: true,
          },
          { name: 'POOL', staging: { value: '' }, production: null, allowed: true },
        ],
      },
    }),
    step('before', { checks: [check] }),
    step('deploy', { commands: [command()] }),
    step('ready'),
    step('check', {
      checks: [check, { ...check, name: 'the new price', kind: 'freshness', freshAfterMs: 52 }],
    }),
    step('figures', {
      figures: {
        ...{ rate: 10, seconds: 5, requests: 50, errors: 0, baselineP50Ms: 2.4 },
        correctedMs: { count: 50, min: 1, mean: 2, p50: 1.9, p90: 3, p95: 4, p99: 5, p999: 6, max: 6.2 },
      },
    }),
    step('rollback', { commands: [command({ command: 'git revert fix' })] }),
    step('ready-again'),
    step('restored', { checks: [check] }),
  ],
};

const FAILED: Rehearsal = {
  ...HELD,
  ...{
    verdict: 'failed',
    because: 'the new behaviour did not hold: GET /version: status 500',
    rollbackConfirmed: false,
  },
  ...{ complete: false, ended: 'it was interrupted', on: null, notices: ['They cannot tell the two apart.'] },
  steps: [
    step('configuration', {
      outcome: 'failed',
      why: 'POOL differs, which the case does not allow',
      configuration: {
        same: 0,
        differences: [
          {
            name: 'NODE_ENV',
            staging: { value: 'staging' },
            production: { value: 'production' },
            allowed: true,
          },
          { name: 'POOL\u001b[31m', staging: null, production: { value: '4' }, allowed: false },
        ],
      },
    }),
    step('check', {
      outcome: 'failed',
      why: 'GET /version: status 500',
      checks: [{ ...check, outcome: 'failed', why: 'status 500' }],
    }),
    step('rollback', {
      outcome: 'failed',
      why: 'exit code 3',
      commands: [command({ exitCode: 3, output: ['fatal: \u001b[31mno', 'such commit'] })],
    }),
    step('ready-again', { outcome: 'undecided', why: 'it was interrupted' }),
  ],
};

describe('a rehearsal', () => {
  test.each([
    ['held', HELD, 'whystale case check old-price'],
    ['failed', FAILED, './deploy.sh v1'],
  ])('that %s', async (name, rehearsal, next) => {
    const text = rehearseText(rehearsal, { folder: 'cases/old-price/rehearsals/1', next }, drawing);
    expect(text).not.toContain('\u001b');
    await expect(text).toMatchFileSnapshot(golden(`rehearse-${name}.txt`));
  });

  test('whose rollback says that it is done, and is not', () => {
    const steps = HELD.steps.map((one) =>
      one.step === 'restored' ? step('restored', { outcome: 'failed', why: 'GET /version: old' }) : one,
    );
    const rehearsal: Rehearsal = { ...HELD, verdict: 'failed', rollbackConfirmed: false, steps };
    const text = rehearseText(rehearsal, { folder: null, next: null }, drawing);
    expect(text.replaceAll(/\s+/g, ' ')).toContain(
      'Rollback NOT confirmed: the command ended with 0, and the old behaviour was not seen again. What was deployed may still be there',
    );
  });

  test('as it goes', () => {
    expect(rehearseProgress(step('deploy', { outcome: 'running' }))).toBe('Deploy …');
    expect(rehearseProgress(step('deploy', { outcome: 'failed', why: 'exit code 1' }))).toBe(
      'Deploy: FAILED (120 ms): exit code 1',
    );
  });
});

describe('a checklist', () => {
  const place = { name: 'old-price', file: 'cases/old-price/case.yaml' };
  const on = { commit: '0123456789abcdef0123456789abcdef01234567', dirty: true };
  const state = (number: number, name: string) => ({ number, step: name, kind: 'command' }) as const;
  const ran = (name: string, parts: Partial<CommandRun> = {}) => ({
    step: name,
    digest: 'x',
    on,
    ...command(parts),
  });

  test('that was run', async () => {
    const text = caseRunText(
      {
        ...{ format: 'whystale-case-run/1', case: place, passed: false, interrupted: false },
        steps: [
          { ...state(1, 'run linting'), run: ran('run linting', { command: 'npm run lint' }) },
          {
            ...state(2, 'run unit tests'),
            run: ran('run unit tests', { command: 'npm test', exitCode: 1, output: ['1 failed'] }),
          },
          {
            ...state(3, 'other'),
            run: ran('other', { exitCode: null, failure: 'x was not found', output: [] }),
          },
        ],
        unsigned: [{ number: 4, step: 'check permissions', kind: 'judgement' }],
        notices: [],
      },
      drawing,
    );
    await expect(text).toMatchFileSnapshot(golden('case-run.txt'));
  });

  test('that was signed', () => {
    const text = caseSignText(
      {
        ...{ format: 'whystale-case-sign/1', case: place, unsigned: [] },
        step: { number: 4, step: 'check permissions', kind: 'judgement' },
        signed: { by: 'ada', at: '2026-02-01', note: 'read-only role' },
      },
      drawing,
    );
    expect(text).toBe(
      'Signed 4 check permissions\n    ada, 2026-02-01: read-only role\n    in cases/old-price/case.yaml\n',
    );
  });

  test('that ended in a tag', async () => {
    const text = caseCloseText(
      {
        ...{
          format: 'whystale-case-close/1',
          case: place,
          closed: true,
          changed: true,
          at: '2026-02-02',
          outcome: 'better',
        },
        ...{
          gaps: [],
          tag: { name: 'v1.2.3', commit: on.commit, message: 'v1.2.3: The old price\n\nVerdict: better\n' },
        },
      },
      drawing,
    );
    await expect(text).toMatchFileSnapshot(golden('case-close-tag.txt'));
  });
});
