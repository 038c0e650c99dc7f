/**
 * A transparent relay between clients and one store. Every connection is a session with an observer of its own; bytes are
 * forwarded first and observed after, and nothing that an observer does or fails to do reaches the service.
 */
import { setMaxListeners } from 'node:events';
import net from 'node:net';
import { WhystaleError } from '../errors.ts';
import { adoptChannel, type Channel } from './channel.ts';
import { type Early, joinChannels } from './connection.ts';
import { dialStore, reason } from './dial.ts';
import type { Endpoint } from './endpoint.ts';
import { type GuardOptions, type Meter, ObserverGuard } from './guard.ts';
import { type Listener, listen } from './listener.ts';
import { atMostEvery, NOTICE_INTERVAL_NS, oncePerCode } from './notice.ts';
import type { Clock, ConnectionObserver, ConnectionObserverFactory } from './observer.ts';
import type { TlsPolicy } from './tls.ts';

/** How long `stop` waits for connections to end by themselves, ms. */
export const STOP_GRACE_MS = 2_000;

/** The store's side of a new connection, and what was read meanwhile. */
export interface Opened extends Early {
  readonly store: Channel;
}

/** What opening the store's side may use. */
export interface OpeningContext {
  readonly session: string;
  /** Aborted when the relay stops. */
  readonly signal: AbortSignal;
  /** Says a degradation once per code. */
  readonly degrade: (code: string, text: string) => void;
}

/**
 * Opens the store's side for a client that has connected. Null: the client needs none (it was answered or went away);
 * its connection is then ended. A coded error closes the client's connection and is told through `onUnreachable`.
 */
export type Opening = (client: Channel, context: OpeningContext) => Promise<Opened | null>;

/** Both sides of one connection, and who is told about it. */
export interface Joint {
  readonly session: string;
  readonly client: Channel;
  readonly store: Channel;
  /** Never throws. */
  readonly observer: ConnectionObserver;
  readonly early: Early;
  /** To be called once, when both sides are closed. */
  readonly onClosed: () => void;
}

export interface RelayOptions {
  /** Prefix of the sessions' names: `redis` gives `redis:1`, `redis:2`… */
  readonly prefix: string;
  /** Gives the number of a session, where several relays share a prefix; default: 1, 2, 3… */
  readonly number?: () => number;
  /** Where to listen. Port 0: any free port. Host `localhost`: both loopback families. */
  readonly listen: Endpoint;
  /** Monotonic clock, integer ns. */
  readonly clock: Clock;
  readonly observe: ConnectionObserverFactory;
  /** Says what is no longer seen, and why; called once per code. */
  readonly degrade: (code: string, text: string) => void;
  /** Told when the store cannot be reached, at most once a minute. */
  readonly onUnreachable?: (error: WhystaleError) => void;
  /** Carries the bytes from one side to the other; {@link joinChannels} when absent. */
  readonly join?: (joint: Joint) => void;
  /** Measures the time spent forwarding and observing; costs two clock reads a chunk. */
  readonly measure?: boolean;
}

/** What went through a relay. */
export interface RelayFigures extends Readonly<Meter> {
  /** Connections accepted so far. */
  readonly sessions: number;
  readonly open: number;
  /** Connections closed because the store could not be reached. */
  readonly unreachable: number;
}

export interface Relay {
  /** Where it listens, with the real port. */
  readonly endpoint: Endpoint;
  figures(): RelayFigures;
  /** Stops accepting, lets open connections end by themselves for `graceMs`, then resets them. */
  stop(graceMs?: number): Promise<void>;
}

/** Starts a relay to a store that is reached directly or with TLS from the first byte (Redis).
 *
 * @throws WhystaleError as {@link listen}. */
export function startRelay(
  options: RelayOptions & { readonly target: Endpoint; readonly tls?: TlsPolicy | null },
): Promise<Relay> {
  const { target, tls = null } = options;
  return startRelayWith(options, async (_client, { signal }) => ({
    store: await dialStore(target, tls, signal),
  }));
}

/** Starts a relay whose store side is opened by `opening`.
 *
 * @throws WhystaleError as {@link listen}. */
