/** Sets of small integers as bits in words: the rows of the happens-before relation. */
const WORD = 32;

export type Bits = Uint32Array;

export function emptyBits(size: number): Bits {
  return new Uint32Array(Math.ceil(size / WORD));
}

export function hasBit(bits: Bits, index: number): boolean {
  return ((bits[index >>> 5] ?? 0) & (1 << (index & 31))) !== 0;
}

export function setBit(bits: Bits, index: number): void {
  bits[index >>> 5] = (bits[index >>> 5] ?? 0) | (1 << (index & 31));
}

/** Adds all members of `other`; both have the same size. */
export function addBits(bits: Bits, other: Bits): void {
  for (let word = 0; word < other.length; word++) bits[word] = bits[word]! | other[word]!;
}
