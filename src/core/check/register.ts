/** One key's history, reduced to what can matter: the form all checkers work on. */
import type { HistoryRecord } from './record.ts';

/** An operation that says something. `end` is infinite for a write whose outcome is unknown. */
export interface Step {
  /** Position in the input. */
  readonly index: number;
  readonly session: string;
  readonly value: string | null;
  readonly start: number;
  readonly end: number;
}

export interface Register {
  readonly reads: readonly Step[];
  readonly writes: readonly Step[];
}

/** Whether real time orders a before b. */
export function isBefore(a: Step, b: Step): boolean {
  return a.end < b.start;
}

interface Open {
  readonly reads: Step[];
  readonly writes: Step[];
}

/**
 * The registers of a history by key. Left out: what failed, reads of unknown outcome.
 *
 * Throws RangeError for a record that returned before it was invoked: no model has a meaning for it.
 */
export function registersOf(records: readonly HistoryRecord[]): Map<string, Register> {
  const registers = new Map<string, Open>();
  for (let index = 0; index < records.length; index++) {
    const record = records[index] as HistoryRecord;
    let register = registers.get(record.key);
    if (register === undefined) {
      register = { reads: [], writes: [] };
      registers.set(record.key, register);
    }
    addStep(register, record, index);
  }
  return registers;
}

function addStep(register: Open, record: HistoryRecord, index: number): void {
  const { kind, status, session, value, invoke } = record;
  if (status === 'fail') return;
  const known = status === 'ok' && record.return !== null;
  if (kind === 'read' && !known) return;
  const end = known ? (record.return as number) : Number.POSITIVE_INFINITY;
  if (!(invoke <= end)) {
    throw new RangeError(`operation ${nameOf(record, index)} returned before it was invoked`);
  }
  register[kind === 'read' ? 'reads' : 'writes'].push({ index, session, value, start: invoke, end });
}

/** What names a record in a witness. */
export function nameOf(record: HistoryRecord, index: number): number {
  return record.id ?? record.line ?? index + 1;
}

/** The same register when every read may reach back: reads start `delta` earlier. */
export function reachingBack(register: Register, delta: number): Register {
  if (delta === 0) return register;
  return {
    writes: register.writes,
    reads: register.reads.map((read) => ({ ...read, start: read.start - delta })),
  };
}
