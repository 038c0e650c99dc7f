/**
 * Bodies of responses, each kept once: a response that repeats a remembered body names it by its digest. Capture and analysis
 * each hold one of these and are told the same requests in the same order, so that what is remembered is the same on both sides.
 */
import type { Digest, Payload } from '../operation.ts';

export const BODY_LIMITS = {
  /** Bodies remembered, and leaves over all of them. */
  bodies: 4_096,
  leaves: 200_000,
} as const;

export class Bodies {
  readonly #known = new Map<Digest, Payload>();
  #leaves = 0;

  get(body: Digest): Payload | undefined {
    return this.#known.get(body);
  }

  /** Remembers a body; the oldest go. */
  add(body: Digest, payload: Payload): void {
    if (this.#known.has(body)) return;
    this.#known.set(body, payload);
    this.#leaves += payload.leaves.length;
    while (this.#known.size > BODY_LIMITS.bodies || this.#leaves > BODY_LIMITS.leaves) {
      const [oldest, gone] = this.#known.entries().next().value!;
      if (oldest === body) return;
      this.#known.delete(oldest);
      this.#leaves -= gone.leaves.length;
    }
  }
}
