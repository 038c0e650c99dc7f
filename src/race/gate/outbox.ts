/**
 * The way from the store to the client: first in, first out, with hold points. A held push holds up everything behind it, as
 * it would on the wire; so does a reply that is held or delayed.
 */
import type { Meaning } from './contract.ts';

/** Something of the server that waits to be released: what it sends by itself, or an answer. */
export interface HeldItem {
  readonly kind: 'push' | 'reply';
  readonly id: number;
  readonly meaning: Meaning;
}

type Entry =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'held'; readonly bytes: Uint8Array; readonly item: HeldItem; readonly whole: boolean }
  | { readonly kind: 'delay'; readonly id: number }
  | { readonly kind: 'end' };

const NONE = new Uint8Array(0);

export interface OutboxEnds {
  deliver(bytes: Uint8Array): void;
  /** The store ended the connection, and everything before that is delivered. */
  end(): void;
}

export class Outbox {
  readonly #ends: OutboxEnds;
  #entries: Entry[] = [];
  #size = 0;

  constructor(ends: OutboxEnds) {
    this.#ends = ends;
  }

  /** Bytes that wait. */
  get size(): number {
    return this.#size;
  }

  /** What may be released: the oldest, once it is there as a whole. */
  get offered(): HeldItem | null {
    const first = this.#entries[0];
    return first?.kind === 'held' && first.whole ? first.item : null;
  }

  /** Numbers of all that is held. */
  get numbers(): readonly number[] {
    return this.#entries.flatMap((entry) => (entry.kind === 'held' ? [entry.item.id] : []));
  }

  send(bytes: Uint8Array): void {
    this.#add({ kind: 'bytes', bytes });
  }

  push(bytes: Uint8Array, id: number, meaning: Meaning): void {
    this.#add({ kind: 'held', bytes, item: { kind: 'push', id, meaning }, whole: true });
  }

  /** A hold point for an answer that is still to come: its bytes queue up behind it. {@link answered} tells that they all did. */
  reply(id: number, meaning: Meaning): void {
    this.#add({ kind: 'held', bytes: NONE, item: { kind: 'reply', id, meaning }, whole: false });
  }

  answered(id: number): void {
    this.#entries = this.#entries.map((entry) =>
      entry.kind === 'held' && entry.item.id === id ? { ...entry, whole: true } : entry,
    );
  }

  /** Holds up all that follows until {@link release}. */
  delay(id: number): void {
    this.#add({ kind: 'delay', id });
  }

  end(): void {
    this.#add({ kind: 'end' });
  }

  /** Lets what is held or delayed go. False: there is none of this number. */
  release(id: number): boolean {
    const at = this.#entries.findIndex(
      (entry) =>
        (entry.kind === 'held' && entry.item.id === id) || (entry.kind === 'delay' && entry.id === id),
    );
    const entry = this.#entries[at];
    if (entry === undefined) return false;
    this.#entries[at] = { kind: 'bytes', bytes: entry.kind === 'held' ? entry.bytes : NONE };
    this.#flush();
    return true;
  }

  /** Lets everything go. */
  open(): void {
    this.#entries = this.#entries.flatMap((entry): Entry[] => {
      if (entry.kind === 'delay') return [];
      return entry.kind === 'held' ? [{ kind: 'bytes', bytes: entry.bytes }] : [entry];
    });
    this.#flush();
  }

  /** Forgets everything: nobody is there to take it. */
  clear(): void {
    this.#entries = [];
    this.#size = 0;
  }

  #add(entry: Entry): void {
    this.#entries.push(entry);
    if ('bytes' in entry) this.#size += entry.bytes.length;
    this.#flush();
  }

  #flush(): void {
    for (let entry = this.#entries[0]; entry !== undefined; entry = this.#entries[0]) {
      if (entry.kind === 'held' || entry.kind === 'delay') return;
      this.#entries.shift();
      if (entry.kind === 'end') {
        this.#ends.end();
        continue;
      }
      this.#size -= entry.bytes.length;
      if (entry.bytes.length > 0) this.#ends.deliver(entry.bytes);
    }
  }
}
