/**
 * One computation at a time for one key.
 *
 * In this process: who comes while a computation runs shares its answer, but only under the same generation. A
 * computation that began before an invalidation may carry the old value, and must not answer those who came after it.
 * Between processes (`flight: 'everywhere'`): a lock key in Redis with a lifetime, taken and returned by a random token.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { lockOf } from './keys.mjs';

const MAX_ROUNDS = 20;
const LOCK_MS = 12_000;
const LOCK_POLL_MS = 15;

const RELEASE = `
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0`;

/** @param {import('ioredis').Redis} redis */
export function createSingleFlight(redis) {
  redis.defineCommand('releaseLock', { numberOfKeys: 1, lua: RELEASE });
  /** @type {Map<string, { generation: string, answer: Promise<unknown> }>} */
  const flights = new Map();

  async function compute(entry, generation) {
    const value = await entry.load();
    if (value !== null) await entry.form.fill(entry.key, generation, value, entry.ttl);
    return value;
  }

  async function computeLocked(entry) {
    const lock = lockOf(entry.key);
    const token = randomUUID();
    for (const end = Date.now() + LOCK_MS; Date.now() < end; await pause(LOCK_POLL_MS)) {
      const held = (await redis.set(lock, token, 'PX', LOCK_MS, 'NX')) === 'OK';
      try {
        const found = await entry.form.lookup(entry.key);
        if (found.value !== null) return found.value;
        if (held) return await compute(entry, found.generation);
      } finally {
        if (held) await redis.releaseLock(lock, token);
      }
    }
    return entry.load();
  }

  function begin(entry, generation) {
    const work = entry.flight === 'everywhere' ? computeLocked(entry) : compute(entry, generation);
    const answer = work.finally(() => flights.delete(entry.key));
    flights.set(entry.key, { generation, answer });
    return answer;
  }

  /** The value of a missing key: computed here, or shared with the computation that already runs. */
  async function load(entry, generation) {
    let current = generation;
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      const flight = flights.get(entry.key);
      if (flight === undefined) return begin(entry, current);
      if (flight.generation === current) return flight.answer;
      await flight.answer.catch(() => undefined);
      const found = await entry.form.lookup(entry.key);
      if (found.value !== null) return found.value;
      current = found.generation;
    }
    return entry.load();
  }

  return { load, compute };
}
