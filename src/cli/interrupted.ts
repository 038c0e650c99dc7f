/** Ctrl-C before there is anything to tell. */
import { WhystaleError } from '../errors.ts';

/** Waits for work that a signal may end. Throws WSE609 when it was ended before it had a result. */
export async function unlessInterrupted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!signal.aborted || error instanceof WhystaleError) throw error;
    throw new WhystaleError({
      code: 'WSE609',
      what: 'It was interrupted before the first execution.',
      expected: 'Time to start the stores and the instances.',
      retry: 'safe',
      next: 'Run the same again.',
      exitCode: 3,
      cause: error,
    });
  }
}
