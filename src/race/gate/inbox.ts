/**
 * The way from the client to the store: one message at a time, the next one when the last is answered. The oldest waits to be
 * released when it matters to others and the gate is closed.
 */
import type { Release } from './contract.ts';
import type { Dialect } from './dialect.ts';
import { Closing, type Message } from './message.ts';
import { MessageQueue } from './queue.ts';
import type { Yard } from './yard.ts';

/** What the inbox needs of its connection. */
export interface InboxEnds<M extends Message> {
  /** Null: messages may not be sent, now or ever. */
  dialect(): Dialect<M> | null;
  /** The fault `reset` strikes the message, which is off the queue. */
  strike(message: M): void;
  /** Holds up the answer of this message. */
  delay(id: number): void;
  /** Holds the answer of this message until it is released under a number of its own. */
  holdReply(message: M): void;
  /** Passes the client's end on. */
  leave(closing: Closing): void;
}

export class Inbox<M extends Message> {
  readonly queue = new MessageQueue<M>();
  readonly #yard: Yard;
  readonly #ends: InboxEnds<M>;
  #advancing = false;

  constructor(yard: Yard, ends: InboxEnds<M>) {
    this.#yard = yard;
    this.#ends = ends;
  }

  /** False: no message of this number is held here. */
  release(id: number, how: Release): boolean {
    const { head } = this.queue;
    if (head?.id !== id || head.state !== 'held') return false;
    this.#dispatch(head, how);
    this.advance();
    return true;
  }

  /** The gate was opened. */
  opened(): void {
    const { head } = this.queue;
    if (head?.state === 'held') this.#dispatch(head, 'forward');
    this.advance();
  }

  /** Lets go what may go, in order. */
  advance(): void {
    if (this.#advancing) return;
    this.#advancing = true;
    while (this.#step());
    this.#advancing = false;
  }

  /** False: nothing more may go. */
  #step(): boolean {
    const dialect = this.#ends.dialect();
    if (dialect === null) return false;
    const { head, second } = this.queue;
    if (head?.state === 'sent' && dialect.endsAtOnce && second instanceof Closing) this.#end(second);
    if (head === undefined || head.state !== 'waiting') return false;
    head.meaning = head instanceof Closing ? dialect.closing() : dialect.meaningOf(head);
    // Asking may have shown that the connection cannot be framed.
    if (this.queue.head !== head) return false;
    if (this.#yard.holding && !head.meaning.silent) {
      head.state = 'held';
      this.#yard.touch();
      return false;
    }
    this.#dispatch(head, 'forward');
    return this.queue.head !== head;
  }

  #dispatch(head: M | Closing, how: Release): void {
    this.#yard.touch();
    if (head instanceof Closing) {
      this.#end(head);
    } else if (how === 'reset') {
      this.queue.remove(head);
      this.#ends.strike(head);
    } else {
      head.fate = how;
      head.state = 'sent';
      if (how === 'delay') this.#ends.delay(head.id);
      else if (how === 'forward' && this.#holdsReply(head)) this.#ends.holdReply(head);
      this.#ends.dialect()?.send(head, how === 'error');
    }
  }

  #holdsReply({ meaning }: M): boolean {
    return this.#yard.holding && !meaning.silent && this.#yard.holdsReplies();
  }

  /** Passes the client's end on, once. It is answered by the store's own end. */
  #end(closing: Closing): void {
    if (closing.state === 'sent') return;
    closing.state = 'sent';
    this.#ends.leave(closing);
  }
}
