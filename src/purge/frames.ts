/**
 * The form of a snapshot file: eight bytes that name it, then frames. A frame is the length of its body (four bytes, big
 * endian), its kind (one byte), the body, and the SHA-256 of kind and body. A file that was cut off anywhere reads up to its
 * last whole frame.
 */
import { createHash } from 'node:crypto';
import { readSync } from 'node:fs';

export const MAGIC = Buffer.from('WSPURGE1', 'latin1');

const HEAD = 5;
const DIGEST = 32;

export interface Frame {
  readonly kind: number;
  readonly body: Buffer;
  /** Offset of its first byte. */
  readonly at: number;
  /** Offset of the first byte after it. */
  readonly until: number;
}

/** How a file ended: at a frame's end, within one (it was cut off), or with one whose checksum is wrong. */
export type FileEnd = 'whole' | 'cut' | 'damaged';

export interface FrameReader {
  readonly frames: Generator<Frame>;
  /** How the last iteration ended, and the offset up to which frames are whole. */
  readonly end: () => { readonly end: FileEnd; readonly until: number };
}

export function encodeFrame(kind: number, body: Buffer): Buffer {
  const head = Buffer.alloc(HEAD);
  head.writeUInt32BE(body.length, 0);
  head.writeUInt8(kind, 4);
  return Buffer.concat([head, body, digestOf(kind, body)]);
}

function digestOf(kind: number, body: Buffer): Buffer {
  return createHash('sha256').update(Uint8Array.of(kind)).update(body).digest();
}

/**
 * Reads frames one after another; memory is bounded by the largest. `size`: bytes of the file. `past`: is told of frames with a
 * wrong checksum, which are then passed over; without it the first one ends the reading.
 */
export function readFrames(file: number, size: number, past?: (at: number) => void): FrameReader {
  const state: { end: FileEnd; until: number } = { end: 'whole', until: 0 };
  return { frames: frames(file, size, state, past), end: () => state };
}

function* frames(
  file: number,
  size: number,
  state: { end: FileEnd; until: number },
  past: ((at: number) => void) | undefined,
): Generator<Frame> {
  if (size < MAGIC.length) {
    state.end = 'cut';
    return;
  }
  if (!bytesAt(file, 0, MAGIC.length).equals(MAGIC)) {
    state.end = 'damaged';
    return;
  }
  state.until = MAGIC.length;
  while (state.until < size) {
    const frame = frameAt(file, state.until, size);
    if (frame === 'damaged' && past !== undefined) {
      past(state.until);
      state.until += HEAD + bytesAt(file, state.until, HEAD).readUInt32BE(0) + DIGEST;
      continue;
    }
    if (frame === 'cut' || frame === 'damaged') {
      state.end = frame;
      return;
    }
    yield frame;
    state.until = frame.until;
  }
}

/** One frame. A last frame with a wrong checksum counts as cut off: its bytes were not all on the disk. */
export function frameAt(file: number, at: number, size: number): Frame | 'cut' | 'damaged' {
  if (at + HEAD > size) return 'cut';
  const head = bytesAt(file, at, HEAD);
  const length = head.readUInt32BE(0);
  const kind = head.readUInt8(4);
  const until = at + HEAD + length + DIGEST;
  if (until > size) return 'cut';
  const rest = bytesAt(file, at + HEAD, length + DIGEST);
  const body = rest.subarray(0, length);
  if (!digestOf(kind, body).equals(rest.subarray(length))) return until === size ? 'cut' : 'damaged';
  return { kind, body, at, until };
}

function bytesAt(file: number, at: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  let read = 0;
  while (read < length) {
    const more = readSync(file, bytes, read, length - read, at + read);
    if (more === 0) break;
    read += more;
  }
  return bytes;
}
