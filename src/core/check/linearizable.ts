/**
 * Linearizability of one register, and bounded staleness: the same question when reads may reach back Δ.
 *
 * Zones decide it when values are written once (clusters.ts), also with deletes (absence.ts); a value that is written
 * again and read needs the exact search (search.ts), which is bounded.
 */
import { unservedAbsence } from './absence.ts';
import { clashWitness, forEachClash, groupByValue, type Zones, zonesOf } from './clusters.ts';
import { type Decision, invalid, UNKNOWN, VALID } from './decision.ts';
import { type Register, reachingBack, type Step } from './register.ts';
import { searchLinearization } from './search.ts';
import { fewestValues, shrink } from './shrink.ts';

/** Decides one register under a Δ in nanoseconds; 0 is linearizability. `steps` bounds the exact search. */
export function decideLinearizable(register: Register, delta: number, steps: number): Decision {
  const decision = decideUnshrunk(register, delta, steps);
  if (decision.verdict !== 'invalid') return decision;
  return invalid(
    shrink(register, decision.witness, {
      isInvalid: (part) => verdictOf(part, delta, steps) === 'invalid',
      barrier: (part, read) => overwrittenBefore(part, read, delta),
    }),
  );
}

/** As {@link decideLinearizable}, without a witness. */
export function verdictOf(register: Register, delta: number, steps: number): Decision['verdict'] {
  const grouping = groupByValue(register);
  if (grouping.kind !== 'repeated') return decideUnshrunk(register, delta, steps).verdict;
  const result = searchLinearization(reachingBack(register, delta), steps);
  if (result.kind === 'exhausted') return 'unknown';
  return result.failed === null ? 'valid' : 'invalid';
}

/**
 * Whether a register is linearizable, as far as zones can tell. Such a register gives every session its own writes and
 * never takes a read back, so that the other models need not look further.
 */
export function isPlainlyLinearizable(register: Register): boolean {
  const grouping = groupByValue(register);
  return (
    grouping.kind === 'clusters' &&
    decideZones(register, zonesOf(grouping.clusters, 0), 0).verdict === 'valid'
  );
}

function decideUnshrunk(register: Register, delta: number, steps: number): Decision {
  const grouping = groupByValue(register);
  if (grouping.kind === 'impossible') return invalid(grouping.witness);
  if (grouping.kind === 'clusters') return decideZones(register, zonesOf(grouping.clusters, delta), delta);
  // Leaving out reads can only make a history valid: what is invalid without the ambiguous ones is invalid.
  const clear = decideUnshrunk(withoutAmbiguousReads(register), delta, steps);
  return clear.verdict === 'invalid' ? clear : decideBySearch(register, delta, steps);
}

function decideZones(register: Register, zones: Zones, delta: number): Decision {
  let clash: readonly Step[] | null = null;
  forEachClash(zones, (i, j) => {
    clash = clashWitness(zones, i, j);
    return false;
  });
  if (clash !== null) return invalid(clash);
  const deletes = register.writes.filter((write) => write.value === null);
  const absent = register.reads.filter((read) => read.value === null);
  const unserved = unservedAbsence(zones, deletes, absent, delta);
  return unserved === null ? VALID : invalid(unserved);
}

function withoutAmbiguousReads(register: Register): Register {
  const seen = new Set<string>();
  const repeated = new Set<string>();
  for (const { value } of register.writes) {
    if (value === null) continue;
    if (seen.has(value)) repeated.add(value);
    seen.add(value);
  }
  const reads = register.reads.filter((read) => read.value === null || !repeated.has(read.value));
  return { reads, writes: register.writes };
}

function decideBySearch(register: Register, delta: number, steps: number): Decision {
  const result = searchLinearization(reachingBack(register, delta), steps);
  if (result.kind === 'exhausted') return UNKNOWN;
  const { failed } = result;
  if (failed === null) return VALID;
  const fails = (part: Register): boolean => verdictOf(part, delta, steps) === 'invalid';
  const window = latestWindow(register, failed, delta, fails);
  return invalid(fewestValues(window, fails));
}

/** Smallest window tried, in operations. */
const FIRST_WINDOW = 8;

/**
 * The last operations before a failure that fail by themselves: reads from some moment on, and the writes that were not
 * certainly overwritten by then, as none of the others can have been seen.
 */
function latestWindow(
  register: Register,
  failed: Step,
  delta: number,
  fails: (part: Register) => boolean,
): Register {
  const early = (step: Step): boolean => step.start <= failed.end;
  const reads = register.reads.filter(early);
  const writes = register.writes.filter(early);
  const starts = [...reads, ...writes].map((step) => step.start).sort((a, b) => b - a);
  for (let count = FIRST_WINDOW; count < starts.length; count *= 2) {
    const from = starts[count] as number;
    let overwritten = Number.NEGATIVE_INFINITY;
    for (const write of writes) if (write.end < from) overwritten = Math.max(overwritten, write.start);
    const part = {
      reads: reads.filter((read) => read.start - delta >= from),
      writes: writes.filter((write) => write.end >= overwritten),
    };
    if (fails(part)) return part;
  }
  return { reads, writes };
}

/**
 * A moment such that a write of the read's value that ended before it was overwritten before the read began: the latest
 * start among the other values that were certainly current between the two.
 */
function overwrittenBefore(part: Register, read: Step, delta: number): number {
  const time = read.start - delta;
  const writes = new Map<string | null, number>();
  for (const { value } of part.writes) writes.set(value, (writes.get(value) ?? 0) + 1);
  const latest = new Map<string | null, number>();
  const ended = new Set<string | null>();
  let barrier = Number.NEGATIVE_INFINITY;
  for (const { value, start, end } of [...part.writes, ...part.reads]) {
    if (value === read.value) continue;
    if (end < time) {
      ended.add(value);
      barrier = Math.max(barrier, start);
    }
    latest.set(value, Math.max(latest.get(value) ?? start, start));
  }
  // Operations on a value that was written once stand together: one that ended before the time speaks for all.
  for (const value of ended) {
    if (value !== null && writes.get(value) === 1) barrier = Math.max(barrier, latest.get(value) as number);
  }
  return barrier;
}
