/** What an execution teaches: which branches its choice points need besides those they have. */
import { byActor, type Step, type StepId, slotOf, stepId } from './contract.ts';
import { conflict } from './footprint.ts';
import type { Tally } from './tally.ts';
import { type Dependence, initialsOf, offeredEvent, racesOf, type Trace } from './trace.ts';
import { addBranch, addSlot, type Branch, type Node } from './tree.ts';

interface Lesson {
  readonly trace: Trace;
  /** The branch of each event. */
  readonly path: readonly Branch[];
  /** The choice point at the end, where the runner showed one. */
  readonly last: Node | null;
  /** The first event that was not learned from before. */
  readonly from: number;
  /** Faults per execution at most. */
  readonly faults: number;
}

export function learnFrom(lesson: Lesson, dependent: Dependence, tally: Tally): void {
  const { trace, path, last, from, faults } = lesson;
  for (let j = from; j < path.length; j++) {
    for (const i of racesOf(trace, j)) reverse(trace, path[i]!.node, i, j, tally);
    const after = path[j + 1]?.node ?? last;
    deferFaults(path[j]!, after, faults, dependent);
    if (after !== null) checkNothingTaken(path[j]!, after, tally);
    checkWaking(trace, j, tally);
  }
}

/** Sees to it that some execution has j before i. */
function reverse(trace: Trace, node: Node, i: number, j: number, tally: Tally): void {
  const initials = initialsOf(trace, i, j).map((k) => trace.events[k]!.id);
  if (initials.some((id) => node.branches.has(id) || node.sleep.has(id))) return;
  const possible = initials.flatMap((id) => node.choices.get(id) ?? []);
  const [best] = possible.sort((a, b) => preference(node, a) - preference(node, b) || byActor(a, b));
  if (best !== undefined) addSlot(node, slotOf(best));
  else {
    // A step that ought to be on offer is not, so a footprint is too small. Everything is explored here, as it would be
    // without reduction, and the answer is not called complete.
    tally.gap(`footprints do not tell why ${initials.join(', ')} could not come first`, 'initials');
    for (const id of node.choices.keys()) addBranch(node, id);
  }
}

function preference(node: Node, step: Step): number {
  return (step.fault === undefined ? 0 : 2) + (step.actor === node.actor ? 0 : 1);
}

/**
 * Faults that are no variant of a step: each is explored before the steps it conflicts with. Where it commutes with the
 * step that was released, the next choice point sees to it, unless it is no longer on offer there.
 */
function deferFaults(branch: Branch, after: Node | null, budget: number, dependent: Dependence): void {
  const { node, event } = branch;
  const spent = node.faults + (branch.step.fault === undefined ? 0 : 1);
  if (spent >= budget || event === null) return;
  for (const [id, step] of node.choices) {
    if (step.fault === undefined || node.branches.has(id) || hasOrdinary(node, slotOf(step))) continue;
    if (after === null || !after.choices.has(id) || dependent(offeredEvent(step, id), event))
      addBranch(node, id);
  }
}

function hasOrdinary(node: Node, slot: StepId): boolean {
  return node.choices.has(slot);
}

/** Contract, 5: a step on offer stays on offer. Where one is gone it is explored first; unless the same actor's step or
 * fault took it, the theory does not cover what else that may hide. */
function checkNothingTaken({ node, id, step, event }: Branch, after: Node, tally: Tally): void {
  for (const [other, offered] of node.choices) {
    if (offered.fault !== undefined || after.sighting.steps.has(other)) continue;
    if (other === id || other === slotOf(step)) continue;
    addSlot(node, slotOf(offered));
    if (event?.actors.includes(offered.actor)) continue;
    tally.gap(`${stepId(step)} (${step.label}) took ${other} (${offered.label}) away`, 'taken');
  }
}

/** Contract, 4: who wakes a waiting step writes what it waits for. */
function checkWaking({ events }: Trace, j: number, tally: Tally): void {
  const { step, woke } = events[j]!;
  for (const id of woke) {
    const waited = events.find((event) => event.id === id);
    if (waited === undefined || conflict(waited.step.footprint, step.footprint)) continue;
    tally.gap(
      `${stepId(step)} (${step.label}) woke ${id} (${waited.step.label}) without a conflict`,
      'waking',
    );
  }
}
