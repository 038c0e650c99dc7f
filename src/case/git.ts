/** Revisions of a git repository, asked of git itself. */
import { execFile } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { isAbsolute, relative, sep } from 'node:path';
import type { RunOn } from './checklist-contract.ts';

const TIMEOUT_MS = 10_000;
const MAX_ANSWER_BYTES = 64 << 20;

/** `commit`: its full name. `none`: no commit of this name. `no-repository`: the folder is in none. `no-git`: git could not be
 * run, and why. */
export type Revision =
  | { readonly is: 'commit'; readonly id: string }
  | { readonly is: 'none' }
  | { readonly is: 'no-repository' }
  | { readonly is: 'no-git'; readonly why: string };

/** Looks a revision up in the repository around a folder. Never throws. */
export async function revisionIn(folder: string, revision: string): Promise<Revision> {
  const found = await git(folder, [
    'rev-parse',
    '--verify',
    '--quiet',
    '--end-of-options',
    `${revision}^{commit}`,
  ]);
  if (found.ok) return { is: 'commit', id: found.out.trim() };
  if (found.why !== null) return { is: 'no-git', why: found.why };
  const inside = await git(folder, ['rev-parse', '--git-dir']);
  return inside.ok ? { is: 'none' } : { is: 'no-repository' };
}

interface Answer {
  readonly ok: boolean;
  readonly out: string;
  readonly err: string;
  /** Why git could not be run; null: it ran. */
  readonly why: string | null;
}

function git(cwd: string, args: readonly string[], input = ''): Promise<Answer> {
  return new Promise((done) => {
    const options = { cwd, timeout: TIMEOUT_MS, maxBuffer: MAX_ANSWER_BYTES, env: ownRepository() };
    const child = execFile('git', [...args], options, (error, out, err) => {
      if (error === null) return done({ ok: true, out, err, why: null });
      done({ ok: false, out, err, why: failureOf(error) });
    });
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });
}

/** Within a hook of another repository, variables would name that one. */
function ownRepository(): NodeJS.ProcessEnv {
  const { GIT_DIR, GIT_WORK_TREE, GIT_INDEX_FILE, GIT_PREFIX, ...env } = process.env;
  // A question for a password would wait for ever.
  return { ...env, GIT_TERMINAL_PROMPT: '0', GIT_OPTIONAL_LOCKS: '0', LC_ALL: 'C' };
}

/** The commit that is checked out around a folder, and whether files outside of `besides` differ from it; null: none. */
export async function checkedOut(folder: string, besides: string): Promise<RunOn | null> {
  const head = await revisionIn(folder, 'HEAD');
  if (head.is !== 'commit') return null;
  const status = await git(folder, [
    'status',
    '--porcelain',
    '--untracked-files=no',
    ...(await without(folder, besides)),
  ]);
  return { commit: head.id, dirty: !status.ok || status.out.trim() !== '' };
}

/** Whether two commits hold the same, but for what is in the folder `besides`. */
export async function holdSame(folder: string, besides: string, a: string, b: string): Promise<boolean> {
  if (a === b) return true;
  return (await git(folder, ['diff', '--quiet', a, b, ...(await without(folder, besides))])).ok;
}

/** Arguments that leave a folder out; none where it is in another repository. */
async function without(folder: string, besides: string): Promise<readonly string[]> {
  const top = await git(folder, ['rev-parse', '--show-toplevel']);
  const root = top.out.replace(/\r?\n$/, '');
  const within = relative(root, realpathOf(besides)).split(sep).join('/');
  const all = ['--', ':(top)'];
  if (!top.ok || within === '' || within.startsWith('../') || isAbsolute(within)) return all;
  return [...all, `:(top,exclude,literal)${within}`];
}

function realpathOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/** Whether a commit holds another one. */
export async function isWithin(folder: string, older: string, newer: string): Promise<boolean> {
  return (await git(folder, ['merge-base', '--is-ancestor', older, newer])).ok;
}

/** `fits`: it may be made. */
export async function tagState(folder: string, tag: string): Promise<'fits' | 'exists' | 'no-name'> {
  if (tag.startsWith('-') || !(await git(folder, ['check-ref-format', `refs/tags/${tag}`])).ok)
    return 'no-name';
  return (await git(folder, ['show-ref', '--verify', '--quiet', `refs/tags/${tag}`])).ok ? 'exists' : 'fits';
}

/** Makes an annotated tag, which must not exist. Gives what went wrong; null: nothing. */
export async function makeTag(
  folder: string,
  { tag, commit, message }: { readonly tag: string; readonly commit: string; readonly message: string },
): Promise<string | null> {
  const made = await git(folder, ['tag', '-a', '--cleanup=verbatim', '-F', '-', '--', tag, commit], message);
  if (made.ok) return null;
  const said = made.err
    .trim()
    .split('\n')
    .filter((line) => /^(?:fatal|error)/.test(line));
  return made.why ?? said.at(-1) ?? made.err.trim().split('\n').at(-1) ?? 'git tag failed';
}

/** Null: git ran and said no. */
function failureOf(error: Error & { readonly code?: unknown; readonly killed?: boolean }): string | null {
  if (error.killed === true) return 'git took too long';
  if (typeof error.code === 'number') return null;
  return error.code === 'ENOENT' ? 'git is not installed, or the folder does not exist' : String(error.code);
}
