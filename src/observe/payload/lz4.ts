/**
 * LZ4 frames and blocks (lz4_Frame_format.md and lz4_Block_format.md of the lz4 project): blocks of literals and matches.
 * Checksums are not verified: what is unpacked must make sense as a document anyway.
 */

/** The unpacked content, and whether a bound or a broken block ended it early. */
export interface Lz4Content {
  readonly bytes: Uint8Array;
  readonly cut: boolean;
}

interface Output {
  readonly bytes: Uint8Array;
  length: number;
}

/** Unpacks up to `limit` bytes of an LZ4 frame; null when the frame's header is broken. */
export function decodeLz4Frame(frame: Uint8Array, limit: number): Lz4Content | null {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const flags = frame[4] ?? 0;
  if (frame.length < 11 || flags >> 6 !== 1) return null;
  const blockChecksum = (flags & 0x10) !== 0 ? 4 : 0;
  let at = 7 + ((flags & 0x08) !== 0 ? 8 : 0) + ((flags & 0x01) !== 0 ? 4 : 0);
  const output: Output = { bytes: new Uint8Array(limit), length: 0 };
  while (at + 4 <= frame.length) {
    const header = view.getUint32(at, true);
    if (header === 0) return { bytes: output.bytes.slice(0, output.length), cut: false };
    const size = header & 0x7fffffff;
    const block = frame.subarray(at + 4, at + 4 + size);
    if (block.length < size || !unpackBlock(block, header >>> 31 === 1, output)) break;
    at += 4 + size + blockChecksum;
  }
  return output.length === 0 ? null : { bytes: output.bytes.slice(0, output.length), cut: true };
}

/**
 * Unpacks a bare block behind its unpacked length in four bytes (Python's `lz4.block`, PHP's `lz4_compress`), or those behind
 * a checksum (phpredis). Null unless all of it is used and gives exactly that length: blocks have no sign of their own.
 */
export function decodeLz4Block(bytes: Uint8Array, limit: number): Uint8Array | null {
  for (const head of [0, 1]) {
    if (bytes.length < head + 6) return null;
    const length = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(head, true);
    // A block shrinks 255-fold at most.
    if (length === 0 || length > limit || length > bytes.length * 255) continue;
    // One byte more: a full output would end a block before its end.
    const output: Output = { bytes: new Uint8Array(length + 1), length: 0 };
    if (unpackBlock(bytes.subarray(head + 4), false, output) && output.length === length)
      return output.bytes.subarray(0, length);
  }
  return null;
}

/** Appends one block; false when it is broken or the output is full. */
function unpackBlock(block: Uint8Array, stored: boolean, output: Output): boolean {
  if (stored) return appendLiterals(block, output);
  let at = 0;
  while (at < block.length) {
    const token = block[at++] as number;
    const literals = readLength(block, at, token >> 4);
    at = literals.at + literals.length;
    if (at > block.length) return false;
    if (!appendLiterals(block.subarray(literals.at, at), output)) return false;
    // The last sequence has no match.
    if (at === block.length) return true;
    const offset = (block[at] as number) + (block[at + 1] ?? 0) * 256;
    const match = readLength(block, at + 2, token & 0x0f);
    at = match.at;
    if (!appendMatch(offset, match.length + 4, output)) return false;
  }
  return true;
}

/** A length of four bits, continued in further bytes while they are 255. */
function readLength(block: Uint8Array, start: number, nibble: number): { length: number; at: number } {
  let at = start;
  let length = nibble;
  if (nibble !== 15) return { length, at };
  for (;;) {
    const more = block[at++] ?? 0;
    length += more;
    if (more !== 255) return { length, at };
  }
}

function appendLiterals(literals: Uint8Array, output: Output): boolean {
  const room = output.bytes.length - output.length;
  const fitting = literals.length <= room ? literals : literals.subarray(0, room);
  output.bytes.set(fitting, output.length);
  output.length += fitting.length;
  return fitting.length === literals.length;
}

function appendMatch(offset: number, length: number, output: Output): boolean {
  if (offset === 0 || offset > output.length) return false;
  const end = Math.min(output.bytes.length, output.length + length);
  // Byte by byte: a match may reach into what it is just writing.
  for (; output.length < end; output.length++) {
    output.bytes[output.length] = output.bytes[output.length - offset] as number;
  }
  return output.length < output.bytes.length;
}
