/**
 * The number behind a type byte, up to CRLF: a length, a count or an integer reply. Reading may be interrupted after
 * any byte and goes on with the next chunk.
 */
import { MAX_DIGITS } from './limits.ts';

export const LINE_DONE = 0;
export const LINE_MORE = 1;
export const LINE_DAMAGED = 2;

const PHASE_NUMBER = 0;
const PHASE_CR = 1;
const PHASE_LF = 2;

const CR = 13;
const LF = 10;

export class NumberLine {
  /** The number read, after LINE_DONE. Integers beyond 2^53 lose precision. */
  value = 0;
  /** True when the line was `?`: a streamed string or aggregate (RESP3). */
  streamed = false;
  /** Where reading stopped in the chunk. */
  position = 0;
  #phase = PHASE_NUMBER;
  #magnitude = 0;
  #digits = 0;
  #sign = 0;

  /** Forgets what was read; to be called before each line. */
  reset(): void {
    this.#phase = PHASE_NUMBER;
    this.#magnitude = 0;
    this.#digits = 0;
    this.#sign = 0;
    this.streamed = false;
  }

  /** Reads on from `from`. Answers LINE_DONE, LINE_MORE or LINE_DAMAGED; `position` tells how far it came. */
  read(chunk: Uint8Array, from: number, end: number): number {
    let at = from;
    while (at < end) {
      const byte = chunk[at++]!;
      const status = this.#take(byte);
      if (status !== LINE_MORE) {
        this.position = at;
        return status;
      }
    }
    this.position = at;
    return LINE_MORE;
  }

  #take(byte: number): number {
    if (this.#phase === PHASE_LF) return byte === LF ? LINE_DONE : LINE_DAMAGED;
    if (this.#phase === PHASE_CR) {
      this.#phase = PHASE_LF;
      return byte === CR ? LINE_MORE : LINE_DAMAGED;
    }
    return this.#takeNumber(byte);
  }

  #takeNumber(byte: number): number {
    const digit = byte - 48;
    if (digit >= 0 && digit <= 9) {
      this.#magnitude = this.#magnitude * 10 + digit;
      this.#digits++;
      return this.#digits > MAX_DIGITS ? LINE_DAMAGED : LINE_MORE;
    }
    if (byte === CR && this.#digits > 0) {
      this.value = this.#sign < 0 ? -this.#magnitude : this.#magnitude;
      this.#phase = PHASE_LF;
      return LINE_MORE;
    }
    if (this.#digits > 0 || this.#sign !== 0) return LINE_DAMAGED;
    if (byte === 0x2d || byte === 0x2b) {
      this.#sign = byte === 0x2d ? -1 : 1;
      return LINE_MORE;
    }
    if (byte !== 0x3f) return LINE_DAMAGED;
    this.streamed = true;
    this.#phase = PHASE_CR;
    return LINE_MORE;
  }
}
