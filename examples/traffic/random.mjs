/** Repeatable random numbers (mulberry32, a 32-bit mixing generator): one seed, one sequence. */

/** @param {number} seed */
export function createRandom(seed) {
  let state = seed >>> 0;
  const fraction = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  const between = (low, high) => low + Math.floor(fraction() * (high - low + 1));
  return {
    fraction,
    /** Whole number from low to high, both included. */
    between,
    pick: (list) => list[between(0, list.length - 1)],
    /** Picks a name from `{ name: weight }`. */
    weighted(weights) {
      let rest = fraction() * Object.values(weights).reduce((sum, weight) => sum + weight, 0);
      for (const [name, weight] of Object.entries(weights)) {
        rest -= weight;
        if (rest < 0) return name;
      }
      return Object.keys(weights).at(-1);
    },
  };
}
