/** What is kept never holds a secret: of configurations, and of what commands print. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { tailLines } from '../../src/case/command-run.ts';
import { maskFor, secretsIn } from '../../src/case/secrets.ts';
import { compareConfiguration } from '../../src/rehearse/configuration.ts';
import { confirmsRollback, verdictOf } from '../../src/rehearse/verdict.ts';

/** Long enough for a credential, and no word. */
const secret = fc
  .tuple(fc.string({ minLength: 8, maxLength: 40 }), fc.stringMatching(/^[0-9a-f]{8}$/))
  .map(([text, tail]) => `${text.replace(/[\s\0]/g, '-')}-${tail}`);
const name = fc.constantFrom('DB_PASSWORD', 'API_TOKEN', 'STRIPE_SECRET_KEY', 'redis_auth', 'SESSION_SECRET');
const noise = fc.string({ unit: fc.constantFrom('a', ' ', '\n', '=', '"', ':', '/', 'é'), maxLength: 60 });

describe('a planted secret', () => {
  test('is not in the comparison of two configurations', () => {
    fc.assert(
      fc.property(name, secret, fc.option(secret), (variable, one, other) => {
        const production = new Map(other === null ? [] : [[variable, other]]);
        const compared = compareConfiguration(new Map([[variable, one]]), production, {
          spec: { names: [], allow: [] },
          allow: [],
          salt: Buffer.from('s'),
        });
        expect(JSON.stringify(compared)).not.toContain(JSON.stringify(one).slice(1, -1));
        if (other !== null)
          expect(JSON.stringify(compared)).not.toContain(JSON.stringify(other).slice(1, -1));
      }),
    );
  });

  test('is not in what is kept of an output, wherever it stands', () => {
    fc.assert(
      fc.property(name, secret, noise, noise, fc.boolean(), (variable, planted, before, after, own) => {
        const mask = own
          ? maskFor({ [variable]: planted }, [])
          : maskFor({}, [], secretsIn(new Map([[variable, planted]])));
        const lines = tailLines(`${before}${planted}${after}`, false, mask);
        expect(lines.join('\n')).not.toContain(planted);
      }),
    );
  });

  test('is not there in part, where the output is cut', () => {
    fc.assert(
      fc.property(secret, fc.nat(400), (planted, at) => {
        const output = `${'x'.repeat(at)}\n${'y '.repeat(195)}${planted}\nend`;
        const mask = maskFor({ API_TOKEN: planted }, []);
        const kept = tailLines(output.slice(at), true, mask).join('\n');
        for (let from = 0; from + 8 <= planted.length; from++) expect(kept).not.toContain(planted.slice(-8));
        expect(kept).toContain('end');
      }),
    );
  });

  test('of several lines is not there line by line', () => {
    const key = 'first-line-of-it\nsecond-line-of-it';
    const mask = maskFor({ SIGNING_SECRET: key }, []);
    expect(tailLines('a\nsecond-line-of-it\nb', false, mask)).toEqual(['a', '***', 'b']);
  });

  test('in a URL is not there either', () => {
    const mask = maskFor({ DATABASE_URL: 'postgres://app:s3cr3t-9f8e@db/app' }, []);
    expect(mask('could not log in with s3cr3t-9f8e')).toBe('could not log in with ***');
  });
});

describe('configurations', () => {
  const compare = (
    staging: Record<string, string>,
    production: Record<string, string>,
    names: string[] = [],
  ) =>
    compareConfiguration(new Map(Object.entries(staging)), new Map(Object.entries(production)), {
      spec: { names, allow: ['LOG_*'] },
      allow: ['HOST'],
      salt: Buffer.from('s'),
    });

  test('differ by name, presence and value; what may differ is known by name', () => {
    const { same, differences } = compare(
      { A: '1', HOST: 'x.example.org', LOG_LEVEL: 'debug', ONLY: '' },
      { A: '1', HOST: 'y.example.org', LOG_LEVEL: 'info' },
    );
    expect(same).toBe(1);
    expect(differences.map(({ name: variable, allowed }) => `${variable} ${allowed}`)).toEqual([
      'HOST true',
      'LOG_LEVEL true',
      'ONLY false',
    ]);
    expect(differences.at(-1)).toMatchObject({ staging: { value: '' }, production: null });
  });

  test('are held against each other where names are given', () => {
    expect(compare({ A: '1', B: '1', BB: '1' }, {}, ['B*']).differences.map((one) => one.name)).toEqual([
      'B',
      'BB',
    ]);
  });

  test('have the same hash for the same value, and another under another name', () => {
    const hash = (variable: string, value: string) =>
      compare({ [variable]: value }, {}).differences[0]?.staging?.value;
    expect(hash('A_TOKEN', 'same-secret')).toBe(hash('A_TOKEN', 'same-secret'));
    expect(hash('A_TOKEN', 'same-secret')).not.toBe(hash('B_TOKEN', 'same-secret'));
  });
});

describe('a rollback', () => {
  const run = {
    command: 'x',
    startedAt: '',
    ranMs: 1,
    exitCode: 0,
    signal: null,
    stopped: null,
    failure: null,
    output: [],
  };
  const step = (name: 'deploy' | 'rollback' | 'restored', parts: object = {}) =>
    ({ step: name, outcome: 'held', commands: name === 'restored' ? [] : [run], ...parts }) as const;

  test.each<[string, boolean, Parameters<typeof confirmsRollback>[0]]>([
    ['was run, and the old behaviour seen again', true, [step('deploy'), step('rollback'), step('restored')]],
    ['was never run', false, [step('deploy'), step('restored')]],
    [
      'is said to have held, without a command',
      false,
      [step('deploy'), step('rollback', { commands: [] }), step('restored')],
    ],
    [
      'ended with another code',
      false,
      [step('deploy'), step('rollback', { commands: [{ ...run, exitCode: 1 }] }), step('restored')],
    ],
    [
      'was not followed by the old behaviour',
      false,
      [step('deploy'), step('rollback'), step('restored', { outcome: 'undecided' })],
    ],
    ['came before the deployment', false, [step('rollback'), step('deploy'), step('restored')]],
  ])('that %s: confirmed %s', (_, confirmed, steps) => {
    expect(confirmsRollback(steps)).toBe(confirmed);
  });
});

test('what did not hold decides before what could not be looked at', () => {
  const steps = [
    { step: 'before', outcome: 'held', why: null },
    { step: 'check', outcome: 'environment', why: 'no database' },
    { step: 'restored', outcome: 'failed', why: 'status 500' },
  ] as const;
  expect(verdictOf(steps, null).verdict).toBe('failed');
  expect(verdictOf(steps.slice(0, 2), null).verdict).toBe('environment');
  expect(verdictOf(steps.slice(0, 1), 'it was interrupted')).toEqual({
    verdict: 'incomplete',
    because: 'it was interrupted',
  });
  expect(verdictOf(steps.slice(0, 1), null).verdict).toBe('held');
});
