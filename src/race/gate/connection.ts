/**
 * One gated connection: what becomes of what the client says, of what the store says, and of both when a side ends.
 *
 * One message at a time is sent; the next one waits until it is answered, so that every effect on the store has a release of
 * its own. Where the client went away, what it had said before still reaches the store, as it would from the network; where
 * the connection is *broken* (a fault, a killed process) what was not sent is lost. The store always sees an orderly end: then
 * it is certain that what was sent takes effect, and the store's own end says that locks are freed.
 */
import type { Early } from '../../proxy/connection.ts';
import type { Joint } from '../../proxy/relay.ts';
import type { Footprint } from '../explore/footprint.ts';
import type { HeldMessage, Meaning, Release } from './contract.ts';
import type { Dialect, Line } from './dialect.ts';
import { Inbox } from './inbox.ts';
import { Closing, type Message, replyTo } from './message.ts';
import { Outbox } from './outbox.ts';
import type { MessageQueue } from './queue.ts';
import { heldOf, unansweredOf } from './views.ts';
import { Wires } from './wires.ts';
import type { Unanswered, Yard } from './yard.ts';

/** Makes the dialect of a connection. */
export type DialectFactory<M extends Message> = (line: Line<M>) => Dialect<M>;

/** Results of messages that a fault struck, or whose connection ended. */
const RESULT = { reset: 'connection reset', lost: 'reply lost', ended: 'connection ended' } as const;

export class Connection<M extends Message> implements Line<M> {
  readonly session: string;
  readonly #yard: Yard;
  readonly #wires: Wires;
  readonly #dialect: Dialect<M>;
  readonly #inbox: Inbox<M>;
  readonly #outbox: Outbox;
  /** Number of the opening, and of the end when nobody asked for it. */
  readonly #ownId: number;
  #backendPid: number | null = null;
  /** Everything passes, unframed. */
  #raw = false;
  /** The client's side was cut off by us. */
  #broken = false;
  #clientEnded = false;
  #storeEnded = false;
  /** Bytes come that were sent already by whoever opened the store's side. */
  #sentBefore = false;

