/**
 * Snappy (format_description.txt and framing_format.txt of the snappy project): a length, then literals and copies; or
 * chunks of such behind a stream identifier. Checksums are not verified.
 */

export interface SnappyContent {
  readonly bytes: Uint8Array;
  /** True when `bytes` is only the beginning. */
  readonly cut: boolean;
}

const IDENTIFIER = [0xff, 0x06, 0x00, 0x00, 0x73, 0x4e, 0x61, 0x50, 0x70, 0x59];
const CHECKSUM = 4;
/** A copy takes 64 bytes of output with 3 of input. */
const MOST_SHRUNK = 22;
/** Largest chunk unpacked. */
const MAX_CHUNK = 65_536;

export function isSnappyStream(bytes: Uint8Array): boolean {
  return IDENTIFIER.every((byte, i) => bytes[i] === byte);
}

/** Unpacks a framed stream up to `limit` bytes; null when nothing can be read. */
export function decodeSnappyStream(bytes: Uint8Array, limit: number): SnappyContent | null {
  const parts: Uint8Array[] = [];
  let length = 0;
  let at = 0;
  while (at + 4 <= bytes.length && length < limit) {
    const kind = bytes[at] as number;
    const size =
      (bytes[at + 1] as number) + (bytes[at + 2] as number) * 256 + (bytes[at + 3] as number) * 65_536;
    const body = bytes.subarray(at + 4, at + 4 + size);
    if (body.length < size || (kind >= 0x02 && kind <= 0x7f)) break;
    at += 4 + size;
    if (kind > 0x01) continue;
    const content = body.subarray(CHECKSUM);
    const part = kind === 0 ? decodeSnappy(content, MAX_CHUNK) : content;
    if (part === null) break;
    parts.push(part.subarray(0, limit - length));
    length += Math.min(part.length, limit - length);
  }
  if (parts.length === 0) return null;
  return { bytes: Buffer.concat(parts), cut: at !== bytes.length };
}

/** Unpacks a block. Null unless all of it is used and gives exactly the length that it states, at most `limit`: blocks have no
 * sign of their own. */
export function decodeSnappy(block: Uint8Array, limit: number): Uint8Array | null {
  const head = readLength(block);
  if (head === null || head.length === 0 || head.length > limit) return null;
  if (head.length > block.length * MOST_SHRUNK) return null;
  const output = new Uint8Array(head.length);
  let length = 0;
  let at = head.next;
  while (at < block.length) {
    const tag = block[at++] as number;
    const kind = tag & 3;
    if (kind === 0) {
      const extra = Math.max(0, (tag >> 2) - 59);
      const size = 1 + (extra === 0 ? tag >> 2 : littleEndian(block, at, extra));
      at += extra;
      if (at + size > block.length || length + size > output.length) return null;
      output.set(block.subarray(at, at + size), length);
      at += size;
      length += size;
      continue;
    }
    const width = kind === 3 ? 4 : kind;
    const size = kind === 1 ? 4 + ((tag >> 2) & 7) : 1 + (tag >> 2);
    const distance = littleEndian(block, at, width) + (kind === 1 ? (tag >> 5) * 256 : 0);
    at += width;
    if (at > block.length || distance === 0 || distance > length || length + size > output.length)
      return null;
    // Byte by byte: a copy may reach into what it is just writing.
    for (const end = length + size; length < end; length++)
      output[length] = output[length - distance] as number;
  }
  return length === output.length ? output : null;
}

/** A varint of at most five bytes. */
function readLength(block: Uint8Array): { readonly length: number; readonly next: number } | null {
  let length = 0;
  for (let i = 0; i < 5; i++) {
    const byte = block[i];
    if (byte === undefined) return null;
    length += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return { length, next: i + 1 };
  }
  return null;
}

function littleEndian(bytes: Uint8Array, at: number, size: number): number {
  let value = 0;
  for (let i = size - 1; i >= 0; i--) value = value * 256 + (bytes[at + i] ?? 0);
  return value;
}
