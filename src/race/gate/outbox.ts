/**
 * The way from the store to the client: first in, first out, with hold points. A held push holds up everything behind it, as
 * it would on the wire; so does a reply that is delayed.
 */
import type { Meaning } from './contract.ts';

/** Something of the server that waits to be released. */
export interface HeldPush {
  readonly id: number;
  readonly meaning: Meaning;
}

type Entry =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'push'; readonly bytes: Uint8Array; readonly push: HeldPush }
  | { readonly kind: 'delay'; readonly id: number }
  | { readonly kind: 'end' };

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

  /** The push that may be released. */
  get offered(): HeldPush | null {
    const first = this.#entries[0];
    return first?.kind === 'push' ? first.push : null;
  }

  /** Numbers of all pushes that are held. */
  get pushes(): readonly number[] {
    return this.#entries.flatMap((entry) => (entry.kind === 'push' ? [entry.push.id] : []));
  }

  send(bytes: Uint8Array): void {
    this.#add({ kind: 'bytes', bytes });
  }

  hold(bytes: Uint8Array, push: HeldPush): void {
    this.#add({ kind: 'push', bytes, push });
  }

  /** Holds up all that follows until {@link release}. */
  delay(id: number): void {
    this.#add({ kind: 'delay', id });
  }

  end(): void {
    this.#add({ kind: 'end' });
  }

  /** Lets the push or the delayed reply go. False: there is none of this number. */
  release(id: number): boolean {
    const at = this.#entries.findIndex(
      (entry) =>
        (entry.kind === 'push' && entry.push.id === id) || (entry.kind === 'delay' && entry.id === id),
    );
    const entry = this.#entries[at];
    if (entry === undefined) return false;
    this.#entries[at] = { kind: 'bytes', bytes: entry.kind === 'push' ? entry.bytes : new Uint8Array(0) };
    this.#flush();
    return true;
  }

  /** Lets everything go. */
  open(): void {
    this.#entries = this.#entries.flatMap((entry): Entry[] => {
      if (entry.kind === 'delay') return [];
      return entry.kind === 'push' ? [{ kind: 'bytes', bytes: entry.bytes }] : [entry];
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
      if (entry.kind === 'push' || entry.kind === 'delay') return;
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
