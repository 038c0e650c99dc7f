/**
 * A cursor over a captured body. It never throws: reading past the end sets `failed` and gives zeros, so that a
 * decoder checks once, at its end.
 */
import { readUtf8, type TextReader } from './text.ts';

export class BodyReader {
  readonly bytes: Uint8Array;
  readonly end: number;
  at: number;
  /** Something was read that is not there. */
  failed = false;
  readonly #text: TextReader;

  constructor(bytes: Uint8Array, start: number, end: number, text: TextReader = readUtf8) {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
    this.#text = text;
  }

  get left(): number {
    return this.end - this.at;
  }

  /** Moves over `count` bytes and gives where they begin. */
  skip(count: number): number {
    const from = this.at;
    if (count < 0 || count > this.left) {
      this.failed = true;
      this.at = this.end;
      return this.end;
    }
    this.at += count;
    return from;
  }

  uint8(): number {
    return this.left < 1 ? this.skip(1) * 0 : (this.bytes[this.at++] as number);
  }

  int16(): number {
    return (this.uint16() << 16) >> 16;
  }

  uint16(): number {
    const from = this.skip(2);
    if (this.failed) return 0;
    return ((this.bytes[from] as number) << 8) | (this.bytes[from + 1] as number);
  }

  int32(): number {
    const from = this.skip(4);
    if (this.failed) return 0;
    const { bytes } = this;
    return (
      ((bytes[from] as number) << 24) |
      ((bytes[from + 1] as number) << 16) |
      ((bytes[from + 2] as number) << 8) |
      (bytes[from + 3] as number)
    );
  }

  uint32(): number {
    return this.int32() >>> 0;
  }

  int64(): bigint {
    const high = this.int32();
    return (BigInt(high) << 32n) | BigInt(this.uint32());
  }

  /** A zero-terminated text. */
  text(): string {
    const from = this.at;
    const zero = this.bytes.indexOf(0, from);
    if (zero < 0 || zero >= this.end) {
      this.failed = true;
      this.at = this.end;
      return this.#text(this.bytes, from, this.end);
    }
    this.at = zero + 1;
    return this.#text(this.bytes, from, zero);
  }

  /** `count` bytes as text. */
  textOf(count: number): string {
    const from = this.skip(count);
    return this.failed ? '' : this.#text(this.bytes, from, this.at);
  }
}
