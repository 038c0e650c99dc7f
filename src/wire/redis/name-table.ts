/**
 * Names as small integers. Command names and options are looked up as bytes, whatever their case, without making a
 * string: an open-addressed hash table over the ASCII-folded bytes.
 */

/** Longer names are unknown by definition; no command name of a server or its modules comes near. */
const MAX_NAME = 64;

export class NameTable {
  /** Upper-case name of each number; number 0 is the unknown name. */
  readonly names: readonly string[];
  readonly #slots: Int32Array;
  readonly #mask: number;
  readonly #folded: readonly Uint8Array[];

  /** Numbers the names 1, 2, … in the order given; the case of ASCII letters does not count. */
  constructor(names: readonly string[]) {
    this.names = ['', ...names.map((name) => name.toUpperCase())];
    this.#folded = this.names.map((name) => Uint8Array.from(name, (c) => fold(c.charCodeAt(0))));
    let size = 16;
    while (size < names.length * 4) size *= 2;
    this.#slots = new Int32Array(size);
    this.#mask = size - 1;
    for (let number = 1; number < this.names.length; number++) this.#insert(number);
  }

  /** Number of the name in `bytes` from `start` to `end`, or 0. */
  find(bytes: Uint8Array, start: number, end: number): number {
    if (end - start > MAX_NAME) return 0;
    let slot = hash(bytes, start, end) & this.#mask;
    for (;;) {
      const number = this.#slots[slot]!;
      if (number === 0 || same(this.#folded[number]!, bytes, start, end)) return number;
      slot = (slot + 1) & this.#mask;
    }
  }

  #insert(number: number): void {
    const name = this.#folded[number]!;
    let slot = hash(name, 0, name.length) & this.#mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & this.#mask;
    this.#slots[slot] = number;
  }
}

function fold(byte: number): number {
  return byte >= 65 && byte <= 90 ? byte | 32 : byte;
}

function hash(bytes: Uint8Array, start: number, end: number): number {
  let value = end - start;
  for (let at = start; at < end; at++) value = (Math.imul(value, 31) + (bytes[at]! | 32)) | 0;
  return value ^ (value >>> 15);
}

function same(name: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (name.length !== end - start) return false;
  for (let at = start, i = 0; at < end; at++, i++) if (name[i] !== fold(bytes[at]!)) return false;
  return true;
}
