/** `compare` on a real service in a git repository: a real gain, a sham one, two variables at once, and what is cut short. */
import { copyFileSync, existsSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Comparison } from '../../src/compare/contract.ts';
import { readRun, readSamples } from '../../src/measure/read.ts';
import { repositoryIn, type TestRepository } from '../compare/repository.ts';
import { eventually, processesIn, withWhystale } from '../support/cli.ts';
import { thoroughly } from '../support/thorough.ts';

const SERVICE = resolve(import.meta.dirname, 'compare-service.mjs');
const MODULES = resolve(import.meta.dirname, '../../node_modules');
const SQL = `CREATE TABLE items (id int PRIMARY KEY, name text NOT NULL, price numeric(10,2) NOT NULL);
INSERT INTO items SELECT i, 'item number ' || i, i * 1.25 FROM generate_series(1, 50) i;`;
const CASE = `title: The item is slow
input: GET /items/7
expected: { path: $.price, value: 8.75 }
change: { what: the query is mended, kind: code }
rollback: git revert HEAD
service:
  command: node service.mjs
  cwd: ../..
  env: { PORT: "{port}", REDIS_URL: "{redis}", DATABASE_URL: "{postgres}" }
  ready: GET /healthz
setup: schema.sql
load: { rate: 20/s, seconds: 2, cold: 20, warmup: 2 }
`;

const RACE = `service:
  command: node service.mjs
  cwd: ../..
  env: { PORT: "{port}", REDIS_URL: "{redis}", DATABASE_URL: "{postgres}" }
  ready: GET /healthz
setup: schema.sql
reset: { sql: reset.sql }
actors: { reader: GET /items/7, writer: PUT /items/7 }
oracle: { request: GET /items/7, path: $.price, sql: "select price from items where id = 7" }
limits: { executions: 200, seconds: 60 }
`;

const whystale = withWhystale();

/** How long the query takes, and how long its key lives. At 1 ms every request misses; at 0 there is no cache. */
const policy = (queryMs: number, ttlMs: number) => ({ 'policy.json': JSON.stringify({ queryMs, ttlMs }) });

/** A repository with one commit of the service, its dependencies installed and not in git, and a case. */
function shop(files: Readonly<Record<string, string>>): TestRepository {
  const repository = repositoryIn(whystale.folder('shop'));
  const { root } = repository;
  copyFileSync(SERVICE, join(root, 'service.mjs'));
  symlinkSync(MODULES, join(root, 'node_modules'));
  repository.commit({
    '.gitignore': 'node_modules\n',
    'cases/slow/case.yaml': CASE,
    'cases/slow/schema.sql': SQL,
    ...files,
  });
  return repository;
}

function kept({ root }: TestRepository): { readonly folder: string; readonly comparison: Comparison } {
  const place = join(root, 'cases/slow/comparisons');
  const names = readdirSync(place);
  expect(names).toHaveLength(1);
  const folder = join(place, names[0]!);
  return {
    folder,
    comparison: JSON.parse(readFileSync(join(folder, 'comparison.json'), 'utf8')) as Comparison,
  };
}

/** Nothing of ours is left: no worktree, no folder, no process. */
function expectNothingLeft({ root, git }: TestRepository): void {
  expect(git('worktree', 'list').split('\n')).toHaveLength(1);
  for (const name of readdirSync(tmpdir()).filter((one) => one.startsWith('whystale-compare-'))) {
    const [owner] = existsSync(join(tmpdir(), name, 'owner'))
      ? readFileSync(join(tmpdir(), name, 'owner'), 'utf8').split(' ')
      : [''];
    // Other tests may be comparing.
    expect(owner === '' || existsSync(`/proc/${owner}`), name).toBe(true);
  }
  expect(processesIn(root)).toEqual([]);
  expect(git('status', '--porcelain', '--', '.', ':!cases')).toBe('');
}

function effect({ effects }: Comparison, phase: string, metric: string) {
  return effects.find((one) => one.phase === phase && one.metric === metric && one.among === 'all');
}

