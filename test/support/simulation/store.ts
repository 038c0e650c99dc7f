/** A Redis with databases and times to live; each command runs at one moment. */
import type { Transaction } from './database.ts';

/** Where a cached value came from: the reads behind it. */
export interface ReadOrigin {
  /** Number of the state that was read; for a read of its own changes, the transaction. */
  readonly seq: number;
  readonly own: Transaction | null;
  /** When the read had returned; ns. */
  readonly returned: number;
}

export interface Stored {
  /** The payload; of a hash the canonical text of its fields. */
  readonly text: string;
  readonly fields?: Readonly<Record<string, string>>;
  /** Empty: a marker, a lock, a generation. */
  readonly origin: readonly ReadOrigin[];
}

interface Entry extends Stored {
  /** ns; Infinity: no end. */
  expires: number;
}

export class Store {
  readonly #entries = new Map<string, Entry>();

  get(db: number, key: string, now: number): Stored | null {
    const entry = this.#entries.get(`${db} ${key}`);
    if (entry === undefined || entry.expires <= now) return null;
    return entry;
  }

  /** `ttl` in milliseconds; null: none; `keep`: as before. */
  set(db: number, key: string, value: Stored, ttl: number | null | 'keep', now: number): void {
    const before = this.get(db, key, now) === null ? undefined : this.#entries.get(`${db} ${key}`);
    const expires =
      ttl === 'keep'
        ? (before?.expires ?? Number.POSITIVE_INFINITY)
        : ttl === null
          ? Number.POSITIVE_INFINITY
          : now + ttl * 1e6;
    this.#entries.set(`${db} ${key}`, { ...value, expires });
  }

  expire(db: number, key: string, ttl: number, now: number): boolean {
    const entry = this.get(db, key, now) === null ? undefined : this.#entries.get(`${db} ${key}`);
    if (entry !== undefined) entry.expires = now + ttl * 1e6;
    return entry !== undefined;
  }

  delete(db: number, key: string, now: number): boolean {
    const there = this.get(db, key, now) !== null;
    this.#entries.delete(`${db} ${key}`);
    return there;
  }

  /** Raises a counter; gives its new value. */
  increment(db: number, key: string, now: number): number {
    const next = Number(this.get(db, key, now)?.text ?? 0) + 1;
    this.set(db, key, { text: String(next), origin: [] }, 'keep', now);
    return next;
  }

  keys(db: number, now: number): string[] {
    return [...this.#entries.keys()]
      .filter((id) => id.startsWith(`${db} `))
      .map((id) => id.slice(String(db).length + 1))
      .filter((key) => this.get(db, key, now) !== null);
  }
}
