/** The coded errors of field notes. */
import { WhystaleError } from '../errors.ts';
import { fileFailure } from '../files/failure.ts';

export function cannotReadFolder(folder: string, cause: unknown): WhystaleError {
  return new WhystaleError({
    code: 'WSE830',
    what: `The folder ${folder} cannot be read: ${fileFailure(cause, 'reading')}.`,
    expected: 'A folder with cases, Markdown notes, or both.',
    retry: 'after-fix',
    next: 'Correct the path.',
    exitCode: 2,
    cause,
  });
}

export function noNotes(folder: string): WhystaleError {
  return new WhystaleError({
    code: 'WSE831',
    what: `${folder} holds neither a case nor a Markdown note with front matter.`,
    expected: 'Folders with a case.yaml, or .md files that begin with a line ---.',
    retry: 'after-fix',
    next: 'Run whystale case new NAME, or name another folder.',
    exitCode: 2,
  });
}

export function overlaps(folder: string, out: string): WhystaleError {
  return new WhystaleError({
    code: 'WSE832',
    what: `The site ${out} would hold the notes in ${folder} that it is made from.`,
    expected: 'A folder of its own for the site.',
    retry: 'after-fix',
    next: 'Name another folder with --out.',
    exitCode: 2,
  });
}

export function holdsOthers(out: string, example: string): WhystaleError {
  return new WhystaleError({
    code: 'WSE833',
    what: `${out} holds things that are not of a site of notes, ${example} for one; nothing was written.`,
    expected: 'A folder that is empty, not there yet, or holds a site that whystale built.',
    retry: 'after-fix',
    next: 'Name another folder with --out.',
    exitCode: 2,
  });
}

export function foreignFile(file: string): WhystaleError {
  return new WhystaleError({
    code: 'WSE834',
    what: `${file} stands where a file of the site belongs, and is not from whystale; it was left as it is.`,
    expected: 'Nothing at this place.',
    retry: 'after-fix',
    next: 'Move it away, or name another folder with --out.',
    exitCode: 2,
  });
}

export function cannotWrite(file: string, cause: unknown): WhystaleError {
  return new WhystaleError({
    code: 'WSE835',
    what: `${file} cannot be written: ${fileFailure(cause, 'writing')}.`,
    expected: 'A folder that may be written, and space.',
    retry: 'after-fix',
    next: 'Mend the permissions or free space; running it again goes on where it ended.',
    exitCode: 4,
    cause,
  });
}

export function badBase(given: string): WhystaleError {
  return new WhystaleError({
    code: 'WSE836',
    what: `"${given}" is no address where a site could stand.`,
    expected: 'http:// or https://, a host, and a path if there is one; no query.',
    retry: 'after-fix',
    next: 'Write --base https://example.org/notes/',
    exitCode: 2,
  });
}

/** @param problem a sentence without its full stop */
export function cannotImport(file: string, problem: string): WhystaleError {
  return new WhystaleError({
    code: 'WSE837',
    what: `${file} cannot be imported: ${problem}.`,
    expected: 'A Markdown file with front matter, a name that is free, and a folder that may be written.',
    retry: 'after-fix',
    next: 'Correct it, or name another folder with --into.',
    exitCode: 2,
  });
}

export function damagedManifest(file: string): WhystaleError {
  return new WhystaleError({
    code: 'WSE838',
    what: `${file} is damaged: which files of the folder are of the site cannot be told; nothing was written.`,
    expected: 'The file as whystale wrote it.',
    retry: 'after-fix',
    next: 'Remove the folder, or name another one with --out.',
    exitCode: 2,
  });
}

export function badDate(given: string): WhystaleError {
  return new WhystaleError({
    code: 'WSE839',
    what: `"${given}" is no day that scores could be computed for.`,
    expected: 'A day such as 2026-01-31; SOURCE_DATE_EPOCH in seconds.',
    retry: 'after-fix',
    next: 'Correct --date or SOURCE_DATE_EPOCH, or leave it out.',
    exitCode: 2,
  });
}
