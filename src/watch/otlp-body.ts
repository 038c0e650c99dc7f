/** Bodies of requests to the receiver: read and unpacked within bounds. */
import type http from 'node:http';
import { promisify } from 'node:util';
import zlib from 'node:zlib';

export const BODY_LIMITS = {
  /** Longest body, as sent and unpacked; the specification recommends 20 MiB. */
  body: 20 << 20,
  /** Bytes of all bodies that are held at one time. */
  held: 64 << 20,
} as const;

/** Why a body cannot be taken. */
export interface BodyFailure {
  readonly status: 400 | 413 | 415 | 429;
  readonly message: string;
}

const TOO_LARGE: BodyFailure = {
  status: 413,
  message: `The body is larger than ${BODY_LIMITS.body >> 20} MiB.`,
};
const BUSY: BodyFailure = { status: 429, message: 'Too many requests at one time.' };

/** Bytes held by all requests of one receiver. */
export class HeldBytes {
  #held = 0;

  /** Reserves; false when there is no room. */
  take(bytes: number): boolean {
    if (this.#held + bytes > BODY_LIMITS.held) return false;
    this.#held += bytes;
    return true;
  }

  release(bytes: number): void {
    this.#held -= bytes;
  }
}

/**
 * Reads a request's body. What is too large is read to its end and thrown away, so that the client gets its answer on
 * a connection that stays usable. Null when the client went away. The caller releases the bytes of a body.
 */
export async function readBody(
  request: http.IncomingMessage,
  held: HeldBytes,
): Promise<Buffer | BodyFailure | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  let failure: BodyFailure | null = null;
  const drop = (reason: BodyFailure): void => {
    held.release(size);
    chunks.length = 0;
    failure = reason;
  };
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      if (failure !== null) continue;
      if (size + chunk.length > BODY_LIMITS.body) drop(TOO_LARGE);
      else if (!held.take(chunk.length)) drop(BUSY);
      else {
        chunks.push(chunk);
        size += chunk.length;
      }
    }
  } catch {
    if (failure === null) held.release(size);
    return null;
  }
  return failure ?? Buffer.concat(chunks, size);
}

const gunzip = promisify(zlib.gunzip);
const inflate = promisify(zlib.inflate);
const inflateRaw = promisify(zlib.inflateRaw);

/** Unpacks a body by its Content-Encoding. Never rejects. */
export async function unpack(
  body: Buffer,
  contentEncoding: string | undefined,
): Promise<Buffer | BodyFailure> {
  const encoding = (contentEncoding ?? 'identity').trim().toLowerCase();
  const options = { maxOutputLength: BODY_LIMITS.body };
  try {
    switch (encoding) {
      case '':
      case 'identity':
        return body;
      case 'gzip':
      case 'x-gzip':
        return await gunzip(body, options);
      case 'deflate':
        // Some clients leave the zlib wrapper off, against RFC 9110 section 8.4.1.2.
        return await (hasZlibHeader(body) ? inflate(body, options) : inflateRaw(body, options));
      default:
        return { status: 415, message: `The content encoding ${encoding} is not understood: use gzip.` };
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') return TOO_LARGE;
    return { status: 400, message: `The body is no ${encoding} data.` };
  }
}

/** RFC 1950: compression method 8, and both bytes together a multiple of 31. */
function hasZlibHeader(body: Buffer): boolean {
  return body.length >= 2 && (body[0]! & 0x0f) === 8 && body.readUInt16BE(0) % 31 === 0;
}
