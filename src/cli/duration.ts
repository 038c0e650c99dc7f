/** Durations on the command line: `500us`, `250ms`, `2s`, `1.5m`, `1h`. */
import { writtenDuration } from '../core/numbers.ts';
import { WhystaleError } from '../errors.ts';

/** Integer nanoseconds. `option` names the option in the error (WSE004). */
export function parseDuration(text: string, option: string): number {
  const nanoseconds = writtenDuration(text);
  if (nanoseconds !== null) return nanoseconds;
  throw new WhystaleError({
    code: 'WSE004',
    what: `${option} does not take "${text}".`,
    expected: 'A number and a unit without a sign: 500us, 250ms, 2s, 1.5m, 1h.',
    retry: 'after-fix',
    next: `Name the duration as in ${option} 2s.`,
    exitCode: 2,
  });
}
