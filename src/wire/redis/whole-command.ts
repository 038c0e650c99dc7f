/** The fast path: a command that lies wholly in a chunk is measured without copying a byte. */

/** Where arguments lie: argument i from `starts[i]` to `ends[i]`. */
export interface ArgumentPlaces {
  argc: number;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly lengths: Float64Array;
}

/** Numbers longer than this leave the fast path. */
const FAST_DIGITS = 9;
const CR = 13;
const LF = 10;

/** Measures the array of bulk strings at `from`. Answers where it ends, or -1 when it is not all there, when an argument
 * is longer than `cap`, or when anything about it is unusual. */
export function measureWhole(
  chunk: Uint8Array,
  from: number,
  end: number,
  places: ArgumentPlaces,
  cap: number,
): number {
  let at = from + 1;
  let count = 0;
  let stop = Math.min(end, at + FAST_DIGITS);
  for (; at < stop; at++) {
    const digit = chunk[at]! - 48;
    if (digit < 0 || digit > 9) break;
    count = count * 10 + digit;
  }
  const { starts, ends, lengths } = places;
  if (count === 0 || count > starts.length || at + 1 >= end || chunk[at] !== CR || chunk[at + 1] !== LF)
    return -1;
  at += 2;
  for (let i = 0; i < count; i++) {
    if (at >= end || chunk[at] !== 0x24) return -1;
    let length = 0;
    const first = ++at;
    stop = Math.min(end, at + FAST_DIGITS);
    for (; at < stop; at++) {
      const digit = chunk[at]! - 48;
      if (digit < 0 || digit > 9) break;
      length = length * 10 + digit;
    }
    const body = at + 2;
    const close = body + length;
    if (at === first || close + 2 > end || length > cap || chunk[at] !== CR || chunk[at + 1] !== LF)
      return -1;
    if (chunk[close] !== CR || chunk[close + 1] !== LF) return -1;
    starts[i] = body;
    ends[i] = close;
    lengths[i] = length;
    at = close + 2;
  }
  places.argc = count;
  return at;
}
