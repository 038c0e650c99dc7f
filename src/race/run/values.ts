/** What the keys that an execution has touched hold, and what the source says, after a step: for people who walk a schedule. */
import type { Footprint } from '../explore/footprint.ts';
import type { CachedValue } from '../result.ts';
import type { World } from '../world/contract.ts';

/** Longest value shown. */
const MAX_SHOWN = 60;
/** Keys shown at most. */
const MAX_KEYS = 8;

/** The value of a key of any type, as text: false where there is none. */
const READ = `local t = redis.call('TYPE', KEYS[1]).ok
if t == 'none' then return false end
if t == 'string' then return redis.call('GET', KEYS[1]) end
if t == 'hash' then return cjson.encode(redis.call('HGETALL', KEYS[1])) end
if t == 'set' then return cjson.encode(redis.call('SMEMBERS', KEYS[1])) end
if t == 'zset' then return cjson.encode(redis.call('ZRANGE', KEYS[1], 0, 20)) end
if t == 'list' then return cjson.encode(redis.call('LRANGE', KEYS[1], 0, 20)) end
return t`;

export class Values {
  readonly #world: World;
  readonly #keys: string[] = [];

  constructor(world: World) {
    this.#world = world;
  }

  async now(
    footprint: Footprint,
  ): Promise<{ readonly cached: readonly CachedValue[]; readonly database?: string }> {
    for (const { resource } of footprint) {
      const key = /^redis:\d+:(.*)$/s.exec(resource)?.[1];
      if (key !== undefined && !this.#keys.includes(key) && this.#keys.length < MAX_KEYS)
        this.#keys.push(key);
    }
    const cached: CachedValue[] = [];
    for (const key of this.#keys) {
      const value = await this.#world.redis(['EVAL', READ, '1', key]);
      cached.push({ key, value: value === null || value === undefined ? null : shown(String(value)) });
    }
    const database = await this.#world.truth();
    return { cached, ...(database === null ? {} : { database }) };
  }
}

function shown(text: string): string {
  const printable = text.replace(/[^\x20-\x7e\u00a0-\uffff]/g, '·');
  return printable.length > MAX_SHOWN ? `${printable.slice(0, MAX_SHOWN - 1)}…` : printable;
}