  constructor(joint: Joint, yard: Yard, dialect: DialectFactory<M>) {
    this.session = joint.session;
    this.#yard = yard;
    this.#ownId = yard.ids();
    this.#wires = new Wires(joint, yard.clock, {
      fromClient: (chunk) => this.#fromClient(chunk),
      fromStore: (chunk) => this.#fromStore(chunk),
      clientEnded: () => this.#clientGone(),
      clientClosed: () => this.#outbox.clear(),
      storeEnded: (orderly) => this.#storeGone(orderly),
      closed: () => {
        yard.touch();
        joint.onClosed();
      },
      waiting: () => ({ toStore: this.queue.size, toClient: this.#outbox.size }),
    });
    this.#outbox = new Outbox({
      deliver: (bytes) => this.#wires.toClient(bytes),
      end: () => this.#wires.leaveClient(),
    });
    this.#inbox = new Inbox(yard, {
      dialect: () => this.#sending(),
      strike: (message) => {
        this.show(message.bytes);
        this.break();
        yard.answered(message.id, RESULT.reset);
      },
      delay: (id) => this.#outbox.delay(id),
      holdReply: (message) => {
        message.reply = this.nextId();
        this.#outbox.reply(message.reply, replyTo(message.meaning));
      },
      leave: (closing) => {
        this.toStore(closing.bytes);
        if (this.#clientEnded) this.#wires.leaveStore();
      },
    });
    this.#dialect = dialect(this);
  }

  start({ client, server }: Early): void {
    if (client) this.#startup(client.bytes, client.sentAt);
    if (server) this.#fromStore(new Uint8Array(server.bytes));
    this.#wires.start();
  }

  /** Whether the client is still there. */
  get connected(): boolean {
    return !this.#broken && !this.#clientEnded && !this.#storeEnded;
  }

  get held(): readonly HeldMessage[] {
    const { actor, store } = this.#yard;
    return heldOf({ actor, store, session: this.session }, this.queue, this.#outbox);
  }

  get unanswered(): readonly Unanswered[] {
    const about = { session: this.session, backendPid: this.#backendPid };
    const { sent } = this.queue;
    if (sent.length > 0) return sent.map((message) => unansweredOf(about, message));
    const own = (label: string) => [{ id: this.#ownId, ...about, label, silent: true }];
    if (this.#raw || this.#storeEnded) return [];
    if (this.#broken) return own('disconnect');
    return this.#dialect.ready ? [] : own('connect');
  }

  /** What it does to others when the connection breaks now. */
  closing(): Footprint {
    if (!this.connected || this.#raw) return [];
    const { silent, footprint } = this.#dialect.closing();
    return silent ? [] : footprint;
  }

  /** False: nothing of this number is held here. */
  release(id: number, how: Release): boolean {
    if (this.#inbox.release(id, how)) return true;
    if (this.#outbox.offered?.id !== id) return false;
    const breaks = how === 'reset' || how === 'reply-lost';
    if (breaks) this.break();
    else this.deliver(id);
    this.#yard.answered(id, breaks ? RESULT.reset : null);
    return true;
  }

  /** False: no reply of this number is held here. */
  deliver(id: number): boolean {
    const known = this.#outbox.release(id);
    if (known) this.#wires.breathe();
    return known;
  }

  /** The gate was opened: everything goes. */
  opened(): void {
    this.#openOutbox();
    this.#inbox.opened();
    this.#wires.breathe();
  }

  /** Cuts the client off. What was sent takes effect; the rest is lost. */
  break(): void {
    if (this.#broken) return;
    this.#broken = true;
    this.#yard.touch();
    this.queue.dropUnsent();
    this.#outbox.clear();
    this.#wires.breakClient();
    this.#wires.leaveStore();
  }

  /** Ends both sides at once. */
  kill(): void {
    this.#broken = true;
    this.queue.empty();
    this.#wires.breakClient();
    this.#wires.breakStore();
  }

  // What the dialect asks for.

  get underWay(): M | null {
    return this.queue.underWay;
  }

  get queue(): MessageQueue<M> {
    return this.#inbox.queue;
  }

  nextId(): number {
    return this.#yard.ids();
  }

  ask(message: M): void {
    this.queue.push(message);
  }

  leave(parts: readonly Uint8Array[]): void {
    this.queue.push(new Closing(this.nextId(), parts));
  }

  toStore(bytes: Uint8Array, shown?: Uint8Array): void {
    if (!this.#sentBefore) this.#wires.toStore(bytes, shown);
  }

  show(bytes: Uint8Array): void {
    this.#wires.show(bytes);
  }

  toClient(bytes: Uint8Array): void {
    if (this.#broken || this.underWay?.fate === 'reply-lost') return;
    this.#outbox.send(bytes);
  }

  push(bytes: Uint8Array, meaning: Meaning): void {
    if (this.#broken) return;
    if (meaning.silent || !this.#yard.holding || this.#clientEnded) this.#outbox.send(bytes);
    else this.#outbox.push(bytes, this.nextId(), meaning);
  }

  answered(result: string | null): void {
    const message = this.underWay;
    if (message === null) return;
    this.queue.remove(message);
    if (message.reply !== null) this.#outbox.answered(message.reply);
    const lost = message.fate === 'reply-lost';
    if (lost) this.break();
    this.#yard.answered(message.id, lost ? [result, RESULT.lost].filter(Boolean).join(', ') : result);
    this.#inbox.advance();
    this.#wires.breathe();
  }

  served(backendPid: number): void {
    this.#backendPid = backendPid;
  }

  unframed(code: string, why: string): void {
    if (this.#raw) return;
    this.#raw = true;
    this.#yard.degrade(code, `${why}; its messages cannot be ordered: ${this.session} passes as it is`);
    for (const message of this.queue.empty()) {
      if (message.state === 'sent') this.#yard.answered(message.id, null);
      else this.toStore(message.bytes);
    }
    for (const bytes of this.#dialect.rest()) this.toStore(bytes);
    this.#openOutbox();
    if (this.#clientEnded) this.#wires.leaveStore();
  }

  reading<T>(read: () => T): T | undefined {
    return this.#yard.reading(this.session, read);
  }

  // Bytes.

  /** The client's first bytes; those with a time were sent already. */
  #startup(bytes: Uint8Array, sentAt: number | undefined): void {
    this.#sentBefore = sentAt !== undefined;
    if (sentAt !== undefined) this.#wires.show(bytes, sentAt);
    this.#fromClient(new Uint8Array(bytes));
    if (this.#sentBefore && this.queue.head !== undefined) {
      this.unframed('gate-startup', 'A client asks before it is let in');
    }
    this.#sentBefore = false;
  }

  #fromClient(chunk: Uint8Array): void {
    this.#yard.touch();
    if (this.#broken || this.#storeEnded) return;
    if (this.#raw) this.toStore(chunk);
    else this.#dialect.client(chunk);
    this.#inbox.advance();
  }

  #fromStore(chunk: Uint8Array): void {
    this.#yard.touch();
    if (this.#raw) this.toClient(chunk);
    else this.#dialect.server(chunk);
    this.#inbox.advance();
  }

  /** Null while messages may not be sent. */
  #sending(): Dialect<M> | null {
    if (this.#raw || this.#storeEnded) return null;
    return this.#dialect.ready || this.#clientEnded ? this.#dialect : null;
  }

  #openOutbox(): void {
    for (const id of this.#outbox.numbers) this.#yard.answered(id, null);
    this.#outbox.open();
  }

  // Ends.

  #clientGone(): void {
    this.#clientEnded = true;
    this.#yard.touch();
    if (this.#broken) return;
    if (this.#raw) {
      this.#wires.leaveStore();
      return;
    }
    // Nobody waits for what is held any more.
    this.#openOutbox();
    const { closing } = this.queue;
    if (closing === undefined) this.leave([]);
    else if (closing.state === 'sent') this.#wires.leaveStore();
    this.#inbox.advance();
  }

  /** What the store has not answered it never will. */
  #storeGone(orderly: boolean): void {
    this.#storeEnded = true;
    this.#yard.touch();
    const messages = this.queue.empty();
    this.#wires.leaveStore();
    if (!this.#broken && orderly) this.#outbox.end();
    else this.#wires.breakClient();
    for (const { id, state } of messages) if (state === 'sent') this.#yard.answered(id, RESULT.ended);
  }
}
