/**
 * Makes a witness small. Only what may be left out without turning a valid history invalid is left out, so what remains
 * still proves that the whole is invalid: any read; a write whose value no remaining read returns; and a delete that
 * could not have been what a remaining read of null saw.
 */
import { isBefore, type Register, type Step } from './register.ts';

/** Witnesses larger than this are given as they are. */
const LARGEST_SHRUNK = 300;

/** A part of the candidates that is still invalid, in order of invocation. */
export function shrink(
  register: Register,
  candidates: readonly Step[],
  isInvalid: (part: Register) => boolean,
): Step[] {
  const chosen = new Set(candidates.map((step) => step.index));
  const among = (step: Step): boolean => chosen.has(step.index);
  let part: Register = { reads: register.reads.filter(among), writes: register.writes.filter(among) };
  if (chosen.size <= LARGEST_SHRUNK && isInvalid(part)) {
    part = withoutReads(part, isInvalid);
    part = withoutWrites(part, isInvalid);
  }
  return [...part.reads, ...part.writes].sort((a, b) => a.start - b.start || a.index - b.index);
}

function withoutReads(whole: Register, isInvalid: (part: Register) => boolean): Register {
  let part = whole;
  // Late reads are as a rule the ones that show something: try the early ones first.
  for (const read of [...whole.reads].sort((a, b) => a.end - b.end)) {
    const less = { reads: part.reads.filter((other) => other !== read), writes: part.writes };
    if (isInvalid(less)) part = less;
  }
  return part;
}

function withoutWrites(whole: Register, isInvalid: (part: Register) => boolean): Register {
  let part = whole;
  for (const write of whole.writes) {
    if (isNeeded(part, write)) continue;
    const less = { reads: part.reads, writes: part.writes.filter((other) => other !== write) };
    if (isInvalid(less)) part = less;
  }
  return part;
}

/** Whether a remaining read may have returned this very write. */
function isNeeded(part: Register, write: Step): boolean {
  return part.reads.some((read) => read.value === write.value && !isBefore(read, write));
}

/**
 * The steps of the fewest values, latest first, that still fail; a value is left out with all its writes and reads,
 * which is always sound.
 */
export function shrinkByValues(register: Register, failed: Step, fails: (part: Register) => boolean): Step[] {
  const early = (step: Step): boolean => step.start <= failed.end;
  const whole = { reads: register.reads.filter(early), writes: register.writes.filter(early) };
  const latest = new Map<string | null, number>();
  for (const step of [...whole.writes, ...whole.reads]) {
    latest.set(step.value, Math.max(latest.get(step.value) ?? 0, step.start));
  }
  latest.set(failed.value, Number.POSITIVE_INFINITY);
  const values = [...latest].sort((a, b) => b[1] - a[1]).map(([value]) => value);
  for (let count = 1; count < values.length; count *= 2) {
    const kept = new Set(values.slice(0, count));
    const among = (step: Step): boolean => kept.has(step.value);
    const part = { reads: whole.reads.filter(among), writes: whole.writes.filter(among) };
    if (fails(part)) return [...part.reads, ...part.writes];
  }
  return [...whole.reads, ...whole.writes];
}
