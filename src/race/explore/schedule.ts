/**
 * The schedule format `whystale-schedule/1`: one execution, so that it can be read, kept and replayed. Stable: the same
 * schedule is always the same text, keys in one order, two spaces, a line feed at the end. What a reader does not know, it
 * ignores; another version it refuses.
 */
import { FAULT_KINDS, type FaultKind, type StepId } from './contract.ts';
import type { Access } from './footprint.ts';
import type { RecordedStep } from './replay.ts';

export const SCHEDULE_FORMAT = 'whystale-schedule/1';

export interface ScheduleStep extends RecordedStep {
  /** What came back, for people: `miss`, `price 10`. */
  readonly result?: string;
}

export interface Schedule {
  readonly scenario: {
    /** The scenario file, relative to the schedule or absolute. */
    readonly path: string;
    /** Digest of the scenario file when the schedule was made. */
    readonly digest?: string;
  };
  readonly start: 'cold' | 'warm';
  readonly fault: FaultKind | null;
  readonly steps: readonly ScheduleStep[];
  readonly verdict: 'valid' | 'invalid' | 'unknown';
  /** Cause code, `WS104`; null when there is none. */
  readonly cause: string | null;
}

export type Decoded =
  | { readonly ok: true; readonly schedule: Schedule }
  | { readonly ok: false; readonly error: ScheduleError };

export interface ScheduleError {
  /** json: no JSON at all. version: another version of the format. shape: a field is missing or wrong. */
  readonly kind: 'json' | 'version' | 'shape';
  /** Where, e.g. `steps.3.footprint.0.mode`; empty for the whole document. */
  readonly at: string;
  readonly message: string;
}

export function encodeSchedule(schedule: Schedule): string {
  const { scenario, start, fault, steps, verdict, cause } = schedule;
  const document = {
    format: SCHEDULE_FORMAT,
    scenario: { path: scenario.path, ...(scenario.digest === undefined ? {} : { digest: scenario.digest }) },
    start,
    fault,
    verdict,
    cause,
    steps: steps.map(encodeStep),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function encodeStep(step: ScheduleStep): object {
  const { actor, ordinal, label, footprint, fault, result, enabled } = step;
  return {
    actor,
    ordinal,
    ...(fault === undefined ? {} : { fault }),
    label,
    footprint: footprint.map(({ resource, mode }) => ({ resource, mode })),
    ...(enabled === undefined ? {} : { enabled: [...enabled] }),
    ...(result === undefined ? {} : { result }),
  };
}

/** Never throws. */
export function decodeSchedule(text: string): Decoded {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    return { ok: false, error: { kind: 'json', at: '', message: (error as Error).message } };
  }
  try {
    return { ok: true, schedule: scheduleFrom(document) };
  } catch (error) {
    if (error instanceof Refusal) return { ok: false, error: error.error };
    throw error;
  }
}

/** Carries an error from a field up to decodeSchedule; never leaves this file. */
class Refusal extends Error {
  readonly error: ScheduleError;
  constructor(error: ScheduleError) {
    super(error.message);
    this.error = error;
  }
}

function refuse(at: string, expected: string): never {
  throw new Refusal({ kind: 'shape', at, message: `expected ${expected}` });
}

function scheduleFrom(document: unknown): Schedule {
  const fields = record(document, '');
  if (fields.format !== SCHEDULE_FORMAT) {
    const named = typeof fields.format === 'string' ? fields.format : 'no format';
    const message = `expected ${SCHEDULE_FORMAT}, found ${named}`;
    throw new Refusal({ kind: 'version', at: 'format', message });
  }
  const scenario = record(fields.scenario, 'scenario');
  const path = text(scenario.path, 'scenario.path');
  const { digest } = scenario;
  return {
    scenario: digest === undefined ? { path } : { path, digest: text(digest, 'scenario.digest') },
    start: oneOf(['cold', 'warm'] as const, fields.start, 'start'),
    fault: fields.fault === null ? null : oneOf(FAULT_KINDS, fields.fault, 'fault'),
    steps: list(fields.steps, 'steps').map((step, at) => stepFrom(step, `steps.${at}`)),
    verdict: oneOf(['valid', 'invalid', 'unknown'] as const, fields.verdict, 'verdict'),
    cause: fields.cause === null ? null : text(fields.cause, 'cause'),
  };
}

function stepFrom(value: unknown, at: string): ScheduleStep {
  const fields = record(value, at);
  const ordinal = fields.ordinal;
  if (!Number.isSafeInteger(ordinal) || (ordinal as number) < 0) refuse(`${at}.ordinal`, 'a whole number');
  const { fault, enabled, result } = fields;
  return {
    actor: text(fields.actor, `${at}.actor`),
    ordinal: ordinal as number,
    ...(fault === undefined ? {} : { fault: oneOf(FAULT_KINDS, fault, `${at}.fault`) }),
    label: text(fields.label, `${at}.label`),
    footprint: list(fields.footprint, `${at}.footprint`).map((access, index) =>
      accessFrom(access, `${at}.footprint.${index}`),
    ),
    ...(enabled === undefined ? {} : { enabled: ids(enabled, `${at}.enabled`) }),
    ...(result === undefined ? {} : { result: text(result, `${at}.result`) }),
  };
}

function accessFrom(value: unknown, at: string): Access {
  const { resource, mode } = record(value, at);
  return {
    resource: text(resource, `${at}.resource`),
    mode: oneOf(['read', 'write'] as const, mode, `${at}.mode`),
  };
}

function ids(value: unknown, at: string): StepId[] {
  return list(value, at).map((id, index) => text(id, `${at}.${index}`));
}

function record(value: unknown, at: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) refuse(at, 'an object');
  return value as Record<string, unknown>;
}

function list(value: unknown, at: string): readonly unknown[] {
  return Array.isArray(value) ? value : refuse(at, 'a list');
}

function text(value: unknown, at: string): string {
  return typeof value === 'string' ? value : refuse(at, 'a text');
}

function oneOf<T extends string>(allowed: readonly T[], value: unknown, at: string): T {
  const found = allowed.find((one) => one === value);
  return found ?? refuse(at, `one of ${allowed.join(', ')}`);
}
