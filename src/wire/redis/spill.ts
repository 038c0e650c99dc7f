/** Bytes carried over from chunk to chunk: grows with what arrived, never with what was announced. */
import { KEPT_BUFFER } from './limits.ts';

const FIRST_SIZE = 512;

export class Spill {
  bytes: Uint8Array = new Uint8Array(0);
  length = 0;

  append(chunk: Uint8Array, from: number, to: number): void {
    const need = this.length + to - from;
    if (need > this.bytes.length) this.#grow(need);
    if (to - from === 1) this.bytes[this.length] = chunk[from]!;
    else this.bytes.set(chunk.subarray(from, to), this.length);
    this.length = need;
  }

  /** Empties the buffer, and gives it back when it grew large. */
  clear(): void {
    this.length = 0;
    if (this.bytes.length > KEPT_BUFFER) this.bytes = new Uint8Array(0);
  }

  #grow(need: number): void {
    const grown = new Uint8Array(Math.max(need, this.bytes.length * 2, FIRST_SIZE));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }
}
