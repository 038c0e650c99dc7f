/**
 * The two sockets of a gated connection, and the observer, who is shown what passes as the relay of the taps would show it. A
 * side that is too far ahead is not read until there is room again.
 */
import type { Channel } from '../../proxy/channel.ts';
import type { Clock, ConnectionObserver } from '../../proxy/observer.ts';
import type { Joint } from '../../proxy/relay.ts';
import { QUEUED_BYTES } from './limits.ts';

export interface WireEvents {
  /** Bytes that came; they are the taker's from here on. */
  fromClient(chunk: Uint8Array): void;
  fromStore(chunk: Uint8Array): void;
  /** The client ended, in order or not. Called once. */
  clientEnded(): void;
  /** The client takes nothing any more. Called once. */
  clientClosed(): void;
  /** The store ended. Called once. */
  storeEnded(orderly: boolean): void;
  /** Both sides are closed. */
  closed(): void;
  /** Bytes that wait to be sent to the store, and to be delivered to the client. */
  waiting(): { readonly toStore: number; readonly toClient: number };
}

export class Wires {
  readonly #client: Channel;
  readonly #store: Channel;
  readonly #observer: ConnectionObserver;
  readonly #clock: Clock;
  readonly #events: WireEvents;
  #observed = true;
  #clientEnded = false;
  #storeEnded = false;
  #open = 2;

  constructor({ client, store, observer }: Joint, clock: Clock, events: WireEvents) {
    this.#client = client;
    this.#store = store;
    this.#observer = observer;
    this.#clock = clock;
    this.#events = events;
    client.receiver = (chunk) => {
      events.fromClient(new Uint8Array(chunk));
      return !this.#clientAhead;
    };
    store.receiver = (chunk) => {
      events.fromStore(new Uint8Array(chunk));
      return !this.#storeAhead;
    };
  }

  /** Begins to read, and to listen for ends. */
  start(): void {
    const client = this.#client.socket;
    const store = this.#store.socket;
    this.breathe();
    // While the store's side was being opened either may already have ended.
    if (client.readableEnded) this.#endClient();
    else client.on('end', () => this.#endClient());
    if (store.readableEnded) this.#endStore(true);
    else store.on('end', () => this.#endStore(true));
    if (client.closed) this.#closeClient();
    else client.once('close', () => this.#closeClient());
    const closeStore = () => {
      this.#endStore(false);
      this.#close();
    };
    if (store.closed) closeStore();
    else store.once('close', closeStore);
  }

  /** Sends bytes to the store; the observer is told that the client sent `shown`. */
  toStore(bytes: Uint8Array, shown: Uint8Array = bytes): void {
    const at = this.#clock();
    this.#write(this.#store, bytes);
    if (this.#observed && shown.length > 0) this.#observer.client(shown, at);
  }

  /** Tells the observer of bytes of the client that are not sent, or that were sent at an earlier time. */
  show(bytes: Uint8Array, at: number = this.#clock()): void {
    if (this.#observed) this.#observer.client(bytes, at);
  }

  toClient(bytes: Uint8Array): void {
    const at = this.#clock();
    this.#write(this.#client, bytes);
    if (this.#observed) this.#observer.server(bytes, at);
  }

  /** Ends the store's side in order: what was sent takes effect, and the store's own end is awaited. */
  leaveStore(): void {
    this.#store.socket.end();
    this.#store.resume();
  }

  leaveClient(): void {
    this.#client.socket.end();
    this.#client.resume();
  }

  /** Breaks the client's side, as seen by the observer too. */
  breakClient(): void {
    this.endObserver();
    this.#client.reset();
  }

  breakStore(): void {
    this.#store.reset();
  }

  endObserver(): void {
    if (!this.#observed) return;
    this.#observed = false;
    this.#observer.end(this.#clock());
  }

  /** Reads on where there is room. */
  breathe(): void {
    if (!this.#clientAhead) this.#client.resume();
    if (!this.#storeAhead) this.#store.resume();
  }

  #write({ socket }: Channel, bytes: Uint8Array): void {
    if (bytes.length === 0 || socket.destroyed || socket.writableEnded) return;
    socket.write(bytes, () => this.breathe());
  }

  get #clientAhead(): boolean {
    return this.#events.waiting().toStore + this.#store.socket.writableLength > QUEUED_BYTES;
  }

  get #storeAhead(): boolean {
    const { destroyed, writableLength } = this.#client.socket;
    return !destroyed && this.#events.waiting().toClient + writableLength > QUEUED_BYTES;
  }

  #endClient(): void {
    if (this.#clientEnded) return;
    this.#clientEnded = true;
    this.#events.clientEnded();
  }

  #endStore(orderly: boolean): void {
    if (this.#storeEnded) return;
    this.#storeEnded = true;
    this.#events.storeEnded(orderly);
  }

  #closeClient(): void {
    this.#endClient();
    this.#events.clientClosed();
    this.breathe();
    this.#close();
  }

  #close(): void {
    if (--this.#open > 0) return;
    this.endObserver();
    this.#events.closed();
  }
}
