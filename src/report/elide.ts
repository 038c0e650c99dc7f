/**
 * Shortens a long timeline: of a run of equal steps the first and the last are drawn, and of what is still too long the
 * middle is left out. Kept are the steps that carry meaning (the decisive one and those with a
 * note), the first and the last; what is left out is counted, by what it was.
 */
import { count } from '../core/numbers.ts';

/** Steps drawn at most, besides those with a note. */
export const MAX_STEPS = 24;

/** Kinds of steps named in the line that stands for those left out. */
const MAX_NAMED = 3;

/** Fewer steps than this are drawn rather than replaced by a line. */
const SHORTEST_GAP = 2;

/** What is looked at of a step. */
export interface Elidable {
  readonly lane: string;
  readonly text: string;
  readonly result?: string;
  readonly note?: string;
  readonly decisive?: boolean;
}

export type Row<Step extends Elidable> =
  | { readonly is: 'step'; readonly step: Step }
  | { readonly is: 'elided'; readonly text: string };

/** The rows to draw. */
export function elide<Step extends Elidable>(steps: readonly Step[], limit = MAX_STEPS): Row<Step>[] {
  const repeated = repetitions(steps);
  const drawn = steps.map((_, index) => index).filter((index) => !repeated.has(index));
  const kept = drawn.length <= limit ? new Set(drawn) : keptSteps(steps, drawn, limit);
  const rows: Row<Step>[] = [];
  let gap: Step[] = [];
  const closeGap = () => {
    if (gap.length >= SHORTEST_GAP) rows.push({ is: 'elided', text: leftOut(gap) });
    else rows.push(...gap.map((step) => ({ is: 'step', step }) as const));
    gap = [];
  };
  steps.forEach((step, index) => {
    if (!kept.has(index)) {
      gap.push(step);
      return;
    }
    closeGap();
    rows.push({ is: 'step', step });
  });
  closeGap();
  return rows;
}

/** Indices of steps that only repeat the step before and after them: of a run, the first and the last are drawn. */
function repetitions(steps: readonly Elidable[]): ReadonlySet<number> {
  const same = (a: Elidable | undefined, b: Elidable) =>
    a !== undefined && a.lane === b.lane && nameOf(a) === nameOf(b) && !isTelling(a);
  const inner = new Set<number>();
  steps.forEach((step, index) => {
    const before = steps[index - 1];
    const after = steps[index + 1];
    if (!isTelling(step) && same(before, step) && after !== undefined && same(after, step)) inner.add(index);
  });
  return inner;
}

function isTelling(step: Elidable): boolean {
  return step.decisive === true || step.note !== undefined;
}

function keptSteps(steps: readonly Elidable[], drawn: readonly number[], limit: number): ReadonlySet<number> {
  const kept = new Set(drawn.filter((index) => isTelling(steps[index] as Elidable)));
  // From both ends towards the middle: what led to it and how it ended.
  for (let low = 0, high = drawn.length - 1; low <= high && kept.size < limit; low += 1, high -= 1) {
    kept.add(drawn[low] as number);
    if (kept.size < limit) kept.add(drawn[high] as number);
  }
  return kept;
}

function leftOut(steps: readonly Elidable[]): string {
  const numbers = new Map<string, number>();
  for (const step of steps) {
    const name = nameOf(step);
    numbers.set(name, (numbers.get(name) ?? 0) + 1);
  }
  const named = [...numbers].sort((a, b) => b[1] - a[1]);
  const parts = named.slice(0, MAX_NAMED).map(([name, number]) => `${count(number)} × ${name}`);
  if (named.length > MAX_NAMED) parts.push('…');
  const [only] = named;
  if (named.length === 1 && only !== undefined) return `${count(only[1])} more of ${only[0]}`;
  return `${count(steps.length)} steps left out: ${parts.join('; ')}`;
}

function nameOf(step: Elidable): string {
  if (step.lane === 'log') return 'log line';
  return step.result === undefined ? step.text : `${step.text}, ${step.result}`;
}
