/**
 * A file that a report is written to: whole or not at all. It is written beside its place and renamed, so that whoever
 * reads it never sees half a report. What is no regular file (a pipe, a terminal) is written to directly.
 */
import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { WhystaleError } from '../errors.ts';

export interface ReportFile {
  /** The absolute path; links are followed. */
  readonly path: string;
  /** Tries whether the file can be written, and leaves nothing behind. Throws WSE009. */
  readonly check: () => void;
  /** Throws WSE010. */
  readonly write: (text: string) => void;
}

const PERMISSIONS = 0o777;

/** The file named on the command line, relative to `cwd`. */
export function reportFile(name: string, cwd: string): ReportFile {
  const path = followed(resolve(cwd, name));
  return {
    path,
    check: () => {
      try {
        check(path);
      } catch (cause) {
        throw cannotWrite(path, cause);
      }
    },
    write: (text) => {
      try {
        write(path, text);
      } catch (cause) {
        throw notWritten(path, cause);
      }
    },
  };
}

/** Where links lead to, so that a rename replaces the file and not the link. */
function followed(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function check(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isDirectory()) throw new Error('it is a folder');
  if (found !== undefined) accessSync(path, constants.W_OK);
  if (found !== undefined && !found.isFile()) return;
  const beside = temporary(path);
  closeSync(openSync(beside, 'wx'));
  rmSync(beside);
}

function write(path: string, text: string): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found !== undefined && !found.isFile()) writeFileSync(path, text);
  else replace(path, text, found);
}

function replace(path: string, text: string, found: Stats | undefined): void {
  const beside = temporary(path);
  try {
    writeFileSync(beside, text, { flag: 'wx' });
    if (found !== undefined) chmodSync(beside, found.mode & PERMISSIONS);
    renameSync(beside, path);
  } catch (cause) {
    rmSync(beside, { force: true });
    throw cause;
  }
}

function temporary(path: string): string {
  return join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
}

function cannotWrite(path: string, cause: unknown): WhystaleError {
  return new WhystaleError({
    code: 'WSE009',
    what: `The report ${path} cannot be written: ${reason(cause)}.`,
    expected: 'A file in a folder that exists and that this user may write to.',
    retry: 'after-fix',
    next: 'Make the folder, mend the permissions, or name another file with --report FORMAT=FILE.',
    exitCode: 2,
    cause,
  });
}

function notWritten(path: string, cause: unknown): WhystaleError {
  return new WhystaleError({
    code: 'WSE010',
    what: `The report ${path} was not written: ${reason(cause)}.`,
    expected: 'That the file could still be written at the end, as it could at the start.',
    retry: 'after-fix',
    next: 'Free space or mend the permissions; then draw it from the recording: whystale explain DIR --report FORMAT=FILE',
    exitCode: 4,
    cause,
  });
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'its folder does not exist',
  ENOTDIR: 'a part of the path is not a folder',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  ENAMETOOLONG: 'the name is too long',
};

function reason(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
  return REASONS[code] ?? (code || cause.message);
}
