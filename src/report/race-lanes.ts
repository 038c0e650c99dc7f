/** The steps of an execution as lanes: one column for each actor, what happens to the surroundings across all. */
import type { FaultKind } from '../race/explore/contract.ts';
import { type RaceStep, REPLY_TO } from '../race/result.ts';
import { drawLanes, type Lane, type LaneStep } from './lanes.ts';
import type { Drawing } from './style.ts';

/** The actors, in their order, with what they ask. */
export function actorLanes(
  actors: readonly { readonly name: string; readonly requests: readonly string[] }[],
): readonly Lane[] {
  return actors.map(({ name, requests }) => ({ name, heading: requests.join(', ') }));
}

/** The lines of the drawing; steps are counted from 1, and an actor without any has no lane. A reply that came at once is passed
 * over: that is what a reader takes for granted. */
export function drawRace(steps: readonly RaceStep[], actors: readonly Lane[], drawing: Drawing): string[] {
  const lanes = actors.filter(({ name }) => steps.some(({ actor }) => actor === name));
  const names = new Set(lanes.map(({ name }) => name));
  const drawn = steps.flatMap((step, index) =>
    cameAtOnce(step, steps[index - 1]) ? [] : [laneStep(step, index, names)],
  );
  return drawLanes(drawn, lanes.length === 0 ? actors : lanes, 'step', drawing);
}

function cameAtOnce({ actor, label, note, decisive }: RaceStep, before: RaceStep | undefined): boolean {
  const own = before?.actor === actor && label === `${REPLY_TO}${before.label}`;
  return own && note === undefined && decisive === undefined;
}

function laneStep(step: RaceStep, index: number, actors: ReadonlySet<string>): LaneStep {
  const { actor, result, note, decisive } = step;
  return {
    when: String(index + 1),
    lane: actors.has(actor) ? actor : '',
    text: stepText(step),
    ...(result === null ? {} : { result }),
    ...(note === undefined ? {} : { note }),
    ...(decisive === undefined ? {} : { decisive }),
  };
}

/** What happens in a step, the fault that strikes it included. */
export function stepText({ label, fault }: Pick<RaceStep, 'label' | 'fault'>): string {
  return fault === undefined ? label : FAULTED[fault](label);
}

const FAULTED: Readonly<Record<FaultKind, (label: string) => string>> = {
  crash: (label) => `CRASH before ${label}`,
  reset: (label) => `RESET before ${label}`,
  'reply-lost': (label) => `${label}, REPLY LOST`,
  error: (label) => `ERROR in place of ${label}`,
  delay: (label) => `${label}, REPLY DELAYED`,
  expire: (label) => label,
  evict: (label) => label,
  empty: (label) => label,
};

/** `crash`, or that there was none. */
export function faultName(fault: FaultKind | null): string {
  return fault === null ? 'no fault' : fault;
}
