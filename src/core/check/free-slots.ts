/** A set of numbers below a bound from which the least one at or above a number can be taken, in O(log n). */
export interface FreeSlots {
  add(slot: number): void;
  /** Takes out the least slot at or above `least`; −1 when there is none. */
  takeFrom(least: number): number;
}

/** An empty set for slots 0 to `bound` − 1: a complete binary tree that counts the slots below each node. */
export function createFreeSlots(bound: number): FreeSlots {
  let leaves = 1;
  while (leaves < bound) leaves *= 2;
  const counts = new Int32Array(2 * leaves);
  const change = (slot: number, by: number): void => {
    for (let node = slot + leaves; node > 0; node >>= 1) counts[node] = (counts[node] as number) + by;
  };
  const leastFrom = (least: number): number => {
    if (least >= bound) return -1;
    let node = least + leaves;
    // Up until a node to the right holds something, then down to its leftmost slot.
    while ((counts[node] as number) === 0) {
      while ((node & 1) === 1) node >>= 1;
      if (node === 0) return -1;
      node++;
    }
    while (node < leaves) node = (counts[2 * node] as number) > 0 ? 2 * node : 2 * node + 1;
    return node - leaves;
  };
  return {
    add: (slot) => change(slot, 1),
    takeFrom(least) {
      const slot = leastFrom(least);
      if (slot >= 0) change(slot, -1);
      return slot;
    },
  };
}
