/**
 * The server's first answer to a startup packet: read far enough to know whether the server accepts the way it was
 * reached, and to leave channel binding out of its offer.
 *
 * @see https://www.postgresql.org/docs/current/protocol-message-formats.html (AuthenticationSASL, ErrorResponse)
 */
import type { Channel } from './channel.ts';

const TYPE_BYTES = 1;
const LENGTH_BYTES = 4;
const AUTHENTICATION = 0x52; // `R`
const ERROR_RESPONSE = 0x45; // `E`
const NEGOTIATE_VERSION = 0x76; // `v`
const NOTICE = 0x4e; // `N`
const SASL = 10;

/** Bytes looked at for the first answer; what is longer passes as it is. */
const MAX_ANSWER_BYTES = 65_536;

/** The first answer and all bytes read with it. */
export interface Answer {
  /** `closed`: the server closed instead; `other`: something unexpected, to be passed on. */
  readonly kind: 'authentication' | 'error' | 'other' | 'closed';
  readonly bytes: Uint8Array;
  /** Where the answer starts in `bytes`. */
  readonly at: number;
}

/** Finds the first message that answers a startup packet; null when more bytes are needed. */
export function findAnswer(bytes: Uint8Array): Answer | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; ; ) {
    if (bytes.length < at + TYPE_BYTES + LENGTH_BYTES) return null;
    const type = bytes[at];
    const length = view.getInt32(at + TYPE_BYTES);
    const known =
      type === AUTHENTICATION || type === ERROR_RESPONSE || type === NEGOTIATE_VERSION || type === NOTICE;
    if (!known || length < LENGTH_BYTES || length > MAX_ANSWER_BYTES) return { kind: 'other', bytes, at };
    if (bytes.length < at + TYPE_BYTES + length) return null;
    if (type === AUTHENTICATION) return { kind: 'authentication', bytes, at };
    if (type === ERROR_RESPONSE) return { kind: 'error', bytes, at };
    at += TYPE_BYTES + length;
  }
}

/** Reads the first answer; the channel is paused afterwards. */
export function firstAnswer(store: Channel, signal: AbortSignal): Promise<Answer> {
  const { socket } = store;
  let bytes: Uint8Array = new Uint8Array(0);
  return new Promise((resolve) => {
    const finish = (answer: Answer) => {
      socket.off('end', gone).off('close', gone);
      signal.removeEventListener('abort', gone);
      resolve(answer);
    };
    const gone = () => finish({ kind: 'closed', bytes, at: 0 });
    socket.once('end', gone).once('close', gone);
    signal.addEventListener('abort', gone, { once: true });
    store.receiver = (chunk) => {
      bytes = Buffer.concat([bytes, chunk]);
      const answer = findAnswer(bytes);
      if (!answer && bytes.length < MAX_ANSWER_BYTES) return true;
      finish(answer ?? { kind: 'other', bytes, at: 0 });
      return false;
    };
    store.resume();
  });
}

/** The bytes with the mechanisms that bind to the TLS channel (`…-PLUS`) left out of the AuthenticationSASL message at
 * `at`. Unchanged when it is another message, or when no other mechanism is offered. */
export function withoutChannelBinding(bytes: Uint8Array, at: number): Uint8Array {
  const message = Buffer.from(bytes.buffer, bytes.byteOffset + at, bytes.length - at);
  const end = TYPE_BYTES + message.readInt32BE(TYPE_BYTES);
  const body = TYPE_BYTES + LENGTH_BYTES + 4;
  if (end < body || message.readInt32BE(TYPE_BYTES + LENGTH_BYTES) !== SASL) return bytes;
  const offered = message
    .toString('latin1', body, end)
    .split('\0')
    .filter((name) => name !== '');
  const kept = offered.filter((name) => !name.endsWith('-PLUS'));
  if (kept.length === 0 || kept.length === offered.length) return bytes;
  const names = Buffer.from(`${kept.join('\0')}\0\0`, 'latin1');
  const head = Buffer.from(message.subarray(0, body));
  head.writeInt32BE(body - TYPE_BYTES + names.length, TYPE_BYTES);
  return Buffer.concat([bytes.subarray(0, at), head, names, message.subarray(end)]);
}

/** A fatal ErrorResponse with SQLSTATE 08001 (the connection could not be established). */
export function errorResponse(text: string): Uint8Array {
  const fields = Buffer.from(`SFATAL\0VFATAL\0C08001\0M${text}\0\0`, 'utf8');
  const head = Buffer.alloc(TYPE_BYTES + LENGTH_BYTES);
  head[0] = ERROR_RESPONSE;
  head.writeInt32BE(LENGTH_BYTES + fields.length, TYPE_BYTES);
  return Buffer.concat([head, fields]);
}
