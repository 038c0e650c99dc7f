/**
 * The server's clock on ours. Each answer of the server that carries its `clock_timestamp()` was written between our
 * question and the answer's arrival; half of that time bounds the error (Cristian 1989, probabilistic clock
 * synchronization). Clocks drift apart, so an old measurement gets worse until a newer one is better.
 */

/** Drift of two undisciplined clocks, as a share of the time gone by. */
const DRIFT = 100e-6;
/** PostgreSQL's stamps are cut to microseconds; ns. */
const RESOLUTION_NS = 1_000;

interface Measurement {
  /** Server's microseconds since 1970 at our zero. */
  readonly zero: number;
  /** ns */
  readonly error: number;
  /** Our clock, ns. */
  readonly at: number;
}

export class ServerClock {
  #best: Measurement | null = null;

  /** Takes a reading of the server's clock (microseconds since 1970) made between two readings of ours (ns). */
  sample(asked: number, answered: number, server: number): void {
    const middle = (asked + answered) / 2;
    const made: Measurement = {
      zero: server - middle / 1_000,
      error: (answered - asked) / 2 + RESOLUTION_NS,
      at: answered,
    };
    if (this.#best === null || made.error <= errorAt(this.#best, answered)) this.#best = made;
  }

  /** Error of what {@link earliest} gives, ns; infinite without a measurement. */
  errorAt(now: number): number {
    return this.#best === null ? Number.POSITIVE_INFINITY : errorAt(this.#best, now);
  }

  /**
   * The earliest moment of our clock (integer ns) at which the server's clock may have read `server` (microseconds since
   * 1970); null without a measurement.
   */
  earliest(server: number, now: number): number | null {
    if (this.#best === null) return null;
    return Math.floor((server - this.#best.zero) * 1_000 - errorAt(this.#best, now));
  }
}

function errorAt(made: Measurement, now: number): number {
  return made.error + Math.max(0, now - made.at) * DRIFT;
}
