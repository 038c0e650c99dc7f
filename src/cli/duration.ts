/** Durations on the command line: `500us`, `250ms`, `2s`, `1.5m`, `1h`. */
import { WhystaleError } from '../errors.ts';

const NANOSECONDS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};

/** Integer nanoseconds. `option` names the option in the error (WSE004). */
export function parseDuration(text: string, option: string): number {
  const match = /^(\d+(?:\.\d+)?)\s?(ns|us|ms|s|m|h)$/.exec(text.trim());
  const unit = match?.[2] === undefined ? undefined : NANOSECONDS[match[2]];
  const nanoseconds = unit === undefined ? Number.NaN : Math.round(Number(match?.[1]) * unit);
  if (Number.isSafeInteger(nanoseconds)) return nanoseconds;
  throw new WhystaleError({
    code: 'WSE004',
    what: `${option} does not take "${text}".`,
    expected: 'A number and a unit without a sign: 500us, 250ms, 2s, 1.5m, 1h.',
    retry: 'after-fix',
    next: `Name the duration as in ${option} 2s.`,
    exitCode: 2,
  });
}
