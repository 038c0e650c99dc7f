/** Asking git, within bounds and without the caller's GIT_… variables, which may name another repository. */
import { execFile } from 'node:child_process';

/** Longest time for one question, ms. */
const GIT_LIMIT_MS = 10_000;
/** Longest answer: the file list of a repository with some hundred thousand files. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

/**
 * The answer of git in a folder.
 *
 * @throws Error with git's own words when it fails, is not there, or takes too long
 */
export function askGit(folder: string, words: readonly string[]): Promise<string> {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('GIT_'));
  const env = {
    ...Object.fromEntries(inherited),
    // Reading must not take the index lock that somebody's commit needs.
    GIT_OPTIONAL_LOCKS: '0',
    GIT_TERMINAL_PROMPT: '0',
    LC_ALL: 'C',
  };
  const args = ['-c', 'core.fsmonitor=false', '-c', 'core.quotepath=false', ...words];
  return new Promise((resolve, reject) => {
    execFile(
      'git',
      args,
      { cwd: folder, env, timeout: GIT_LIMIT_MS, maxBuffer: MAX_ANSWER_BYTES, encoding: 'utf8' },
      (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else reject(gitFailure(error, stderr, words[0] ?? ''));
      },
    ).stdin?.end();
  });
}

function gitFailure(
  error: Error & { killed?: boolean; code?: unknown },
  stderr: string,
  word: string,
): Error {
  if (error.code === 'ENOENT') return new Error('git is not on PATH, or the folder is not there');
  if (error.killed === true) return new Error(`git ${word} gave no answer within ${GIT_LIMIT_MS / 1000} s`);
  const [line = ''] = stderr.trim().split('\n');
  return new Error(line || `git ${word} failed`);
}

/** The repository that a folder is in. */
export interface Repository {
  /** The top of the working tree, absolute, links resolved. */
  readonly root: string;
  /** The commit that is checked out; null: there is none yet. */
  readonly commit: string | null;
}

/**
 * The working tree around a folder; null when there is none.
 *
 * @throws Error when that cannot be told: no git, a repository of somebody else
 */
export async function findRepository(folder: string): Promise<Repository | null> {
  let root: string;
  try {
    root = (await askGit(folder, ['rev-parse', '--show-toplevel'])).replace(/\r?\n$/, '');
  } catch (error) {
    if (/not a git repository|must be run in a work tree/.test((error as Error).message)) return null;
    throw error;
  }
  const commit = await askGit(folder, ['rev-parse', '--verify', '--quiet', 'HEAD^{commit}']).catch(() => '');
  return { root, commit: commit.trim() || null };
}
