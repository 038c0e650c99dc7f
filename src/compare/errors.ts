/** Errors of comparing, WSE760 to WSE779. */
import { WhystaleError } from '../errors.ts';
import { displayStore, type Store } from '../watch/stores.ts';

/** The two sides are asked for in a way that cannot be. */
export function badSides(what: string, next: string): WhystaleError {
  return new WhystaleError({
    code: 'WSE760',
    what,
    expected: 'Two git revisions (--before, --after), two commands, or two URLs.',
    retry: 'after-fix',
    next,
    exitCode: 2,
  });
}

export function noRepository(folder: string, why: string | null): WhystaleError {
  return new WhystaleError({
    code: 'WSE761',
    what: `${folder} ${why === null ? 'is in no git repository' : `could not be looked up in git: ${why}`}.`,
    expected:
      "A service whose folder (service.cwd) is in a git repository, so that both sides' code is known.",
    retry: 'after-fix',
    next: 'Correct service.cwd, or give --before-command and --after-command, or --before-url and --after-url.',
    exitCode: 2,
  });
}

export function noRevision(name: string, root: string, why: string): WhystaleError {
  return new WhystaleError({
    code: 'WSE762',
    what: `${name} names no commit in ${root}: ${why}.`,
    expected: 'A branch, a tag or a commit.',
    retry: 'after-fix',
    next: `Look with: git -C ${root} log --oneline --all`,
    exitCode: 2,
  });
}

export function noWorktree(what: string, why: string, cause?: unknown): WhystaleError {
  return new WhystaleError({
    code: 'WSE763',
    what: `${what}: ${why}.`,
    expected:
      'A temporary folder with room for the repository, and a repository that this user may add a worktree to.',
    retry: 'after-fix',
    next: 'Free space or set TMPDIR; try git worktree add --detach FOLDER COMMIT by hand.',
    exitCode: 4,
    cause,
  });
}

export function needsInstall(side: string, why: string): WhystaleError {
  return new WhystaleError({
    code: 'WSE764',
    what: `The side ${side} cannot use what is installed in the repository's folder: ${why}.`,
    expected: 'The same lock files as there, or a command that installs what each side needs.',
    retry: 'after-fix',
    next: "Give the command: --install 'npm ci'",
    exitCode: 2,
  });
}

export function installFailed(side: string, command: string, how: string): WhystaleError {
  return new WhystaleError({
    code: 'WSE765',
    what: `The install command ${command} of the side ${side} ${how}`,
    expected: 'Exit code 0.',
    retry: 'after-fix',
    next: 'Run it by hand in a fresh clone, in the folder of the service.',
    exitCode: 4,
  });
}

export function noScratchDatabase(store: Store, why: string, cause: unknown): WhystaleError {
  return new WhystaleError({
    code: 'WSE766',
    what: `On the server of ${displayStore(store)} no database could be made for each side: ${why}.`,
    expected: 'A user who may CREATE DATABASE.',
    retry: 'after-fix',
    next: 'Name two databases with --before-postgres and --after-postgres, or write postgres: embedded in the case.',
    exitCode: 2,
    cause,
  });
}

export function noEmptyRedis(store: Store, why: string, cause?: unknown): WhystaleError {
  return new WhystaleError({
    code: 'WSE767',
    what: `On the server of ${displayStore(store)} there are no two empty databases: ${why}.`,
    expected: 'Two database numbers without a key: nothing of yours is removed to make room.',
    retry: 'after-fix',
    next: 'Name two servers or numbers with --before-redis and --after-redis, or write redis: embedded in the case.',
    exitCode: 2,
    cause,
  });
}

export function cannotWriteComparison(folder: string, why: string): WhystaleError {
  return new WhystaleError({
    code: 'WSE768',
    what: `The comparison cannot be written to ${folder}: ${why}.`,
    expected: 'A folder that is empty or not there yet, in a place that this user may write to.',
    retry: 'after-fix',
    next: 'Mend the permissions, or name another folder with --out.',
    exitCode: 2,
  });
}

export function interruptedEarly(cause: unknown): WhystaleError {
  return new WhystaleError({
    code: 'WSE769',
    what: 'It was interrupted before both sides were up.',
    expected: 'Time to check out both sides, and to start their stores and services.',
    retry: 'safe',
    next: 'Run the same again.',
    exitCode: 3,
    cause,
  });
}

export function sharedRedis(own: string, used: number): WhystaleError {
  return new WhystaleError({
    code: 'WSE770',
    what: `A side was given the Redis database ${own} and reads keys of database ${used}, which both sides share.`,
    expected: 'A service that uses the database number of its Redis URL.',
    retry: 'after-fix',
    next: 'Name a server of its own for each side (--before-redis, --after-redis), or write redis: embedded.',
    exitCode: 2,
  });
}
