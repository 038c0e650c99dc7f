/** The answer to one request, read to its end; of a long body only the beginning is kept. */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { brotliDecompressSync, constants, gunzipSync, inflateSync } from 'node:zlib';
import { cutOff } from './reasons.ts';

/** What is kept of a body for its judge, bytes, as it came and again once decoded. */
export const KEPT_BODY_BYTES = 1024 * 1024;
/** A body that decodes to more is left as it came, bytes. */
const DECODED_LIMIT = 16 * KEPT_BODY_BYTES;
/** What is kept of a cache header, characters. */
export const CACHE_HEADER_LIMIT = 256;

export interface Answer {
  readonly status: number;
  /** Bytes of the body, all of them, as they came. */
  readonly bytes: number;
  readonly cacheHeader: string | null;
  /** Null: whole. */
  readonly cut: string | null;
  /** The beginning of the body, decoded; made when asked for, after the time was taken. */
  readonly text: () => string;
}

/** An answer that is being read. */
export interface Reading {
  /** As far as it has come. */
  readonly sofar: (cut: string | null) => Answer;
}

/** Reads to the end, and calls `ended` once, within the event of the last byte or of the break. */
export function readAnswer(incoming: IncomingMessage, ended: (answer: Answer) => void): Reading {
  const kept: Buffer[] = [];
  let keptBytes = 0;
  let bytes = 0;
  let over = false;
  let failure: unknown = null;
  const sofar = (cut: string | null): Answer => ({
    status: incoming.statusCode ?? 0,
    bytes,
    cacheHeader: cacheHeader(incoming.headers),
    cut,
    text: () => decode(Buffer.concat(kept), incoming.headers['content-encoding'], keptBytes < bytes),
  });
  const end = (cut: string | null): void => {
    if (over) return;
    over = true;
    ended(sofar(cut));
  };
  incoming.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (keptBytes >= KEPT_BODY_BYTES) return;
    const part = chunk.subarray(0, KEPT_BODY_BYTES - keptBytes);
    kept.push(part);
    keptBytes += part.length;
  });
  incoming.on('error', (error) => {
    failure = error;
  });
  incoming.once('end', () => end(incoming.complete ? null : cutOff(failure)));
  incoming.once('close', () => end(cutOff(failure)));
  return { sofar };
}

/** `Cache-Status` (RFC 9211), else the older `X-Cache`. */
function cacheHeader(headers: IncomingHttpHeaders): string | null {
  const value = headers['cache-status'] ?? headers['x-cache'];
  if (value === undefined) return null;
  return (Array.isArray(value) ? value.join(', ') : value).slice(0, CACHE_HEADER_LIMIT);
}

/** The text of a body; one whose coding is unknown or broken is given as it came. */
function decode(body: Buffer, coding: string | undefined, partial: boolean): string {
  return decompressed(body, coding?.trim().toLowerCase(), partial)
    .subarray(0, KEPT_BODY_BYTES)
    .toString('utf8');
}

function decompressed(body: Buffer, coding: string | undefined, partial: boolean): Buffer {
  if (body.length === 0) return body;
  const maxOutputLength = DECODED_LIMIT;
  const finishFlush = partial ? constants.Z_SYNC_FLUSH : constants.Z_FINISH;
  try {
    if (coding === 'gzip' || coding === 'x-gzip') return gunzipSync(body, { maxOutputLength, finishFlush });
    if (coding === 'deflate') return inflateSync(body, { maxOutputLength, finishFlush });
    if (coding === 'br') return brotliDecompressSync(body, { maxOutputLength });
  } catch {
    // What comes out is no text that a judge could read, and is said to be wrong by it.
  }
  return body;
}
