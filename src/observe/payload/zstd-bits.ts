/** Bit streams of Zstandard (RFC 8878, section 4): forward ones for table descriptions, backward ones for what they code. */

/** What is no Zstandard; caught where a frame is decoded. */
export class Broken extends Error {}

/** Reads bits from the first byte on, the lowest first. */
export class ForwardBits {
  readonly #bytes: Uint8Array;
  #at: number;

  constructor(bytes: Uint8Array, start: number) {
    this.#bytes = bytes;
    this.#at = start * 8;
  }

  /** Bytes begun. */
  get bytesUsed(): number {
    return (this.#at + 7) >> 3;
  }

  /** At most 16 bits, without taking them. */
  peek(count: number): number {
    return gather(this.#bytes, this.#at) & ((1 << count) - 1);
  }

  take(count: number): number {
    const value = this.peek(count);
    this.#at += count;
    if (this.#at > this.#bytes.length * 8) throw new Broken('a table description is cut');
    return value;
  }
}

/** Reads bits from the last byte back to the first; the highest set bit of the last byte marks where they begin. */
export class BackwardBits {
  readonly #bytes: Uint8Array;
  /** Bits left; below 0 once more were asked for than there were. */
  left: number;

  constructor(bytes: Uint8Array) {
    const last = bytes[bytes.length - 1] ?? 0;
    if (last === 0) throw new Broken('a bit stream does not end in a mark');
    this.#bytes = bytes;
    this.left = bytes.length * 8 - Math.clz32(last) + 23;
  }

  /** At most 16 bits, without taking them. Past the beginning there are zeros. */
  peek(count: number): number {
    const from = this.left - count;
    const mask = (1 << count) - 1;
    if (from >= 0) return gather(this.#bytes, from) & mask;
    return from <= -count ? 0 : (gather(this.#bytes, 0) << -from) & mask;
  }

  take(count: number): number {
    if (count > 16) {
      const high = this.take(count - 16);
      return high * 65_536 + this.take(16);
    }
    const value = this.peek(count);
    this.left -= count;
    return value;
  }
}

/** The 24 bits or more that begin at a bit. */
function gather(bytes: Uint8Array, bit: number): number {
  const at = bit >> 3;
  const word =
    (bytes[at] ?? 0) |
    ((bytes[at + 1] ?? 0) << 8) |
    ((bytes[at + 2] ?? 0) << 16) |
    ((bytes[at + 3] ?? 0) << 24);
  return word >>> (bit & 7);
}

/** Position of the highest set bit. */
export function highBit(value: number): number {
  return 31 - Math.clz32(value);
}
