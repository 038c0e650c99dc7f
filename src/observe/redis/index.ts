/** Redis as it is observed: bytes → cache operations. */

export { nameBytes, nameText } from './key-names.ts';
export type { CommandInfo } from './key-positions.ts';
export { observeRedis, type RedisObserverOptions } from './observe-redis.ts';
