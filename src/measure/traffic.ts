/** Store operations as they come, summed for each request that was alone in flight, for the block that is measured, and for each
 * statement. */
import type { CacheOperation, Operation, SourceOperation } from '../core/operation.ts';
import type { CacheUse } from './contract.ts';
import type { Queries } from './queries.ts';

/** What store operations come to. */
export interface Counts {
  readonly hits: number;
  readonly misses: number;
  /** Statements, as the core counts them: borders of transactions, settings and pings are none. */
  readonly sourceCalls: number;
  /** Commands. */
  readonly cacheCalls: number;
}

/** Commands that are told as several operations: one a key, or a read and what it does besides. */
const SEVERAL: ReadonlySet<string> = new Set(
  `MGET MSET MSETNX MSETEX DEL UNLINK EXISTS TOUCH GETDEL GETEX GETSET SET RENAME RENAMENX COPY MOVE SMOVE LMOVE BLMOVE RPOPLPUSH
  BRPOPLPUSH LMPOP BLMPOP ZMPOP BZMPOP SINTER SUNION SDIFF ZINTER ZUNION ZDIFF HGETDEL HGETEX HSETEX JSON.MGET JSON.MSET SORT`.split(
    /\s+/,
  ),
);

/** Sessions and marks are read in every request, whatever the cache holds; their reads do not count. */
export type Counted = (db: number, key: string) => boolean;

export class Tally implements Counts {
  hits = 0;
  misses = 0;
  sourceCalls = 0;
  cacheCalls = 0;
  #last: CacheOperation | null = null;
  readonly #parts = new Set<string>();

  /** @param counts whether a key's reads say something of the cache. */
  add(op: CacheOperation | SourceOperation, counts: Counted): void {
    if (op.tier === 'source') {
      if (op.kind === 'read' || op.kind === 'write') this.sourceCalls++;
      return;
    }
    if (op.kind === 'key') return;
    if (op.kind === 'read' && op.status === 'ok' && counts(op.db, op.key)) {
      if (op.value === null) this.misses++;
      else this.hits++;
    }
    if (!this.#continues(op)) this.cacheCalls++;
  }

  /** Whether an operation belongs to the command that the last one told of. */
  #continues(op: CacheOperation): boolean {
    const last = this.#last;
    const part = `${op.kind} ${'key' in op ? op.key : ''}`;
    const same =
      last !== null &&
      SEVERAL.has(op.command) &&
      last.command === op.command &&
      last.session === op.session &&
      last.invoke === op.invoke &&
      last.return === op.return &&
      !this.#parts.has(part);
    this.#last = op;
    if (!same) this.#parts.clear();
    this.#parts.add(part);
    return same;
  }

  get use(): CacheUse {
    if (this.hits === 0) return this.misses === 0 ? 'none' : 'miss';
    return this.misses === 0 ? 'hit' : 'mixed';
  }
}

export interface TrafficOptions {
  readonly queries: Queries;
  /** Clock of the history, ns. */
  readonly now: () => number;
  readonly counts: Counted;
}

/** Operations of one request that are kept at most. */
const MAX_KEPT = 50_000;

export class Traffic {
  readonly #options: TrafficOptions;
  readonly #followed = new Map<number, Tally>();
  #block: { readonly from: number; readonly tally: Tally } | null = null;
  #kept: { readonly from: number; readonly operations: (CacheOperation | SourceOperation)[] } | null = null;
  /** When the last operation was told; ns. */
  lastAt = Number.NEGATIVE_INFINITY;
  /** Operations of the service seen at all. */
  seen = 0;

  constructor(options: TrafficOptions) {
    this.#options = options;
  }

  take(op: Operation): void {
    if (op.tier !== 'cache' && op.tier !== 'source') return;
    if (op.kind === 'key' || op.kind === 'table' || op.kind === 'change' || op.kind === 'stream') return;
    const { now, counts, queries } = this.#options;
    this.lastAt = now();
    this.seen++;
    if (op.request !== undefined) this.#followed.get(op.request)?.add(op, counts);
    const kept = this.#kept;
    if (kept !== null && op.invoke >= kept.from && kept.operations.length < MAX_KEPT)
      kept.operations.push(op);
    if (this.#block === null || op.invoke < this.#block.from) return;
    this.#block.tally.add(op, counts);
    if (op.tier === 'source') queries.add(op);
  }

  /** Sums the operations of a request from now on. */
  follow(request: number): Tally {
    const tally = new Tally();
    this.#followed.set(request, tally);
    return tally;
  }

  leave(request: number): void {
    this.#followed.delete(request);
  }

  /** Counts what is invoked from a moment on into `tally`. */
  measure(from: number, tally: Tally): void {
    this.#block = { from, tally };
  }

  endMeasure(): void {
    this.#block = null;
  }

  /** Keeps what is invoked from a moment on. */
  keep(from: number): void {
    this.#kept = { from, operations: [] };
  }

  /** What was kept. */
  kept(): readonly (CacheOperation | SourceOperation)[] {
    const operations = this.#kept?.operations ?? [];
    this.#kept = null;
    return operations;
  }
}
