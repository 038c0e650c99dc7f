/** Redis past the gates: the hand of faults, and putting it back to the beginning. */
import type { Redis } from 'ioredis';
import { WhystaleError } from '../../errors.ts';
import { connectRedis } from '../../watch/bypass.ts';
import { displayStore, type Store } from '../../watch/stores.ts';
import type { RedisReset } from '../scenario/contract.ts';

/** Keys that one step of a scan looks at. */
const SCAN_COUNT = 1_000;

export class Cache {
  readonly #store: Store;
  /** A server of our own is emptied whole: the service may use several of its databases. */
  readonly #whole: boolean;
  #redis: Promise<Redis> | null = null;

  constructor(store: Store, whole: boolean) {
    this.#store = store;
    this.#whole = whole;
  }

  /** The connection that is kept; opened again after it broke. */
  async connection(): Promise<Redis> {
    this.#redis ??= this.#open();
    const opening = this.#redis;
    try {
      return await opening;
    } catch (error) {
      if (this.#redis === opening) this.#redis = null;
      throw error;
    }
  }

  async #open(): Promise<Redis> {
    const redis = await connectRedis(this.#store);
    redis.once('close', () => {
      this.#redis = null;
    });
    return redis;
  }

  async command(words: readonly string[]): Promise<unknown> {
    const [name = '', ...rest] = words;
    return (await this.connection()).call(name, ...rest);
  }

  /** Number of keys in the store's database, or in all of a server of our own. */
  async size(): Promise<number> {
    return (await this.connection()).dbsize();
  }

  /**
   * Back to the beginning.
   *
   * @throws WhystaleError WSE656 when a command is refused
   */
  async reset(how: RedisReset): Promise<void> {
    try {
      if (how.kind === 'flushdb') await this.command([this.#whole ? 'FLUSHALL' : 'FLUSHDB']);
      else if (how.kind === 'delete') for (const pattern of how.patterns) await this.#remove(pattern);
      else for (const words of how.commands) await this.command(words);
    } catch (error) {
      throw refused(this.#store, how, error);
    }
  }

  async #remove(pattern: string): Promise<void> {
    const redis = await this.connection();
    let cursor = '0';
    do {
      const [next, keys] = await redis.scanBuffer(cursor, 'MATCH', pattern, 'COUNT', SCAN_COUNT);
      cursor = next.toString();
      if (keys.length > 0) await redis.del(...keys);
    } while (cursor !== '0');
  }

  async close(): Promise<void> {
    const open = await this.#redis?.catch(() => null);
    open?.disconnect();
  }
}

function refused(store: Store, how: RedisReset, error: unknown): WhystaleError {
  return new WhystaleError({
    code: 'WSE656',
    what: `${displayStore(store)} could not be reset (${how.kind}): ${(error as Error).message}.`,
    expected: 'A user who may run the commands of reset.redis.',
    retry: 'after-fix',
    next: 'Correct reset.redis, give this user the commands, or use an embedded Redis.',
    exitCode: 4,
    cause: error,
  });
}
