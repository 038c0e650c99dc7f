/** A file that a report is written to, with its errors. */
import { resolve } from 'node:path';
import { WhystaleError } from '../errors.ts';
import { fileFailure } from '../files/failure.ts';
import { followed, tryWhole, writeWhole } from '../files/whole-file.ts';

export interface ReportFile {
  /** The absolute path; links are followed. */
  readonly path: string;
  /** Tries whether the file can be written, and leaves nothing behind. Throws WSE009. */
  readonly check: () => void;
  /** Throws WSE010. */
  readonly write: (text: string) => void;
}

/** The file named on the command line, relative to `cwd`. */
export function reportFile(name: string, cwd: string): ReportFile {
  const path = followed(resolve(cwd, name));
  return {
    path,
    check: () => {
      try {
        tryWhole(path);
      } catch (cause) {
        throw cannotWrite(path, cause);
      }
    },
    write: (text) => {
      try {
        writeWhole(path, text);
      } catch (cause) {
        throw notWritten(path, cause);
      }
    },
  };
}

function cannotWrite(path: string, cause: unknown): WhystaleError {
  return new WhystaleError({
    code: 'WSE009',
    what: `The report ${path} cannot be written: ${fileFailure(cause, 'writing')}.`,
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
    what: `The report ${path} was not written: ${fileFailure(cause, 'writing')}.`,
    expected: 'That the file could still be written at the end, as it could at the start.',
    retry: 'after-fix',
    next: 'Free space or mend the permissions; then draw it from the recording: whystale explain DIR --report FORMAT=FILE',
    exitCode: 4,
    cause,
  });
}
