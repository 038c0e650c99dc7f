/**
 * Exact search for a linearization of one register, for values that are written more than once.
 *
 * Wing and Gong's search in the form of Lowe ("Testing for linearizability", 2017): events are taken in order of time,
 * together with the set of all configurations that explain what ended so far. A configuration is the register's value
 * and which open operations have taken effect. Writes take effect only when an operation that ends requires it; reads
 * as soon as the value is theirs, since that can never hurt. Equal configurations are kept once.
 */
import type { Register, Step } from './register.ts';

/** `failed` is the operation at whose end no explanation was left; null: a linearization exists. */
export type SearchResult =
  | { readonly kind: 'decided'; readonly failed: Step | null }
  | { readonly kind: 'exhausted' };

interface Configuration {
  readonly value: string | null;
  /** Slots of open operations that have taken effect. */
  readonly done: bigint;
}

interface Slot {
  readonly step: Step;
  readonly isWrite: boolean;
  readonly bit: bigint;
}

interface Search {
  /** By slot number; undefined is free. */
  readonly slots: (Slot | undefined)[];
  /** Open reads by value. */
  readonly openReads: Map<string | null, bigint>;
  configurations: Map<string, Configuration>;
  stepsLeft: number;
}

/** Steps allowed for each operation on top of the given ones, so that long simple histories are decided. */
const STEPS_PER_OPERATION = 16;
/** Open operations at a time; beyond, configurations are too many anyway. */
const LONGEST_OVERLAP = 512;

/** Searches all linearizations of a register within a number of steps. */
export function searchLinearization(register: Register, steps: number): SearchResult {
  const events = eventsOf(register);
  const start: Configuration = { value: null, done: 0n };
  const search: Search = {
    slots: [],
    openReads: new Map(),
    configurations: new Map([[nameOf(start), start]]),
    stepsLeft: steps + STEPS_PER_OPERATION * events.length,
  };
  const places = new Map<Step, number>();
  for (const { step, isWrite, ends } of events) {
    if (!ends) {
      places.set(step, open(search, step, isWrite));
      if (search.slots.length > LONGEST_OVERLAP) return { kind: 'exhausted' };
      continue;
    }
    close(search, places.get(step) as number);
    places.delete(step);
    if (search.stepsLeft < 0) return { kind: 'exhausted' };
    if (search.configurations.size === 0) return { kind: 'decided', failed: step };
  }
  return { kind: 'decided', failed: null };
}

interface Event {
  readonly step: Step;
  readonly isWrite: boolean;
  readonly ends: boolean;
  readonly time: number;
}

/** Beginnings and ends in order of time; at one moment beginnings come first, since equal stamps overlap. */
function eventsOf(register: Register): Event[] {
  const read = new Set(register.reads.map((step) => step.value));
  const events: Event[] = [];
  const add = (step: Step, isWrite: boolean): void => {
    const endless = step.end === Number.POSITIVE_INFINITY;
    // A write of unknown outcome whose value nobody read may as well never have happened.
    if (endless && !read.has(step.value)) return;
    events.push({ step, isWrite, ends: false, time: step.start });
    if (!endless) events.push({ step, isWrite, ends: true, time: step.end });
  };
  for (const step of register.writes) add(step, true);
  for (const step of register.reads) add(step, false);
  return events.sort((a, b) => a.time - b.time || Number(a.ends) - Number(b.ends));
}

function nameOf(configuration: Configuration): string {
  const { value, done } = configuration;
  return `${done.toString(36)}${value === null ? '' : `=${value}`}`;
}

function open(search: Search, step: Step, isWrite: boolean): number {
  const free = search.slots.indexOf(undefined);
  const place = free < 0 ? search.slots.length : free;
  const bit = 1n << BigInt(place);
  search.slots[place] = { step, isWrite, bit };
  if (isWrite) return place;
  search.openReads.set(step.value, (search.openReads.get(step.value) ?? 0n) | bit);
  const next = new Map<string, Configuration>();
  for (const old of search.configurations.values()) {
    keep(next, old.value === step.value ? { value: old.value, done: old.done | bit } : old);
  }
  search.configurations = next;
  return place;
}

function keep(configurations: Map<string, Configuration>, configuration: Configuration): boolean {
  const name = nameOf(configuration);
  if (configurations.has(name)) return false;
  configurations.set(name, configuration);
  return true;
}

/** Keeps the configurations in which the operation has taken effect, letting open writes take effect until it has. */
function close(search: Search, place: number): void {
  const slot = search.slots[place] as Slot;
  const next = new Map<string, Configuration>();
  const tried = new Map<string, Configuration>();
  const stack: Configuration[] = [];
  const sort = (configuration: Configuration): void => {
    if ((configuration.done & slot.bit) !== 0n) {
      keep(next, { value: configuration.value, done: configuration.done & ~slot.bit });
    } else if (keep(tried, configuration)) {
      stack.push(configuration);
    }
  };
  for (const configuration of search.configurations.values()) sort(configuration);
  for (let from = stack.pop(); from !== undefined; from = stack.pop()) {
    for (const write of usableWrites(search, from)) {
      if (--search.stepsLeft < 0) return;
      const { value } = write.step;
      sort({ value, done: from.done | write.bit | (search.openReads.get(value) ?? 0n) });
    }
  }
  search.configurations = next;
  search.slots[place] = undefined;
  if (!slot.isWrite) {
    search.openReads.set(slot.step.value, (search.openReads.get(slot.step.value) ?? 0n) & ~slot.bit);
  }
}

/** Open writes that have not taken effect. Of those without an end that write one value, any stands for all. */
function usableWrites(search: Search, configuration: Configuration): Slot[] {
  const endless = new Set<string | null>();
  const usable: Slot[] = [];
  for (const slot of search.slots) {
    if (slot === undefined || !slot.isWrite || (configuration.done & slot.bit) !== 0n) continue;
    const { value, end } = slot.step;
    if (end === Number.POSITIVE_INFINITY) {
      if (endless.has(value)) continue;
      endless.add(value);
    }
    usable.push(slot);
  }
  return usable;
}
