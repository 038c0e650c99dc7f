/**
 * Finds message borders in one direction of a connection, at any split of the stream. Bodies are handed over in place
 * where they lie within one chunk and are copied, up to the handler's cap, where they do not; what is beyond the cap
 * is skipped without being kept, so memory is bounded by the cap and not by the length that the peer claims.
 *
 * Framing (documentation, "Message Formats"): one type byte, then a big-endian int32 length that counts itself and the
 * body. Packets of the startup phase lack the type byte; SSLRequest and GSSENCRequest are answered by a single byte.
 */
import { Backend, Frontend, StartupCode, UNTYPED } from './messages.ts';

/** Receives what a scanner finds; all calls are synchronous. */
export interface MessageHandler {
  /** How many bytes of this body shall be captured; asked once a header is complete. Packets of the startup phase are
   * always captured whole. */
  capture(type: number, length: number): number;
  /** One message. Its captured body is `bytes[start, end)`, valid during the call only; `length` is the body's length on
   * the wire, greater than `end - start` when the rest was skipped. */
  message(type: number, bytes: Uint8Array, start: number, end: number, length: number): void;
  /** The single byte that answers SSLRequest or GSSENCRequest; see {@link MessageScanner.expectAnswer}. */
  answer(byte: number): void;
  /** The stream is not protocol v3, or is damaged. Called at most once; nothing is scanned afterwards. */
  damaged(reason: string): void;
}

/** Largest message a server accepts or sends (MaxAllocSize); a greater length means that the stream is not ours. */
const MAX_LENGTH = 0x3fff_ffff;
/** Largest packet of the startup phase that servers accept (MAX_STARTUP_PACKET_LENGTH). */
const MAX_STARTUP_LENGTH = 10_000;
/** A capture buffer greater than this is given back after its message. */
const KEPT_BUFFER = 16 * 1024;

const HEADER = 5;
const STARTUP_HEADER = 4;
const STARTUP_CODE = 4;

const KNOWN = {
  client: new Set<number>(Object.values(Frontend)),
  server: new Set<number>(Object.values(Backend)),
};

type Phase = 'startup' | 'typed' | 'stopped';

/** Incremental scanner of one direction. Client streams begin with the startup phase, server streams with messages. */
export class MessageScanner {
  readonly #handler: MessageHandler;
  readonly #known: ReadonlySet<number>;
  #phase: Phase;
  #answers = 0;
  /** Bytes of a header that a chunk border cut. */
  readonly #header = new Uint8Array(HEADER);
  #headerFill = 0;
  #type = UNTYPED;
  #length = 0;
  /** Body bytes still to come; -1 while a header is awaited. */
  #remaining = -1;
  #cap = 0;
  #buffer: Uint8Array = new Uint8Array(0);
  #captured = 0;

  constructor(direction: 'client' | 'server', handler: MessageHandler) {
    this.#handler = handler;
    this.#known = KNOWN[direction];
    this.#phase = direction === 'client' ? 'startup' : 'typed';
  }

  /** The next byte answers an SSLRequest or GSSENCRequest (server direction). */
  expectAnswer(): void {
    this.#answers++;
  }

  /** Ignores everything from here on. */
  stop(): void {
    this.#phase = 'stopped';
    this.#buffer = new Uint8Array(0);
  }

  /** Takes the next bytes of the stream; never throws for what they contain. */
  push(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length && this.#phase !== 'stopped') {
      if (this.#remaining >= 0) at = this.#takeBody(chunk, at);
      else if (this.#answers > 0 && this.#headerFill === 0) at = this.#takeAnswer(chunk, at);
      else at = this.#takeHeader(chunk, at);
    }
  }

  #takeAnswer(chunk: Uint8Array, at: number): number {
    this.#answers--;
    // Servers from before GSSENCRequest answer with an ErrorResponse instead of a single byte.
    if (chunk[at] === Backend.errorResponse) return at;
    this.#handler.answer(chunk[at] as number);
    return at + 1;
  }