describe('compare', () => {
  test('a faster query is better, and shows it cold and warm', async () => {
    const repository = shop(policy(60, 1));
    repository.commit(policy(2, 1));

    const end = await whystale.run(['compare', 'slow', '--rounds', '4', '--report', 'markdown=compare.md'], {
      cwd: repository.root,
    });

    expect(end.stderr).not.toContain('error');
    expect(end.stdout).toMatch(/^better {3}The cold median fell/);
    expect(end.exitCode).toBe(0);
    const { folder, comparison } = kept(repository);
    expect(comparison).toMatchObject({ verdict: 'better', gain: 'faster-work', complete: true, race: null });
    for (const phase of ['cold', 'warm']) expect(effect(comparison, phase, 'p50')!.verdict).toBe('better');
    expect(comparison.differences).toMatchObject([
      { kind: 'code', name: 'commit', allowed: 'the change (code)' },
    ]);
    expect(comparison.sides.before.source).toMatch(/^HEAD~1 \(/);
    for (const side of ['before', 'after'] as const) {
      const run = readRun(join(folder, side));
      expect(run).toMatchObject({ label: side, complete: true, cold: { requests: 20, hits: 0, errors: 0 } });
      expect(readSamples(join(folder, side))).toHaveLength(20 + 40);
    }
    for (const file of ['cold-ecdf.svg', 'warm-ecdf.svg', 'box.svg'])
      expect(readFileSync(join(folder, file), 'utf8')).toContain('after');
    expect(end.stdout).toContain('Next  $ whystale case close slow');
    expect(readFileSync(join(repository.root, 'compare.md'), 'utf8')).toMatch(/^## slow: better/);
    const show = await whystale.run(['case', 'show', 'slow'], { cwd: repository.root });
    expect(show.stdout).toContain('The cold median fell');
    repository.git('checkout', '-q', '--', '.');
    repository.git('clean', '-qfd', '--', 'compare.md');
    expectNothingLeft(repository);
  });

  test('a key that only lives longer is no gain: more hits, not faster work', async () => {
    const repository = shop(policy(60, 1));
    repository.write(policy(60, 600_000));

    const end = await whystale.run(['compare', 'slow', '--rounds', '4', '--json'], { cwd: repository.root });

    const comparison = JSON.parse(end.stdout) as Comparison;
    expect(comparison).toMatchObject({ verdict: 'no-difference', gain: 'more-hits', complete: true });
    expect(end.exitCode).toBe(0);
    expect(comparison.because).toContain('more hits alone');
    expect(effect(comparison, 'warm', 'p50')!.verdict).toBe('better');
    expect(effect(comparison, 'warm', 'hit-ratio')!.effect).toBeGreaterThan(0.5);
    expect(effect(comparison, 'warm', 'source-calls')!.effect).toBeLessThan(-0.3);
    expect(comparison.sides.before.source).toMatch(/^HEAD \(/);
    expect(comparison.sides.after.source).toMatch(/^working tree \(.*1 changed file\)/);
    expect(comparison.differences).toMatchObject([{ kind: 'code', name: 'dirty:policy.json' }]);
  });

  test('a change of two variables is refused before anything is measured, with both named', async () => {
    const lock = (version: string) => ({
      'package-lock.json': JSON.stringify({
        lockfileVersion: 3,
        packages: { 'node_modules/pg': { version } },
      }),
    });
    const repository = shop({ ...policy(60, 1), ...lock('8.11.0'), '.env': 'POOL=4\n' });
    repository.commit({ ...policy(2, 1), ...lock('8.16.0') });

    const end = await whystale.run(['compare', 'slow'], { cwd: repository.root });

    expect(end.exitCode).toBe(3);
    expect(end.stdout).toMatch(/^not-comparable {3}More than the one change differs/);
    expect(end.stdout.replaceAll(/\s+/g, ' ')).toContain(
      'besides code (commit) also dependency (package-lock.json)',
    );
    expect(end.stdout).toContain('Next  $ whystale compare slow --allow package-lock.json');
    expect(kept(repository).comparison).toMatchObject({
      verdict: 'not-comparable',
      complete: false,
      blocks: 0,
      differences: [
        { kind: 'code', name: 'commit', allowed: 'the change (code)' },
        { kind: 'dependency', name: 'package-lock.json', allowed: null },
      ],
    });
    const allowed = await whystale.run(['compare', 'slow', '--allow', 'dependency'], {
      cwd: repository.root,
    });
    expect(allowed.exitCode).toBe(2);
    expect(allowed.stderr).toContain('WSE764');
    expect(allowed.stderr).toContain('--install');

    repository.commit({ ...lock('8.11.0'), '.env': 'POOL=8\n' });
    const variables = await whystale.run(['compare', 'slow', '--before', 'HEAD~2', '--json'], {
      cwd: repository.root,
    });
    expect(variables.exitCode).toBe(3);
    const refused = JSON.parse(variables.stdout) as Comparison;
    expect(refused.because).toContain('besides code (commit) also environment (POOL (.env))');
    expect(refused.sides.before.engine.postgres).not.toBeNull();
    expectNothingLeft(repository);
  });

  test('Ctrl-C ends with what is known, and never with better', async () => {
    const repository = shop(policy(60, 1));
    repository.commit(policy(2, 1));
    const running = whystale.start(['compare', 'slow', '--rounds', '60', '--seconds', '24', '--json'], {
      cwd: repository.root,
    });
    await measuring(repository);

    const end = await running.interrupt();

    expect(end.exitCode).toBe(3);
    const comparison = JSON.parse(end.stdout) as Comparison;
    expect(comparison).toMatchObject({ complete: false, ended: 'It was interrupted.' });
    expect(comparison.verdict).not.toBe('better');
    expect(comparison.because).toMatch(/^It was interrupted\. \d+ of 60 pairs of turns were measured\./);
    expect(comparison.sides.after.cold!.requests).toBeGreaterThan(0);
    expect(kept(repository).comparison.complete).toBe(false);
    expectNothingLeft(repository);
  });

  thoroughly('a service that dies half way leaves what was measured, and that is said', async () => {
    const repository = shop(policy(2, 1));
    repository.commit(policy(60, 1));
    const running = whystale.start(['compare', 'slow', '--rounds', '60', '--seconds', '24'], {
      cwd: repository.root,
    });
    const after = await measuring(repository);
    for (const pid of after) process.kill(pid, 'SIGKILL');

    const end = await running.end();

    expect(end.exitCode).toBe(3);
    const { folder, comparison } = kept(repository);
    expect(comparison).toMatchObject({
      complete: false,
      ended: 'The service of the side after ended with signal SIGKILL.',
    });
    expect(end.stdout.replaceAll(/\s+/g, ' ')).toContain(
      'The service of the side after ended with signal SIGKILL.',
    );
    expect(readRun(join(folder, 'after')).complete).toBe(false);
    expect(readSamples(join(folder, 'after')).length).toBeGreaterThan(0);
    expectNothingLeft(repository);
  });

  thoroughly('a cache that is never told of a write is faster and wrong', async () => {
    const repository = shop(policy(60, 1));
    repository.write({
      'cases/slow/case.yaml': `${CASE}race: race.yaml\n`,
      'cases/slow/reset.sql': 'UPDATE items SET price = 1 WHERE id = 7',
      'cases/slow/race.yaml': RACE,
    });
    repository.commit(policy(60, 0));
    repository.commit(policy(2, 600_000));

    const end = await whystale.run(['compare', 'slow', '--rounds', '4', '--seconds', '0.8', '--json'], {
      cwd: repository.root,
    });

    expect(end.exitCode).toBe(1);
    const comparison = JSON.parse(end.stdout) as Comparison;
    expect(comparison).toMatchObject({
      verdict: 'worse',
      race: { before: { verdict: 'valid' }, after: { verdict: 'invalid', causes: ['WS101'] } },
    });
    expect(comparison.because).toContain('Faster and wrong is worse');
  });
});

/** Waits until both sides were measured; gives the processes of the service of the side after. */
async function measuring({ root }: TestRepository): Promise<readonly number[]> {
  const comparisons = join(root, 'cases/slow/comparisons');
  const samples = (side: string) =>
    existsSync(comparisons)
      ? readdirSync(comparisons).flatMap((name) => readSamples(join(comparisons, name, side)))
      : [];
  await eventually(
    'both sides are measured',
    () => samples('after').length > 5 && samples('before').length > 5,
  );
  const [tree = ''] = repositoryIn(root)
    .git('worktree', 'list', '--porcelain')
    .split('\n')
    .flatMap((line) => (/^worktree .*\/after$/.test(line) ? [line.slice('worktree '.length)] : []));
  return processesIn(tree);
}
