import { rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { compareFingerprints, kindsThatDiffer, takeFingerprint } from '../../src/fingerprint/index.ts';
import { commit, entryOf, type Files, git, namesOf, requestOf, told, withFolders, write } from './support.ts';

const newFolder = withFolders();

const SHOP: Files = {
  'src/app.js': 'serve();',
  'src/cache.js': 'get(key);',
  'package.json': JSON.stringify({
    name: 'shop',
    version: '1.0.0',
    scripts: { start: 'node src/app.js' },
    dependencies: { pg: '^8.0.0' },
  }),
  'package-lock.json': JSON.stringify({
    version: '1.0.0',
    packages: { '': { version: '1.0.0' }, pg: { version: '8.1.0' } },
  }),
};

/** Two working trees of one repository: the second one after a commit. */
function twoTrees(change: Files): readonly [before: string, after: string] {
  const [before, after] = [newFolder(), join(newFolder(), 'tree')];
  git(before, 'init', '--quiet');
  const first = commit(before, SHOP, 'the shop');
  git(before, 'worktree', 'add', '--quiet', '--detach', after, first);
  commit(after, change, 'the change');
  return [before, after];
}

async function toldOf(before: string, after: string): Promise<readonly string[]> {
  const [one, other] = await Promise.all([before, after].map((cwd) => takeFingerprint(requestOf({ cwd }))));
  return told(one!, other!);
}

const manifest = JSON.parse(SHOP['package.json']!);
const lock = JSON.parse(SHOP['package-lock.json']!);

describe('two working trees of one repository', () => {
  const cases: readonly (readonly [what: string, change: Files, told: readonly string[]])[] = [
    ['nothing but the message', {}, []],
    ['one file', { 'src/cache.js': 'get(key, 60);' }, ['code commit']],
    ['many files', { 'src/a.js': '1', 'src/b.js': '2', 'src/app.js': '3' }, ['code commit']],
    ['a lock file', { 'yarn.lock': 'pg@9' }, ['dependency yarn.lock']],
    [
      'a dependency: manifest and lock file',
      {
        'package.json': JSON.stringify({ ...manifest, dependencies: { pg: '^9.0.0' } }),
        'package-lock.json': JSON.stringify({
          ...lock,
          packages: { ...lock.packages, pg: { version: '9.0.0' } },
        }),
      },
      ['dependency package-lock.json', 'dependency package.json'],
    ],
    [
      'a script of the manifest',
      { 'package.json': JSON.stringify({ ...manifest, scripts: { start: 'node src/other.js' } }) },
      ['code commit'],
    ],
    [
      'the version of the package itself',
      {
        'package.json': JSON.stringify({ ...manifest, version: '1.0.1' }),
        'package-lock.json': JSON.stringify({
          version: '1.0.1',
          packages: { ...lock.packages, '': { version: '1.0.1' } },
        }),
      },
      [],
    ],
    [
      'both code and a lock file',
      { 'src/app.js': '3', 'requirements-dev.txt': 'pytest' },
      ['code commit', 'dependency requirements-dev.txt'],
    ],
    [
      'a case and its measured runs',
      {
        'cases/slow/case.yaml': 'title: slow',
        'cases/slow/runs/1/run.json': '{}',
        'cases/slow/comparisons/1.json': '{}',
      },
      [],
    ],
  ];
  test.each(cases)('%s', async (_, change, expected) => {
    const [before, after] = twoTrees(change);
    expect(await toldOf(before, after)).toEqual(expected);
    expect(await toldOf(before, before)).toEqual([]);
  });

  test('one change of code is one kind, and both commits are named', async () => {
    const [before, after] = twoTrees({ 'src/app.js': 'better();', 'src/new.js': 'more();' });
    const [one, other] = await Promise.all([before, after].map((cwd) => takeFingerprint(requestOf({ cwd }))));
    const differences = compareFingerprints(one!, other!);
    expect(kindsThatDiffer(differences)).toEqual(['code']);
    expect(differences).toEqual([
      {
        kind: 'code',
        name: 'commit',
        before: git(before, 'rev-parse', 'HEAD'),
        after: git(after, 'rev-parse', 'HEAD'),
      },
    ]);
    expect(one?.unknown).toEqual([]);
  });

  test('a link to the working tree is the working tree', async () => {
    const [before] = twoTrees({});
    const link = join(newFolder(), 'link');
    symlinkSync(before, link);
    const env = { PATH: process.env.PATH, CONFIG: `${link}/config.json` };
    const other = { PATH: process.env.PATH, CONFIG: `${before}/config.json` };
    const one = await takeFingerprint(requestOf({ cwd: link, env }));
    expect(told(one, await takeFingerprint(requestOf({ cwd: before, env: other })))).toEqual([]);
  });
});

describe('what is not committed', () => {
  test('changed, new and removed files are named, in any subfolder, each with its own hash', async () => {
    const [before, after] = twoTrees({});
    write(after, { 'src/app.js': 'changed();', 'src/new file é.js': 'new();' });
    rmSync(join(after, 'src/cache.js'));
    expect(await toldOf(before, after)).toEqual([
      'code dirty:src/app.js',
      'code dirty:src/cache.js',
      'code dirty:src/new file é.js',
    ]);
    const taken = await takeFingerprint(requestOf({ cwd: join(after, 'src') }));
    expect(entryOf(taken, 'code', 'dirty:src/cache.js')).toBe('removed');
    expect(entryOf(taken, 'code', 'dirty:src/app.js')).toMatch(/^h:[0-9a-f]{16}$/);
  });

  test('a lock file is a dependency, never a dirty file', async () => {
    const [before, after] = twoTrees({});
    write(after, { 'package-lock.json': '{"packages":{}}' });
    expect(await toldOf(before, after)).toEqual(['dependency package-lock.json']);
  });

  test('a script of a manifest is code', async () => {
    const [before, after] = twoTrees({});
    git(before, 'reset', '--quiet', '--hard', git(after, 'rev-parse', 'HEAD'));
    write(after, { 'package.json': JSON.stringify({ ...manifest, scripts: { start: 'node --watch' } }) });
    expect(await toldOf(before, after)).toEqual(['code content']);
  });

  test('what running leaves behind, and what whystale writes, is no change', async () => {
    const [before, after] = twoTrees({ 'cases/slow/case.yaml': 'title: slow' });
    git(before, 'reset', '--quiet', '--hard', git(after, 'rev-parse', 'HEAD'));
    write(after, {
      'src/__pycache__/app.pyc': 'x',
      'node_modules/pg/index.js': 'x',
      'server.log': 'x',
      '.whystale/history.jsonl': 'x',
      'cases/slow/case.yaml': 'title: slower',
      'cases/slow/runs/2/samples.jsonl': 'x',
    });
    expect(await toldOf(before, after)).toEqual([]);
    write(after, { 'jobs/runs/code.py': 'x' });
    expect(await toldOf(before, after)).toEqual(['code dirty:jobs/runs/code.py']);
  });

  test('a repository without a commit', async () => {
    const folder = newFolder();
    git(folder, 'init', '--quiet');
    write(folder, { 'app.js': '1' });
    const taken = await takeFingerprint(requestOf({ cwd: folder }));
    expect(namesOf(taken, 'code')).toEqual(['commit', 'content', 'dirty:app.js']);
    expect(entryOf(taken, 'code', 'commit')).toBe('none yet');
  });
});

describe('where there is no repository', () => {
  test('the folder is compared by what it holds', async () => {
    const [one, other] = [newFolder(), newFolder()];
    for (const folder of [one, other]) write(folder, { ...SHOP, 'node_modules/x.js': folder });
    expect(await toldOf(one, other)).toEqual([]);
    write(other, { 'src/app.js': 'other();', 'go.sum': 'x' });
    expect(await toldOf(one, other)).toEqual(['code content', 'dependency go.sum']);
  });

  test('a folder that is not there is told, and nothing is thrown', async () => {
    const taken = await takeFingerprint(requestOf({ cwd: join(newFolder(), 'gone') }));
    expect(taken.unknown.map(({ kind }) => kind)).toContain('code');
    expect(entryOf(taken, 'machine', 'cores')).toMatch(/^\d+$/);
  });

  test('the variables of git name no other repository', async () => {
    const [before] = twoTrees({});
    const folder = newFolder();
    write(folder, { 'app.js': '1' });
    process.env.GIT_DIR = join(before, '.git');
    process.env.GIT_WORK_TREE = before;
    try {
      expect(namesOf(await takeFingerprint(requestOf({ cwd: folder })), 'code')).toEqual(['content']);
    } finally {
      delete process.env.GIT_DIR;
      delete process.env.GIT_WORK_TREE;
    }
  });
});

describe('files of variables', () => {
  test('are environment, in git or not, by variable, and secrets in them are not shown', async () => {
    const [before, after] = twoTrees({ '.env': 'MAX_AGE=60\n', '.env.example': 'MAX_AGE=1' });
    git(before, 'reset', '--quiet', '--hard', git(after, 'rev-parse', 'HEAD'));
    write(after, {
      '.env': `# how long\nexport MAX_AGE = "90" \nTOKEN='S3cret-of-mine'\nPATH=/x\nFOLDER=${after}/x # here\n`,
    });
    write(before, { '.env': `MAX_AGE=60\nFOLDER=${before}/x\n` });
    expect(await toldOf(before, after)).toEqual(['environment MAX_AGE (.env)', 'environment TOKEN (.env)']);
    const taken = await takeFingerprint(requestOf({ cwd: after }));
    expect(entryOf(taken, 'environment', 'MAX_AGE (.env)')).toBe('90');
    expect(JSON.stringify(taken)).not.toContain('S3cret-of-mine');
    commit(after, {}, 'with variables');
    expect(await toldOf(before, after)).toEqual(['environment MAX_AGE (.env)', 'environment TOKEN (.env)']);
  });
});

describe('dependency files', () => {
  test('those of the service and above it count, those beside it are code', async () => {
    const top = newFolder();
    git(top, 'init', '--quiet');
    commit(top, {
      'pnpm-lock.yaml': '1',
      'services/shop/requirements.txt': '1',
      'services/shop/requirements/base.in': '1',
      'services/shop/gradle/libs.versions.toml': '1',
      'services/other/poetry.lock': '1',
    });
    const cwd = join(top, 'services/shop');
    const before = await takeFingerprint(requestOf({ cwd }));
    expect(namesOf(before, 'dependency')).toEqual([
      'pnpm-lock.yaml',
      'services/shop/gradle/libs.versions.toml',
      'services/shop/requirements.txt',
      'services/shop/requirements/base.in',
    ]);
    commit(top, { 'services/other/poetry.lock': '2' });
    expect(told(before, await takeFingerprint(requestOf({ cwd })))).toEqual(['code commit']);
  });

  test('that there are none is told', async () => {
    const taken = await takeFingerprint(requestOf({ cwd: newFolder() }));
    expect(taken.unknown).toContainEqual({
      kind: 'dependency',
      what: 'lock files',
      why: 'none in the folder or above it',
    });
  });
});
