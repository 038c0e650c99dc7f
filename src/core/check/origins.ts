/** Which writes a read may have returned: those of its value that were invoked before it returned. */
import { isBefore, type Register, type Step } from './register.ts';

/** The writes of one value in order of their starts. */
export interface Origin {
  readonly writes: readonly Step[];
  /** Latest end among the first n + 1 of them. */
  readonly ends: Float64Array;
}

export type Origins = ReadonlyMap<string | null, Origin>;

/** Writes by value. */
export function originsOf(writes: readonly Step[]): Origins {
  const lists = new Map<string | null, Step[]>();
  for (const write of writes) {
    const known = lists.get(write.value);
    if (known === undefined) lists.set(write.value, [write]);
    else known.push(write);
  }
  const origins = new Map<string | null, Origin>();
  for (const [value, list] of lists) {
    list.sort((a, b) => a.start - b.start);
    const ends = Float64Array.from(list, (write) => write.end);
    for (let i = 1; i < ends.length; i++) ends[i] = Math.max(ends[i - 1] as number, ends[i] as number);
    origins.set(value, { writes: list, ends });
  }
  return origins;
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
