/** Which writes a read may have returned: those of its value that were invoked before it returned. */
import { isBefore, type Register, type Step } from './register.ts';

/** The writes of one value in order of their starts. */
export interface Origin {
  readonly writes: readonly Step[];
  /** Latest end among the first n + 1 of them. */
  readonly ends: readonly number[];
}

export type Origins = ReadonlyMap<string | null, Origin>;

/** Writes by value. */
export function originsOf(writes: readonly Step[]): Origins {
  const origins = new Map<string | null, { readonly writes: Step[]; readonly ends: number[] }>();
  const repeated = new Set<string | null>();
  for (const write of writes) {
    const known = origins.get(write.value);
    if (known === undefined) {
      origins.set(write.value, { writes: [write], ends: [write.end] });
      continue;
    }
    known.writes.push(write);
    repeated.add(write.value);
  }
  for (const value of repeated) {
    const { writes: list, ends } = origins.get(value) as { writes: Step[]; ends: number[] };
    list.sort((a, b) => a.start - b.start);
    for (const [i, { end }] of list.entries()) ends[i] = i === 0 ? end : Math.max(ends[i - 1] as number, end);
  }
  return origins;
}

/**
 * Earliest end of an operation on each value that was written once: its write has taken effect by then. Ordering the
 * writes by these moments, and all others by any moment of their interval, respects real time.
 */
export function visibleMoments(register: Register, origins: Origins): Map<string | null, number> {
  const moments = new Map<string | null, number>();
  for (const [value, { writes }] of origins)
    if (writes.length === 1) moments.set(value, (writes[0] as Step).end);
  for (const { value, end } of register.reads) {
    const known = moments.get(value);
    if (value !== null && known !== undefined && end < known) moments.set(value, end);
  }
  return moments;
}

/** How many of a value's writes, in order of their starts, the read may have returned. */
export function originCount(origins: Origins, read: Step): number {
  const list = origins.get(read.value)?.writes ?? [];
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((list[middle] as Step).start <= read.end) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** A read that returned what no write could have given it, with a write of its value; null when there is none. */
export function impossibleRead(register: Register, origins: Origins): readonly Step[] | null {
  for (const read of register.reads) {
    if (read.value === null) continue;
    const first = origins.get(read.value)?.writes[0];
    if (first === undefined) return [read];
    if (isBefore(read, first)) return [read, first];
  }
  return null;
}
