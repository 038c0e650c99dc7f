/** Counts what passes by while a history is analysed, so that no second pass is needed. */
import type { Operation } from '../core/operation.ts';

export interface Tally {
  cache: number;
  source: number;
  /** Operations on the key that was asked for. */
  onKey: number;
}

export function emptyTally(): Tally {
  return { cache: 0, source: 0, onKey: 0 };
}

/** Passes operations on and counts them. */
export function* counting(operations: Iterable<Operation>, tally: Tally, key?: string): Generator<Operation> {
  for (const operation of operations) {
    // Descriptions of keys and tables are no use of a store.
    if (operation.kind === 'key' || operation.kind === 'table') {
      // counted nowhere
    } else if (operation.tier === 'cache') {
      tally.cache += 1;
      if (key !== undefined && 'key' in operation && operation.key === key) tally.onKey += 1;
    } else if (operation.tier === 'source') {
      tally.source += 1;
    }
    yield operation;
  }
}
