/**
 * What a client has asked and the server has not yet answered. The protocol answers strictly in the order of requests;
 * this queue leaves out those that the server is known to pass over.
 */
import { LIMITS } from './limits.ts';
import type { Request } from './requests.ts';

/** Answered requests are cut off the front once they are this many, and more than half. */
const TRIM_AT = 1024;

export class RequestQueue {
  #items: Request[] = [];
  #first = 0;
  #weight = 0;
  /** After an error in the extended protocol the server discards everything up to the next Sync. */
  #skipping = false;
  /** The server takes COPY data; it ignores Sync until the data ends. */
  #copying = false;

  /** Whether the bounds on unanswered requests are exceeded. */
  get overfull(): boolean {
    return this.#items.length - this.#first > LIMITS.pending || this.#weight > LIMITS.pendingBytes;
  }

  /** The request that the server is working on. An end of COPY data asks nothing by itself. */
  get head(): Request | undefined {
    while (this.#items[this.#first]?.kind === 'copy-end') this.shift();
    return this.#items[this.#first];
  }

  /** Adds a request, unless the server will pass over it. */
  push(request: Request): void {
    if (this.#skipping) {
      if (request.kind !== 'sync') return;
      this.#skipping = false;
    }
    if (this.#copying) {
      if (request.kind === 'sync') return;
      if (request.kind === 'copy-end') this.#copying = false;
    }
    this.#items.push(request);
    this.#weight += request.weight;
  }

  /** Takes the first request off. */
  shift(): void {
    const request = this.#items[this.#first];
    if (request === undefined) return;
    this.#first++;
    this.#weight -= request.weight;
    if (
      this.#first === this.#items.length ||
      (this.#first > TRIM_AT && this.#first * 2 > this.#items.length)
    ) {
      this.#items = this.#items.slice(this.#first);
      this.#first = 0;
    }
  }

  /** The request at the head failed in the extended protocol: nothing is answered before the next Sync. */
  skipToSync(): void {
    this.#copying = false;
    while (this.#items.length > 0 && this.#items[this.#first]?.kind !== 'sync') this.shift();
    this.#skipping = this.#items.length === 0;
  }

  /** The server awaits COPY data for the Execute at the head. Syncs that are already behind it, up to the end of the data
   * if that was sent too, are ignored by the server; libpq sends one with every Execute. */
  copyBegan(): void {
    const waiting = this.#items.slice(this.#first);
    const found = waiting.findIndex(({ kind }) => kind === 'copy-end');
    const end = found < 0 ? waiting.length : found;
    this.#copying = found < 0;
    this.#items = waiting.filter(({ kind }, index) => kind !== 'sync' || index > end);
    this.#first = 0;
    this.#weight = this.#items.reduce((sum, { weight }) => sum + weight, 0);
  }

  /** COPY data is no longer awaited. */
  copyEnded(): void {
    this.#copying = false;
  }
}
