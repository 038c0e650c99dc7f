/**
 * Links: the stores as they are watched. A link is a reachable store (ours or the user's), the relay in front of it, and
 * what was learned of it over a bypass connection.
 */
import { dirname } from 'node:path';
import type { ClientSession } from '../core/operation.ts';
import type { StoreProtection } from '../core/safety/unprotected-store.ts';
import { ProxiedProcesses } from '../observe/changes/index.ts';
import { sessionOf } from '../observe/client-session.ts';
import type { ObserveContext } from '../observe/context.ts';
import { type Catalog, type CatalogConnection, openCatalog } from '../observe/postgres/catalog.ts';
import { sourceOperations } from '../observe/postgres/operations.ts';
import { MetTables } from '../observe/postgres/operations-tables.ts';
import { observePostgresSession } from '../observe/postgres/session.ts';
import { observeRedis } from '../observe/redis/index.ts';
import type { Analyser } from '../observe/sql/analyse.ts';
import type { Endpoint } from '../proxy/endpoint.ts';
import type { Clock, ConnectionObserverFactory } from '../proxy/observer.ts';
import { startPostgresRelay } from '../proxy/postgres-relay.ts';
import { type Relay, startRelay } from '../proxy/relay.ts';
import { postgresTlsPolicy, redisTlsPolicy, type TlsParameters, type TlsPolicy } from '../proxy/tls.ts';
import { connectPostgres, connectRedis, tlsOptions, unreachableStore } from './bypass.ts';
import { Databases } from './databases.ts';
import { askServer, type RedisServer } from './redis-server.ts';
import { postgresProtection, redisProtection } from './store-protection.ts';
import type { Store } from './stores.ts';

export interface Link {
  readonly store: Store;
  readonly relay: Relay;
  readonly product: 'Redis' | 'Valkey' | 'PostgreSQL';
  /** Version as the server reports it. */
  readonly version: string;
  readonly emulated: boolean;
  /** Whether the server is a replica: its reads may lag, and it refuses writes. */
  readonly replica: boolean;
  /** Where a Redis replica's primary is; null: it is none, or did not say. */
  readonly primary: string | null;
  readonly protection: StoreProtection;
  /** What the change stream shares with the wire; null for a store that has none. */
  readonly source: SourceLink | null;
  close(): Promise<void>;
}

/** What is known of a database and of the proxied connections to it. */
export interface SourceLink {
  readonly catalog: Catalog;
  readonly met: MetTables;
  readonly processes: ProxiedProcesses;
}

export interface LinkTools {
  readonly context: ObserveContext;
  readonly clock: Clock;
  /** Wall clock, ms since 1970. */
  readonly wall: () => number;
  readonly analyser: Analyser;
  readonly env: NodeJS.ProcessEnv;
  readonly notice: (text: string) => void;
}

/** Where a link listens, and what its sessions are called. */
export interface LinkPlace {
  readonly listen: Endpoint;
  readonly prefix: string;
  /** Whether this is the first store of its kind: the primary, unless the server says otherwise. */
  readonly first?: boolean;
}

const NEXT = 'Run whystale doctor to see what is reachable.';

function parameters(store: Store): TlsParameters {
  const query = store.url.indexOf('?');
  return query < 0 ? {} : Object.fromEntries(new URLSearchParams(store.url.slice(query + 1)));
}

/** Reaches a Redis past the proxy, refuses a cluster, and puts a relay in front of it. */
export async function linkRedis(
  store: Store,
  emulated: boolean,
  place: LinkPlace,
  tools: LinkTools,
): Promise<Link> {
  const { server, protection } = await reachRedis(store, tools);
  const { product, version, primary } = server;
  const replica = server.replica ?? place.first === false;
  const { context, clock, wall } = tools;
  const onClient = toldBy('redis', context);
  const relay = await startRelay({
    ...relayOptions(place, observeRedis(context, { wall, replica, onClient }), tools),
    clock,
    target: store.endpoint,
    tls: tlsPolicyOf(store, tools.env),
  });
  const close = () => relay.stop();
  return { store, relay, product, version, emulated, replica, primary, protection, source: null, close };
}

/** Writes down what a connection showed of the library behind it. */
export function toldBy(store: ClientSession['store'], { sink }: ObserveContext) {
  return (session: string, signs: ClientSession['signs'], at: number): void => {
    sink.emit(sessionOf(store, session, signs, at));
  };
}

function relayOptions(place: LinkPlace, observe: ConnectionObserverFactory, tools: LinkTools) {
  return {
    prefix: place.prefix,
    listen: place.listen,
    observe,
    degrade: tools.context.degrade,
    onUnreachable: (error: Error) => tools.notice(error.message),
  };
}

