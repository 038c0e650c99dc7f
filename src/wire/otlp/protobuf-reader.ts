/**
 * A cursor over one protobuf message. It never throws: what is not there or not allowed sets `failed` and ends the
 * message, so that a decoder checks once, at its end.
 *
 * Source: Protocol Buffers, "Encoding" (https://protobuf.dev/programming-guides/encoding/).
 */
import { readUtf8 } from '../postgres/text.ts';
import { LIMITS } from './limits.ts';

export const WireType = { varint: 0, fixed64: 1, bytes: 2, groupStart: 3, groupEnd: 4, fixed32: 5 } as const;

/** A 64-bit varint has at most this many bytes. */
const LONGEST_VARINT = 10;
const HIGHEST_FIELD = 2 ** 29 - 1;

export class ProtobufReader {
  /** Something was read that is not there or not allowed. */
  failed = false;
  /** Number and wire type of the field that {@link next} found. */
  field = 0;
  type = 0;
  readonly #bytes: Uint8Array;
  readonly #end: number;
  #at: number;

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  /** Moves to the next field; false at the end of the message, and when it is damaged. */
  next(): boolean {
    if (this.#at >= this.#end) return false;
    const tag = this.unsigned();
    this.type = tag % 8;
    this.field = Math.floor(tag / 8);
    if (this.field < 1 || this.field > HIGHEST_FIELD || this.type === WireType.groupEnd) this.#fail();
    return !this.failed;
  }

  /** A varint without sign; exact up to 2^53. */
  unsigned(): number {
    const [low, high] = this.#varint();
    return high * 2 ** 32 + low;
  }

  /** A varint in two's complement (int32, int64, enum, bool); exact up to 2^53. */
  signed(): number {
    const [low, high] = this.#varint();
    return (high | 0) * 2 ** 32 + low;
  }

  fixed64(): bigint {
    const at = this.#skipBytes(8);
    return this.failed ? 0n : this.#viewAt(at).getBigUint64(0, true);
  }

  double(): number {
    const at = this.#skipBytes(8);
    return this.failed ? 0 : this.#viewAt(at).getFloat64(0, true);
  }

  /** A length-delimited field as text; bytes that are no UTF-8 become U+FFFD. */
  text(): string {
    const at = this.#skipBytes(this.unsigned());
    return this.failed ? '' : readUtf8(this.#bytes, at, this.#at);
  }

  /** A length-delimited field as hex digits in lower case; empty when it is longer than `longest` bytes. */
  hex(longest: number): string {
    const at = this.#skipBytes(this.unsigned());
    if (this.failed || this.#at - at > longest) return '';
    let digits = '';
    for (let i = at; i < this.#at; i++) digits += (this.#bytes[i] as number).toString(16).padStart(2, '0');
    return digits;
  }

  /** A length-delimited field as a message of its own. Damage in it is the reader's of that message. */
  message(): ProtobufReader {
    const at = this.#skipBytes(this.unsigned());
    return new ProtobufReader(this.#bytes, at, this.#at);
  }

  /** Passes over the value of the current field, whatever it is. */
  skip(): void {
    this.#skipValue(this.type, this.field, 0);
  }

  #skipValue(type: number, field: number, depth: number): void {
    switch (type) {
      case WireType.varint:
        this.#varint();
        break;
      case WireType.fixed64:
        this.#skipBytes(8);
        break;
      case WireType.bytes:
        this.#skipBytes(this.unsigned());
        break;
      case WireType.fixed32:
        this.#skipBytes(4);
        break;
      case WireType.groupStart:
        this.#skipGroup(field, depth + 1);
        break;
      default:
        this.#fail();
    }
  }

  /** A group ends with the end tag of its own field number. */
  #skipGroup(group: number, depth: number): void {
    if (depth > LIMITS.nesting) this.#fail();
    while (!this.failed) {
      if (this.#at >= this.#end) {
        this.#fail();
        return;
      }
      const tag = this.unsigned();
      const field = Math.floor(tag / 8);
      if (field < 1 || field > HIGHEST_FIELD) this.#fail();
      else if (tag % 8 !== WireType.groupEnd) this.#skipValue(tag % 8, field, depth);
      else {
        if (field !== group) this.#fail();
        return;
      }
    }
  }

  /** Low and high word, both without sign. */
  #varint(): readonly [low: number, high: number] {
    let low = 0;
    let high = 0;
    for (let i = 0; i < LONGEST_VARINT; i++) {
      if (this.#at >= this.#end) break;
      const byte = this.#bytes[this.#at++] as number;
      const bits = byte & 0x7f;
      const shift = i * 7;
      if (shift < 32) low |= bits << shift;
      // The fifth byte has bits of both words.
      if (shift === 28) high |= bits >> 4;
      else if (shift > 28) high |= bits << (shift - 32);
      if (byte < 0x80) return [low >>> 0, high >>> 0];
    }
    this.#fail();
    return [0, 0];
  }

  #viewAt(at: number): DataView {
    return new DataView(this.#bytes.buffer, this.#bytes.byteOffset + at, 8);
  }

  /** Moves over `count` bytes and gives where they begin. */
  #skipBytes(count: number): number {
    const at = this.#at;
    if (this.failed || count > this.#end - at) {
      this.#fail();
      return this.#end;
    }
    this.#at += count;
    return at;
  }

  #fail(): void {
    this.failed = true;
    this.#at = this.#end;
  }
}
