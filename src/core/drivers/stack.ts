/** Words for the libraries that a service talks to its stores with. */

export type Language = 'python' | 'javascript';

/** Libraries that a remedy can be written for. */
export type RedisDriver = 'redis-py' | 'ioredis' | 'node-redis';
export type PostgresDriver = 'psycopg' | 'psycopg2' | 'asyncpg' | 'pg' | 'postgres.js';
/** What makes statements above a driver. */
export type Layer = 'sqlalchemy' | 'django' | 'knex' | 'sequelize' | 'drizzle';

/** What one connection's signs say. `other`: a library that no remedy is written for, in another language. */
export interface Told<Driver> {
  readonly driver: Driver | null;
  readonly language: Language | 'other' | null;
}

/** What is known of the libraries behind a finding; null where the wire does not tell, or tells of several. */
export interface Stack {
  readonly language: Language | null;
  readonly redis: RedisDriver | null;
  readonly postgres: PostgresDriver | null;
  readonly layer: Layer | null;
  /** Whether calls are awaited; null: not known (psycopg and redis-py speak alike in both forms). */
  readonly awaited: boolean | null;
}

export const NO_STACK: Stack = { language: null, redis: null, postgres: null, layer: null, awaited: null };

/** Signs of a connection by name. */
export type Signs = ReadonlyMap<string, readonly string[]>;

/** The first value of a sign, or an empty text. */
export function signOf(signs: Signs, sign: string): string {
  return signs.get(sign)?.[0] ?? '';
}

export const LANGUAGES: Readonly<Record<RedisDriver | PostgresDriver | Layer, Language>> = {
  'redis-py': 'python',
  ioredis: 'javascript',
  'node-redis': 'javascript',
  psycopg: 'python',
  psycopg2: 'python',
  asyncpg: 'python',
  pg: 'javascript',
  'postgres.js': 'javascript',
  sqlalchemy: 'python',
  django: 'python',
  knex: 'javascript',
  sequelize: 'javascript',
  drizzle: 'javascript',
};
