/**
 * What a Redis was told, by its own MONITOR: who sent what in which order. From that the test knows what every key must hold now, and
 * held when it was removed, without asking the purge.
 */
import { Redis } from 'ioredis';
import { expect } from 'vitest';
import type { Entry } from '../../src/purge/records.ts';
import { everyKey } from '../purge/keys.ts';

/** The name by which connections of whystale are known to the server. */
const OURS = 'whystale';
/** Two clocks that are read one after the other on a busy machine. */
const CLOCK_MS = 250;

/** What a purge and an undo may send besides what works on keys. */
const LOOKS = new Set(
  'client select info ping role scan time exists pttl memory multi exec unwatch quit'.split(' '),
);
/** What works on keys, and which of the words after it are keys. */
const WORKS: Readonly<Record<string, (words: readonly string[]) => readonly string[]>> = {
  watch: (words) => words,
  unlink: (words) => words,
  dump: (words) => words.slice(0, 1),
  restore: (words) => words.slice(0, 1),
};
/** What looks at, or removes, everything at once. */
const FORBIDDEN = new Set(['keys', 'flushdb', 'flushall']);

interface Told {
  readonly atMs: number;
  readonly source: string;
  readonly name: string;
  readonly words: readonly string[];
}

/** A key as the commands left it. */
interface Held {
  /** The commands that made it, or what it was restored from. */
  readonly made: readonly (readonly string[])[] | Buffer;
  readonly expiresAt: number | null;
}

export interface Removal {
  readonly key: string;
  readonly held: Held | undefined;
}

export interface Listening {
  /** Keys that whystale removed so far. */
  readonly removed: () => number;
  /** Ends it; the commands of one database. */
  readonly end: () => Promise<Ledger>;
}

/** Listens until told to end. Only a store that the test shares with nobody else is listened to. */
export async function listen(url: string): Promise<Listening> {
  const db = new URL(url).pathname.slice(1);
  const connection = new Redis(url);
  const monitor = await connection.monitor();
  const told: Told[] = [];
  const ours = new Set<string>();
  let removed = 0;
  monitor.on('monitor', (time: string, args: readonly string[], source: string, database: string) => {
    const [first = '', ...words] = args;
    const name = first.toLowerCase();
    if (name === 'client' && words[0]?.toLowerCase() === 'setname' && words[1] === OURS) ours.add(source);
    if (database !== db) return;
    told.push({ atMs: Number(time) * 1000, source, name, words });
    if (name === 'unlink' && ours.has(source)) removed += words.length;
  });
  const end = async () => {
    monitor.disconnect();
    connection.disconnect();
    return new Ledger(told, ours);
  };
  return { removed: () => removed, end };
}

/** What was sent to one database, and what follows from it. */
export class Ledger {
  readonly #told: readonly Told[];
  readonly #ours: ReadonlySet<string>;

  constructor(told: readonly Told[], ours: ReadonlySet<string>) {
    this.#told = told;
    this.#ours = ours;
  }

