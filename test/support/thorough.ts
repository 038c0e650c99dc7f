import { test } from 'vitest';

/** Whether to run what says the same once more, in another language or without reduction: `WHYSTALE_THOROUGH=1 make test`. */
export const THOROUGH = process.env.WHYSTALE_THOROUGH === '1';

/** A test of thorough runs; in others it is not there, so that nothing counts as skipped. */
export function thoroughly(name: string, run: () => Promise<void>, limitMs?: number): void {
  if (THOROUGH) test(name, run, limitMs);
}
