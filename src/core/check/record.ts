/**
 * The history that the checkers read: operations on registers, one per key, whoever recorded them.
 *
 * Every key starts as null and a write of null deletes. Intervals are closed: a precedes b only if a returned before b
 * was invoked, and equal stamps overlap. A failed operation had no effect and says nothing; a read with an unknown
 * outcome says nothing; a write with an unknown outcome took effect at any time after its invocation, or never.
 */

/** One operation on one key. */
export interface HistoryRecord {
  /** Names the operation in witnesses; where there is none, `line` does, else the position in the input from 1. */
  readonly id?: number | undefined;
  readonly line?: number | undefined;
  readonly session: string;
  readonly kind: 'read' | 'write';
  readonly key: string;
  /** null: absent (read) or deleted (write). */
  readonly value: string | null;
  /** Integer nanoseconds on one clock. */
  readonly invoke: number;
  /** null when the outcome is unknown. */
  readonly return: number | null;
  readonly status: 'ok' | 'fail' | 'info';
}

/**
 * - `linearizable`: the operations of a key have one order that respects real time and in which every read returns the
 *   latest write (Herlihy and Wing 1990).
 * - `bounded-staleness`: as before, but a read may return what was current at some moment in [invoke − Δ, return].
 * - `read-your-writes`: there is an order of the writes that respects real time, and no read returns a write that comes
 *   before one of its own session's earlier writes (Terry et al. 1994).
 * - `monotonic-reads`: likewise, and the reads of a session return writes that never go back in that order.
 *
 * In every model a value must come from a write that was invoked before the read returned.
 */
export type Model = 'linearizable' | 'read-your-writes' | 'monotonic-reads' | 'bounded-staleness';

/** `unknown`: a bound was met before the question was decided. */
export type CheckVerdict = 'valid' | 'invalid' | 'unknown';

export interface CheckOptions {
  readonly model: Model;
  /** Δ of `bounded-staleness` in nanoseconds; 0 when absent. */
  readonly deltaNs?: number;
  /** Ask for `maxStaleNs`. */
  readonly maxStale?: boolean;
  /** Steps of exact search allowed for each key; {@link SEARCH_STEPS} when absent. */
  readonly searchSteps?: number;
}

/** A key that breaks the model. */
export interface Violation {
  readonly key: string;
  /** Operations that break it by themselves, in order of invocation: ids, else lines. */
  readonly witness: readonly number[];
}

export interface CheckResult {
  readonly verdict: CheckVerdict;
  /** Records read, whatever their status. */
  readonly operations: number;
  readonly keys: number;
  /**
   * Smallest Δ under which every key is `bounded-staleness`; 0 for a linearizable history. null when not asked for, when
   * no Δ suffices (a value that was never written, or read before it was), or when a bound was met.
   */
  readonly maxStaleNs: number | null;
  readonly violations: readonly Violation[];
  /** Keys that could not be decided. */
  readonly unknown: readonly string[];
}

/** Bound of the exact search that decides what the fast algorithms leave open; about a second's work. */
export const SEARCH_STEPS = 400_000;
