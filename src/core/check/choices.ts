/**
 * Exact search for an order of the writes that satisfies monotonic reads where places have a choice.
 *
 * Real time and the constraints make a graph over writes and places: it must have no cycle, and a place with a choice must
 * be one of its options. A choice ties the place to a write; it fails when another write then comes both after
 * and before that write. Real time is drawn through a chain of the writes' ends, so that its edges are linear in number.
 */
import { type Constraint, type Place, type ReadingOrder, settledWrite } from './reading-order.ts';
import { isBefore, type Step } from './register.ts';

export type ChoiceResult = 'possible' | 'impossible' | 'exhausted';

/** Places with a choice; more are not searched. */
const MOST_CHOICES = 1_000;

interface Graph {
  readonly after: number[][];
  readonly before: number[][];
  /** Nodes below this are writes. */
  readonly writes: number;
  readonly nodeOf: ReadonlyMap<Step, number>;
  readonly placeNode: ReadonlyMap<Place, number>;
  stepsLeft: number;
}

/** Searches the choices within a number of steps. */
export function chooseOptions(order: ReadingOrder, steps: number): ChoiceResult {
  const graph = graphOf(order, steps);
  if (hasCycle(graph)) return 'impossible';
  const open = order.places.filter((place) => settledWrite(place) === null);
  const choices = open.map((place) => choiceOf(order, place)).filter((choice) => !choice.isFree);
  if (choices.length === 0) return 'possible';
  if (choices.length > MOST_CHOICES) return 'exhausted';
  choices.sort((a, b) => a.options.length - b.options.length);
  const found = tieFrom(graph, choices, 0);
  return graph.stepsLeft < 0 ? 'exhausted' : found ? 'possible' : 'impossible';
}

function graphOf(order: ReadingOrder, steps: number): Graph {
  const writes = order.writes.length;
  const nodeOf = new Map(order.writes.map((write, node) => [write, node]));
  const placeNode = new Map<Place, number>();
  let nodes = 2 * writes;
  for (const place of order.places) {
    const settled = settledWrite(place);
    placeNode.set(place, settled === null ? nodes++ : (nodeOf.get(settled) as number));
  }
  const after = Array.from({ length: nodes }, (): number[] => []);
  const before = Array.from({ length: nodes }, (): number[] => []);
  const graph = { after, before, writes, nodeOf, placeNode, stepsLeft: steps };
  addRealTime(graph, order.writes);
  for (const { earlier, later } of order.constraints) {
    addEdge(graph, placeNode.get(earlier) as number, placeNode.get(later) as number);
  }
  return graph;
}

function addEdge(graph: Graph, from: number, to: number): void {
  (graph.after[from] as number[]).push(to);
  (graph.before[to] as number[]).push(from);
}

/** The chain's k-th link comes after the k writes that end first; a write comes after the last link before its start. */
function addRealTime(graph: Graph, writes: readonly Step[]): void {
  const byEnd = writes.map((write, node) => ({ write, node })).sort((a, b) => a.write.end - b.write.end);
  const byStart = writes
    .map((write, node) => ({ write, node }))
    .sort((a, b) => a.write.start - b.write.start);
  let ended = 0;
  for (const { write, node } of byStart) {
    for (; ended < byEnd.length && (byEnd[ended] as { write: Step }).write.end < write.start; ended++) {
      const link = graph.writes + ended;
      addEdge(graph, (byEnd[ended] as { node: number }).node, link);
      if (ended > 0) addEdge(graph, link - 1, link);
    }
    if (ended > 0) addEdge(graph, graph.writes + ended - 1, node);
  }
}

/** Whether anything must come before itself: no order of the nodes respects all edges. */
function hasCycle(graph: Graph): boolean {
  const open = graph.before.map((list) => list.length);
  const ready = open.flatMap((count, node) => (count === 0 ? [node] : []));
  let done = 0;
  for (let node = ready.pop(); node !== undefined; node = ready.pop()) {
    done++;
    for (const next of graph.after[node] as number[]) {
      open[next] = (open[next] as number) - 1;
      if (open[next] === 0) ready.push(next);
    }
  }
  return done < graph.after.length;
}

interface Choice {
  readonly place: Place;
  /** Options that real time leaves. */
  readonly options: readonly Step[];
  /** True when real time itself puts some option between all neighbours: choosing it adds nothing. */
  readonly isFree: boolean;
}

function choiceOf(order: ReadingOrder, place: Place): Choice {
  const earlier = neighbours(order.constraints, place, 'later').map((other) => settledWrite(other));
  const later = neighbours(order.constraints, place, 'earlier').map((other) => settledWrite(other));
  const all = place.origin.writes.slice(0, place.count);
  const options = all.filter(
    (option) =>
      !earlier.some((write) => write !== null && write !== option && isBefore(option, write)) &&
      !later.some((write) => write !== null && write !== option && isBefore(write, option)),
  );
  const isFree = options.some(
    (option) =>
      earlier.every((write) => write !== null && (write === option || isBefore(write, option))) &&
      later.every((write) => write !== null && (write === option || isBefore(option, write))),
  );
  return { place, options, isFree };
}

/** The places on the other side of a place's constraints. */
function neighbours(constraints: readonly Constraint[], place: Place, side: 'earlier' | 'later'): Place[] {
  const other = side === 'earlier' ? 'later' : 'earlier';
  return constraints
    .filter((constraint) => constraint[side] === place)
    .map((constraint) => constraint[other]);
}

function tieFrom(graph: Graph, choices: readonly Choice[], depth: number): boolean {
  const choice = choices[depth];
  if (choice === undefined) return true;
  const place = graph.placeNode.get(choice.place) as number;
  for (const option of choice.options) {
    const write = graph.nodeOf.get(option) as number;
    addEdge(graph, place, write);
    addEdge(graph, write, place);
    if (isAlone(graph, write) && tieFrom(graph, choices, depth + 1)) return true;
    removeEdge(graph, place, write);
    removeEdge(graph, write, place);
    if (graph.stepsLeft < 0) return false;
  }
  return false;
}

/** Edges are removed in the reverse order of their addition, so the last one is meant. */
function removeEdge(graph: Graph, from: number, to: number): void {
  const after = graph.after[from] as number[];
  const before = graph.before[to] as number[];
  after.splice(after.lastIndexOf(to), 1);
  before.splice(before.lastIndexOf(from), 1);
}

/** Whether no other write comes both after and before this one. */
function isAlone(graph: Graph, write: number): boolean {
  const reached = reach(graph, graph.after, write);
  const reaching = reach(graph, graph.before, write);
  for (const node of reached) if (node < graph.writes && node !== write && reaching.has(node)) return false;
  return true;
}

function reach(graph: Graph, edges: readonly (readonly number[])[], from: number): Set<number> {
  const seen = new Set([from]);
  const stack = [from];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (--graph.stepsLeft < 0) break;
    for (const next of edges[node] as readonly number[]) {
      if (seen.has(next)) continue;
      seen.add(next);
      stack.push(next);
    }
  }
  return seen;
}
