/** What is asked of git to lay out both sides. Slow questions (a checkout) have their own bound and can be broken off. */
import { execFile } from 'node:child_process';

/** A checkout of a large repository on a slow disk. */
const CHECKOUT_LIMIT_MS = 10 * 60_000;
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

/** Settings under which nothing of the user's is run or waited for. */
const SETTINGS = [
  '-c',
  'core.hooksPath=/dev/null',
  '-c',
  'core.fsmonitor=false',
  '-c',
  'core.quotepath=false',
];

/** Without the caller's GIT_… variables, which may name another repository. */
export function gitEnvironment(): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('GIT_'));
  return { ...Object.fromEntries(inherited), GIT_TERMINAL_PROMPT: '0', LC_ALL: 'C' };
}

export function gitWords(words: readonly string[]): readonly string[] {
  return [...SETTINGS, ...words];
}

/**
 * Git's answer.
 *
 * @throws Error with git's last words
 */
export function git(folder: string, words: readonly string[], signal?: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(
      'git',
      gitWords(words),
      {
        cwd: folder,
        env: gitEnvironment(),
        timeout: CHECKOUT_LIMIT_MS,
        maxBuffer: MAX_ANSWER_BYTES,
        encoding: 'utf8',
        ...(signal === undefined ? {} : { signal }),
      },
      (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else if (error.name === 'AbortError') reject(error);
        else reject(new Error(lastWords(stderr) || error.message.split('\n')[0] || 'git failed'));
      },
    ).stdin?.end();
  });
}

function lastWords(stderr: string): string {
  const lines = stderr.split('\n').map((line) => line.trim());
  const told = lines.find((line) => /^(?:fatal|error):/.test(line)) ?? lines.findLast((line) => line !== '');
  return (told ?? '').replace(/^(?:fatal|error): /, '').replace(/\.$/, '');
}
