/** Requests, and git repositories in folders that go when the test file is over. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll } from 'vitest';
import type { VariableKind } from '../../src/case/contract.ts';
import { compareFingerprints, type Difference, type Fingerprint } from '../../src/fingerprint/index.ts';
import type { FingerprintRequest } from '../../src/fingerprint/request.ts';

export const SALT = Buffer.from('the same on both sides');

export function requestOf(
  request: Partial<FingerprintRequest> & { readonly cwd: string },
): FingerprintRequest {
  return {
    env: { PATH: process.env.PATH },
    inherited: [],
    redis: null,
    postgres: null,
    salt: SALT,
    command: [],
    at: '2026-03-01T09:00:00.000Z',
    ...request,
  };
}

/** An entry's value; undefined: there is none. */
export function entryOf(
  fingerprint: Fingerprint,
  kind: VariableKind,
  name: string,
): string | null | undefined {
  return fingerprint.entries.find((entry) => entry.kind === kind && entry.name === name)?.value;
}

export function namesOf(fingerprint: Fingerprint, kind: VariableKind): readonly string[] {
  return fingerprint.entries.filter((entry) => entry.kind === kind).map(({ name }) => name);
}

/** `kind name` of each difference. */
export function told(before: Fingerprint, after: Fingerprint): readonly string[] {
  return compareFingerprints(before, after).map(({ kind, name }: Difference) => `${kind} ${name}`);
}

/** Folders of this test file. */
export function withFolders(): () => string {
  const folders: string[] = [];
  afterAll(() => {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  });
  return () => {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), 'whystale-test-')));
    folders.push(folder);
    return folder;
  };
}

export type Files = Readonly<Record<string, string>>;

export function write(folder: string, files: Files): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}

export function git(folder: string, ...words: readonly string[]): string {
  const names = ['-c', 'user.name=t', '-c', 'user.email=t@example.test', '-c', 'init.defaultBranch=main'];
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('GIT_')));
  return execFileSync('git', [...names, ...words], {
    cwd: folder,
    env: { ...env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null' },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  }).trim();
}

/** Writes the files and commits all there is; the commit's id. */
export function commit(folder: string, files: Files, message = 'change'): string {
  write(folder, files);
  git(folder, 'add', '--all');
  git(folder, 'commit', '--quiet', '--allow-empty', '--message', message);
  return git(folder, 'rev-parse', 'HEAD');
}
