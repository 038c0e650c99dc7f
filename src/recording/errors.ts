/** The coded errors of recordings, in one place so that their wording stays alike. */
import { WhystaleError } from '../errors.ts';
import { fileFailure } from '../files/failure.ts';

export function folderNotOurs(folder: string, found: string): WhystaleError {
  return new WhystaleError({
    code: 'WSE201',
    what: `The folder ${folder} is not empty and holds no recording (found ${found}).`,
    expected: 'A folder that does not exist, is empty, or holds a former recording.',
    retry: 'after-fix',
    next: 'Choose another folder with --out DIR.',
    exitCode: 2,
  });
}

export function cannotWrite(path: string, cause: unknown): WhystaleError {
  return new WhystaleError({
    code: 'WSE202',
    what: `The recording could not be written to ${path}: ${fileFailure(cause, 'writing')}.`,
    expected: 'A folder on a disk with free space that this user may write to.',
    retry: 'after-fix',
    next: 'Free space or mend the permissions, or choose another folder with --out DIR.',
    exitCode: 4,
    cause,
  });
}

export function notARecording(path: string, problem: string): WhystaleError {
  return new WhystaleError({
    code: 'WSE203',
    what: `${path} is not a recording: ${problem}.`,
    expected: 'A folder with manifest.json and history.jsonl, as whystale watch writes it.',
    retry: 'after-fix',
    next: 'Name the folder that whystale watch printed, or record one: whystale watch --out DIR -- COMMAND.',
    exitCode: 2,
  });
}

export function newerFormat(path: string, format: string, writtenBy: string): WhystaleError {
  return new WhystaleError({
    code: 'WSE204',
    what: `${path} has the format ${format} (written by whystale ${writtenBy}), which this version cannot read.`,
    expected: 'The format whystale-recording/1.',
    retry: 'after-fix',
    next: 'Update whystale to the version that wrote the recording, or later.',
    exitCode: 2,
  });
}

export function damagedManifest(path: string, problem: string): WhystaleError {
  return new WhystaleError({
    code: 'WSE205',
    what: `${path} is damaged: ${problem}.`,
    expected: 'A manifest of the format whystale-recording/1.',
    retry: 'after-fix',
    next: 'Take the file from an undamaged copy, or record again.',
    exitCode: 2,
  });
}

export function damagedLine(path: string, line: number, problem: string): WhystaleError {
  return new WhystaleError({
    code: 'WSE206',
    what: `${path}, line ${line}: ${problem}.`,
    expected: 'One operation a line, as a JSON object.',
    retry: 'after-fix',
    next: 'Take the file from an undamaged copy, or record again; a history with a missing operation would accuse the innocent.',
    exitCode: 2,
  });
}

export function badHistoryLine(path: string, line: number, problem: string): WhystaleError {
  return new WhystaleError({
    code: 'WSE210',
    what: `${path}, line ${line}: ${problem}.`,
    expected: 'One JSON object a line: session, kind (read | write), key, value, invoke, return, status.',
    retry: 'after-fix',
    next: `Mend line ${line} and run the same again.`,
    exitCode: 2,
  });
}

export function noRecordingHere(folder: string): WhystaleError {
  return new WhystaleError({
    code: 'WSE207',
    what: `There is no recording in ${folder}.`,
    expected: 'A folder whystale-recording* or .whystale with a manifest.json in it.',
    retry: 'after-fix',
    next: 'Name the folder, or record one: whystale watch -- COMMAND.',
    exitCode: 2,
  });
}

export function beingWritten(folder: string, pid: number): WhystaleError {
  return new WhystaleError({
    code: 'WSE208',
    what: `The recording in ${folder} is being written by process ${pid}.`,
    expected: 'A folder that no running whystale writes to.',
    retry: 'safe',
    next: 'Wait until that process has ended, or choose another folder with --out DIR.',
    exitCode: 2,
  });
}

export function cannotRead(path: string, cause: unknown): WhystaleError {
  return new WhystaleError({
    code: 'WSE209',
    what: `${path} could not be read: ${fileFailure(cause, 'reading')}.`,
    expected: 'A file that this user may read.',
    retry: 'after-fix',
    next: 'Mend the path or the permissions and run the same again.',
    exitCode: 2,
    cause,
  });
}
