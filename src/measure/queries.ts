/** Statements by shape: how often, how long, and the slowest execution of each, so that its plan can be asked for. */
import type { Digest, SourceOperation } from '../core/operation.ts';
import type { QueryFigures } from './contract.ts';

export const QUERY_LIMITS = {
  /** Shapes that are told apart; statements of further ones are not listed. */
  shapes: 1_000,
  /** Times of one shape that are remembered for its median. */
  times: 20_000,
} as const;

/** The slowest execution of a statement that reads. */
export interface SlowExecution {
  readonly shape: string;
  readonly totalMs: number;
  readonly ms: number;
  readonly params: readonly (Digest | null)[];
  /** Texts of the parameters where they are still known. */
  readonly texts: readonly (string | undefined)[];
}

interface Entry {
  readonly shape: string;
  calls: number;
  totalMs: number;
  maxMs: number;
  readonly times: number[];
  slowest: SlowExecution | null;
}

export class Queries {
  readonly #entries = new Map<string, Entry>();
  readonly #textOf: (digest: Digest) => string | undefined;
  /** Whether there were more shapes than are told apart. */
  full = false;

  constructor(textOf: (digest: Digest) => string | undefined) {
    this.#textOf = textOf;
  }

  add(op: SourceOperation): void {
    if (op.kind !== 'read' && op.kind !== 'write') return;
    const entry = this.#entry(op.shape);
    if (entry === null) return;
    entry.calls++;
    if (op.return === null) return;
    const ms = (op.return - op.invoke) / 1e6;
    entry.totalMs += ms;
    if (entry.times.length < QUERY_LIMITS.times) entry.times.push(ms);
    if (ms > entry.maxMs || entry.slowest === null) {
      entry.maxMs = Math.max(entry.maxMs, ms);
      if (op.kind === 'read' && op.status === 'ok' && op.opaque !== true)
        entry.slowest = {
          shape: op.shape,
          totalMs: 0,
          ms,
          params: op.params,
          texts: op.params.map((digest) => (digest === null ? undefined : this.#textOf(digest))),
        };
    }
  }

  #entry(shape: string): Entry | null {
    const known = this.#entries.get(shape);
    if (known !== undefined) return known;
    if (this.#entries.size >= QUERY_LIMITS.shapes) {
      this.full = true;
      return null;
    }
    const made: Entry = { shape, calls: 0, totalMs: 0, maxMs: 0, times: [], slowest: null };
    this.#entries.set(shape, made);
    return made;
  }

  /** The slowest execution of each reading statement, slowest in all first. */
  slowest(count: number): readonly SlowExecution[] {
    return [...this.#entries.values()]
      .flatMap(({ slowest, totalMs }) => (slowest === null ? [] : [{ ...slowest, totalMs }]))
      .sort((a, b) => b.totalMs - a.totalMs)
      .slice(0, count);
  }

  /** Figures of every shape, slowest in all first. */
  figures(requests: number, plans: ReadonlyMap<string, string>): readonly QueryFigures[] {
    return [...this.#entries.values()]
      .map(({ shape, calls, totalMs, maxMs, times }) => ({
        shape,
        calls,
        callsPerRequest: requests === 0 ? 0 : rounded(calls / requests),
        totalMs: rounded(totalMs),
        p50Ms: rounded(median(times)),
        maxMs: rounded(maxMs),
        plan: plans.get(shape) ?? null,
      }))
      .sort((a, b) => b.totalMs - a.totalMs);
  }
}

function median(times: readonly number[]): number {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.ceil(sorted.length / 2) - 1] ?? 0;
}

export function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
