/**
 * Strategies that follow a given order of steps. A *replay* is strict: it breaks off where the recorded step is not on offer,
 * or what is on offer differs from what was recorded. A *guide* is lenient: it takes the wanted steps as far as they are on
 * offer, and is how minimise.ts tries orders that nobody has seen.
 */
import {
  byActor,
  type Choice,
  type ChoicePoint,
  type Outcome,
  type Plan,
  type Step,
  type StepId,
  type Strategy,
  stepId,
} from './contract.ts';
import { type Divergence, explainDivergence } from './divergence.ts';
import { sameFootprint } from './footprint.ts';

export interface RecordedStep extends Step {
  /** Ids of all steps that were on offer, where that was recorded. */
  readonly enabled?: readonly StepId[];
}

export interface Replay extends Strategy {
  /** Of each execution that ended: what differed, or null when every step was as recorded. */
  readonly results: readonly (Divergence | null)[];
}

/** Replays a schedule as often as told. */
export function createReplay(schedule: readonly RecordedStep[], times = 1): Replay {
  return new FixedSchedule(schedule, times);
}

class FixedSchedule implements Replay {
  readonly results: (Divergence | null)[] = [];
  readonly #schedule: readonly RecordedStep[];
  readonly #ids: readonly StepId[];
  readonly #times: number;
  #depth = 0;
  #divergence: Divergence | null = null;

  constructor(schedule: readonly RecordedStep[], times: number) {
    this.#schedule = schedule;
    this.#ids = schedule.map(stepId);
    this.#times = times;
  }

  next(): Plan | null {
    if (this.results.length >= this.#times) return null;
    this.#depth = 0;
    this.#divergence = null;
    return { execution: this.results.length + 1, prefix: this.#ids, attempt: 0 };
  }

  choose(point: ChoicePoint): Choice {
    const recorded = this.#schedule[this.#depth];
    if (recorded === undefined) {
      const ordinary = point.enabled.filter(({ fault }) => fault === undefined);
      if (ordinary.length === 0) return { kind: 'stop' };
      return this.#diverge({ unexpected: ordinary.map((step) => `${stepId(step)} ${step.label}`) });
    }
    const difference = compare(recorded, point);
    if (difference !== null) return this.#diverge(difference);
    this.#depth++;
    return { kind: 'release', step: stepId(recorded) };
  }

  ended(outcome: Outcome): void {
    const rest = this.#schedule.slice(this.#depth);
    if (this.#divergence === null && (rest.length > 0 || outcome.ending === 'failed')) {
      const missing = rest.slice(0, 1).map((step) => `${stepId(step)} ${step.label}`);
      this.#diverge({ missing, failed: outcome.ending === 'failed' });
    }
    this.results.push(this.#divergence);
  }

  #diverge(difference: Partial<Divergence>): Choice {
    const prefix = this.#ids.slice(0, this.#depth);
    const same = { missing: [], unexpected: [], changed: [], pendingDiffers: false, failed: false };
    this.#divergence = { ...same, ...difference, prefix };
    return { kind: 'cut', reason: 'diverged' };
  }
}

function compare(recorded: RecordedStep, point: ChoicePoint): Partial<Divergence> | null {
  const id = stepId(recorded);
  const now = new Map(point.enabled.map((step) => [stepId(step), step]));
  const step = now.get(id);
  const expected = recorded.enabled ?? [id];
  const missing = [...new Set([id, ...expected])].filter((one) => !now.has(one));
  // Which faults are offered depends on what was asked for, not on the service.
  const unexpected =
    recorded.enabled === undefined
      ? []
      : [...now].flatMap(([one, { label, fault }]) =>
          fault !== undefined || expected.includes(one) ? [] : [`${one} ${label}`],
        );
  const differs =
    step !== undefined &&
    (step.label !== recorded.label || !sameFootprint(step.footprint, recorded.footprint));
  const changed = differs ? [{ id, before: recorded.label, now: step.label }] : [];
  if (missing.length + unexpected.length + changed.length === 0) return null;
  return { missing, unexpected, changed };
}

/**
 * One execution that takes the wanted steps in their order, leaving out what is not on offer; then goes on with the last
 * actor as long as it has steps. No fault happens that is not wanted.
 */
export function createGuide(wanted: readonly StepId[]): Strategy {
  let begun = false;
  let open = [...wanted];
  let last: string | null = null;
  return {
    next() {
      if (begun) return null;
      begun = true;
      return { execution: 1, prefix: wanted, attempt: 0 };
    },
    choose(point) {
      const steps = new Map([...point.enabled].sort(byActor).map((step) => [stepId(step), step]));
      const next = open.find((id) => steps.has(id));
      const ordinary = [...steps.values()].filter(({ fault }) => fault === undefined);
      if (ordinary.length === 0 && next === undefined) return { kind: 'stop' };
      const step = next === undefined ? followed(ordinary, last) : steps.get(next)!;
      if (next !== undefined) open = open.slice(open.indexOf(next) + 1);
      last = step.actor;
      return { kind: 'release', step: stepId(step) };
    },
    ended() {},
  };
}

function followed(ordinary: readonly Step[], last: string | null): Step {
  return ordinary.find(({ actor }) => actor === last) ?? ordinary[0]!;
}

/** One line for people. */
export function explainReplay(result: Divergence | null): string {
  return result === null ? 'as recorded' : explainDivergence(result);
}