  /** Whystale sent what it may, for these keys only, and nobody looked at or removed everything at once. */
  expectOnly(planned: ReadonlySet<string>): void {
    const sent = this.#told.filter(({ source }) => this.#ours.has(source));
    expect(sent.some(({ name }) => name === 'unlink')).toBe(true);
    for (const { name, words } of sent) {
      if (LOOKS.has(name)) continue;
      const keys = WORKS[name]?.(words);
      expect(keys, `whystale sent ${name} ${words.join(' ')}`).toBeDefined();
      for (const key of keys ?? []) expect(planned.has(key), `whystale sent ${name} for ${key}`).toBe(true);
    }
    expect(this.#told.filter(({ name }) => FORBIDDEN.has(name))).toEqual([]);
  }

  /** Every key as it must be by now, and what whystale removed, in order. */
  replay(entries: readonly Entry[]): {
    readonly now: ReadonlyMap<string, Held>;
    readonly removals: readonly Removal[];
  } {
    const now = new Map<string, Held>();
    const removals: Removal[] = [];
    for (const { atMs, source, name, words } of this.#told) {
      const [key = '', ...rest] = words;
      const held = alive(now.get(key), atMs);
      if (name === 'set') now.set(key, { made: [[name, key, rest[0] ?? '']], expiresAt: endOf(rest, atMs) });
      else if (name === 'hset')
        now.set(key, { made: [[name, ...words]], expiresAt: held?.expiresAt ?? null });
      else if (name === 'expire' && held !== undefined)
        now.set(key, { ...held, expiresAt: atMs + Number(rest[0]) * 1000 });
      else if (name === 'restore' && held === undefined)
        now.set(key, restored(key, Number(rest[0]), entries));
      else if (name === 'del' || name === 'unlink')
        for (const one of words) {
          if (this.#ours.has(source)) removals.push({ key: one, held: alive(now.get(one), atMs) });
          now.delete(one);
        }
    }
    return { now, removals };
  }
}

function alive(held: Held | undefined, atMs: number): Held | undefined {
  return held === undefined || (held.expiresAt !== null && held.expiresAt <= atMs) ? undefined : held;
}

function endOf(words: readonly string[], atMs: number): number | null {
  const at = words.findIndex((word) => word.toLowerCase() === 'ex');
  return at < 0 ? null : atMs + Number(words[at + 1]) * 1000;
}

function restored(key: string, expiresAt: number, entries: readonly Entry[]): Held {
  const entry = entries.find((one) => one.key.toString() === key && (one.expiresAt ?? 0) === expiresAt);
  if (entry === undefined) throw new Error(`${key} was restored from no entry of a snapshot`);
  return { made: entry.dump, expiresAt: entry.expiresAt };
}

/** The bytes of a key that these commands make, from a database that nothing else is in. */
async function bytesOf({ made }: Held, scratch: Redis): Promise<string> {
  if (Buffer.isBuffer(made)) return made.toString('hex');
  const [key = ''] = made[0]?.slice(1) ?? [];
  await scratch.del(key);
  for (const [name = '', ...words] of made) await scratch.call(name, ...words);
  return (await scratch.dumpBuffer(key))?.toString('hex') ?? '';
}

/** What was removed is, byte for byte, in the snapshot. Gives how many were compared. */
export async function expectKept(
  removals: readonly Removal[],
  entries: readonly Entry[],
  scratch: Redis,
): Promise<number> {
  let compared = 0;
  for (const { key, held } of removals) {
    const kept = entries.filter((entry) => entry.key.toString() === key);
    expect(kept.length, `${key} was removed and is not in the snapshot`).toBeGreaterThan(0);
    if (held === undefined) continue;
    const bytes = await bytesOf(held, scratch);
    const same = kept.filter(
      ({ dump, expiresAt }) =>
        dump.toString('hex') === bytes && Math.abs((expiresAt ?? 0) - (held.expiresAt ?? 0)) <= CLOCK_MS,
    );
    expect(same.length, `${key} as it was when it was removed`).toBeGreaterThan(0);
    compared++;
  }
  return compared;
}

/** Each of these keys is in the store as the commands left it; gives how many are there. */
export async function expectAsTold(
  keys: ReadonlySet<string>,
  now: ReadonlyMap<string, Held>,
  { store, scratch }: { readonly store: Redis; readonly scratch: Redis },
): Promise<number> {
  const there = await everyKey(store);
  const at = Date.now();
  let found = 0;
  for (const key of keys) {
    const held = now.get(key);
    const is = there.get(key);
    // One that ends about now may be there or not.
    if (held?.expiresAt != null && held.expiresAt < at + CLOCK_MS && is === undefined) continue;
    if (held === undefined) expect(is, `${key} is there, and nobody put it there`).toBeUndefined();
    else {
      expect(is?.dump, `${key} as it was left`).toBe(await bytesOf(held, scratch));
      expect(Math.abs((is?.expiresAt ?? 0) - (held.expiresAt ?? -1)), key).toBeLessThanOrEqual(CLOCK_MS);
      found++;
    }
  }
  return found;
}
