/**
 * Compressed payloads by their magic bytes: gzip (RFC 1952), zlib (RFC 1950), zstd (RFC 8878), LZ4 frames, framed Snappy; and
 * those without: raw deflate (RFC 1951), Brotli (RFC 7932), blocks of LZ4 and Snappy. Output is bounded: of a bomb only the
 * beginning is unpacked.
 */
import * as zlib from 'node:zlib';
import { LIMITS } from './limits.ts';
import { decodeLz4Block, decodeLz4Frame } from './lz4.ts';
import { decodeSnappy, decodeSnappyStream, isSnappyStream } from './snappy.ts';
import { decodeZstd } from './zstd.ts';

/** What unpacking gave. */
export interface Unpacked {
  /** Name of the compression. */
  readonly format: string;
  /** The content; null when the compression is known but cannot be undone here. */
  readonly bytes: Uint8Array | null;
  /** True when `bytes` is only the beginning. */
  readonly cut: boolean;
}

type Inflate = (bytes: Uint8Array, options: zlib.ZlibOptions) => Uint8Array;
/** Deflate shrinks at most 1032-fold, so this much input never exceeds the bound. */
const HARMLESS_INPUT = Math.floor(LIMITS.bytes / 1032);

/** Undoes the compression whose magic bytes the payload begins with; null when it begins with none. */
export function unpack(bytes: Uint8Array, partial: boolean): Unpacked | null {
  if (startsWith(bytes, [0x1f, 0x8b, 0x08])) return inflated('gzip', zlib.gunzipSync, bytes, partial);
  if (isZlibHeader(bytes)) return inflated('zlib', zlib.inflateSync, bytes, partial);
  if (startsWith(bytes, [0x28, 0xb5, 0x2f, 0xfd])) return zstd(bytes);
  if (isSnappyStream(bytes)) {
    const content = decodeSnappyStream(bytes, LIMITS.bytes);
    return content === null ? null : { format: 'snappy', ...content };
  }
  if (startsWith(bytes, [0x04, 0x22, 0x4d, 0x18])) {
    const content = decodeLz4Frame(bytes, LIMITS.bytes);
    return content === null ? null : { format: 'lz4', ...content };
  }
  if (startsWith(bytes, [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]))
    return { format: 'xz', bytes: null, cut: true };
  if (startsWith(bytes, [0x42, 0x5a, 0x68])) return { format: 'bzip2', bytes: null, cut: true };
  return null;
}

/** What bytes without a sign may be when they are unpacked, the strictest first: each only when all of them unpack. */
export function* unpackUnsigned(bytes: Uint8Array): Generator<Unpacked> {
  const inflated = attempt(() => zlib.inflateRawSync(bytes, BOUND));
  if (inflated !== null) yield { format: 'deflate', bytes: inflated, cut: false };
  const lz4 = decodeLz4Block(bytes, LIMITS.bytes);
  if (lz4 !== null) yield { format: 'lz4-block', bytes: lz4, cut: false };
  const snappy = decodeSnappy(bytes, LIMITS.bytes);
  if (snappy !== null) yield { format: 'snappy', bytes: snappy, cut: false };
  const brotli = attempt(() => zlib.brotliDecompressSync(bytes, BOUND));
  if (brotli !== null) yield { format: 'br', bytes: brotli, cut: false };
}

const BOUND = { maxOutputLength: LIMITS.bytes };

function attempt(unpack: () => Uint8Array): Uint8Array | null {
  try {
    const content = unpack();
    return content.length === 0 ? null : content;
  } catch {
    return null;
  }
}

function startsWith(bytes: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((byte, i) => bytes[i] === byte);
}

/** RFC 1950: deflate with a window of up to 32 KiB, and a check of both header bytes. */
function isZlibHeader(bytes: Uint8Array): boolean {
  const [method, flags] = bytes;
  if (method === undefined || flags === undefined || bytes.length < 6) return false;
  return (method & 0x0f) === 8 && method >> 4 <= 7 && (method * 256 + flags) % 31 === 0;
}

/** Inflates all, or of a bomb (or a payload that was cut) as much as fits. */
function inflated(format: string, inflate: Inflate, bytes: Uint8Array, partial: boolean): Unpacked | null {
  let input = bytes;
  let cut = partial;
  for (;;) {
    const attempt = tryInflate(inflate, input, cut);
    if (attempt instanceof Uint8Array) return { format, bytes: attempt, cut };
    if (attempt === 'broken' || input.length <= HARMLESS_INPUT) return null;
    cut = true;
    input = input.subarray(0, Math.max(HARMLESS_INPUT, input.length >> 2));
  }
}

function tryInflate(inflate: Inflate, input: Uint8Array, cut: boolean): Uint8Array | 'broken' | 'too-large' {
  const finishFlush = cut ? zlib.constants.Z_SYNC_FLUSH : zlib.constants.Z_FINISH;
  try {
    return inflate(input, { maxOutputLength: LIMITS.bytes, finishFlush });
  } catch (error) {
    return (error as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE' ? 'too-large' : 'broken';
  }
}

function zstd(bytes: Uint8Array): Unpacked {
  const content = decodeZstd(bytes, LIMITS.bytes);
  return content === null ? { format: 'zstd', bytes: null, cut: true } : { format: 'zstd', ...content };
}
