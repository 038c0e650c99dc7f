/** Errors of measuring, WSE730 to WSE749. */
import { WhystaleError } from '../errors.ts';
import { lastLines } from '../race/world/steps.ts';
import type { ChildEnd } from '../watch/child.ts';

/** How a process ended, in words. */
export function howEnded({ exitCode, signal }: Pick<ChildEnd, 'exitCode' | 'signal'>): string {
  return signal === null ? `exit code ${exitCode}` : `signal ${signal}`;
}

export function endedEarly(end: ChildEnd, command: string, cwd: string): WhystaleError {
  return new WhystaleError({
    code: 'WSE730',
    what: `The service ended with ${howEnded(end)} before it was ready. ${lastLines(end.tail)}`,
    expected: 'A service that runs until it is stopped.',
    retry: 'after-fix',
    next: `Run it by hand in ${cwd}: ${command}.`,
    exitCode: 4,
  });
}

export function notReady(
  wanted: string,
  limitMs: number,
  hint: string,
  tail: readonly string[],
): WhystaleError {
  return new WhystaleError({
    code: 'WSE731',
    what: `The service was not ready after ${limitMs / 1000} s. ${lastLines(tail)}`,
    expected: `A service that begins to ${wanted}.`,
    retry: 'after-fix',
    next: hint,
    exitCode: 4,
  });
}

export function nothingToMeasure(file: string, what: string, next: string): WhystaleError {
  return new WhystaleError({
    code: 'WSE732',
    what: `${file} ${what}.`,
    expected:
      'A case that says which requests are measured, and how the service is run (service) or where it runs (url).',
    retry: 'after-fix',
    next,
    exitCode: 2,
  });
}

export function cannotWriteRun(folder: string, why: string): WhystaleError {
  return new WhystaleError({
    code: 'WSE733',
    what: `The run cannot be written to ${folder}: ${why}.`,
    expected: 'A folder that is empty or not there yet, in a place that this user may write to.',
    retry: 'after-fix',
    next: 'Mend the permissions, or name another folder with --out.',
    exitCode: 2,
  });
}

export function notARun(folder: string, why: string): WhystaleError {
  return new WhystaleError({
    code: 'WSE734',
    what: `${folder} holds no measured run that can be read: ${why}.`,
    expected: 'A folder with a run.json as whystale measure writes it.',
    retry: 'after-fix',
    next: 'Measure again: whystale measure CASE',
    exitCode: 2,
  });
}

export function interruptedEarly(cause: unknown): WhystaleError {
  return new WhystaleError({
    code: 'WSE735',
    what: 'It was interrupted before anything was measured.',
    expected: 'Time to start the stores and the service.',
    retry: 'safe',
    next: 'Run the same again.',
    exitCode: 3,
    cause,
  });
}

export function badUrl(url: string): WhystaleError {
  return new WhystaleError({
    code: 'WSE736',
    what: `The url of the case, ${url}, is none that can be measured.`,
    expected: 'http:// or https:// with host and port, without a path.',
    retry: 'after-fix',
    next: 'Write for example url: http://127.0.0.1:8000',
    exitCode: 2,
  });
}
