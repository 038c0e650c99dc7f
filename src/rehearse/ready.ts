/** Waits until what was deployed answers. */
import { setTimeout as delay } from 'node:timers/promises';
import type { ReadySpec } from '../case/contract.ts';
import type { Found } from './journal.ts';
import { ask } from './staging.ts';

export const READY_LIMITS = {
  /** Longest wait for one answer, ms. */
  answerMs: 5_000,
  pollMs: 100,
} as const;

/** A status of 2xx or 3xx says that it is ready. */
function isReady(status: number): string | null {
  return status >= 200 && status < 400 ? null : `status ${status}`;
}

export async function untilReady(
  { url, request, withinMs }: ReadySpec,
  staging: string,
  signal: AbortSignal,
  mask: (text: string) => string,
): Promise<Found> {
  const begin = performance.now();
  const base = url ?? staging;
  for (;;) {
    if (signal.aborted) return { outcome: 'undecided', why: 'it was interrupted' };
    const left = withinMs - (performance.now() - begin);
    const timeoutMs = Math.max(1, Math.min(READY_LIMITS.answerMs, left));
    const { error } = await ask(request, { base, timeoutMs, judge: isReady, signal });
    if (error === null) return { outcome: 'held', why: null };
    if (performance.now() - begin >= withinMs)
      return {
        outcome: 'failed',
        why: mask(
          `${request.method} ${request.path} was not answered with 2xx or 3xx within ${withinMs / 1000} s: ${error}`,
        ),
      };
    await delay(READY_LIMITS.pollMs, undefined, { signal }).catch(() => undefined);
  }
}
