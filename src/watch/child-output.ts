/** Passing the watched service's lines on to the terminal. */
import { WhystaleError } from '../errors.ts';
import type { ChildEnd, ChildLine } from './child.ts';

interface Writer {
  readonly write: (text: string) => unknown;
}

/**
 * Passes lines on: marked, each to its own stream; or, when our JSON document has stdout for itself, unmarked to stderr.
 */
export function passOn(
  to: { readonly stdout: Writer; readonly stderr: Writer },
  mode: { readonly json: boolean; readonly mark?: string },
): (line: ChildLine) => void {
  const mark = mode.mark ?? 'app';
  if (mode.json) return ({ text }) => void to.stderr.write(`${text}\n`);
  return ({ stream, text }) => void to[stream].write(`${mark} | ${text}\n`);
}

/** The error to report for a service that failed by itself: it ended with a failure and nobody had stopped it. */
export function childFailure(command: readonly string[], end: ChildEnd): WhystaleError | null {
  if (end.stopped || end.exitCode === 0) return null;
  const how = end.signal === null ? `exit code ${end.exitCode}` : `signal ${end.signal}`;
  const seconds = (end.ranMs / 1000).toFixed(1);
  const tail = end.tail.length === 0 ? 'It printed nothing.' : `Its last lines:\n${end.tail.join('\n')}`;
  return new WhystaleError({
    code: 'WSE454',
    what: `The service ${command[0] ?? ''} ended after ${seconds} s with ${how}. ${tail}`,
    expected: 'A service that runs until it is stopped, or ends with exit code 0.',
    retry: 'after-fix',
    next: 'Run the command by itself to see whether it starts; then compare its environment with what is listed as changed.',
    exitCode: 4,
  });
}
