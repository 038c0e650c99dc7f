/** Schedule files as they are named on the command line. */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { WhystaleError } from '../../errors.ts';
import { fileFailure } from '../../files/failure.ts';
import { decodeSchedule, type Schedule, type ScheduleError } from '../explore/schedule.ts';

export interface ScheduleFile {
  readonly schedule: Schedule;
  /** Absolute path of the scenario that it names. */
  readonly scenario: string;
}

/** Throws WSE605, WSE606 or WSE607. */
export function readSchedule(file: string): ScheduleFile {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw cannotRead(file, cause);
  }
  const decoded = decodeSchedule(text);
  if (!decoded.ok) throw noSchedule(file, decoded.error);
  const { schedule } = decoded;
  return { schedule, scenario: resolve(dirname(file), schedule.scenario.path) };
}

function cannotRead(file: string, cause: unknown): WhystaleError {
  return new WhystaleError({
    code: 'WSE605',
    what: `The schedule ${file} could not be read: ${fileFailure(cause, 'reading')}.`,
    expected: 'A schedule file that this user may read.',
    retry: 'after-fix',
    next: 'Name the file that whystale race printed.',
    exitCode: 2,
    cause,
  });
}

function noSchedule(file: string, { kind, at, message }: ScheduleError): WhystaleError {
  if (kind === 'version')
    return new WhystaleError({
      code: 'WSE607',
      what: `The schedule ${file} has a form that this whystale does not know: ${message}.`,
      expected: 'A schedule of whystale race.',
      retry: 'after-fix',
      next: 'Update whystale to the version that wrote it, or later.',
      exitCode: 2,
    });
  return new WhystaleError({
    code: 'WSE606',
    what: `${file} is no schedule: ${at === '' ? '' : `${at}: `}${message}.`,
    expected: 'The JSON that whystale race wrote.',
    retry: 'after-fix',
    next: 'Take it from an undamaged copy, or find it again with whystale race.',
    exitCode: 2,
  });
}