async function reachRedis(
  store: Store,
  tools: LinkTools,
): Promise<{ readonly server: RedisServer; readonly protection: StoreProtection }> {
  const redis = await connectRedis(store).catch((error: unknown) => {
    throw unreachableStore(store, error, NEXT);
  });
  try {
    const server = await askServer(store, redis, tools.context.degrade);
    return { server, protection: await redisProtection(store, redis) };
  } finally {
    redis.disconnect();
  }
}

/** Reaches a PostgreSQL past the proxy, reads its catalog, and puts a relay in front of it. */
export async function linkPostgres(store: Store, place: LinkPlace, tools: LinkTools): Promise<Link> {
  const { context, clock, analyser } = tools;
  const { catalog, connection, version, replica, protection } = await readCatalog(store);
  if (!catalog.readable) {
    const why = catalog.failure ?? 'unknown';
    context.degrade('catalog', `The catalog cannot be read (${why}): tables are known by name only.`);
  }
  const source: SourceLink = {
    catalog,
    met: new MetTables(catalog),
    processes: new ProxiedProcesses(clock),
  };
  const take = sourceOperations(context, catalog, analyser, source.met, replica);
  const databases = new Databases({ context, analyser, catalog, connection, take, replica });
  const observe = observePostgresSession({
    onExchange: (exchange) => databases.take(exchange),
    onStart: (start) => databases.began(start),
    onClient: toldBy('postgres', context),
    degrade: context.degrade,
    onBackend: (session, pid) => source.processes.began(session, pid),
    onEnd: (session) => source.processes.ended(session),
  });
  const relay = await startPostgresRelay({
    ...relayOptions(place, observe, tools),
    clock,
    target: store.endpoint,
    tls: tlsPolicyOf(store, tools.env),
  });
  const close = async () => {
    await relay.stop();
    await Promise.all([catalog.close(), databases.close()]);
  };
  const role = { replica, primary: null };
  return {
    store,
    relay,
    product: 'PostgreSQL',
    version,
    emulated: false,
    ...role,
    protection,
    source,
    close,
  };
}

/** How TLS is spoken with the store; null: not at all. */
export function tlsPolicyOf(store: Store, env: NodeJS.ProcessEnv): TlsPolicy | null {
  if (store.tls === null) return null;
  return store.kind === 'redis'
    ? redisTlsPolicy(parameters(store))
    : postgresTlsPolicy(tlsParameters(store, env), env.HOME ?? null);
}

/** The URL's own parameters, else libpq's variables. */
function tlsParameters(store: Store, env: NodeJS.ProcessEnv): TlsParameters {
  const { PGSSLMODE, PGSSLROOTCERT, PGSSLCERT, PGSSLKEY } = env;
  return {
    ...(PGSSLMODE === undefined ? {} : { sslmode: PGSSLMODE }),
    ...(PGSSLROOTCERT === undefined ? {} : { sslrootcert: PGSSLROOTCERT }),
    ...(PGSSLCERT === undefined ? {} : { sslcert: PGSSLCERT }),
    ...(PGSSLKEY === undefined ? {} : { sslkey: PGSSLKEY }),
    ...parameters(store),
  };
}

export interface Reached {
  readonly catalog: Catalog;
  /** How the catalog is reached. */
  readonly connection: CatalogConnection;
  readonly version: string;
  /** Whether the server is a standby. */
  readonly replica: boolean;
  readonly protection: StoreProtection;
}

/** Reaches a PostgreSQL past the proxy and reads its catalog.
 *
 * @throws WhystaleError WSE428 when it cannot be reached */
export async function readCatalog(store: Store): Promise<Reached> {
  const { client, tls, asked } = await connectPostgres(store).catch((error: unknown) => {
    throw unreachableStore(store, error, NEXT);
  });
  let version = 'unknown';
  let replica = false;
  let superuser: boolean | null = null;
  try {
    const answer = await client.query<{ version: string; replica: boolean; superuser: string | null }>(
      `SELECT current_setting('server_version') AS version, pg_catalog.pg_is_in_recovery() AS replica,
              current_setting('is_superuser', true) AS superuser`,
    );
    version = answer.rows[0]?.version.split(' ')[0] ?? version;
    replica = answer.rows[0]?.replica ?? false;
    superuser = answer.rows[0]?.superuser == null ? null : answer.rows[0].superuser === 'on';
  } finally {
    await client.end();
  }
  const { endpoint } = store;
  const connection: CatalogConnection = {
    ...('path' in endpoint
      ? { host: dirname(endpoint.path), port: Number(endpoint.path.split('.').at(-1)) }
      : { host: endpoint.host, port: endpoint.port }),
    ...(store.user === null ? {} : { user: store.user }),
    ...(store.password === null ? {} : { password: store.password }),
    ...(store.database === null ? {} : { database: store.database }),
    ssl: tls ? (tlsOptions(store) ?? false) : false,
  };
  const catalog = await openCatalog(connection);
  const protection = await postgresProtection(store, { tls, asked, superuser });
  return { catalog, connection, version, replica, protection };
}
