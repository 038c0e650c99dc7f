/** Gates: {@link openRedisGate}, {@link openPostgresGate}. What they do is in contract.ts. */
export type { GateOptions } from './gate.ts';
export { POSTGRES_FAULT, type PostgresFault } from './postgres/fault.ts';
export { openPostgresGate, type PostgresGateOptions } from './postgres/open.ts';
export { openRedisGate, REDIS_FAULT, type RedisGateOptions } from './redis/open.ts';
