/**
 * Which commands and statements on the wire the spans of store calls tell of: equal statement, and the command lies inside
 * the span. One span stands for one command, also when that has several keys; a pipeline's span for all of its commands.
 */
import { type Allowed, CLOCK, type ClockError, coarseOffset, grainOf, refine } from './clock.ts';
import type { Commands } from './commands.ts';
import { Likelihood } from './likelihood.ts';
import { pair } from './pairing.ts';
import type { StoreSpan } from './spans.ts';
import { type Statements, verbOf } from './statements.ts';
import { MARGIN } from './usual.ts';

/** Commands that one span may fit at most; the nearest to its beginning. */
const MAX_FITTING = 96;

export interface CallContext {
  readonly clockOf: (service: string | null) => ClockError;
  /** Whether a command may not be a span's: it certainly belongs to another request. */
  readonly forbids: (call: number, command: number) => boolean;
  /** Whether the span's request names values that the command names: 1, 0, or -1 when either has none. */
  readonly names: (call: number, command: number) => number;
}

/** Commands with a span's statement; null when there is none such. */
export function commandsLike(
  commands: Commands,
  statements: Statements,
  call: StoreSpan,
): readonly number[] | null {
  if (call.store === 'cache') {
    return (
      commands.byClass.get(`cache ${call.sought}`) ??
      commands.byClass.get(`cache ${call.sought.split(/\s/)[0]}`) ??
      null
    );
  }
  const exact = commands.byClass.get(`source ${statements.of(call.sought)}`);
  if (exact !== undefined) return exact;
  return /^\w+$/.test(call.sought) ? (commands.byVerb.get(`source ${verbOf(call.sought)}`) ?? null) : null;
}

/** First place in a sorted list of commands whose invocation is not before a moment. */
function placeOf(commands: Commands, list: readonly number[], moment: number): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (commands.invoke(list[middle]!) < moment) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Differences of the clocks that a call's span allows, by each command that it may have been made for. */
export function allowedBy(
  commands: Commands,
  statements: Statements,
  call: StoreSpan,
  window: number,
): readonly Allowed[] {
  const list = commandsLike(commands, statements, call);
  if (list === null) return [];
  const { invoke: start, return: end } = call.span;
  const allowed: Allowed[] = [];
  // The nearest, before and after.
  const place = placeOf(commands, list, start);
  const from = Math.max(0, place - CLOCK.pairs / 2);
  for (let i = from; i < Math.min(list.length, place + CLOCK.pairs / 2); i++) {
    const command = list[i]!;
    if (commands.invoke(command) < start - window) continue;
    if (commands.invoke(command) > end! + window) break;
    const least = start - commands.invoke(command);
    const most = end! - commands.return(command);
    // Stamps of a clock that ticks coarsely may make a span seem shorter than what it encloses.
    if (most >= least - CLOCK.least) allowed.push([Math.min(least, most), Math.max(least, most)]);
  }
  return allowed;
}

/** The clock of a service by its store calls, and by what requests with the same trace allow. */
export function learnClock(
  commands: Commands,
  statements: Statements,
  calls: readonly StoreSpan[],
  certain: readonly Allowed[],
): ClockError {
  const step = Math.max(1, Math.ceil(calls.length / CLOCK.voters));
  const sample = calls.filter((_, i) => i % step === 0);
  const voters = sample.map((call) => allowedBy(commands, statements, call, CLOCK.window));
  const coarse = coarseOffset([...voters, ...certain.map((one) => [one])]);
  const near = (one: Allowed) => one[0] <= coarse + CLOCK.initial && one[1] >= coarse - CLOCK.initial;
  const alone = voters
    .map((intervals) => intervals.filter(near))
    .filter((intervals) => intervals.length === 1);
  const grain = grainOf(sample.map(({ span }) => span.invoke));
  return refine(
    coarse,
    alone.length >= CLOCK.enough ? alone.map(([one]) => one!) : certain.filter(near),
    grain,
  );
}

/** Calls with their commands. */
export interface Pairs {
  /** For each call the commands that fit it. */
  readonly fitting: readonly (readonly number[])[];
  /** For each call its command, or -1. */
  readonly paired: Int32Array;
  /** Calls whose command may as well be another's. */
  readonly unclear: ReadonlySet<number>;
  /** First marks of runs that must be several commands: as many calls as operations fit them. */
  readonly apart: ReadonlySet<number>;
  /** Commands that may be several: a call that was left over fits them too. */
  readonly doubtful: ReadonlySet<number>;
}

/** For each call the command that it was made for. */
export function pairCalls(
  commands: Commands,
  statements: Statements,
  calls: readonly StoreSpan[],
  context: CallContext,
): Pairs {
  const fitting = calls.map((call, at) => {
    const list = commandsLike(commands, statements, call);
    return list === null ? [] : fittingOf(commands, list, call, at, context);
  });
  const likelihood = new Likelihood(commands, calls, context, fitting);
  const { paired, unclear } = pair({
    fitting,
    targets: commands.count,
    margin: MARGIN,
    cost: (call, command) => likelihood.cost(call, command),
    // One connection answers in the order in which it was asked, and spans of one process arrive as they ended.
    inOrder: ([call, command], [other, rival]) => {
      if (commands.sessionOf(command) !== commands.sessionOf(rival)) return null;
      return calls[call]!.span.id < calls[other]!.span.id === command < rival;
    },
  });
  return { fitting, paired, unclear, ...mergedRuns(commands, fitting, paired) };
}

/** Several commands of one batch may look like one with several keys: calls are then left over that fit it. */
function mergedRuns(
  commands: Commands,
  fitting: readonly (readonly number[])[],
  paired: Int32Array,
): Pick<Pairs, 'apart' | 'doubtful'> {
  const extra = new Map<number, number>();
  for (const [call, targets] of fitting.entries()) {
    if (paired[call] !== -1) continue;
    for (const command of targets)
      if (commands.first[command] !== commands.last[command])
        extra.set(command, (extra.get(command) ?? 0) + 1);
  }
  const apart = new Set<number>();
  for (const [command, left] of extra) {
    const operations = commands.last[command]! - commands.first[command]! + 1;
    if (left + 1 >= operations) apart.add(commands.first[command]!);
  }
  return { apart, doubtful: new Set(extra.keys()) };
}

function fittingOf(
  commands: Commands,
  list: readonly number[],
  call: StoreSpan,
  at: number,
  context: CallContext,
): readonly number[] {
  const { offset, tolerance } = context.clockOf(call.span.service);
  const start = call.span.invoke - offset - tolerance;
  const end = call.span.return! - offset + tolerance;
  const found: number[] = [];
  for (let i = placeOf(commands, list, start); i < list.length && found.length < MAX_FITTING; i++) {
    const command = list[i]!;
    if (commands.invoke(command) > end) break;
    if (commands.return(command) <= end && !context.forbids(at, command)) found.push(command);
  }
  return found;
}
