/**
 * The hand that removes keys past the relays, one by one and by name. A key that is only tried is moved aside, not copied out: it
 * keeps its value byte for byte and its time to live runs on, and were we killed, it would still be on the server.
 */
import { randomBytes } from 'node:crypto';
import type { Redis } from 'ioredis';
import { nameBytes } from '../observe/redis/key-names.ts';
import { connectRedis } from '../watch/bypass.ts';
import type { Store } from '../watch/stores.ts';
import { idOf, type Unit } from './cold-keys.ts';

/** What keys that are being tried are called meanwhile, before a number of their own and their name. */
export const ASIDE = 'whystale:tried:';
/** Keys in one command. */
const BATCH = 100;

/** A key that was moved aside. */
export interface Taken {
  readonly unit: Unit;
  readonly aside: Buffer;
}

export interface KeyHand {
  /** Removes them; gives how many were there. */
  remove(units: readonly Unit[]): Promise<number>;
  /** Removes one so that it can be put back; null: it was not there. Rejects, with nothing changed, where that is not permitted. */
  take(unit: Unit): Promise<Taken | null>;
  /** Puts it back as it was, over whatever stands there now. */
  putBack(taken: Taken): Promise<void>;
  /** Whether what stands there now is what was taken; a server that does not tell says no. */
  isBack(taken: Taken): Promise<boolean>;
  /** Lets what was taken go. */
  letGo(taken: Taken): Promise<void>;
  close(): Promise<void>;
}

/** @param real gives the real name of a shown one. */
export function openKeyHand(store: Store, real: (shown: string) => string): KeyHand {
  return new RedisHand(store, real);
}

class RedisHand implements KeyHand {
  readonly #store: Store;
  readonly #real: (shown: string) => string;
  readonly #connections = new Map<number, Promise<Redis>>();

  constructor(store: Store, real: (shown: string) => string) {
    this.#store = store;
    this.#real = real;
  }

  #in(db: number): Promise<Redis> {
    const known = this.#connections.get(db);
    if (known !== undefined) return known;
    const opening = connectRedis({ ...this.#store, database: String(db) });
    this.#connections.set(db, opening);
    const forget = () => this.#connections.delete(db);
    opening.then((redis) => redis.once('close', forget), forget);
    return opening;
  }

  #name(shown: string): Buffer {
    return Buffer.from(nameBytes(this.#real(shown)));
  }

  async remove(units: readonly Unit[]): Promise<number> {
    let removed = 0;
    const byDb = new Map<number, Unit[]>();
    for (const unit of units) byDb.set(unit.db, [...(byDb.get(unit.db) ?? []), unit]);
    for (const [db, those] of byDb) {
      const redis = await this.#in(db);
      const whole = those.filter(({ fields }) => fields === null).map(({ key }) => this.#name(key));
      for (let at = 0; at < whole.length; at += BATCH)
        removed += await redis.unlink(...whole.slice(at, at + BATCH));
      for (const { key, fields } of those)
        if (fields !== null) removed += await redis.hdel(this.#name(key), ...this.#fields(fields));
    }
    return removed;
  }

  #fields(fields: readonly string[]): Buffer[] {
    return fields.map((field) => this.#name(field));
  }

  async take(unit: Unit): Promise<Taken | null> {
    const redis = await this.#in(unit.db);
    const name = this.#name(unit.key);
    if ((await redis.exists(name)) === 0) return null;
    const aside = Buffer.concat([Buffer.from(`${ASIDE}${randomBytes(8).toString('hex')}:`), name]);
    const taken = { unit, aside };
    if (unit.fields === null) {
      await redis.rename(name, aside).catch(unlessGone);
      return (await redis.exists(aside)) === 0 ? null : taken;
    }
    await redis.copy(name, aside);
    await redis.hdel(name, ...this.#fields(unit.fields));
    return taken;
  }

  async putBack({ unit, aside }: Taken): Promise<void> {
    const redis = await this.#in(unit.db);
    const name = this.#name(unit.key);
    // Its time may have run out meanwhile: then it would be gone by now, whatever was written in its place.
    if ((await redis.exists(aside)) === 0) await redis.unlink(name);
    else await redis.rename(aside, name).catch(unlessGone);
  }

  async isBack({ unit, aside }: Taken): Promise<boolean> {
    const redis = await this.#in(unit.db);
    try {
      const [before, now] = await Promise.all([
        redis.dumpBuffer(aside),
        redis.dumpBuffer(this.#name(unit.key)),
      ]);
      return before !== null && now !== null && Buffer.compare(before, now) === 0;
    } catch {
      return false;
    }
  }

  async letGo({ unit, aside }: Taken): Promise<void> {
    await (await this.#in(unit.db)).unlink(aside);
  }

  async close(): Promise<void> {
    const open = await Promise.allSettled(this.#connections.values());
    for (const connection of open) if (connection.status === 'fulfilled') connection.value.disconnect();
  }
}

/** A key may expire between two commands. */
function unlessGone(error: unknown): void {
  if (!(error instanceof Error) || !/no such key/i.test(error.message)) throw error;
}

/** The same units without repetition. */
export function distinct(units: readonly Unit[]): readonly Unit[] {
  return [...new Map(units.map((unit) => [idOf(unit), unit])).values()];
}
