/** Coded errors of the audit: WSE800 to WSE809. None of them shows a credential. */
import { WhystaleError } from '../errors.ts';
import { fileFailure } from '../files/failure.ts';
import { maskForms } from '../recording/mask.ts';

/** Nothing was named, and no variable names a store. */
export function nothingNamed(): WhystaleError {
  return new WhystaleError({
    code: 'WSE800',
    what: 'Nothing to audit is named.',
    expected: 'One of --redis, --postgres, --http, --recording, --log; or $REDIS_URL, $DATABASE_URL.',
    retry: 'after-fix',
    next: 'whystale audit --redis redis://app:PASSWORD@127.0.0.1:6379/0 --http http://127.0.0.1:8000',
    exitCode: 2,
  });
}

/** A flag whose value is not understood. */
export function wrongValue(flag: string, value: string, expected: string): WhystaleError {
  return new WhystaleError({
    code: 'WSE801',
    what: `--${flag} ${JSON.stringify(maskForms(value))} is not understood.`,
    expected,
    retry: 'after-fix',
    next: 'whystale audit --help',
    exitCode: 2,
  });
}

/** A flag that says something of another one, which is not given. */
export function withoutIts(flag: string, needed: string): WhystaleError {
  return new WhystaleError({
    code: 'WSE802',
    what: `--${flag} is given without --${needed}.`,
    expected: `--${needed} beside it.`,
    retry: 'after-fix',
    next: 'whystale audit --help',
    exitCode: 2,
  });
}

/** An engine of our own says nothing of the one in use. */
export function embeddedStore(kind: 'redis' | 'postgres'): WhystaleError {
  return new WhystaleError({
    code: 'WSE803',
    what: `--${kind} embedded cannot be audited: it is whystale's own engine.`,
    expected: 'The URL with which the application logs in.',
    retry: 'after-fix',
    next: `whystale audit --${kind} URL`,
    exitCode: 2,
  });
}

/** The log file cannot be read. */
export function unreadableLog(path: string, cause: unknown): WhystaleError {
  return new WhystaleError({
    code: 'WSE804',
    what: `The log ${path} cannot be read: ${fileFailure(cause, 'reading')}.`,
    expected: 'A file of text, one line an event.',
    retry: 'after-fix',
    next: 'Correct --log, or the permissions of the file.',
    exitCode: 2,
    cause,
  });
}
