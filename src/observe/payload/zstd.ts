/**
 * Zstandard frames (RFC 8878), unpacked up to a bound. Of a frame that is broken, cut or longer than the bound, the beginning
 * is the answer. Checksums are not verified: what is unpacked must make sense as a document anyway. Dictionaries are not on
 * the wire.
 */
import { Broken } from './zstd-bits.ts';
import { append, decodeBlock, MAX_BLOCK, newFrame, type Output } from './zstd-block.ts';

export interface ZstdContent {
  readonly bytes: Uint8Array;
  /** True when `bytes` is only the beginning. */
  readonly cut: boolean;
}

/** Room for the output at first; it grows as blocks need it. */
const FIRST_ROOM = 65_536;

/** Unpacks up to `limit` bytes; null when nothing can be read. Memory: twice the limit at most. */
export function decodeZstd(bytes: Uint8Array, limit: number): ZstdContent | null {
  let output: Output = { bytes: new Uint8Array(Math.min(limit, FIRST_ROOM)), length: 0 };
  const roomFor = (more: number): Output => {
    const wanted = Math.min(limit, output.length + more);
    if (wanted <= output.bytes.length) return output;
    const grown = new Uint8Array(Math.min(limit, Math.max(wanted, output.bytes.length * 2)));
    grown.set(output.bytes.subarray(0, output.length));
    output = { bytes: grown, length: output.length };
    return output;
  };
  let whole: boolean;
  try {
    whole = decodeFrames(bytes, roomFor);
  } catch (error) {
    if (!(error instanceof Broken)) throw error;
    whole = false;
  }
  if (output.length === 0 && !whole) return null;
  return { bytes: output.bytes.slice(0, output.length), cut: !whole };
}

type RoomFor = (more: number) => Output;

const FRAME = 0xfd2fb528;
/** Frames of other content (3.1.2): any of sixteen magic numbers. */
const SKIPPABLE = 0x184d2a50;

function decodeFrames(bytes: Uint8Array, roomFor: RoomFor): boolean {
  let at = 0;
  while (at < bytes.length) {
    const magic = littleEndian(bytes, at, 4);
    if (magic === FRAME) {
      const next = decodeFrame(bytes, at + 4, roomFor);
      if (next === null) return false;
      at = next;
    } else if (magic - (magic % 16) === SKIPPABLE) at += 8 + littleEndian(bytes, at + 4, 4);
    else throw new Broken('no frame');
  }
  return at === bytes.length;
}

/** Where the next frame begins; null when the output is full. */
function decodeFrame(bytes: Uint8Array, start: number, roomFor: RoomFor): number | null {
  const header = readHeader(bytes, start);
  const frame = newFrame();
  let at = header.next;
  for (let last = false; !last; ) {
    const block = littleEndian(bytes, at, 3);
    const [kind, size] = [(block >> 1) & 3, block >> 3];
    const begin = at + 3;
    at = begin + (kind === 1 ? 1 : size);
    last = (block & 1) === 1;
    if (size > MAX_BLOCK || kind === 3) throw new Broken('no such block');
    // Of the last block of a payload that was cut, what is there may be literals.
    if (at > bytes.length) throw new Broken('a block is cut');
    const output = roomFor(kind === 2 ? MAX_BLOCK : size);
    if (kind === 2) {
      if (!decodeBlock(bytes.subarray(begin, at), frame, output)) return null;
    } else {
      const content = kind === 0 ? bytes.subarray(begin, at) : new Uint8Array(size).fill(bytes[begin] ?? 0);
      if (!append(content, output)) return null;
    }
  }
  return at + (header.checksum ? 4 : 0);
}

/** 3.1.1.1: only what is needed to find the first block. */
function readHeader(bytes: Uint8Array, at: number): { readonly next: number; readonly checksum: boolean } {
  const descriptor = littleEndian(bytes, at, 1);
  const single = (descriptor & 0x20) !== 0;
  const dictionary = [0, 1, 2, 4][descriptor & 3] as number;
  const content = [single ? 1 : 0, 2, 4, 8][descriptor >> 6] as number;
  const window = single ? 0 : 1;
  if ((descriptor & 8) !== 0) throw new Broken('a reserved bit is set');
  if (dictionary > 0 && littleEndian(bytes, at + 1 + window, dictionary) !== 0)
    throw new Broken('it needs a dictionary');
  return { next: at + 1 + window + dictionary + content, checksum: (descriptor & 4) !== 0 };
}

function littleEndian(bytes: Uint8Array, at: number, size: number): number {
  let value = 0;
  for (let i = size - 1; i >= 0; i--) {
    const byte = bytes[at + i];
    if (byte === undefined) throw new Broken('it is cut');
    value = value * 256 + byte;
  }
  return value;
}
