import { describe, expect, it } from 'vitest';
import { createSipHash } from '../../../src/observe/payload/siphash.ts';

/** The authors' vectors: key 00…0f, message 00, 01, … of the given length. */
const VECTORS: readonly (readonly [length: number, hash: bigint])[] = [
  [0, 0x726fdb47dd0e0e31n],
  [1, 0x74f839c593dc67fdn],
  [2, 0x0d6c8009d9a94f5an],
  [3, 0x85676696d7fb7e2dn],
  [4, 0xcf2794e0277187b7n],
  [5, 0x18765564cd99a68dn],
  [6, 0xcbc9466e58fee3cen],
  [7, 0xab0200f58b01d137n],
  [8, 0x93f5f5799a932462n],
  [9, 0x9e0082df0ba9e4b0n],
  [14, 0xf723ca908e7af2een],
  [15, 0xa129ca6149be45e5n],
  [16, 0x3f2acc7f57c29bdbn],
  [23, 0xa80c038ccd5ccec8n],
  [24, 0xb8ad50c6f649af94n],
  [31, 0x32d892fad841c342n],
  [32, 0x7127512f72f27ccen],
  [47, 0xd06c98cd5c0975ebn],
  [62, 0xe51b38608ef25f57n],
  [63, 0x958a324ceb064572n],
];

const key = Uint8Array.from({ length: 16 }, (_, i) => i);
const message = Uint8Array.from({ length: 64 }, (_, i) => i);

describe('SipHash-2-4', () => {
  it.each(VECTORS)('hashes %i bytes as its authors do', (length, expected) => {
    const { low, high } = createSipHash(key)(message, length);
    expect((BigInt(high) << 32n) | BigInt(low)).toBe(expected);
  });

  it('needs a key of 16 bytes', () => {
    expect(() => createSipHash(new Uint8Array(15))).toThrow(RangeError);
  });
});
