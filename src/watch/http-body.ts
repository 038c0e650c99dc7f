/**
 * Which bodies of responses are looked into: JSON that a GET was answered with. A copy is kept while the body streams, within
 * bounds, and is read after its last byte has gone on.
 */
import zlib from 'node:zlib';
import type { RawHeaders } from '../proxy/http-session.ts';

export const BODY_LIMITS = {
  /** Longest body that is kept, bytes as sent, and bytes after unpacking. */
  bytes: 65_536,
  unpacked: 1_048_576,
  /** Bodies that are kept at one time. */
  copies: 64,
} as const;

/** How a body is encoded; null: it is not looked into. */
export type Encoding = 'identity' | 'gzip' | 'br' | 'deflate';

/** Whether a response's body tells what the service holds a row to be, and how it is encoded. */
export function readableBody(method: string, code: number, headers: RawHeaders): Encoding | null {
  if (method !== 'GET' || code < 200 || code > 299 || code === 204 || code === 206) return null;
  const fields = new Map<string, string>();
  for (let at = 0; at + 1 < headers.length; at += 2) fields.set(headers[at]!.toLowerCase(), headers[at + 1]!);
  if (!/^\s*application\/(?:[\w.-]+\+)?json\b/i.test(fields.get('content-type') ?? '')) return null;
  if (Number(fields.get('content-length') ?? 0) > BODY_LIMITS.bytes) return null;
  if (isFromCache(fields)) return null;
  return encodingOf(fields.get('content-encoding'));
}

/** A cache between the proxy and the service answered (RFC 9111 section 5.1, RFC 9211, and what is customary). */
function isFromCache(fields: ReadonlyMap<string, string>): boolean {
  return (
    Number(fields.get('age') ?? 0) > 0 ||
    /;\s*hit\b/i.test(fields.get('cache-status') ?? '') ||
    /\bhit\b/i.test(fields.get('x-cache') ?? '')
  );
}

function encodingOf(field: string | undefined): Encoding | null {
  const name = (field ?? 'identity').trim().toLowerCase();
  if (name === '' || name === 'identity') return 'identity';
  if (name === 'gzip' || name === 'x-gzip') return 'gzip';
  return name === 'br' || name === 'deflate' ? name : null;
}

/** The body as the service made it; null when it cannot be unpacked, or is too long. */
export function unpackBody(body: Buffer, encoding: Encoding): Buffer | null {
  const options = { maxOutputLength: BODY_LIMITS.unpacked };
  try {
    switch (encoding) {
      case 'identity':
        return body;
      case 'gzip':
        return zlib.gunzipSync(body, options);
      case 'br':
        return zlib.brotliDecompressSync(body, options);
      default:
        return zlib.inflateSync(body, options);
    }
  } catch {
    return null;
  }
}

/** Counts the copies that are kept at one time. */
export class BodyCopies {
  #kept = 0;

  /** Takes a place; false when there is none. */
  take(): boolean {
    if (this.#kept >= BODY_LIMITS.copies) return false;
    this.#kept++;
    return true;
  }

  leave(): void {
    this.#kept--;
  }
}
