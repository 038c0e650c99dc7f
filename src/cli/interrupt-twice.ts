/** Ctrl-C for what has to be taken back: the first goes no further and takes it back, the second stops that, the third ends at once. */

export interface InterruptTwice {
  readonly first: AbortSignal;
  readonly second: AbortSignal;
  /** Gives the signals their default meaning back. */
  release(): void;
}

/** Exit status of a process that a signal ended, by the shell's convention. */
const INTERRUPTED = 130;

export function interruptibleTwice(say: (text: string) => void): InterruptTwice {
  const [first, second] = [new AbortController(), new AbortController()];
  const handler = () => {
    if (second.signal.aborted) process.exit(INTERRUPTED);
    if (first.signal.aborted) {
      say('Stopping, also the rollback. What is deployed stays as it is.');
      second.abort();
    } else {
      say('Going no further; what was deployed is taken back. Press Ctrl-C again to stop that, too.');
      first.abort();
    }
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, handler);
  return {
    first: first.signal,
    second: second.signal,
    release: () => {
      for (const signal of signals) process.off(signal, handler);
    },
  };
}
