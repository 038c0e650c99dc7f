/** The store operations of one request, summed while they come. */
import type { CacheOperation, SourceOperation } from '../core/operation.ts';

/** Different statements of one request that are remembered; past that, repetitions are no longer counted. */
export const MAX_STATEMENTS = 10_000;
/** Separate busy times of one request that are remembered; the earliest are summed up first. */
const MAX_BUSY = 64;

export type CacheStatus = 'hit' | 'miss' | 'mixed' | 'none';

export class StoreFigures {
  hits = 0;
  misses = 0;
  /** Statements sent to the database. */
  databaseCalls = 0;
  /** Statements beyond the first with equal shape and equal parameters. */
  duplicateCalls = 0;
  /** Whether a value was written to the cache. */
  stored = false;
  readonly cacheTime = new BusyTime();
  readonly databaseTime = new BusyTime();
  readonly #statements = new Set<string>();
  #key: string | null = null;
  #keys = 0;

  /** The key that was read, when it was one only. */
  get key(): string | null {
    return this.#keys === 1 ? this.#key : null;
  }

  get cacheStatus(): CacheStatus {
    if (this.hits === 0) return this.misses === 0 ? 'none' : 'miss';
    return this.misses === 0 ? 'hit' : 'mixed';
  }

  /** Adds an operation that returned. */
  add(op: CacheOperation | SourceOperation): void {
    if (op.tier === 'cache') this.#cache(op);
    else if (op.kind === 'read' || op.kind === 'write') {
      this.databaseCalls++;
      this.databaseTime.add(op.invoke, op.return ?? op.invoke);
      this.#statement(`${op.shape}\n${op.params.join()}`);
    }
  }

  #cache(op: CacheOperation): void {
    if (op.kind === 'write') this.stored ||= op.applied && op.status === 'ok';
    if (op.kind !== 'read' || op.status !== 'ok') return;
    if (op.value === null) this.misses++;
    else this.hits++;
    this.cacheTime.add(op.invoke, op.return ?? op.invoke);
    if (this.#keys === 0 || (this.#keys === 1 && this.#key !== op.key)) this.#keys++;
    this.#key = op.key;
  }

  #statement(text: string): void {
    if (this.#statements.has(text)) this.duplicateCalls++;
    else if (this.#statements.size < MAX_STATEMENTS) this.#statements.add(text);
  }
}

/** How long at least one of several overlapping operations was open; ns. They come roughly in order of return. */
export class BusyTime {
  #closed = 0;
  /** What lies before this is summed up. */
  #floor = Number.NEGATIVE_INFINITY;
  /** Disjoint, in order. */
  readonly #spans: { from: number; until: number }[] = [];

  get total(): number {
    return this.#spans.reduce((sum, { from, until }) => sum + until - from, this.#closed);
  }

  add(from: number, until: number): void {
    const spans = this.#spans;
    let start = Math.max(from, this.#floor);
    let end = Math.max(until, start);
    while (spans.length > 0 && spans[spans.length - 1]!.until >= start) {
      const last = spans.pop()!;
      start = Math.min(start, last.from);
      end = Math.max(end, last.until);
    }
    spans.push({ from: start, until: end });
    if (spans.length <= MAX_BUSY) return;
    const first = spans.shift()!;
    this.#closed += first.until - first.from;
    this.#floor = first.until;
  }
}
