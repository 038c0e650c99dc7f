/** The assignment problem: by shortest augmenting paths with potentials (Kuhn 1955; Jonker and Volgenant 1987). */

/** For each row of a square matrix (row by row) its column, so that the sum is least. */
export function cheapest(cost: Float64Array, n: number): Int32Array {
  const u = new Float64Array(n + 1);
  const v = new Float64Array(n + 1);
  const rowOf = new Int32Array(n + 1).fill(n);
  const from = new Int32Array(n + 1);
  for (let row = 0; row < n; row++) {
    rowOf[n] = row;
    for (let at = augmentFrom(cost, n, { u, v, rowOf, from }); at !== n; ) {
      const next = from[at]!;
      rowOf[at] = rowOf[next]!;
      at = next;
    }
  }
  const chosen = new Int32Array(n);
  for (let j = 0; j < n; j++) chosen[rowOf[j]!] = j;
  return chosen;
}

/** Potentials of rows and columns, the row of each column, and on a path the column before. */
interface Duals {
  readonly u: Float64Array;
  readonly v: Float64Array;
  readonly rowOf: Int32Array;
  readonly from: Int32Array;
}

/** Finds the shortest path from the row that stands in column `n` to a free column, and gives that. */
function augmentFrom(cost: Float64Array, n: number, { u, v, rowOf, from }: Duals): number {
  const least = new Float64Array(n + 1).fill(Number.POSITIVE_INFINITY);
  const done = new Uint8Array(n + 1);
  let at = n;
  do {
    done[at] = 1;
    const row = rowOf[at]!;
    let delta = Number.POSITIVE_INFINITY;
    let next = n;
    for (let j = 0; j < n; j++) {
      if (done[j] === 1) continue;
      const reduced = cost[row * n + j]! - u[row]! - v[j]!;
      if (reduced < least[j]!) {
        least[j] = reduced;
        from[j] = at;
      }
      if (least[j]! < delta) {
        delta = least[j]!;
        next = j;
      }
    }
    for (let j = 0; j <= n; j++) {
      if (done[j] === 1) {
        u[rowOf[j]!]! += delta;
        v[j]! -= delta;
      } else least[j]! -= delta;
    }
    at = next;
  } while (rowOf[at] !== n);
  return at;
}
