/** One key after another as the server has it: DUMP, and when it expires by the server's own clock. */
import type { Redis } from 'ioredis';
import { PURGE_LIMITS } from './contract.ts';

/** A key as it is. */
export interface Taken {
  /** null: it is not there. */
  readonly dump: Buffer | null;
  /** Milliseconds since the epoch by the server's clock; null: it does not expire. */
  readonly expiresAt: number | null;
}

/**
 * Two expiries of one key, taken apart, differ by what passes between TIME and PTTL; ms. Keys that are written anew have one
 * that lies further off.
 */
export const SAME_EXPIRY_MS = 50;

/** The server's clock, ms since the epoch. */
export async function serverTime(redis: Redis): Promise<number> {
  return milliseconds(await redis.time());
}

function milliseconds([seconds, micros]: readonly (number | string)[]): number {
  return Number(seconds) * 1000 + Math.floor(Number(micros) / 1000);
}

/** The keys in order, as many as fit into the bound of a batch, at least one. */
export async function take(redis: Redis, names: readonly Buffer[]): Promise<readonly Taken[]> {
  const taken: Taken[] = [];
  let bytes = 0;
  while (taken.length < names.length && (taken.length === 0 || bytes < PURGE_LIMITS.batchBytes)) {
    const slice = names.slice(taken.length, taken.length + PURGE_LIMITS.slice);
    for (const one of await Promise.all(slice.map((name) => takeOne(redis, name)))) {
      taken.push(one);
      bytes += one.dump?.length ?? 0;
    }
  }
  return taken;
}

/** The three questions go out together; the server answers them in this order. */
async function takeOne(redis: Redis, name: Buffer): Promise<Taken> {
  const [now, ttl, dump] = await Promise.all([redis.time(), redis.pttl(name), redis.dumpBuffer(name)]);
  if (dump === null || ttl === -2) return { dump: null, expiresAt: null };
  return { dump, expiresAt: ttl === -1 ? null : milliseconds(now) + ttl };
}

/** Whether a key is as it was: the same bytes, and the same end. */
export function isSame(before: Taken, now: Taken): boolean {
  if (before.dump === null || now.dump === null || !before.dump.equals(now.dump)) return false;
  if (before.expiresAt === null || now.expiresAt === null) return before.expiresAt === now.expiresAt;
  return Math.abs(before.expiresAt - now.expiresAt) <= SAME_EXPIRY_MS;
}
