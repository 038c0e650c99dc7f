/** Throw-away engines for demo, tests and examples. */
export type { Engine, EngineOptions } from './engine.ts';
export { freePort } from './ports.ts';
export { type PostgresOptions, startPostgres } from './postgres.ts';
export { type RedisOptions, startRedis } from './redis.ts';
export { sweepLeftovers } from './sweep.ts';
