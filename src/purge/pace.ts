/** Not more than so many keys a second. */
import { setTimeout as pause } from 'node:timers/promises';

/** Longest part of a second that one batch takes at once. */
const BATCHES_PER_SECOND = 10;

/** Keys of a batch at this rate. */
export function batchSize(rate: number, most: number): number {
  return Math.max(1, Math.min(most, Math.ceil(rate / BATCHES_PER_SECOND)));
}

/** Time that may be made up, ms: after a stall no burst follows. */
const MADE_UP_MS = 200;

export class Pace {
  readonly #rate: number;
  readonly #signal: AbortSignal;
  /** When all that was done by now may have been done. */
  #due = performance.now();

  constructor(rate: number, signal: AbortSignal) {
    this.#rate = rate;
    this.#signal = signal;
  }

  /** Waits until the next keys may be taken; at once when interrupted. */
  async after(keys: number): Promise<void> {
    const now = performance.now();
    this.#due = Math.max(this.#due + (keys / this.#rate) * 1000, now - MADE_UP_MS);
    const wait = this.#due - now;
    if (wait > 0) await pause(wait, undefined, { signal: this.#signal }).catch(() => undefined);
  }
}
