/**
 * Monotonic reads (Terry et al. 1994) on one register: some order of the writes respects real time, and what a session
 * reads never goes back in it.
 *
 * When every value that was read was written once, this asks whether real time and the sessions' constraints have a
 * cycle. Where deletes or repeated values leave a choice, first the order of the writes' earliest visible moments is tried,
 * which as a rule satisfies everything; otherwise the choices are searched, which is bounded.
 */
import { type ChoiceResult, chooseOptions } from './choices.ts';
import { type Decision, invalid, UNKNOWN, VALID } from './decision.ts';
import { isPlainlyLinearizable } from './linearizable.ts';
import { impossibleRead, originsOf } from './origins.ts';
import { type Constraint, readingOrder } from './reading-order.ts';
import { isBefore, type Register, type Step } from './register.ts';
import { fewestValues, shrink } from './shrink.ts';
import { isSatisfiedByVisibility } from './visibility.ts';

/** Decides one register; `steps` bounds the search among choices. */
export function decideMonotonicReads(register: Register, steps: number): Decision {
  const answer = isPlainlyLinearizable(register) ? 'possible' : answerOf(register, steps);
  if (answer === 'possible') return VALID;
  if (answer === 'exhausted') return UNKNOWN;
  const isInvalid = (part: Register): boolean => {
    const again = answerOf(part, steps);
    return again !== 'possible' && again !== 'exhausted';
  };
  const candidates = answer === 'impossible' ? fewestValues(register, isInvalid) : answer;
  return invalid(shrink(register, candidates, { isInvalid, barrier: firstWritten }));
}

/** Whether an order exists; steps that show that none does, where they are plain. */
function answerOf(register: Register, steps: number): ChoiceResult | readonly Step[] {
  const impossible = impossibleRead(register, originsOf(register.writes));
  if (impossible !== null) return impossible;
  const order = readingOrder(register);
  if (isSatisfiedByVisibility(order, register)) return 'possible';
  const plain = order.constraints.find(isPlainlyBackwards);
  return plain === undefined ? chooseOptions(order, steps) : stepsOf(plain);
}

/** Whether real time alone puts all options of the later place before all of the earlier one. */
function isPlainlyBackwards({ earlier, later }: Constraint): boolean {
  return (later.origin.ends[later.count - 1] as number) < (earlier.origin.writes[0] as Step).start;
}

function stepsOf({ earlier, later, reads }: Constraint): Step[] {
  const writes = [earlier, later].flatMap((place) => place.origin.writes.slice(0, MOST_SHOWN));
  return [...reads, earlier.read, later.read, ...writes.filter((write) => write.index >= 0)];
}

/** Writes of one repeated value that a plain witness holds; shrinking then adds those that matter. */
const MOST_SHOWN = 50;

/** A delete that ended before the value of an earlier read was first written is older than what the session had seen. */
function firstWritten(part: Register, read: Step): number {
  const origins = originsOf(part.writes);
  let latest = Number.NEGATIVE_INFINITY;
  for (const other of part.reads) {
    if (other.session !== read.session || other.value === null || !isBefore(other, read)) continue;
    latest = Math.max(latest, origins.get(other.value)?.writes[0]?.start ?? Number.NEGATIVE_INFINITY);
  }
  return latest;
}
