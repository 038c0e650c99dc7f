/**
 * The value of a collection (hash, list, set, sorted set) as it was read or written: its entries up to a cap, and one
 * run of bytes that stands for the whole. Equal collections give equal bytes; the order of a hash's fields and of a
 * set's members does not count.
 */
import { asBuffer } from './key-names.ts';
import { COLLECTION_CAP, MAX_FIELDS } from './limits.ts';

const TAG_FIELDS = 1;
const TAG_LIST = 2;
const TAG_LARGE = 3;
const ABSENT = 0xffffffff;

export class Collection {
  readonly #ordered: boolean;
  readonly #names: string[] = [];
  readonly #values: (Buffer | null)[] = [];
  #kept = 0;
  #count = 0;
  #present = 0;
  #sum = 0;
  #mixed = 0;
  /** Bytes of all values. */
  size = 0;
  /** True when the caps cut the entries. */
  truncated = false;

  /** `ordered`: entries are elements of a list, named by their place. */
  constructor(ordered: boolean) {
    this.#ordered = ordered;
  }

  /** Entries so far, absent ones included. */
  get count(): number {
    return this.#count;
  }

  /** Entries that have a value. */
  get present(): number {
    return this.#present;
  }

  /** Adds an entry: `end - start` bytes of its `length`. */
  add(name: string, bytes: Uint8Array, start: number, end: number, length: number): void {
    this.#count++;
    this.#present++;
    this.size += length;
    if (length > end - start) this.truncated = true;
    if (this.#names.length >= MAX_FIELDS || this.#kept + name.length + end - start > COLLECTION_CAP) {
      this.truncated = true;
      this.#mix(name, bytes, start, end, length);
      return;
    }
    this.#names.push(name);
    this.#values.push(Buffer.from(asBuffer(bytes).subarray(start, end)));
    this.#kept += name.length + end - start;
  }

  /** Adds an entry that was asked for and is not there. */
  addAbsent(name: string): void {
    this.#count++;
    if (this.#names.length >= MAX_FIELDS) return;
    this.#names.push(name);
    this.#values.push(null);
  }

  /** Puts the members of a set in an order of their own, and names them by it. */
  sortMembers(): void {
    (this.#values as Buffer[]).sort(Buffer.compare);
  }

  /** Entries that have a value, within the caps. */
  fields(): Map<string, Buffer> {
    const fields = new Map<string, Buffer>();
    this.#names.forEach((name, i) => {
      const value = this.#values[i];
      if (value !== null && value !== undefined) fields.set(this.#ordered ? String(i) : name, value);
    });
    return fields;
  }

  /** All entries within the caps. */
  entries(): readonly (readonly [string, Buffer | null])[] {
    return this.#names.map((name, i) => [name, this.#values[i]!] as const);
  }

  /** Bytes that stand for the whole collection. */
  canonical(): Buffer {
    if (this.truncated) return this.#large();
    const order = [...this.#names.keys()];
    if (!this.#ordered) order.sort((a, b) => compare(this.#names[a]!, this.#names[b]!));
    const parts: Buffer[] = [Buffer.of(this.#ordered ? TAG_LIST : TAG_FIELDS)];
    for (const i of order) {
      if (!this.#ordered) parts.push(...measured(Buffer.from(this.#names[i]!)));
      const value = this.#values[i];
      parts.push(...(value === null || value === undefined ? [uint32(ABSENT)] : measured(value)));
    }
    return Buffer.concat(parts);
  }

  /** Too large to keep: sums over the entries instead, which do not depend on their order. */
  #large(): Buffer {
    this.#names.forEach((name, i) => {
      const value = this.#values[i];
      if (value) this.#mix(this.#ordered ? '' : name, value, 0, value.length, value.length);
    });
    const out = Buffer.alloc(1 + 4 * 8);
    out[0] = TAG_LARGE;
    out.writeDoubleBE(this.#count, 1);
    out.writeDoubleBE(this.size, 9);
    out.writeUInt32BE(this.#sum, 17);
    out.writeUInt32BE(this.#mixed, 25);
    return out;
  }

  #mix(name: string, bytes: Uint8Array, start: number, end: number, length: number): void {
    let hash = 0x811c9dc5 ^ length;
    if (!this.#ordered)
      for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
    for (let at = start; at < end; at++) hash = Math.imul(hash ^ bytes[at]!, 0x01000193);
    this.#sum = (this.#sum + hash) >>> 0;
    this.#mixed = (this.#mixed + Math.imul(hash ^ (hash >>> 13), 0x85ebca6b)) >>> 0;
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function measured(bytes: Buffer): [Buffer, Buffer] {
  return [uint32(bytes.length), bytes];
}

function uint32(value: number): Buffer {
  const out = Buffer.allocUnsafe(4);
  out.writeUInt32BE(value, 0);
  return out;
}
