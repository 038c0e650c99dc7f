/** What pairing works on: who may be paired with whom, at what cost, and who is. */

/** What may be paired. */
export interface Choice {
  /** For each seeker the targets that fit, in their order. */
  readonly fitting: readonly (readonly number[])[];
  readonly targets: number;
  /** How unlikely a pair is; smaller is better. */
  readonly cost: (seeker: number, target: number) => number;
  /** A rival must be this much dearer for a pair to be clear. */
  readonly margin: number;
  /** Whether two pairs stand in the order in which all things happen between the two sides; null when there is none. */
  readonly inOrder: (a: readonly [number, number], b: readonly [number, number]) => boolean | null;
}

/** What is left to choose from, and what was chosen. */
export interface State {
  readonly choice: Choice;
  readonly left: number[][];
  /** Costs of what is left, place by place; made when first asked for. */
  readonly costs: (Float64Array | null)[];
  readonly paired: Int32Array;
  readonly taken: Int32Array;
}

export function take({ paired, taken }: State, seeker: number, target: number): void {
  paired[seeker] = target;
  taken[target] = seeker;
}

/** Cost of a pair; infinite when it does not fit. */
export function costOf(state: State, seeker: number, target: number): number {
  const targets = state.left[seeker]!;
  const at = targets.indexOf(target);
  return at === -1 ? Number.POSITIVE_INFINITY : costsOf(state, seeker)[at]!;
}

export function costsOf(state: State, seeker: number): Float64Array {
  let costs = state.costs[seeker] ?? null;
  if (costs === null) {
    costs = Float64Array.from(state.left[seeker]!, (target) => state.choice.cost(seeker, target));
    state.costs[seeker] = costs;
  }
  return costs;
}
