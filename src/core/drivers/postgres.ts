/**
 * The PostgreSQL library behind a connection, by its startup packet, the names of its prepared statements and how it begins
 * a transaction. Habits were taken from the libraries themselves (asyncpg 0.27, psycopg 3.1, psycopg2 2.9, pg 8, postgres.js
 * 3.4, and the prefixes in the sources of the others).
 */
import { LANGUAGES, type Language, type PostgresDriver, type Signs, signOf, type Told } from './stack.ts';

/** Names of prepared statements that one library gives. */
const STATEMENTS: readonly (readonly [RegExp, PostgresDriver | 'other'])[] = [
  [/^__asyncpg_/, 'asyncpg'],
  [/^_pg3_/, 'psycopg'],
  // JDBC, pgx, sqlx, tokio-postgres and Prisma, ActiveRecord, PHP's PDO, Npgsql, Elixir's Postgrex.
  [/^(?:S_\d+|stmtcache_\w+|lrupsc_\w+|sqlx_s_\d+|s\d+|a\d+|pdo_stmt_\w+|_p\d+|ecto_\w+)$/, 'other'],
];

/** Run-time parameters that these libraries do not set by themselves, and JDBC and Go's lib/pq do. */
const FOREIGN = /\b(?:extra_float_digits|DateStyle|datestyle)\b/;

export function postgresDriver(signs: Signs): Told<PostgresDriver> {
  const known = named(signs) ?? habitual(signs);
  if (known === null) return { driver: null, language: null };
  return known === 'other'
    ? { driver: null, language: 'other' }
    : { driver: known, language: LANGUAGES[known] };
}

function named(signs: Signs): PostgresDriver | 'other' | null {
  const application = signOf(signs, 'application_name');
  if (application === 'postgres.js') return 'postgres.js';
  if (application !== '') return 'other';
  if (signOf(signs, 'client_encoding') === "'utf-8'") return 'asyncpg';
  const statement = signOf(signs, 'statement');
  return STATEMENTS.find(([pattern]) => pattern.test(statement))?.[1] ?? null;
}

/** postgres.js names statements by a random text and a count, and sends `begin ` and what follows it. */
const RANDOM_NAME = /^[a-z0-9]{6,14}\d$/;

function habitual(signs: Signs): PostgresDriver | 'other' | null {
  const startup = signOf(signs, 'startup');
  const begin = signOf(signs, 'begin');
  if (FOREIGN.test(startup)) return 'other';
  // psycopg 3 alone sends its own BEGIN through the extended protocol.
  if (begin === 'extended BEGIN') return 'psycopg';
  if (!encodesLast(signs)) return null;
  const statement = signOf(signs, 'statement');
  if (RANDOM_NAME.test(statement) && /^simple begin /.test(begin)) return 'postgres.js';
  // Values in simple queries only may be libpq's as well, with client_encoding in its connection text.
  return signOf(signs, 'values') === 'simple' ? null : 'pg';
}

/** `client_encoding=UTF8` as the last parameter: pg; before an application name: postgres.js. */
function encodesLast(signs: Signs): boolean {
  const startup = signOf(signs, 'startup');
  return signOf(signs, 'client_encoding') === 'UTF8' && /^user database\b.*\bclient_encoding\b/.test(startup);
}

/** What a connection that does not tell is, once it is known what language the service is written in. */
export function postgresDriverIn(language: Language, signs: Signs): PostgresDriver | null {
  const values = signOf(signs, 'values');
  if (FOREIGN.test(signOf(signs, 'startup')) || values === '') return null;
  if (language === 'javascript') return encodesLast(signs) ? 'pg' : null;
  // psycopg2 writes values into the text always; psycopg 3 sends parameters, unless told otherwise.
  return values === 'simple' ? 'psycopg2' : 'psycopg';
}
