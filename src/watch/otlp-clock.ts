/**
 * The wall clock at the history's zero. Spans carry wall-clock times; operations carry the history's monotonic clock.
 *
 * The wall clock that JavaScript reads has a grain of 1 ms, the monotonic one far less. So the offset is taken at the
 * moment when the millisecond changes: the error is the time between two readings (below 1 µs) plus, when the process was
 * kept from running just then, that pause; several changes are looked at and the earliest counts. Both clocks are slewed
 * together; when the wall clock is set anew, the offset is taken again.
 */
import type { Clock } from '../proxy/observer.ts';

const NS_PER_MS = 1_000_000;
/** Changes of the millisecond that are looked at, and the longest time spent on it, ns. */
const EDGES = 3;
const LONGEST_LOOK_NS = 10 * NS_PER_MS;
/** A difference between clocks that is no rounding and no pause: the wall clock was set, ns. */
const STEP_NS = 100 * NS_PER_MS;

export class WallOrigin {
  readonly #clock: Clock;
  readonly #wall: () => number;
  #origin: bigint;

  /** @param wall wall clock, milliseconds since 1970 */
  constructor(clock: Clock, wall: () => number) {
    this.#clock = clock;
    this.#wall = wall;
    this.#origin = measure(clock, wall);
  }

  /** Nanoseconds since 1970 at the history's zero; `stepped` when the wall clock was set since the last look. */
  look(): { readonly origin: bigint; readonly stepped: boolean } {
    const difference = Number(wallNs(this.#wall) - this.#origin) - this.#clock();
    const stepped = Math.abs(difference) > STEP_NS;
    if (stepped) this.#origin = measure(this.#clock, this.#wall);
    return { origin: this.#origin, stepped };
  }
}

function wallNs(wall: () => number): bigint {
  return BigInt(Math.floor(wall())) * BigInt(NS_PER_MS);
}

function measure(clock: Clock, wall: () => number): bigint {
  const first = wallNs(wall);
  const begin = clock();
  let best = first - BigInt(begin);
  let last = wall();
  for (let edges = 0, now = begin; edges < EDGES && now - begin < LONGEST_LOOK_NS; ) {
    const at = wall();
    now = clock();
    if (at === last) continue;
    last = at;
    edges++;
    // Any reading is at most the truth: the clock is read after the wall clock, and that one is rounded down.
    const origin = BigInt(Math.floor(at)) * BigInt(NS_PER_MS) - BigInt(now);
    if (origin > best) best = origin;
  }
  return best;
}
