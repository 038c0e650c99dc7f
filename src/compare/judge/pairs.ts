/** Pairs of neighbouring blocks, and the units made of them that one question is answered from. */
import type { Phase, Sample } from '../../measure/contract.ts';
import type { Block, Side } from '../contract.ts';

/** Two neighbouring blocks of one phase, one of each side. */
export interface Pair {
  readonly turns: Readonly<Record<Side, number>>;
  readonly samples: Readonly<Record<Side, readonly Sample[]>>;
}

/** Neighbouring pairs taken together until each side has enough values for a figure. */
export interface Unit {
  readonly turns: Readonly<Record<Side, readonly number[]>>;
  readonly values: Readonly<Record<Side, Float64Array>>;
}

/** The pairs of a phase in order of time; a block whose partner is missing is in none. */
export function pairsOf(blocks: readonly Block[], phase: Phase): readonly Pair[] {
  const byTurn = new Map(blocks.filter((block) => block.phase === phase).map((block) => [block.turn, block]));
  return [...byTurn.values()]
    .filter(({ turn }) => turn % 2 === 0)
    .sort((one, other) => one.turn - other.turn)
    .flatMap((first) => {
      const second = byTurn.get(first.turn + 1);
      if (second === undefined || second.side === first.side) return [];
      const [before, after] = first.side === 'before' ? [first, second] : [second, first];
      return [
        {
          turns: { before: before.turn, after: after.turn },
          samples: { before: before.samples, after: after.samples },
        },
      ];
    });
}

/** The values of a pair's samples. */
export interface PairValues {
  readonly turns: Pair['turns'];
  readonly values: Readonly<Record<Side, readonly number[]>>;
}

export function valuesOf(pair: Pair, valueIn: (sample: Sample) => number | null): PairValues {
  return {
    turns: pair.turns,
    values: { before: collect(pair.samples.before, valueIn), after: collect(pair.samples.after, valueIn) },
  };
}

function collect(samples: readonly Sample[], valueIn: (sample: Sample) => number | null): readonly number[] {
  const values: number[] = [];
  for (const sample of samples) {
    const value = valueIn(sample);
    if (value !== null && Number.isFinite(value)) values.push(value);
  }
  return values;
}

/** Units of at least `enough` values a side, as many as there can be; what is left over at the end goes to the last one. */
export function unitsOf(pairs: readonly PairValues[], enough: number): readonly Unit[] {
  const batches: PairValues[][] = [];
  let open: PairValues[] = [];
  for (const pair of pairs) {
    open.push(pair);
    if (size(open, 'before') < enough || size(open, 'after') < enough) continue;
    batches.push(open);
    open = [];
  }
  batches.at(-1)?.push(...open);
  return batches.map((batch) => ({
    turns: { before: batch.map(({ turns }) => turns.before), after: batch.map(({ turns }) => turns.after) },
    values: { before: pooled(batch, 'before'), after: pooled(batch, 'after') },
  }));
}

/** Every value of one side. */
export function pooled(pairs: readonly PairValues[], side: Side): Float64Array {
  const values = new Float64Array(size(pairs, side));
  let filled = 0;
  for (const pair of pairs) {
    values.set(pair.values[side], filled);
    filled += pair.values[side].length;
  }
  return values;
}

function size(pairs: readonly PairValues[], side: Side): number {
  return pairs.reduce((sum, { values }) => sum + values[side].length, 0);
}
