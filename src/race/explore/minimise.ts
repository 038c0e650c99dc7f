/**
 * Finds, for a failing execution, one that fails too and changes actors least often: the fewer switches, the easier to read
 * what happened.
 *
 * First within the execution's class: of all orders that respect happens-before, the one with the fewest switches
 * ({@link fewestSwitches}). Then across classes: blocks of one actor's steps are moved next to another block of that
 * actor, and what still fails is kept. Where every class was explored, the caller has picked the best of them already
 * ({@link switchesOfClass}), and only its best order is run. Nothing is believed that was not seen to fail.
 */
import type { StepId } from './contract.ts';
import { createDependence, type StepEvent, switchesOf, type Trace, traceOf } from './trace.ts';

export interface Attempt {
  /** What was run, in order. */
  readonly events: readonly StepEvent[];
  /** True when it failed in the way that is being minimised: same fault, same cause. */
  readonly failing: boolean;
}

export interface Minimised {
  readonly events: readonly StepEvent[];
  readonly switches: number;
  /** Executions that it took. */
  readonly runs: number;
}

/** How far to look. */
export interface MinimiseOptions {
  /** Executions at most. */
  readonly maxRuns: number;
  /** Whether other classes may hold simpler ones. */
  readonly acrossClasses: boolean;
}

/** Partial orders with more prefixes than this are ordered greedily. */
const MAX_PREFIXES = 20_000;

/**
 * @param run Runs the steps in this order as far as they are on offer (createGuide) and answers what happened.
 */
export async function minimise(
  failing: readonly StepEvent[],
  run: (wanted: readonly StepId[]) => Promise<Attempt>,
  { maxRuns, acrossClasses }: MinimiseOptions,
): Promise<Minimised> {
  const dependent = createDependence();
  const tried = new Set<string>([idsOf(failing).join(' ')]);
  let best = failing;
  let runs = 0;
  let candidates = candidatesFor(best);
  for (let at = 0; at < candidates.length && runs < maxRuns; at++) {
    const wanted = candidates[at]!;
    const text = wanted.join(' ');
    if (tried.has(text)) continue;
    tried.add(text);
    runs++;
    const attempt = await run(wanted);
    tried.add(idsOf(attempt.events).join(' '));
    if (!attempt.failing || switchesIn(attempt.events) >= switchesIn(best)) continue;
    best = attempt.events;
    candidates = candidatesFor(best);
    at = -1;
  }
  return { events: best, switches: switchesIn(best), runs };

  function candidatesFor(events: readonly StepEvent[]): (readonly StepId[])[] {
    const order = fewestSwitches(traceOf(events, dependent));
    const sameClass = order.map((index) => events[index]!);
    const known = switchesIn(events);
    const others = acrossClasses ? movedBlocks(sameClass) : [];
    return [sameClass, ...others].filter((one) => switchesIn(one) < known).map(idsOf);
  }
}

/** The fewest switches of actor with which an execution of this class can be written down. */
export function switchesOfClass(events: readonly StepEvent[]): number {
  const order = fewestSwitches(traceOf(events, createDependence()));
  return switchesIn(order.map((index) => events[index]!));
}

function idsOf(events: readonly StepEvent[]): StepId[] {
  return events.map(({ id }) => id);
}

function switchesIn(events: readonly StepEvent[]): number {
  return switchesOf(events.map(({ step }) => step.actor));
}

/** Every order in which one block was moved to the one before or after it of the same actor; fewest switches first. */
function movedBlocks(events: readonly StepEvent[]): StepEvent[][] {
  const blocks: StepEvent[][] = [];
  for (const event of events) {
    const block = blocks.at(-1);
    if (block?.[0]?.step.actor === event.step.actor) block.push(event);
    else blocks.push([event]);
  }
  const orders = blocks.flatMap((block, at) => {
    const actor = block[0]!.step.actor;
    const earlier = blocks.findLastIndex((one, where) => where < at && one[0]!.step.actor === actor);
    if (earlier < 0) return [];
    const up = blocks.toSpliced(at, 1).toSpliced(earlier + 1, 0, block);
    const down = blocks.toSpliced(at, 0, blocks[earlier]!).toSpliced(earlier, 1);
    return [up.flat(), down.flat()];
  });
  return orders.sort((a, b) => switchesIn(a) - switchesIn(b));
}

interface Prefix {
  readonly done: readonly number[];
  readonly switches: number;
}

/**
 * An order of the events that respects happens-before with as few switches as there can be, as indices: dynamic
 * programming over the sets of events closed under happens-before, one best order for each set and last actor. Where
 * there are too many such sets, the greedy order that stays with an actor as long as it can.
 */
export function fewestSwitches(trace: Trace): number[] {
  let level = new Map<string, Prefix>([['', { done: [], switches: 0 }]]);
  for (let size = 0; size < trace.events.length; size++) {
    const next = new Map<string, Prefix>();
    for (const prefix of level.values()) {
      for (const index of readyAfter(trace, prefix.done)) extend(trace, prefix, index, next);
    }
    if (next.size > MAX_PREFIXES) return greedy(trace);
    level = next;
  }
  return [...[...level.values()].reduce((a, b) => (b.switches < a.switches ? b : a)).done];
}

function extend(trace: Trace, prefix: Prefix, index: number, into: Map<string, Prefix>): void {
  const actor = trace.events[index]!.step.actor;
  const last = prefix.done.at(-1);
  const changes = last !== undefined && trace.events[last]!.step.actor !== actor;
  const switches = prefix.switches + (changes ? 1 : 0);
  const done = [...prefix.done, index];
  const key = `${actor}\n${[...done].sort((a, b) => a - b).join()}`;
  const known = into.get(key);
  if (known === undefined || switches < known.switches) into.set(key, { done, switches });
}

function readyAfter(trace: Trace, done: readonly number[]): number[] {
  const seen = new Set(done);
  return trace.events.flatMap((_, index) => {
    if (seen.has(index)) return [];
    return trace.direct[index]!.every((earlier) => seen.has(earlier)) ? [index] : [];
  });
}

function greedy(trace: Trace): number[] {
  const done: number[] = [];
  while (done.length < trace.events.length) {
    const ready = readyAfter(trace, done);
    const actor = done.length === 0 ? null : trace.events[done.at(-1)!]!.step.actor;
    done.push(ready.find((index) => trace.events[index]!.step.actor === actor) ?? ready[0]!);
  }
  return done;
}
