/** Ctrl-C and SIGTERM end a command gracefully; a second one ends it at once. */

export interface Interrupt {
  readonly signal: AbortSignal;
  /** Gives the signals their default meaning back. */
  release(): void;
}

/** Exit status of a process that a signal ended, by the shell's convention. */
const INTERRUPTED = 130;

export function interruptible(onFirst: () => void): Interrupt {
  const controller = new AbortController();
  const handler = () => {
    if (controller.signal.aborted) process.exit(INTERRUPTED);
    onFirst();
    controller.abort();
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, handler);
  return {
    signal: controller.signal,
    release: () => {
      for (const signal of signals) process.off(signal, handler);
    },
  };
}
