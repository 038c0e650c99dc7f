/**
 * One relayed connection: two channels, each byte forwarded first and observed after.
 *
 * Back-pressure: a channel that reads into a reused buffer reads again only once the kernel has taken the last chunk
 * whole, so at most one buffer a direction is held, and nothing is copied. A close passes on as what it was: an orderly
 * end as a half-close, a broken connection as a reset.
 */
import type { Channel } from './channel.ts';
import type { Clock, ConnectionObserver } from './observer.ts';

/** Bytes that were read on one side while the other was being opened; the caller's own memory. */
export interface EarlyBytes {
  readonly bytes: Uint8Array;
  /** Clock reading before they were forwarded, when that has already happened. */
  readonly sentAt?: number;
}

export interface Early {
  readonly client?: EarlyBytes;
  readonly server?: EarlyBytes;
}

/** Bytes that may wait in a TLS layer, which never writes at once, before the reading side pauses. */
export const TLS_PENDING_BYTES = 1 << 20;

type Watch = (chunk: Uint8Array, at: number) => void;

/** One direction: from a source to a sink. */
class Flow {
  private readonly source: Channel;
  private readonly sink: Channel;
  private readonly clock: Clock;
  private readonly watch: Watch;
  private readonly bound: number;
  private readonly copies: boolean;
  private waiting = false;

  constructor(source: Channel, sink: Channel, clock: Clock, watch: Watch) {
    this.source = source;
    this.sink = sink;
    this.clock = clock;
    this.watch = watch;
    this.bound = sink.reuses ? 0 : TLS_PENDING_BYTES;
    this.copies = source.reuses && this.bound > 0;
    source.receiver = (chunk) => this.receive(chunk);
  }

  receive(chunk: Uint8Array): boolean {
    const { socket } = this.sink;
    const at = this.clock();
    socket.write(this.copies ? Buffer.from(chunk) : chunk, this.written);
    this.watch(chunk, at);
    if (socket.writableLength <= this.bound) return true;
    // The kernel did not take all of it: the buffer is lent until `written`.
    this.waiting = true;
    return false;
  }

  start(early: EarlyBytes | undefined): void {
    if (early?.sentAt !== undefined) this.watch(early.bytes, early.sentAt);
    else if (early && early.bytes.length > 0) this.receive(early.bytes);
    if (!this.waiting) this.source.resume();
  }

  private readonly written = (): void => {
    if (!this.waiting || this.sink.socket.writableLength > this.bound) return;
    this.waiting = false;
    this.source.resume();
  };
}

/**
 * Joins two open channels until both are closed; then the observer, which must not throw, is told the end, and
 * `onClosed` is called once.
 * `clock` is read before each chunk is forwarded.
 */
export function joinChannels(
  client: Channel,
  store: Channel,
  observer: ConnectionObserver,
  clock: Clock,
  early: Early,
  onClosed: () => void,
): void {
  const toStore = new Flow(client, store, clock, (chunk, at) => observer.client(chunk, at));
  const toClient = new Flow(store, client, clock, (chunk, at) => observer.server(chunk, at));
  let open = 2;
  const closed = () => {
    open--;
    if (open > 0) return;
    observer.end(clock());
    onClosed();
  };
  toStore.start(early.client);
  toClient.start(early.server);
  passEnd(client, store, closed);
  passEnd(store, client, closed);
}

/** Passes the end of one channel on to the other: an end as an end, a break as a break. */
function passEnd(from: Channel, to: Channel, closed: () => void): void {
  const { socket } = from;
  const onClose = () => {
    const orderly = socket.readableEnded && socket.writableFinished;
    if (!orderly) to.reset();
    closed();
  };
  socket.on('error', () => to.reset());
  // While the store's side was being opened it may already have ended.
  if (socket.readableEnded) to.socket.end();
  else socket.on('end', () => to.socket.end());
  if (socket.closed) onClose();
  else socket.once('close', onClose);
}
