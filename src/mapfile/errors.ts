/** The coded errors of the map file. */
import { WhystaleError } from '../errors.ts';
import { fileFailure } from '../files/failure.ts';
import { type Place, type Problem, problemSentence } from '../yamlfile/index.ts';

export function cannotReadMap(path: string, cause: unknown): WhystaleError {
  return new WhystaleError({
    code: 'WSE501',
    what: `The map ${path} could not be read: ${fileFailure(cause, 'reading')}.`,
    expected: 'A map file that this user may read.',
    retry: 'after-fix',
    next: `Write one from a recording: whystale map DIR --write ${path}`,
    exitCode: 2,
    cause,
  });
}

export function noYaml(path: string, at: Place, problem: string): WhystaleError {
  return new WhystaleError({
    code: 'WSE502',
    what: `${where(path, at)}: this is no YAML that can be read: ${problem}.`,
    expected: 'One YAML document, as whystale map --write makes it.',
    retry: 'after-fix',
    next: `Mend line ${at.line} and run the same again.`,
    exitCode: 2,
  });
}

export function wrongField(path: string, wrong: Problem): WhystaleError {
  const { at, expected } = wrong;
  return new WhystaleError({
    code: 'WSE503',
    what: `${where(path, at)}: ${problemSentence(wrong)}`,
    expected,
    retry: 'after-fix',
    next: `Mend line ${at.line}; the form is described in docs/map.md.`,
    exitCode: 2,
  });
}

export function unknownVersion(path: string, at: Place, found: string): WhystaleError {
  return new WhystaleError({
    code: 'WSE504',
    what: `${where(path, at)}: the map has the version ${found}, which this whystale does not know.`,
    expected: 'version: 1',
    retry: 'after-fix',
    next: 'Update whystale to the version that wrote the map, or later.',
    exitCode: 2,
  });
}

export function cannotWriteMap(path: string, cause: unknown): WhystaleError {
  return new WhystaleError({
    code: 'WSE505',
    what: `The map could not be written to ${path}: ${fileFailure(cause, 'writing')}.`,
    expected: 'A path in a folder that exists and that this user may write to.',
    retry: 'after-fix',
    next: 'Mend the path or the permissions and run the same again.',
    exitCode: 4,
    cause,
  });
}

function where(path: string, { line, column }: Place): string {
  return `${path}:${line}:${column}`;
}
