/** The coded errors of a hunt. */
import { WhystaleError } from '../../errors.ts';
import { fileFailure } from '../../files/failure.ts';
import type { Sightings } from './sightings.ts';

export function noHttp(recording: string): WhystaleError {
  return new WhystaleError({
    code: 'WSE670',
    what: `The recording ${recording} holds no HTTP request: which requests race cannot be told.`,
    expected: 'A recording that was made with --http.',
    retry: 'after-fix',
    next: 'Record again: whystale watch --http 8000=http://127.0.0.1:8001 --out DIR -- CMD, and let clients connect to 8000.',
    exitCode: 2,
  });
}

/** Says how far the recording goes: without lineage, without a reader, without a writer. */
export function nothingPairs(recording: string, { templates, unattributed }: Sightings): WhystaleError {
  const readers = new Set(templates.flatMap((one) => one.readers.map(({ route }) => route)));
  const writers = new Set(templates.flatMap((one) => one.writers.map(({ route }) => route)));
  const { fills, commits } = unattributed;
  const why =
    templates.length === 0
      ? 'no key is known to be fed by rows'
      : `${readers.size === 0 ? 'no route is known to read a cached key' : `${readers.size} routes read cached keys`}, and ${writers.size === 0 ? 'none is known to change what feeds them' : 'none of those that write changes what feeds them'}`;
  const lost =
    fills + commits === 0 ? '' : ` Of ${fills} fills and ${commits} commits it is not known whose they are.`;
  return new WhystaleError({
    code: 'WSE671',
    what: `Nothing in ${recording} pairs: ${why}.${lost}`,
    expected: 'Requests that fill the cache, and requests that change the same rows.',
    retry: 'after-fix',
    next: 'Record both, more than once; --serialize tells whose every operation is.',
    exitCode: 3,
  });
}

export function wrongBody(text: string): WhystaleError {
  return new WhystaleError({
    code: 'WSE672',
    what: `--body "${text}" cannot be read.`,
    expected: 'A method, a path and a body: --body \'PUT /items/{id}={"price": 12}\'.',
    retry: 'after-fix',
    next: 'Write it so; nothing after the = is no body.',
    exitCode: 2,
  });
}

export function strayBody(text: string, writers: readonly string[]): WhystaleError {
  return new WhystaleError({
    code: 'WSE673',
    what: `--body "${text}" is for a request that no pair of the recording has.`,
    expected: `One of ${writers.join(', ')}.`,
    retry: 'after-fix',
    next: 'Correct its method and path, or leave it out.',
    exitCode: 2,
  });
}

export function wrongHeader(text: string): WhystaleError {
  return new WhystaleError({
    code: 'WSE674',
    what: `--header "${text}" cannot be read.`,
    expected: `A name and a value: --header 'authorization: Bearer $\{TOKEN}'.`,
    retry: 'after-fix',
    next: 'Write it so.',
    exitCode: 2,
  });
}

export function cannotWriteScenario(path: string, cause: unknown): WhystaleError {
  return new WhystaleError({
    code: 'WSE675',
    what: `The scenario ${path} could not be written: ${fileFailure(cause, 'writing')}.`,
    expected: 'A folder that this user may write to.',
    retry: 'after-fix',
    next: 'Mend the permissions, or name another folder with --out.',
    exitCode: 4,
    cause,
  });
}
