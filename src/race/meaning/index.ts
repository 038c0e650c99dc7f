/** What messages mean: bytes of one connection → silent or not, a label, a footprint, a result. Sans-I/O. */
export { emptyFootprint, evictFootprint, expireFootprint } from './faults.ts';
export { coarsened, masked } from './mask.ts';
export { loadSql } from './postgres/parsed.ts';
export {
  openPostgresReader,
  type PostgresExploration,
  type PostgresReaderOptions,
} from './postgres/reader.ts';
export { readSchema, type Schema } from './postgres/schema.ts';
export { openRedisReader, type RedisExploration, type RedisReaderOptions } from './redis/reader.ts';
