/**
 * The Redis client library behind a connection. Since 2023 most name themselves (CLIENT SETINFO, Redis 7.2); of those that
 * do not, ioredis is known by its lower-case INFO before the first use and no HELLO.
 */
import { LANGUAGES, type RedisDriver, type Signs, signOf, type Told } from './stack.ts';

/** Names as the libraries give them. redis-py may add what stands above it: `redis-py(django-redis_v5.4.0)`. */
const NAMES: readonly (readonly [RegExp, RedisDriver])[] = [
  [/^redis-py\b/, 'redis-py'],
  [/^ioredis\b/, 'ioredis'],
  [/^node-redis\b/, 'node-redis'],
];

export function redisDriver(signs: Signs): Told<RedisDriver> {
  const name = signOf(signs, 'lib-name');
  if (name !== '') {
    const driver = NAMES.find(([pattern]) => pattern.test(name))?.[1] ?? null;
    return { driver, language: driver === null ? 'other' : LANGUAGES[driver] };
  }
  const silent = signOf(signs, 'hello') === '';
  if (signOf(signs, 'case') === 'lower' && signOf(signs, 'first') === 'info' && silent)
    return { driver: 'ioredis', language: 'javascript' };
  return { driver: null, language: null };
}

/** What a library that does not name itself is, once the language is known from the other store. */
export function redisDriverIn(language: 'python' | 'javascript', signs: Signs): RedisDriver | null {
  const spelled = signOf(signs, 'case');
  // Every client of Python that is in wide use is redis-py, which spells as its callers' methods do: upper case.
  if (language === 'python') return spelled === 'upper' ? 'redis-py' : null;
  if (spelled === 'lower') return 'ioredis';
  return spelled === 'upper' ? 'node-redis' : null;
}
