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
import { shrink, shrinkByValues } from './shrink.ts';

/** Decides one register under a Δ in nanoseconds; 0 is linearizability. `steps` bounds the exact search. */
export function decideLinearizable(register: Register, delta: number, steps: number): Decision {
  const decision = decideUnshrunk(register, delta, steps);
  if (decision.verdict !== 'invalid') return decision;
  const again = (part: Register): boolean => decideUnshrunk(part, delta, steps).verdict === 'invalid';
  return invalid(shrink(register, decision.witness, again));
}

function decideUnshrunk(register: Register, delta: number, steps: number): Decision {
  const grouping = groupByValue(register);
  if (grouping.kind === 'impossible') return invalid(grouping.witness);
  if (grouping.kind === 'clusters') return decideZones(register, zonesOf(grouping.clusters, delta), delta);
  // Leaving out reads can only make a history valid: what is invalid without the ambiguous ones, is invalid.
  const clear = decideUnshrunk(withoutAmbiguousReads(register), delta, steps);
  return clear.verdict === 'invalid' ? clear : decideBySearch(reachingBack(register, delta), steps);
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

/** The values other than null that are written more than once. */
function repeatedValues(register: Register): Set<string> {
  const seen = new Set<string>();
  const repeated = new Set<string>();
  for (const { value } of register.writes) {
    if (value === null) continue;
    if (seen.has(value)) repeated.add(value);
    seen.add(value);
  }
  return repeated;
}

function withoutAmbiguousReads(register: Register): Register {
  const repeated = repeatedValues(register);
  const reads = register.reads.filter((read) => read.value === null || !repeated.has(read.value));
  return { reads, writes: register.writes };
}

function decideBySearch(register: Register, steps: number): Decision {
  const result = searchLinearization(register, steps);
  if (result.kind === 'exhausted') return UNKNOWN;
  const { failed } = result;
  if (failed === null) return VALID;
  const fails = (part: Register): boolean => {
    const again = searchLinearization(part, steps);
    return again.kind === 'decided' && again.failed !== null;
  };
  return invalid(shrinkByValues(register, failed, fails));
}
