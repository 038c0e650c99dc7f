/** The reads of the last moments, in order of return: candidates for what feeds the next fill. */
import type { ReadFact } from './source.ts';

export const RECENT = {
  /** Reads remembered. */
  reads: 8192,
  /** Without a miss before the fill, reads this long before it may feed it; ns. */
  withoutMiss: 2e9,
  /** Even with a miss, no further back than this; ns. */
  withMiss: 60e9,
} as const;

export class Recent {
  #reads: ReadFact[] = [];

  add(read: ReadFact): void {
    if (read.op.return === null) return;
    this.#reads.push(read);
    if (this.#reads.length > RECENT.reads) this.#reads = this.#reads.slice(RECENT.reads / 2);
  }

  /** Reads that returned before `until` and were invoked since `miss` (null: within the last moments). */
  reads(miss: number | null, until: number): readonly ReadFact[] {
    const from = miss === null ? until - RECENT.withoutMiss : Math.max(miss, until - RECENT.withMiss);
    const found: ReadFact[] = [];
    for (let i = this.#reads.length - 1; i >= 0; i--) {
      const { op } = this.#reads[i]!;
      // Reads stand in order of return; one that returned before the miss cannot have been caused by it.
      if (op.return! < from) break;
      if (op.return! < until && op.invoke >= from) found.push(this.#reads[i]!);
    }
    return found.reverse();
  }
}
