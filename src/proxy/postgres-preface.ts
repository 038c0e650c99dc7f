/**
 * The start of a PostgreSQL connection, before its first typed message: requests for encryption, a startup packet or a
 * cancel request. Requests for encryption are answered here, because TLS ends at the proxy; the rest is the server's.
 *
 * @see https://www.postgresql.org/docs/current/protocol-message-formats.html (SSLRequest, GSSENCRequest, CancelRequest)
 * @see https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-SSL
 */
import type { Channel } from './channel.ts';
import type { OpeningContext } from './relay.ts';
import { CLIENT_NEEDS_TLS, TLS_HANDSHAKE } from './tls.ts';

export const SSL_REQUEST_CODE = 80_877_103;
const GSSENC_REQUEST_CODE = 80_877_104;
const CANCEL_REQUEST_CODE = 80_877_102;

/** Length field and code field. */
const HEAD_BYTES = 8;

/** The server refuses longer startup packets (MAX_STARTUP_PACKET_LENGTH). */
const MAX_STARTUP_BYTES = 10_000;

/** A fatal handshake_failure alert, RFC 8446 section 6: tells a client that started TLS why it ends. */
const HANDSHAKE_FAILURE = Uint8Array.of(0x15, 0x03, 0x01, 0x00, 0x02, 0x02, 0x28);

const REFUSED = Uint8Array.of(0x4e); // `N`

const NO_TLS_HERE =
  'A client insists on TLS, which ends at the proxy: connect to the proxy in plain (sslmode=disable or prefer, no ' +
  'sslnegotiation=direct; in code: ssl off). Towards the server TLS stays as the URL says.';

/** What a connection starts with, as far as its bytes tell. */
export type PrefaceStep =
  /** More bytes are needed. */
  | { readonly kind: 'wait' }
  /** A request for encryption of `size` bytes. */
  | { readonly kind: 'encryption'; readonly request: 'ssl' | 'gss'; readonly size: number }
  | { readonly kind: 'tls' }
  | { readonly kind: 'startup' | 'cancel' };

/** Reads the next step of a connection's start. Bytes that are no known request count as a startup packet: the server
 * answers them. */
export function prefaceStep(bytes: Uint8Array): PrefaceStep {
  if (bytes[0] === TLS_HANDSHAKE) return { kind: 'tls' };
  if (bytes.length < HEAD_BYTES) return { kind: 'wait' };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const length = view.getInt32(0);
  const code = view.getInt32(4);
  if (length === HEAD_BYTES && code === SSL_REQUEST_CODE) {
    return { kind: 'encryption', request: 'ssl', size: HEAD_BYTES };
  }
  if (length === HEAD_BYTES && code === GSSENC_REQUEST_CODE) {
    return { kind: 'encryption', request: 'gss', size: HEAD_BYTES };
  }
  const bounded = length >= HEAD_BYTES && length <= MAX_STARTUP_BYTES;
  if (bounded && bytes.length < length) return { kind: 'wait' };
  return { kind: code === CANCEL_REQUEST_CODE ? 'cancel' : 'startup' };
}

/** The client's first words to the server. */
export interface Preface {
  readonly kind: 'startup' | 'cancel';
  /** The whole packet and whatever came with it. */
  readonly bytes: Uint8Array;
}

/** Answers requests for encryption with `N` and reads the startup packet or cancel request. Null when the client went
 * away or cannot do without TLS, which is then said. The channel is paused afterwards. */
export function readPreface(
  client: Channel,
  { signal, degrade }: Pick<OpeningContext, 'signal' | 'degrade'>,
): Promise<Preface | null> {
  const { socket } = client;
  let bytes: Uint8Array = new Uint8Array(0);
  let refused = false;
  return new Promise((resolve) => {
    const finish = (preface: Preface | null) => {
      socket.off('end', gone).off('close', gone);
      signal.removeEventListener('abort', gone);
      resolve(preface);
    };
    const gone = () => {
      if (refused && bytes.length === 0 && !signal.aborted) degrade(CLIENT_NEEDS_TLS, NO_TLS_HERE);
      finish(null);
    };
    socket.once('end', gone).once('close', gone);
    signal.addEventListener('abort', gone, { once: true });
    client.receiver = (chunk) => {
      bytes = Buffer.concat([bytes, chunk]);
      for (;;) {
        const step = prefaceStep(bytes);
        if (step.kind === 'wait') return true;
        if (step.kind === 'encryption') {
          refused ||= step.request === 'ssl';
          bytes = bytes.subarray(step.size);
          socket.write(REFUSED);
          continue;
        }
        if (step.kind === 'tls') {
          socket.write(HANDSHAKE_FAILURE);
          degrade(CLIENT_NEEDS_TLS, NO_TLS_HERE);
          finish(null);
        } else {
          finish({ kind: step.kind, bytes });
        }
        return false;
      }
    };
    client.resume();
  });
}
