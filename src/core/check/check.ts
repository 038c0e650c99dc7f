/**
 * Checks a history of registers against a consistency model. Every model here is local: a history is valid exactly when
 * each key's is, so keys are decided one by one.
 */
import type { Decision } from './decision.ts';
import { decideLinearizable } from './linearizable.ts';
import { decideMonotonicReads } from './monotonic-reads.ts';
import { decideReadYourWrites } from './read-your-writes.ts';
import {
  type CheckOptions,
  type CheckResult,
  type CheckVerdict,
  type HistoryRecord,
  SEARCH_STEPS,
  type Violation,
} from './record.ts';
import { nameOf, type Register, registersOf } from './register.ts';
import { smallestDelta } from './staleness.ts';

/**
 * Checks a history; records may come in any order.
 *
 * Throws RangeError for a record that returned before it was invoked, and for a negative Δ.
 */
export function checkHistory(records: readonly HistoryRecord[], options: CheckOptions): CheckResult {
  const delta = options.deltaNs ?? 0;
  if (!(delta >= 0)) throw new RangeError(`Δ must be 0 or more nanoseconds, not ${delta}`);
  const steps = options.searchSteps ?? SEARCH_STEPS;
  const registers = registersOf(records);
  const violations: Violation[] = [];
  const unknown: string[] = [];
  let maxStaleNs: number | null = options.maxStale === true ? 0 : null;
  for (const [key, register] of registers) {
    const decision = decide(register, options, delta, steps);
    if (decision.verdict === 'unknown') unknown.push(key);
    if (decision.verdict === 'invalid') {
      const witness = decision.witness.map(({ index }) => nameOf(records[index] as HistoryRecord, index));
      violations.push({ key, witness });
    }
    const isFresh = options.model === 'linearizable' && decision.verdict === 'valid';
    if (maxStaleNs !== null && !isFresh) maxStaleNs = larger(maxStaleNs, smallestDelta(register, steps));
  }
  const verdict: CheckVerdict = violations.length > 0 ? 'invalid' : unknown.length > 0 ? 'unknown' : 'valid';
  return { verdict, operations: records.length, keys: registers.size, maxStaleNs, violations, unknown };
}

function decide(register: Register, options: CheckOptions, delta: number, steps: number): Decision {
  switch (options.model) {
    case 'linearizable':
      return decideLinearizable(register, 0, steps);
    case 'bounded-staleness':
      return decideLinearizable(register, delta, steps);
    case 'read-your-writes':
      return decideReadYourWrites(register);
    case 'monotonic-reads':
      return decideMonotonicReads(register, steps);
  }
}

function larger(known: number, delta: number | null): number | null {
  return delta === null ? null : Math.max(known, delta);
}