export async function startRelayWith(options: RelayOptions, opening: Opening): Promise<Relay> {
  const relay = new RunningRelay(options, opening);
  await relay.start();
  return relay;
}

class RunningRelay implements Relay {
  private readonly options: RelayOptions;
  private readonly opening: Opening;
  private readonly guard: GuardOptions;
  private readonly unreachableNotice: (error: WhystaleError) => void;
  private readonly stopping = new AbortController();
  private readonly live = new Set<Channel>();
  private readonly meter: Meter = { clientBytes: 0, serverBytes: 0, chunks: 0, forwardNs: 0, observeNs: 0 };
  private listener: Listener | null = null;
  private sessions = 0;
  private unreachable = 0;
  private idle: (() => void) | null = null;

  constructor(options: RelayOptions, opening: Opening) {
    const { clock, observe, measure = false } = options;
    this.options = options;
    this.opening = opening;
    // Every connection that is being opened listens.
    setMaxListeners(0, this.stopping.signal);
    this.guard = { clock, observe, degrade: oncePerCode(options.degrade), meter: this.meter, measure };
    this.unreachableNotice = atMostEvery(NOTICE_INTERVAL_NS, clock, (error) =>
      options.onUnreachable?.(error),
    );
  }

  get endpoint(): Endpoint {
    return this.listener?.endpoint ?? this.options.listen;
  }

  async start(): Promise<void> {
    this.listener = await listen(this.options.listen, () =>
      net.createServer({ pauseOnConnect: true, allowHalfOpen: true }, (socket) => {
        void this.accept(socket);
      }),
    );
  }

  figures(): RelayFigures {
    return {
      ...this.meter,
      sessions: this.sessions,
      open: this.live.size,
      unreachable: this.unreachable,
    };
  }

  async stop(graceMs: number = STOP_GRACE_MS): Promise<void> {
    await this.listener?.close();
    if (this.live.size > 0 && graceMs > 0) await this.drained(graceMs);
    this.stopping.abort();
    for (const channel of this.live) channel.reset();
    if (this.live.size > 0) await new Promise<void>((resolve) => (this.idle = resolve));
  }

  private async accept(accepted: net.Socket): Promise<void> {
    const session = `${this.options.prefix}:${this.options.number?.() ?? ++this.sessions}`;
    const client = adoptChannel(accepted);
    this.live.add(client);
    const released = () => this.release(client);
    const { signal } = this.stopping;
    try {
      const opened = await this.opening(client, { session, signal, degrade: this.guard.degrade });
      if (opened) this.join(client, opened, session, released);
      else refuse(client, released);
    } catch (error) {
      refuse(client, released);
      if (signal.aborted) return;
      this.unreachable++;
      this.unreachableNotice(error instanceof WhystaleError ? error : unexpected(error));
    }
  }

  private join(client: Channel, opened: Opened, session: string, released: () => void): void {
    if (client.socket.destroyed) {
      opened.store.reset();
      released();
      return;
    }
    const observer = new ObserverGuard(this.guard, session);
    const { join, clock } = this.options;
    if (join) join({ session, client, store: opened.store, observer, early: opened, onClosed: released });
    else joinChannels(client, opened.store, observer, clock, opened, released);
  }

  private release(client: Channel): void {
    this.live.delete(client);
    if (this.live.size === 0) this.idle?.();
  }

  private drained(limitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, limitMs);
      this.idle = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** Closes a client whose connection leads nowhere: in order when an answer was written, else with a reset. */
function refuse(client: Channel, closed: () => void): void {
  const { socket } = client;
  if (socket.destroyed) {
    closed();
    return;
  }
  socket.once('close', closed);
  if (socket.bytesWritten > 0) socket.destroySoon();
  else client.reset();
}

function unexpected(cause: unknown): WhystaleError {
  return new WhystaleError({
    code: 'WSE310',
    what: `A connection to the store could not be opened (${reason(cause)}).`,
    expected: 'A connection to the store.',
    retry: 'safe',
    next: 'Try again; whystale doctor shows what is reachable.',
    exitCode: 4,
    cause,
  });
}