  #takeHeader(chunk: Uint8Array, at: number): number {
    const size = this.#phase === 'startup' ? STARTUP_HEADER : HEADER;
    if (this.#headerFill === 0 && chunk.length - at >= size) {
      return this.#begin(chunk, at, at + size);
    }
    this.#header[this.#headerFill++] = chunk[at] as number;
    if (this.#headerFill === 1 && size === HEADER && !this.#known.has(chunk[at] as number)) {
      this.#damage(`message type ${chunk[at]}`);
    } else if (this.#headerFill === size) {
      this.#headerFill = 0;
      this.#begin(this.#header, 0, size);
      if (this.#remaining === 0) this.#finish();
    }
    return at + 1;
  }

  /** Reads the header `bytes[from, to)`. A body that lies wholly behind it is delivered from {@link #takeBody}. */
  #begin(bytes: Uint8Array, from: number, to: number): number {
    const typed = this.#phase === 'typed';
    const type = typed ? (bytes[from] as number) : UNTYPED;
    const length = int32(bytes, to - 4) - 4;
    const least = typed ? 0 : STARTUP_CODE;
    const most = typed ? MAX_LENGTH : MAX_STARTUP_LENGTH;
    if (typed && !this.#known.has(type)) this.#damage(`message type ${type}`);
    else if (length < least || length > most) this.#damage(`message length ${length + 4}`);
    if (this.#phase === 'stopped') return to;
    this.#type = type;
    this.#length = length;
    this.#remaining = length;
    this.#captured = 0;
    const wanted = typed ? this.#handler.capture(type, length) : length;
    this.#cap = Math.min(length, Math.max(0, wanted));
    if (length === 0 && bytes !== this.#header) this.#finish();
    return to;
  }

  #takeBody(chunk: Uint8Array, at: number): number {
    const taken = Math.min(this.#remaining, chunk.length - at);
    if (taken === this.#length) {
      this.#remaining = -1;
      this.#deliver(chunk, at, at + this.#cap);
      return at + taken;
    }
    const kept = Math.min(taken, this.#cap - this.#captured);
    if (kept > 0) {
      this.#reserve(this.#captured + kept);
      this.#buffer.set(chunk.subarray(at, at + kept), this.#captured);
      this.#captured += kept;
    }
    this.#remaining -= taken;
    if (this.#remaining === 0) this.#finish();
    return at + taken;
  }

  #finish(): void {
    this.#remaining = -1;
    this.#deliver(this.#buffer, 0, this.#captured);
    if (this.#buffer.length > KEPT_BUFFER) this.#buffer = new Uint8Array(0);
  }

  #deliver(bytes: Uint8Array, start: number, end: number): void {
    if (this.#phase === 'startup') this.#leaveStartup(bytes, start);
    // The handler still gets the packet that ended the phase or stopped the scanner.
    if (this.#phase !== 'stopped' || this.#type === UNTYPED) {
      this.#handler.message(this.#type, bytes, start, end, this.#length);
    }
  }

  /** After SSLRequest and GSSENCRequest another packet of the startup phase follows; after StartupMessage, messages;
   * after CancelRequest, nothing. */
  #leaveStartup(bytes: Uint8Array, start: number): void {
    const request = int32(bytes, start);
    if (request === StartupCode.ssl || request === StartupCode.gssenc) return;
    if (request === StartupCode.cancel) this.#phase = 'stopped';
    else if (request >>> 16 === 3) this.#phase = 'typed';
    else {
      this.#type = -1;
      this.#damage(`startup code ${request}`);
    }
  }

  /** Grows the capture buffer by doubling, so that a claimed length alone costs nothing. */
  #reserve(size: number): void {
    if (size <= this.#buffer.length) return;
    const grown = new Uint8Array(Math.min(Math.max(size, this.#buffer.length * 2, 256), this.#cap));
    grown.set(this.#buffer.subarray(0, this.#captured));
    this.#buffer = grown;
  }

  #damage(reason: string): void {
    if (this.#phase === 'stopped') return;
    this.stop();
    this.#handler.damaged(reason);
  }
}

function int32(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)
  );
}
