/** What differs between two sightings of one choice point: the sign of nondeterminism that nobody controls. */
import { type ChoicePoint, type Step, type StepId, stepId } from './contract.ts';
import { footprintKey, sameFootprint } from './footprint.ts';

export interface Divergence {
  /** The steps before the choice point, in order. */
  readonly prefix: readonly StepId[];
  /** Seen before, gone now. */
  readonly missing: readonly string[];
  /** Not seen before. */
  readonly unexpected: readonly string[];
  /** Same step, other label or footprint. */
  readonly changed: readonly { readonly id: StepId; readonly before: string; readonly now: string }[];
  /** True when the steps that wait are others. */
  readonly pendingDiffers: boolean;
  /** True when the runner reported that the world broke. */
  readonly failed: boolean;
}

/** One choice point as it is remembered: compact, because thousands are. */
export interface Sighting {
  /** The steps in order of {@link byActor}. */
  readonly steps: ReadonlyMap<StepId, Step>;
  readonly pending: readonly StepId[];
}

export const NOTHING_OFFERED: Sighting = { steps: new Map(), pending: [] };

/** Compares; null when both are equal. */
export function differs(prefix: readonly StepId[], known: Sighting, point: ChoicePoint): Divergence | null {
  const now = new Map(point.enabled.map((step) => [stepId(step), step]));
  const missing = [...known.steps].filter(([id]) => !now.has(id)).map(([id, step]) => `${id} ${step.label}`);
  const unexpected = [...now]
    .filter(([id]) => !known.steps.has(id))
    .map(([id, step]) => `${id} ${step.label}`);
  const changed = [...now].flatMap(([id, step]) => {
    const before = known.steps.get(id);
    return before === undefined || same(before, step)
      ? []
      : [{ id, before: describe(before), now: describe(step) }];
  });
  const pendingDiffers = [...known.pending].sort().join() !== [...point.pending].sort().join();
  if (missing.length + unexpected.length + changed.length === 0 && !pendingDiffers) return null;
  return { prefix, missing, unexpected, changed, pendingDiffers, failed: false };
}

function same(a: Step, b: Step): boolean {
  return a.label === b.label && sameFootprint(a.footprint, b.footprint);
}

function describe({ label, footprint }: Step): string {
  return `${label} {${footprintKey(footprint).replaceAll('\n', ', ')}}`;
}

/** One line for people: where, and what differed. */
export function explainDivergence(divergence: Divergence): string {
  const { prefix, missing, unexpected, changed, pendingDiffers, failed } = divergence;
  const parts = [
    ...(failed ? ['the execution failed'] : []),
    ...missing.map((step) => `missing ${step}`),
    ...unexpected.map((step) => `unexpected ${step}`),
    ...changed.map(({ id, before, now }) => `${id} was ${before}, is ${now}`),
    ...(pendingDiffers ? ['other steps wait'] : []),
  ];
  return `after ${prefix.length === 0 ? 'the start' : prefix.join(' ')}: ${parts.join('; ')}`;
}
