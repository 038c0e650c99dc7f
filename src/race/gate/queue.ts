/** What the client of one connection has said and the store has not answered, in order. */
import { MESSAGE_OVERHEAD } from './limits.ts';
import { Closing, type Message } from './message.ts';

export class MessageQueue<M extends Message> {
  #messages: (M | Closing)[] = [];
  #size = 0;

  /** The oldest. */
  get head(): M | Closing | undefined {
    return this.#messages[0];
  }

  /** The one behind it. */
  get second(): M | Closing | undefined {
    return this.#messages[1];
  }

  /** The head when it is a message that was sent. */
  get underWay(): M | null {
    const { head } = this;
    return head !== undefined && head.state === 'sent' && !(head instanceof Closing) ? head : null;
  }

  /** The oldest behind {@link underWay}. */
  get next(): M | Closing | undefined {
    return this.underWay === null ? this.head : this.second;
  }

  /** The youngest behind {@link underWay}. */
  get last(): M | Closing | undefined {
    const last = this.#messages.at(-1);
    return last === this.underWay ? undefined : last;
  }

  /** Those that were sent: the head, and the end when it did not have to wait for it. */
  get sent(): readonly (M | Closing)[] {
    return this.#messages.slice(0, 2).filter(({ state }) => state === 'sent');
  }

  get closing(): Closing | undefined {
    return this.#messages.find((message) => message instanceof Closing);
  }

  /** Bytes of all of them, with what remembering them takes. */
  get size(): number {
    return this.#size;
  }

  push(message: M | Closing): void {
    this.#messages.push(message);
    this.#size += message.size + MESSAGE_OVERHEAD;
  }

  /** Adds bytes to a message. */
  append(message: M | Closing, bytes: Uint8Array): void {
    message.append(bytes);
    this.#size += bytes.length;
  }

  remove(message: M | Closing): void {
    const at = this.#messages.indexOf(message);
    if (at < 0) return;
    if (at === 0) this.#messages.shift();
    else this.#messages.splice(at, 1);
    this.#size -= message.size + MESSAGE_OVERHEAD;
  }

  /** Forgets those that were not sent. */
  dropUnsent(): void {
    const { sent } = this;
    this.empty();
    for (const message of sent) this.push(message);
  }

  /** Gives all, and is empty afterwards. */
  empty(): readonly (M | Closing)[] {
    const all = this.#messages;
    this.#messages = [];
    this.#size = 0;
    return all;
  }
}
