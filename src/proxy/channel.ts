/**
 * One socket as the relay uses it: a settable receiver of bytes, pause and resume.
 *
 * Bytes are read into one buffer for the whole life of the socket, so that bulk data leaves no garbage. Node gives that
 * to sockets it opens (`onread` of `net.connect`), not to those a server accepts; an accepted socket's handle is
 * therefore moved into a new `net.Socket` made with `onread`. Where a Node version does not allow that, and for TLS,
 * plain `data` events do the same work at the price of one buffer a read.
 *
 * @see https://nodejs.org/docs/latest-v20.x/api/net.html#socketconnectoptions-connectlistener
 */
import net from 'node:net';
import type { Endpoint } from './endpoint.ts';

/** Bytes of one socket's read buffer; libuv asks for as much at a time. */
export const READ_BUFFER_BYTES = 65_536;

/** Quiet time on a connection after which the kernel probes whether the peer is still there. */
export const KEEP_ALIVE_MS = 60_000;

/** Takes bytes, valid only during the call unless the channel is then paused. False pauses the channel. */
export type Receiver = (chunk: Uint8Array) => boolean;

/** The parts of a libuv stream handle that moving it needs; not in Node's public types. */
interface StreamHandle {
  reading: boolean;
  readStop(): number;
  useUserBuffer?(buffer: Uint8Array): void;
}

const SOCKET_OPTIONS = {
  allowHalfOpen: true,
  noDelay: true,
  keepAlive: true,
  keepAliveInitialDelay: KEEP_ALIVE_MS,
} as const;

const refuseBytes: Receiver = () => false;

/** A socket with one receiver. Bytes flow after `resume()`, and stop while the receiver answers false. */
export class Channel {
  readonly socket: net.Socket;
  /** True when reads come in one reused buffer: a chunk handed on to another socket must leave the kernel's hands
   * before this channel reads again. */
  readonly reuses: boolean;
  receiver: Receiver = refuseBytes;

  constructor(socket: net.Socket, reuses: boolean) {
    this.socket = socket;
    this.reuses = reuses;
    // Whoever uses the channel hears of errors too; without one listener an error would end the process.
    socket.on('error', () => {});
  }

  resume(): void {
    if (!this.socket.destroyed) this.socket.resume();
  }

  pause(): void {
    this.socket.pause();
  }

  /**
   * Closes at once, with a reset where the transport has one, so that the peer learns that the connection broke. Bytes
   * not yet sent are dropped. `resetAndDestroy` would wait for them, first sends an orderly end, and never closes when a
   * shutdown is under way; what it sets is therefore set here.
   */
  reset(): void {
    const { socket } = this;
    if (socket.destroyed) return;
    // Neither this nor what is set below is in Node's types.
    const handle = (socket as unknown as { _handle?: { reset?: unknown } | null })._handle;
    const shuttingDown = socket.writableEnded && !socket.writableFinished;
    // Pipes and TLS have no reset.
    if (typeof handle?.reset === 'function' && !shuttingDown && !socket.connecting) {
      (socket as unknown as { resetAndClosing: boolean }).resetAndClosing = true;
    }
    socket.destroy();
  }
}

/** One channel's read buffer, handing out views without making a new one for every read of the same length. */
class ReadBuffer {
  readonly bytes = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);
  private view: Uint8Array = this.bytes;

  read(length: number): Uint8Array {
    if (this.view.length !== length) this.view = this.bytes.subarray(0, length);
    return this.view;
  }
}

/** Opens a socket to the endpoint; it is still connecting. Connection errors arrive as the socket's `error`. */
export function connectChannel(endpoint: Endpoint): Channel {
  const buffer = new ReadBuffer();
  const address = 'path' in endpoint ? { path: endpoint.path } : { host: endpoint.host, port: endpoint.port };
  const socket = net.connect({
    ...address,
    ...SOCKET_OPTIONS,
    onread: { buffer: buffer.bytes, callback: (length) => channel.receiver(buffer.read(length)) },
  });
  socket.pause();
  const channel = new Channel(socket, true);
  return channel;
}

/**
 * Takes over an open plain socket, normally one a server accepted with `pauseOnConnect`, and makes it read into one
 * reused buffer. No byte may be buffered in it. The given socket object must not be used afterwards.
 */
export function adoptChannel(accepted: net.Socket): Channel {
  const handle = takeHandle(accepted);
  if (!handle) return wrapChannel(accepted);
  const buffer = new ReadBuffer();
  const options = {
    handle,
    pauseOnCreate: true,
    allowHalfOpen: true,
    onread: {
      buffer: buffer.bytes,
      callback: (length: number) => channel.receiver(buffer.read(length)),
    },
  };
  const socket = new net.Socket(options as net.SocketConstructorOpts);
  socket.setNoDelay(true);
  socket.setKeepAlive(true, KEEP_ALIVE_MS);
  const channel = new Channel(socket, true);
  // The husk without its handle: closing it keeps the server's own count of connections right.
  accepted.destroy();
  return channel;
}

/** A channel over `data` events, for TLS and as the fallback. The socket must have no `data` listener yet. */
export function wrapChannel(socket: net.Socket): Channel {
  const channel = new Channel(socket, false);
  socket.pause();
  socket.on('data', (chunk: Buffer) => {
    if (!channel.receiver(chunk)) socket.pause();
  });
  return channel;
}

/** Detaches the libuv handle from a socket, or null when this Node version has no such handle. */
function takeHandle(socket: net.Socket): StreamHandle | null {
  // Not in Node's types.
  const holder = socket as unknown as { _handle?: StreamHandle | null };
  const handle = holder._handle;
  if (!handle || typeof handle.useUserBuffer !== 'function' || socket.readableLength > 0) return null;
  handle.reading = false;
  handle.readStop();
  holder._handle = null;
  return handle;
}
