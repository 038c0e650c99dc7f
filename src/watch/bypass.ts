/**
 * Connections past the proxies: for catalog look-ups, checks and clean-up. They carry no traffic of the watched service
 * and must not be mistaken for it.
 */
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { ConnectionOptions } from 'node:tls';
import { Redis } from 'ioredis';
import pg from 'pg';
import { WhystaleError } from '../errors.ts';
import { displayStore, type Store, type StoreTls } from './stores.ts';

/** Bound for making a connection, in milliseconds. */
export const CONNECT_LIMIT_MS = 5_000;

/** Name under which bypass connections are seen in pg_stat_activity and CLIENT LIST. */
export const BYPASS_NAME = 'whystale';

/**
 * Options for a TLS connection to the store; null when it is plain.
 *
 * @throws WhystaleError WSE427 when a certificate file cannot be read
 */
export function tlsOptions(store: Store): ConnectionOptions | null {
  const { tls, endpoint } = store;
  if (tls === null) return null;
  const files = {
    ...(tls.caFile === undefined ? {} : { ca: readPem(tls.caFile) }),
    ...(tls.certFile === undefined ? {} : { cert: readPem(tls.certFile) }),
    ...(tls.keyFile === undefined ? {} : { key: readPem(tls.keyFile) }),
  };
  const host = 'path' in endpoint ? 'localhost' : endpoint.host;
  return { ...files, ...verification(tls), ...(isAddress(host) ? {} : { servername: host }) };
}

/** Server Name Indication carries names, never addresses (RFC 6066 section 3). */
function isAddress(host: string): boolean {
  return host.includes(':') || /^[\d.]+$/.test(host);
}

function verification(tls: StoreTls): ConnectionOptions {
  if (tls.verify === 'none') return { rejectUnauthorized: false };
  return tls.verify === 'ca'
    ? { rejectUnauthorized: true, checkServerIdentity: () => undefined }
    : { rejectUnauthorized: true };
}

function readPem(file: string): Buffer | string {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new WhystaleError({
      code: 'WSE427',
      what: `The certificate file ${file} cannot be read.`,
      expected: 'A PEM file that this user may read.',
      retry: 'after-fix',
      next: 'Correct the path in the store URL, or its permissions.',
      exitCode: 2,
      cause: error,
    });
  }
}

/** Settings of a client of the `pg` package, without TLS. */
function postgresConfig(store: Store): pg.ClientConfig {
  const { endpoint } = store;
  const address =
    'path' in endpoint
      ? { host: dirname(endpoint.path), port: Number(endpoint.path.split('.').at(-1)) }
      : { host: endpoint.host, port: endpoint.port };
  return {
    ...address,
    ...(store.user === null ? {} : { user: store.user }),
    ...(store.password === null ? {} : { password: store.password }),
    ...(store.database === null ? {} : { database: store.database }),
    application_name: BYPASS_NAME,
    connectionTimeoutMillis: CONNECT_LIMIT_MS,
    query_timeout: CONNECT_LIMIT_MS,
  };
}

export interface BypassPostgres {
  readonly client: pg.Client;
  /** Whether the connection is encrypted. */
  readonly tls: boolean;
  /** Whether the server asked for a password. */
  readonly asked: boolean;
  /** How it asked for it; null when it did not. */
  readonly method: PasswordMethod | null;
}

/** How a password crosses to PostgreSQL (the manual's chapter 20.5); SASL is SCRAM-SHA-256 there. */
export type PasswordMethod = 'cleartext' | 'md5' | 'scram-sha-256';

/** Settings of a connection other than the usual ones. */
export type PostgresExtras = Pick<pg.ClientConfig, 'application_name' | 'query_timeout'> & {
  /** `database`: a replication connection that knows one database (the manual's chapter 55.4). */
  readonly replication?: 'database';
};

/** Connects to PostgreSQL, with TLS as the store says; `prefer` falls back to plain where the server has none. */
export async function connectPostgres(store: Store, extras: PostgresExtras = {}): Promise<BypassPostgres> {
  const tls = tlsOptions(store);
  const config = { ...postgresConfig(store), ...extras };
  if (tls !== null) {
    try {
      return { ...(await open({ ...config, ssl: tls })), tls: true };
    } catch (error) {
      // Rules of pg_hba.conf may let this user in without TLS only (28000); libpq then tries that too.
      const { message, code } = error as Error & { readonly code?: string };
      const refused = /does not support SSL/i.test(message) || code === '28000';
      if (store.tls?.mode !== 'prefer' || !refused) throw error;
    }
  }
  return { ...(await open({ ...config, ssl: false })), tls: false };
}

/** What a server sends to ask for a password; `pg` names its events after the messages. */
const ASKING: readonly (readonly [string, PasswordMethod])[] = [
  ['authenticationCleartextPassword', 'cleartext'],
  ['authenticationMD5Password', 'md5'],
  ['authenticationSASL', 'scram-sha-256'],
];

async function open(config: pg.ClientConfig): Promise<Omit<BypassPostgres, 'tls'>> {
  const client = new pg.Client(config);
  let method: PasswordMethod | null = null;
  for (const [event, name] of ASKING) {
    client.connection.once(event, () => {
      method = name;
    });
  }
  // A connection that breaks later makes the next query fail; without a listener it would end the process.
  client.on('error', () => undefined);
  try {
    await client.connect();
    return { client, asked: method !== null, method };
  } catch (error) {
    await client.end().catch(() => undefined);
    throw error;
  }
}

/** Connects to Redis in the store's database. The client does not reconnect by itself. */
export async function connectRedis(store: Store): Promise<Redis> {
  const tls = tlsOptions(store);
  const redis = new Redis({
    ...('path' in store.endpoint ? { path: store.endpoint.path } : store.endpoint),
    ...(store.user === null ? {} : { username: store.user }),
    ...(store.password === null ? {} : { password: store.password }),
    ...(tls === null ? {} : { tls }),
    db: Number(store.database ?? '0'),
    connectionName: BYPASS_NAME,
    connectTimeout: CONNECT_LIMIT_MS,
    commandTimeout: CONNECT_LIMIT_MS,
    lazyConnect: true,
    enableReadyCheck: false,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  let reason: Error | null = null;
  redis.on('error', (error: Error) => {
    reason ??= error;
  });
  try {
    await redis.connect();
    await redis.ping().catch(unlessForbidden);
    return redis;
  } catch (error) {
    redis.disconnect();
    // The client rejects with "Connection is closed"; what closed it came as an event before.
    throw reason ?? error;
  }
}

/** A user who may not send a command got an answer all the same; so does one whose server has no such command. */
export function unlessForbidden(error: unknown): void {
  if (!(error instanceof Error) || !/^(?:NOPERM\b|ERR unknown command)/.test(error.message)) throw error;
}

/** The error for a store that cannot be reached. */
export function unreachableStore(store: Store, error: unknown, next: string): WhystaleError {
  const reason =
    error instanceof Error ? error.message || (error as NodeJS.ErrnoException).code : String(error);
  return new WhystaleError({
    code: 'WSE428',
    what: `${displayStore(store)} cannot be reached: ${String(reason).replace(/\.+$/, '')}.`,
    expected: 'A server that accepts this connection.',
    retry: 'after-fix',
    next,
    exitCode: 4,
    cause: error,
  });
}
