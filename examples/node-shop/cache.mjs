/**
 * Cache-aside with a generation fence.
 *
 * A reader takes the key and its generation in one round trip, reads the database, and fills only if the generation is
 * still the same. A writer commits first, then gives every derived key a new generation and removes it, in one MULTI. A
 * fill that carries a value from before the commit therefore either lands before the removal, and is removed, or comes
 * after it, and is refused.
 */
import { randomUUID } from 'node:crypto';
import { generationOf } from './keys.mjs';
import { createSingleFlight } from './single-flight.mjs';

/** Longer than any request between its lookup and its fill can take. */
const GENERATION_SECONDS = 600;
/** Share of a TTL that is left to chance, so that keys filled together do not expire together. */
const JITTER = 0.2;
const SCAN_COUNT = 200;

const FILL = `
if (redis.call('GET', KEYS[2]) or '') ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
return 1`;

/**
 * @typedef {object} Form how a value is kept under a key
 * @property {(key: string) => Promise<{ value: unknown, generation: string }>} lookup value null: a miss
 * @property {(key: string, generation: string, value: any, ttl: number | null) => Promise<unknown>} fill
 *
 * @typedef {object} Entry
 * @property {string} key
 * @property {Form} form
 * @property {number} ttl seconds
 * @property {() => Promise<any>} load reads the database; null: there is no such thing, and nothing is cached
 * @property {'process' | 'everywhere' | 'none'} flight who shares one computation of a missing key
 */

/** @param {number} seconds */
const jittered = (seconds) => Math.max(1, Math.round(seconds * (1 - JITTER / 2 + Math.random() * JITTER)));

/** Values of a pipeline's replies; throws the first error among them. @param {[Error | null, unknown][]} replies */
function valuesOf(replies) {
  return replies.map(([error, value]) => {
    if (error !== null) throw error;
    return value;
  });
}

/** @param {import('ioredis').Redis} redis */
export function createCache(redis) {
  redis.defineCommand('fillIfCurrent', { numberOfKeys: 2, lua: FILL });
  const sessions = createSessions(redis);
  const flights = createSingleFlight(redis);

  async function lookupText(key) {
    const [text, generation] = await redis.mget(key, generationOf(key));
    return { value: text === null ? null : JSON.parse(text), generation: generation ?? '' };
  }

  /** The fence without a script: WATCH makes EXEC fail when the generation changes after it was compared. */
  function fillWatched(key, generation, write) {
    return sessions.use(async (session) => {
      await session.watch(generationOf(key));
      if (((await session.get(generationOf(key))) ?? '') !== generation) {
        await session.unwatch();
        return;
      }
      const replies = await write(session.multi()).exec();
      if (replies !== null) valuesOf(replies);
    });
  }

  /** A JSON text, filled by a script that compares the generation. @type {Form} */
  const fenced = {
    lookup: lookupText,
    fill: (key, generation, value, ttl) =>
      redis.fillIfCurrent(key, generationOf(key), generation, JSON.stringify(value), jittered(ttl)),
  };

  /** A JSON text whose fill does not look at the generation: the stale-fill race is open. @type {Form} */
  const unfenced = {
    lookup: lookupText,
    fill: (key, _generation, value, ttl) => redis.set(key, JSON.stringify(value), 'EX', jittered(ttl)),
  };

  /** A JSON text, filled in a watched transaction. @type {Form} */
  const watched = {
    lookup: lookupText,
    fill: (key, generation, value, ttl) =>
      fillWatched(key, generation, (multi) =>
        ttl === null
          ? multi.set(key, JSON.stringify(value))
          : multi.set(key, JSON.stringify(value), 'EX', jittered(ttl)),
      ),
  };

  /** A Redis hash, one field a column, filled in a watched transaction. @type {Form} */
  const hash = {
    async lookup(key) {
      const replies = await redis.pipeline().hgetall(key).get(generationOf(key)).exec();
      const [fields, generation] = valuesOf(replies);
      return { value: Object.keys(fields).length === 0 ? null : fields, generation: generation ?? '' };
    },
    fill: (key, generation, value, ttl) =>
      fillWatched(key, generation, (multi) => multi.hset(key, value).expire(key, jittered(ttl))),
  };

  /**
   * The value behind a key, from Redis or from the database. Nothing is returned to a caller that `authorise` refuses.
   * @param {Entry} entry
   * @param {() => Promise<unknown>} authorise
   */
  async function read(entry, authorise) {
    const found = await entry.form.lookup(entry.key);
    await authorise();
    if (found.value !== null) return found.value;
    return entry.flight === 'none'
      ? flights.compute(entry, found.generation)
      : flights.load(entry, found.generation);
  }

  /** Removes keys and starts a new generation of each. Call it after COMMIT. @param {string[]} removed */
  async function invalidate(removed) {
    const generation = randomUUID();
    const multi = redis.multi();
    for (const key of removed) multi.set(generationOf(key), generation, 'EX', GENERATION_SECONDS);
    valuesOf(await multi.del(...removed).exec());
    return generation;
  }

  /** Removes every key that matches, changed or not. @param {string} pattern */
  async function invalidateMatching(pattern) {
    for await (const found of redis.scanStream({ match: pattern, count: SCAN_COUNT })) {
      if (found.length > 0) await redis.unlink(...found);
    }
  }

  return {
    forms: { fenced, unfenced, watched, hash },
    read,
    invalidate,
    invalidateMatching,
    close: sessions.close,
  };
}

/** WATCH belongs to a connection, so a watched transaction needs one of its own while it runs. */
function createSessions(redis) {
  const idle = [];
  const open = () => redis.duplicate().on('error', (error) => console.error(`redis: ${error.message}`));
  return {
    async use(work) {
      const session = idle.pop() ?? open();
      try {
        return await work(session);
      } finally {
        idle.push(session);
      }
    },
    async close() {
      await Promise.all(idle.splice(0).map((session) => session.quit()));
    },
  };
}
