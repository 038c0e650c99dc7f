/** What is done on arrival at a choice point that was not seen before. */
import { byActor, type ChoicePoint, type Step, type StepId, slotOf, stepId } from './contract.ts';
import { type Dependence, offeredEvent, type StepEvent } from './trace.ts';
import { addBranch, addSlot, type Branch, type Node, switchesInto } from './tree.ts';

interface Bounds {
  readonly faults: number;
  readonly sleep: boolean;
}

export function arriveAt(
  parent: Branch | null,
  point: ChoicePoint,
  bounds: Bounds,
  dependent: Dependence,
): Node {
  const steps = new Map([...point.enabled].sort(byActor).map((step) => [stepId(step), step]));
  const faults = parent === null ? 0 : parent.node.faults + (parent.step.fault === undefined ? 0 : 1);
  return {
    parent,
    depth: parent === null ? 0 : parent.node.depth + 1,
    actor: parent === null ? null : parent.step.actor,
    switches: parent === null ? 0 : switchesInto(parent.node, parent.step),
    faults,
    sighting: { steps, pending: point.pending },
    choices: withinBudget(steps, faults < bounds.faults),
    sleep:
      parent === null || !bounds.sleep ? new Map() : sleepAfter(parent, dependent, startedBefore(parent)),
    branches: new Map(),
    started: [],
    live: 0,
  };
}

function withinBudget(steps: ReadonlyMap<StepId, Step>, faults: boolean): ReadonlyMap<StepId, Step> {
  if (faults || [...steps.values()].every((step) => step.fault === undefined)) return steps;
  return new Map([...steps].filter(([, step]) => step.fault === undefined));
}

function startedBefore(branch: Branch): readonly Branch[] {
  return branch.node.started.slice(0, branch.node.started.indexOf(branch));
}

/** What sleeps below a branch: what slept at its node or began there earlier, and commutes with it. */
function sleepAfter(
  branch: Pick<Branch, 'node' | 'event'>,
  dependent: Dependence,
  before: readonly Branch[],
): Map<StepId, StepEvent> {
  const { node, event } = branch;
  const asleep = new Map<StepId, StepEvent>();
  if (event === null) return asleep;
  const earlier = before.map((sibling) => sibling.event);
  for (const known of [...node.sleep.values(), ...earlier]) {
    if (known !== null && !dependent(known, event)) asleep.set(known.id, known);
  }
  return asleep;
}

/**
 * Whether an execution of this branch would be broken off right behind it: a crash with which the budget of faults is spent, nobody
 * waits for what the dead process held, and all that the others have on offer sleeps. Nothing new can appear, since steps appear by
 * what their own actor does (contract.ts, 5), and a crash races with nothing that its actor's other outcomes do not race with.
 */
export function isRedundant(branch: Branch, bounds: Bounds, dependent: Dependence): boolean {
  const { node, step, id } = branch;
  if (step.fault !== 'crash' || !bounds.sleep) return false;
  if (node.faults + 1 < bounds.faults || node.sighting.pending.length > 0) return false;
  const others = [...node.sighting.steps].filter(
    ([, other]) => other.fault === undefined && other.actor !== step.actor,
  );
  if (others.length === 0) return false;
  const asleep = sleepAfter({ ...branch, event: offeredEvent(step, id) }, dependent, node.started);
  return others.every(([other]) => asleep.has(other));
}

/**
 * The step to go on with, with its faults as further branches: one of the same actor where there is one. Null when nothing
 * is to be released here: only faults are left (they become branches), or everything is asleep.
 */
export function select(node: Node): Branch | null {
  const awake = [...node.choices].filter(([id]) => !node.sleep.has(id));
  const ordinary = awake.filter(([, step]) => step.fault === undefined);
  const pick = ordinary.find(([, step]) => step.actor === node.actor) ?? ordinary[0];
  if (pick !== undefined) {
    addSlot(node, slotOf(pick[1]));
    return node.branches.get(pick[0]) ?? null;
  }
  for (const [id] of awake) addBranch(node, id);
  const ordinaryAsleep = awake.length < node.choices.size && [...node.choices.values()].some(isOrdinary);
  const fault = awake[0];
  return ordinaryAsleep && fault !== undefined ? (node.branches.get(fault[0]) ?? null) : null;
}

function isOrdinary(step: Step): boolean {
  return step.fault === undefined;
}
