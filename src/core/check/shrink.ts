/**
 * Makes a witness small. Only what may be left out without turning a valid history invalid is left out, so that what
 * remains proves by itself that the whole is invalid: any read; a write whose value no remaining read returns; and a
 * write that no remaining read can have seen.
 */
import { append } from '../multimap.ts';
import { isBefore, type Register, type Step } from './register.ts';

/** Witnesses larger than this are given as they are. */
const LARGEST_SHRUNK = 300;

/** What shrinking asks of a model. */
export interface Question {
  /** Whether a part of the register still breaks the model. */
  readonly isInvalid: (part: Register) => boolean;
  /** A moment such that no write that ended before it can have been what the read saw, given the part. */
  readonly barrier: (part: Register, read: Step) => number;
}

/** A part of the candidates that is still invalid, in order of invocation. */
export function shrink(register: Register, candidates: readonly Step[], question: Question): Step[] {
  const chosen = new Set(candidates.map((step) => step.index));
  const among = (step: Step): boolean => chosen.has(step.index);
  const whole = { reads: register.reads.filter(among), writes: register.writes.filter(among) };
  const complete = (part: Register): Register => withSeenWrites(part, register.writes, question);
  const fails = (part: Register): boolean => question.isInvalid(complete(part));
  const small = chosen.size <= LARGEST_SHRUNK && fails(whole);
  const part = small ? complete(withoutWrites(withoutReads(whole, fails), fails)) : whole;
  return [...part.reads, ...part.writes].sort((a, b) => a.start - b.start || a.index - b.index);
}

/**
 * The part with exactly those writes of the values it reads that its reads may have seen. When none could have been
 * seen, its own stay, to show how far off they are.
 */
function withSeenWrites(part: Register, writes: readonly Step[], question: Question): Register {
  const windows = new Map<string | null, { readonly from: number; readonly to: number }[]>();
  for (const read of part.reads) {
    const window = { from: question.barrier(part, read), to: read.end };
    append(windows, read.value, window);
  }
  const seen = writes.filter((step) =>
    windows.get(step.value)?.some(({ from, to }) => step.start <= to && step.end >= from),
  );
  const shown = new Set(seen.map((step) => step.value));
  const kept = part.writes.filter((write) => !shown.has(write.value));
  return { reads: part.reads, writes: [...kept, ...seen] };
}

function withoutReads(whole: Register, fails: (part: Register) => boolean): Register {
  let part = whole;
  // Late reads are as a rule the ones that show something: try the early ones first.
  for (const read of [...whole.reads].sort((a, b) => a.end - b.end)) {
    const less = { reads: part.reads.filter((other) => other !== read), writes: part.writes };
    if (fails(less)) part = less;
  }
  return part;
}

function withoutWrites(whole: Register, fails: (part: Register) => boolean): Register {
  let part = whole;
  for (const write of whole.writes) {
    if (isNeeded(part, write)) continue;
    const less = { reads: part.reads, writes: part.writes.filter((other) => other !== write) };
    if (fails(less)) part = less;
  }
  return part;
}

/** Whether a remaining read may have returned this very write, or returned its value too early. */
function isNeeded(part: Register, write: Step): boolean {
  const reads = part.reads.filter((read) => read.value === write.value);
  if (reads.some((read) => !isBefore(read, write))) return true;
  return reads.length > 0 && !part.writes.some((other) => other !== write && other.value === write.value);
}

/**
 * The steps of the fewest values, latest first, that still fail. A value is left out with all its writes and reads,
 * which is always sound.
 */
export function fewestValues(register: Register, fails: (part: Register) => boolean): Step[] {
  const latest = new Map<string | null, number>();
  for (const { value, start } of [...register.writes, ...register.reads]) {
    latest.set(value, Math.max(latest.get(value) ?? start, start));
  }
  const values = [...latest].sort((a, b) => b[1] - a[1]).map(([value]) => value);
  for (let count = 1; count < values.length; count *= 2) {
    const kept = new Set(values.slice(0, count));
    const among = (step: Step): boolean => kept.has(step.value);
    const part = { reads: register.reads.filter(among), writes: register.writes.filter(among) };
    if (fails(part)) return [...part.reads, ...part.writes];
  }
  return [...register.reads, ...register.writes];
}
