/**
 * Polling loops. An actor that asks the same again and again without anything having changed in between that it could see
 * makes no progress by being let go once more; it would only make the exploration endless. It is held as long as others can
 * move, and let go a bounded number of times when nobody else can.
 */
import type { Step } from '../explore/contract.ts';
import { conflict } from '../explore/footprint.ts';

/** Longest unit of a loop, in messages of the actor. */
const LONGEST_UNIT = 4;
/** Rounds without change after which an actor is taken to poll. */
const ROUNDS = 2;
/** Rounds that a poller is let go when nobody else can move; then the execution is given up. Services wait for a lock in loops of
 * a hundred rounds and more. */
export const IDLE_ROUNDS = 250;

export interface Done {
  readonly step: Step;
  readonly result: string | null;
}

/** Whether the actor's next step would only ask again what it has asked `ROUNDS` times in vain. */
export function polls(next: Step, done: readonly Done[]): boolean {
  for (let unit = 1; unit <= LONGEST_UNIT; unit++) if (repeats(next, done, unit)) return true;
  return false;
}

function repeats(next: Step, done: readonly Done[], unit: number): boolean {
  const own: Done[] = [];
  for (let i = done.length - 1; i >= 0 && own.length < unit * ROUNDS; i--) {
    const one = done[i]!;
    if (one.step.actor === next.actor) own.push(one);
    else if (conflict(one.step.footprint, next.footprint)) return false;
  }
  if (own.length < unit * ROUNDS) return false;
  own.reverse();
  if (own[0]!.step.label !== next.label) return false;
  return own.every(({ step, result }, i) => {
    const before = own[i - unit];
    return before === undefined || (before.step.label === step.label && before.result === result);
  });
}

/** How many rounds in a row the actor has asked the same, for the bound. */
export function idleRounds(actor: string, label: string, done: readonly Done[]): number {
  let rounds = 0;
  for (let i = done.length - 1; i >= 0; i--) {
    const { step } = done[i]!;
    if (step.actor !== actor) break;
    if (step.label === label) rounds++;
  }
  return rounds;
}
