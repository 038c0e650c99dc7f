/** Which side is measured when, and how much at a time. Pure. */
import type { LoadSpec } from '../case/contract.ts';
import type { Side } from './contract.ts';

/** Pairs of neighbouring blocks where nothing is said. */
export const ROUNDS = 8;
/** Cold requests of a turn at least, where there are any: a median needs that many. */
const LEAST_COLD = 5;

/** Blocks of one turn. */
export interface TurnLoad {
  readonly rate: number;
  readonly seconds: number;
  readonly cold: number;
}

export interface TurnPlan {
  readonly sides: readonly Side[];
  readonly each: TurnLoad;
}

/** The sides in turn, A B B A A B B A…: a machine that gets slower all the time strikes both alike. */
export function turnsOf(rounds: number): readonly Side[] {
  return Array.from({ length: 2 * rounds }, (_, turn) =>
    turn % 4 === 0 || turn % 4 === 3 ? 'before' : 'after',
  );
}

/** The load of a case divided over the rounds; each side is sent all of it, and a few cold requests more where they do not divide. */
export function planOf(load: Pick<LoadSpec, 'rate' | 'seconds' | 'cold'>, rounds: number): TurnPlan {
  const cold = load.cold === 0 ? 0 : Math.max(LEAST_COLD, Math.ceil(load.cold / rounds));
  return { sides: turnsOf(rounds), each: { rate: load.rate, seconds: load.seconds / rounds, cold } };
}

/** Time that the rest takes, ms; before the first turn has ended only the warm blocks can be told. */
export function remainingMs({ sides, each }: TurnPlan, done: number, elapsedMs: number): number {
  const turn = done === 0 ? each.seconds * 1_000 : elapsedMs / done;
  return (sides.length - done) * turn;
}
