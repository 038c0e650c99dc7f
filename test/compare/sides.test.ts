import { execFile } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Case } from '../../src/case/contract.ts';
import { parseCase } from '../../src/case/read.ts';
import { install, linkMissing, missingIn } from '../../src/compare/carried.ts';
import { relocatedCase, relocatedText } from '../../src/compare/relocate.ts';
import { repositorySides, type WantedRevisions } from '../../src/compare/sides.ts';
import { makeWorktrees, sweepWorktrees, WORKTREES_PREFIX } from '../../src/compare/worktrees.ts';
import { type TestRepository, temporaryFolder, temporaryRepository } from './repository.ts';

const NOTHING_SAID: WantedRevisions = { before: null, after: null };
const never = new AbortController().signal;

function caseIn(root: string, yaml: string): Case {
  const file = join(root, 'cases/slow/case.yaml');
  mkdirSync(dirname(file), { recursive: true });
  const text = `input: GET /\n${yaml}`;
  writeFileSync(file, text);
  return parseCase(text, file, {});
}

const SERVICE = 'service: { command: node app.js, cwd: ../.. }\n';

async function laid(repository: TestRepository, given: WantedRevisions = NOTHING_SAID, yaml = SERVICE) {
  const measured = caseIn(repository.root, yaml);
  const sides = await repositorySides(measured, given);
  const trees = await makeWorktrees(sides, never);
  onTestFinished(() => trees.remove());
  const read = (side: 'before' | 'after', path: string) =>
    readFileSync(join(trees.folders[side], path), 'utf8');
  return { measured, sides, trees, read };
}

