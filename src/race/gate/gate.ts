/** A gate over any protocol: the listening socket, the connections, and what is asked of all of them. */

import type { Endpoint } from '../../proxy/endpoint.ts';
import { LOOPBACK } from '../../proxy/endpoint.ts';
import { oncePerCode } from '../../proxy/notice.ts';
import type { Clock, ConnectionObserverFactory } from '../../proxy/observer.ts';
import { type Joint, type Opening, type Relay, startRelayWith } from '../../proxy/relay.ts';
import type { TlsPolicy } from '../../proxy/tls.ts';
import type { Footprint } from '../explore/footprint.ts';
import { Connection, type DialectFactory } from './connection.ts';
import type { Gate, GateEvents, GateStore, HeldMessage, Release } from './contract.ts';
import { MAX_CONNECTIONS } from './limits.ts';
import type { Message } from './message.ts';
import { type Unanswered, Yard } from './yard.ts';

export interface GateOptions<Reader> {
  readonly actor: string;
  /** The store. */
  readonly target: Endpoint;
  /** How to speak TLS with the store; null: not at all. */
  readonly tls: TlsPolicy | null;
  /** Makes the reader of one connection. */
  readonly reader: (session: string) => Reader;
  /** Is shown each connection's bytes as they are forwarded to the store and delivered to the client. */
  readonly observe: ConnectionObserverFactory;
  /** Monotonic clock of the history, integer ns. */
  readonly clock: Clock;
  readonly events: GateEvents;
  /** Gives numbers that no other gate of the exploration gives. */
  readonly ids: () => number;
  /** Whether replies are held too, until they are released. Asked at each message. Default: they are not. */
  readonly holdsReplies?: () => boolean;
  /** Prefix of the sessions' names; default: the store. Sessions of several gates that share a history need several. */
  readonly prefix?: string;
  /** Gives the number of a session, where several gates share a prefix; default: 1, 2, 3… */
  readonly number?: () => number;
  /** Where to listen; default: a free port on loopback. */
  readonly listen?: { readonly host: string; readonly port: number };
}

/** What a protocol brings. */
export interface Protocol<M extends Message> {
  readonly store: GateStore;
  readonly opening: Opening;
  readonly dialect: DialectFactory<M>;
  /** Takes a connection that is no session (a cancel request); false: it is one. */
  readonly aside?: (joint: Joint) => boolean;
}

/** @throws WhystaleError as `listen`. */
export async function openGate<M extends Message, Reader>(
  options: GateOptions<Reader>,
  protocol: Protocol<M>,
): Promise<Gate> {
  const gate = new StandingGate(options, protocol);
  await gate.start(options);
  return gate;
}

class StandingGate<M extends Message> implements Gate {
  readonly actor: string;
  readonly store: GateStore;
  readonly #yard: Yard;
  readonly #protocol: Protocol<M>;
  readonly #connections = new Set<Connection<M>>();
  /** Connections whose store side is being opened. */
  readonly #openings = new Map<string, number>();
  #relay: Relay | null = null;

  constructor(options: GateOptions<unknown>, protocol: Protocol<M>) {
    const { actor, clock, ids, events, holdsReplies = () => false } = options;
    const degrade = oncePerCode((code, text) => events.degrade(code, text));
    this.actor = actor;
    this.store = protocol.store;
    this.#protocol = protocol;
    this.#yard = new Yard({ actor, store: protocol.store, clock, ids, events, degrade, holdsReplies });
  }

  async start(options: GateOptions<unknown>): Promise<void> {
    const { degrade } = this.#yard;
    this.#relay = await startRelayWith(
      {
        prefix: options.prefix ?? this.store,
        ...(options.number === undefined ? {} : { number: options.number }),
        listen: options.listen ?? { host: LOOPBACK, port: 0 },
        clock: options.clock,
        observe: options.observe,
        degrade,
        onUnreachable: ({ facts }) => degrade('store-unreachable', facts.what),
        join: (joint) => this.#join(joint),
      },
      this.#opening(),
    );
  }

  get endpoint(): { readonly host: string; readonly port: number } {
    const endpoint = this.#relay?.endpoint;
    if (endpoint === undefined || 'path' in endpoint) throw new RangeError('the gate does not listen');
    return endpoint;
  }

  hold(on: boolean): void {
    this.#yard.holding = on;
    if (on) return;
    for (const connection of this.#connections) connection.opened();
  }

  held(): readonly HeldMessage[] {
    return [...this.#connections].flatMap(({ held }) => held);
  }

  unanswered(): readonly Unanswered[] {
    const opening = [...this.#openings].map(([session, id]) => ({
      id,
      session,
      label: 'connect',
      silent: true,
      backendPid: null,
    }));
    return [...opening, ...[...this.#connections].flatMap(({ unanswered }) => unanswered)];
  }

  activity(): number {
    return this.#yard.activity;
  }

  connections(): number {
    return this.#openings.size + [...this.#connections].filter(({ connected }) => connected).length;
  }

  closing(session?: string): Footprint {
    return [...this.#connections]
      .filter((connection) => session === undefined || connection.session === session)
      .flatMap((connection) => connection.closing());
  }

  release(id: number, how: Release): void {
    for (const connection of this.#connections) if (connection.release(id, how)) return;
  }

  deliver(id: number): void {
    for (const connection of this.#connections) if (connection.deliver(id)) return;
  }

  reset(): void {
    for (const connection of this.#connections) connection.break();
  }

  async close(): Promise<void> {
    for (const connection of this.#connections) connection.kill();
    await this.#relay?.stop(0);
  }

  /** The protocol's opening, with what is under way kept in view. */
  #opening(): Opening {
    return async (client, context) => {
      const { session } = context;
      if (this.#connections.size + this.#openings.size >= MAX_CONNECTIONS) {
        this.#yard.degrade(
          'gate-connections',
          `More than ${MAX_CONNECTIONS} connections: ${session} is refused.`,
        );
        return null;
      }
      this.#openings.set(session, this.#yard.ids());
      this.#yard.touch();
      try {
        return await this.#protocol.opening(client, context);
      } finally {
        this.#openings.delete(session);
        this.#yard.touch();
      }
    };
  }

  #join(joint: Joint): void {
    if (this.#protocol.aside?.(joint) === true) return;
    const onClosed = () => {
      this.#connections.delete(connection);
      joint.onClosed();
    };
    const { dialect } = this.#protocol;
    const connection = new Connection({ ...joint, onClosed }, this.#yard, dialect);
    this.#connections.add(connection);
    connection.start(joint.early);
  }
}