describe('the sides', () => {
  test('are the last commit and the one before it, where nothing is said and nothing is changed', async () => {
    const repository = temporaryRepository();
    const first = repository.commit({ 'app.js': 'one' });
    const second = repository.commit({ 'app.js': 'two' });
    const { sides, read } = await laid(repository);
    expect(sides.revisions.before).toMatchObject({
      commit: first,
      laidOver: null,
      shown: `HEAD~1 (${first.slice(0, 7)})`,
    });
    expect(sides.revisions.after).toMatchObject({ commit: second, laidOver: [] });
    expect(sides.notices.join('\n')).toMatch(/no uncommitted changes[\s\S]*no uncommitted changes/);
    expect([read('before', 'app.js'), read('after', 'app.js')]).toEqual(['one', 'two']);
  });

  test('are the last commit and the working tree, where there are uncommitted changes', async () => {
    const repository = temporaryRepository();
    repository.commit({ 'app.js': 'one', 'old.js': 'old', 'link.js': 'a file', '.gitignore': '*.secret\n' });
    repository.write({
      'app.js': 'changed',
      'new/more.js': 'new',
      'kept.secret': 'ignored',
      'run.log': 'left behind',
    });
    repository.git('rm', '-q', 'old.js');
    repository.git('rm', '-q', 'link.js');
    symlinkSync('app.js', join(repository.root, 'link.js'));
    const { sides, trees, read } = await laid(repository);
    expect(sides.revisions.before.shown).toMatch(/^HEAD \(/);
    expect(sides.revisions.after.shown).toMatch(/^working tree \([0-9a-f]{7}, 4 changed files\)$/);
    expect(read('before', 'app.js')).toBe('one');
    expect(read('after', 'app.js')).toBe('changed');
    expect(read('after', 'new/more.js')).toBe('new');
    expect(readlinkSync(join(trees.folders.after, 'link.js'))).toBe('app.js');
    for (const gone of ['old.js', 'kept.secret', 'run.log', 'cases'])
      expect(existsSync(join(trees.folders.after, gone)), gone).toBe(false);
  });

  test('are what the case says, unless the command line does', async () => {
    const repository = temporaryRepository();
    const ids = ['one', 'two', 'three'].map((text) => repository.commit({ 'app.js': text }));
    const yaml = `${SERVICE}change: { before: HEAD~2, after: HEAD~1 }\n`;
    const of = async (given: WantedRevisions) => {
      const { revisions, notices } = await repositorySides(caseIn(repository.root, yaml), given);
      expect(notices).toEqual([]);
      return [revisions.before.commit, revisions.after.commit];
    };
    expect(await of(NOTHING_SAID)).toEqual([ids[0], ids[1]]);
    expect(await of({ before: null, after: 'main' })).toEqual([ids[0], ids[2]]);
    expect(await of({ before: 'HEAD~1', after: null })).toEqual([ids[1], ids[1]]);
  });

  test('are a revision and the commit before it, where only after is said', async () => {
    const repository = temporaryRepository();
    const first = repository.commit({ 'app.js': 'one' });
    repository.git('branch', 'fix');
    const { revisions } = await repositorySides(caseIn(repository.root, SERVICE), {
      before: null,
      after: repository.commit({ 'app.js': 'two' }),
    });
    expect(revisions.before.commit).toBe(first);
  });

  test.each<[string, WantedRevisions, string]>([
    ['no such name', { before: 'nowhere', after: null }, 'WSE762'],
    ['a name that is an option', { before: '--all', after: null }, 'WSE762'],
    ['no commit before the first', { before: null, after: 'HEAD' }, 'WSE762'],
  ])('cannot be %s', async (_, given, code) => {
    const repository = temporaryRepository();
    repository.commit({ 'app.js': 'one' });
    await expect(repositorySides(caseIn(repository.root, SERVICE), given)).rejects.toMatchObject({
      facts: { code },
    });
  });

  test('need a repository', async () => {
    const folder = temporaryFolder();
    await expect(repositorySides(caseIn(folder, SERVICE), NOTHING_SAID)).rejects.toMatchObject({
      facts: { code: 'WSE761' },
    });
  });
});

describe('worktrees', () => {
  test('are gone at the end, and hooks of the user are not run', async () => {
    const repository = temporaryRepository();
    repository.commit({ 'app.js': 'one' });
    repository.commit({ 'app.js': 'two' });
    const hook = join(repository.root, '.git/hooks/post-checkout');
    writeFileSync(hook, `#!/bin/sh\ntouch ${repository.root}/hooked\n`, { mode: 0o755 });
    const { trees } = await laid(repository);
    trees.remove();
    expect(existsSync(dirname(trees.folders.before))).toBe(false);
    expect(repository.git('worktree', 'list').split('\n')).toHaveLength(1);
    expect(existsSync(join(repository.root, 'hooked'))).toBe(false);
  });

  test('of a killed run are taken away by the next; those of the user stay, even missing ones', async () => {
    const repository = temporaryRepository();
    repository.commit({ 'app.js': 'one' });
    const parent = temporaryFolder();
    const killed = join(parent, `${WORKTREES_PREFIX}killed`);
    mkdirSync(killed);
    writeFileSync(join(killed, 'owner'), `${await endedProcess()} 1\n`);
    repository.git('worktree', 'add', '-q', '--detach', join(killed, 'before'));
    const own = join(parent, 'of-the-user');
    repository.git('worktree', 'add', '-q', '--detach', own);
    rmSync(own, { recursive: true });
    const running = join(parent, `${WORKTREES_PREFIX}running`);
    mkdirSync(running);
    writeFileSync(join(running, 'owner'), `${process.pid} -\n`);
    repository.git('worktree', 'add', '-q', '--detach', join(running, 'before'));

    await sweepWorktrees(repository.root, parent);

    expect(readdirSync(parent)).toEqual([basename(running)]);
    const listed = repository.git('worktree', 'list');
    expect(listed).toContain(own);
    expect(listed).toContain(running);
    expect(listed).not.toContain(killed);
  });

  test('are not made once it is interrupted, and nothing is left', async () => {
    const repository = temporaryRepository();
    repository.commit({ 'app.js': 'one' });
    repository.commit({ 'app.js': 'two' });
    const sides = await repositorySides(caseIn(repository.root, SERVICE), NOTHING_SAID);
    const ours = () => readdirSync(tmpdir()).filter((name) => name.startsWith(WORKTREES_PREFIX));
    const before = ours();
    await expect(makeWorktrees(sides, AbortSignal.abort())).rejects.toThrow();
    expect(ours().filter((name) => !before.includes(name))).toEqual([]);
    expect(repository.git('worktree', 'list').split('\n')).toHaveLength(1);
  });
});

function endedProcess(): Promise<number> {
  return new Promise((resolve) => {
    const child = execFile('true', () => resolve(child.pid ?? 0));
  });
}

describe('what git does not carry', () => {
  const layoutOf = async (repository: TestRepository, yaml = SERVICE) => {
    const { sides, trees } = await laid(repository, NOTHING_SAID, yaml);
    return (side: 'before' | 'after') => ({
      root: sides.root,
      inner: sides.inner,
      tree: trees.folders[side],
      side,
    });
  };

  test('is linked where the lock files are the same', async () => {
    const repository = temporaryRepository();
    repository.commit({
      'app.js': 'one',
      'package-lock.json': '{"a":1}',
      '.gitignore': 'node_modules\n.env\n',
    });
    repository.commit({ 'app.js': 'two', 'package.json': '{"scripts":{"start":"node app.js"}}' });
    repository.write({ 'node_modules/pg/index.js': 'pg', '.env': 'TTL=3' });
    const layout = (await layoutOf(repository))('before');
    const missing = await missingIn(layout);
    expect(missing).toEqual({ links: ['.env', 'node_modules'], unfit: null });
    expect(linkMissing(layout, missing.links)).toEqual(['.env', 'node_modules']);
    expect(readFileSync(join(layout.tree, 'node_modules/pg/index.js'), 'utf8')).toBe('pg');
  });

  test('does not fit a side with another lock file', async () => {
    const repository = temporaryRepository();
    repository.commit({ 'app.js': 'one', 'package-lock.json': '{"a":1}', '.gitignore': 'node_modules\n' });
    repository.commit({ 'package-lock.json': '{"a":2}' });
    repository.write({ 'node_modules/pg/index.js': 'pg' });
    const layout = await layoutOf(repository);
    expect((await missingIn(layout('before'))).unfit).toBe(
      'package-lock.json is not the same there as beside node_modules',
    );
    expect((await missingIn(layout('after'))).unfit).toBeNull();
  });

  test('does not fit where it leads back to code of the repository', async () => {
    const repository = temporaryRepository();
    repository.commit({ 'packages/own/index.js': 'one', '.gitignore': 'node_modules\nvenv\n' });
    repository.commit({ 'packages/own/index.js': 'two' });
    mkdirSync(join(repository.root, 'node_modules/@own'), { recursive: true });
    symlinkSync('../../packages/own', join(repository.root, 'node_modules/@own/own'));
    expect((await missingIn((await layoutOf(repository))('before'))).unfit).toMatch(
      /leads back to code .*\(packages\/own\)/,
    );
  });

  test('does not fit where Python loads the repository itself', async () => {
    const repository = temporaryRepository();
    repository.commit({ 'app.py': 'one', '.gitignore': '.venv\n' });
    repository.commit({ 'app.py': 'two' });
    repository.write({
      '.venv/lib/python3.11/site-packages/__editable__.app.pth': `${repository.root}/src\n`,
    });
    expect((await missingIn((await layoutOf(repository))('before'))).unfit).toMatch(/__editable__.app.pth/);
  });

  test('is installed by a command in the service’s folder of the side', async () => {
    const repository = temporaryRepository();
    repository.commit({ 'app/app.js': 'one' });
    repository.commit({ 'app/app.js': 'two' });
    const layout = (await layoutOf(repository, 'service: { command: node app.js, cwd: ../../app }\n'))(
      'before',
    );
    await install(['sh', '-c', 'cat app.js > installed'], layout, process.env, never);
    expect(readFileSync(join(layout.tree, 'app/installed'), 'utf8')).toBe('one');
    await expect(
      install(['sh', '-c', 'echo no network; exit 3'], layout, process.env, never),
    ).rejects.toMatchObject({
      facts: {
        code: 'WSE765',
        what: expect.stringMatching(/side before ended with exit code 3\.[\s\S]*no network/),
      },
    });
  });

  test('is looked for in the service’s folder and above it', async () => {
    const repository = temporaryRepository();
    const yaml = 'service: { command: node app.js, cwd: ../../services/shop }\n';
    repository.commit({ 'services/shop/app.js': 'one', '.gitignore': 'node_modules\n.env\n' });
    repository.commit({ 'services/shop/app.js': 'two' });
    repository.write({
      'services/shop/.env': 'A=1',
      'services/.env': 'B=1',
      'node_modules/x/x.js': '',
      'other/.env': '',
    });
    const layout = (await layoutOf(repository, yaml))('after');
    expect((await missingIn(layout)).links).toEqual(['services/shop/.env', 'services/.env', 'node_modules']);
  });
});

describe('a case on one side', () => {
  test('runs in that side’s folder, with that side’s paths', async () => {
    const repository = temporaryRepository();
    repository.commit({
      'app.js': 'one',
      'src/lib.js': '',
      'db/schema.sql': 'select 1',
      'cases/slow/data.sql': 'old',
    });
    repository.commit({ 'db/schema.sql': 'select 2' });
    repository.write({ 'cases/slow/data.sql': 'mine' });
    const { root } = repository;
    const yaml = `service:
  command: node ${root}/app.js --config=${root}/not-in-git.json
  cwd: ../..
  env: { LIB: "${root}/src:/usr/lib", OTHER: "${root}-other/src" }
setup: [../../db/schema.sql, data.sql, { command: "node ${root}/app.js" }]
`;
    const { measured, trees } = await laid(repository, NOTHING_SAID, yaml);
    const tree = trees.folders.before;
    const moved = relocatedCase(measured, {
      roots: [root],
      tree,
      other: trees.folders.after,
      installs: false,
      caseFolder: measured.folder,
    });
    expect(moved.service).toMatchObject({
      cwd: tree,
      command: ['node', `${tree}/app.js`, `--config=${root}/not-in-git.json`],
      env: { LIB: `${tree}/src:/usr/lib`, OTHER: `${root}-other/src` },
    });
    expect(moved.setup).toMatchObject([
      { file: `${tree}/db/schema.sql`, text: 'select 1' },
      { file: `${root}/cases/slow/data.sql`, text: 'mine' },
      { command: ['node', `${tree}/app.js`] },
    ]);
  });

  test('leaves text alone that only looks like a path of the repository', () => {
    const tree = temporaryFolder();
    const to = { roots: ['/srv/app'], tree, other: tree, installs: false, caseFolder: '/srv/app/cases/x' };
    for (const text of ['/srv/app2', '/mnt/srv/app/x', 'http://host/srv/application', '/srv/app/missing.js'])
      expect(relocatedText(text, to)).toBe(text);
    expect(relocatedText('--root=/srv/app', to)).toBe(`--root=${tree}`);
    const path = '/srv/app/.venv/bin:/usr/bin';
    expect(relocatedText(path, to)).toBe(path);
    expect(relocatedText(path, { ...to, installs: true })).toBe(`${tree}/.venv/bin:/usr/bin`);
  });
});
