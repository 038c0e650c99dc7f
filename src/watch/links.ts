/**
 * Links: the stores as they are watched. A link is a reachable store (ours or the user's), the relay in front of it, and
 * what was learned of it over a bypass connection.
 */
import { dirname } from 'node:path';
import type { ObserveContext } from '../observe/context.ts';
import { type Catalog, openCatalog } from '../observe/postgres/catalog.ts';
import { sourceOperations } from '../observe/postgres/operations.ts';
import { observePostgresSession } from '../observe/postgres/session.ts';
import { observeRedis } from '../observe/redis/index.ts';
import type { Analyser } from '../observe/sql/analyse.ts';
import type { Endpoint } from '../proxy/endpoint.ts';
import type { Clock, ConnectionObserverFactory } from '../proxy/observer.ts';
import { startPostgresRelay } from '../proxy/postgres-relay.ts';
import { type Relay, startRelay } from '../proxy/relay.ts';
import { postgresTlsPolicy, redisTlsPolicy, type TlsParameters } from '../proxy/tls.ts';
import { connectPostgres, connectRedis, tlsOptions, unreachableStore } from './bypass.ts';
import { refuseCluster } from './cluster.ts';
import type { Store } from './stores.ts';

export interface Link {
  readonly store: Store;
  readonly relay: Relay;
  /** Version as the server reports it. */
  readonly version: string;
  readonly emulated: boolean;
  close(): Promise<void>;
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
  const version = await redisVersion(store, tools);
  const { context, clock, wall } = tools;
  const relay = await startRelay({
    ...relayOptions(place, observeRedis(context, { wall }), tools),
    clock,
    target: store.endpoint,
    tls: store.tls === null ? null : redisTlsPolicy(parameters(store)),
  });
  return { store, relay, version, emulated, close: () => relay.stop() };
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

async function redisVersion(store: Store, tools: LinkTools): Promise<string> {
  const redis = await connectRedis(store).catch((error: unknown) => {
    throw unreachableStore(store, error, NEXT);
  });
  try {
    const info = await redis.info('server').catch(() => null);
    refuseCluster(store, info === null ? '' : await redis.info('cluster').catch(() => ''));
    if (info === null) {
      tools.context.degrade(
        'redis-info',
        'This Redis user may not run INFO: version and cluster mode are not known.',
      );
    }
    return /^redis_version:(\S+)/m.exec(info ?? '')?.[1] ?? 'unknown';
  } finally {
    redis.disconnect();
  }
}

/** Reaches a PostgreSQL past the proxy, reads its catalog, and puts a relay in front of it. */
export async function linkPostgres(store: Store, place: LinkPlace, tools: LinkTools): Promise<Link> {
  const { context, clock, analyser } = tools;
  const { catalog, version } = await readCatalog(store);
  if (!catalog.readable) {
    const why = catalog.failure ?? 'unknown';
    context.degrade('catalog', `The catalog cannot be read (${why}): tables are known by name only.`);
  }
  const onExchange = sourceOperations(context, catalog, analyser);
  const relay = await startPostgresRelay({
    ...relayOptions(place, observePostgresSession({ onExchange, degrade: context.degrade }), tools),
    clock,
    target: store.endpoint,
    tls:
      store.tls === null ? null : postgresTlsPolicy(tlsParameters(store, tools.env), tools.env.HOME ?? null),
  });
  const close = async () => {
    await relay.stop();
    await catalog.close();
  };
  return { store, relay, version, emulated: false, close };
}

/** The URL's own parameters, else libpq's variables. */
function tlsParameters(store: Store, env: NodeJS.ProcessEnv): TlsParameters {
  const own = parameters(store);
  return {
    ...(env.PGSSLMODE === undefined ? {} : { sslmode: env.PGSSLMODE }),
    ...(env.PGSSLROOTCERT === undefined ? {} : { sslrootcert: env.PGSSLROOTCERT }),
    ...own,
  };
}

async function readCatalog(store: Store): Promise<{ readonly catalog: Catalog; readonly version: string }> {
  const { client, tls } = await connectPostgres(store).catch((error: unknown) => {
    throw unreachableStore(store, error, NEXT);
  });
  let version = 'unknown';
  try {
    const answer = await client.query<{ server_version: string }>('SHOW server_version');
    version = answer.rows[0]?.server_version.split(' ')[0] ?? version;
  } finally {
    await client.end();
  }
  const { endpoint } = store;
  const catalog = await openCatalog({
    ...('path' in endpoint
      ? { host: dirname(endpoint.path), port: Number(endpoint.path.split('.').at(-1)) }
      : { host: endpoint.host, port: endpoint.port }),
    ...(store.user === null ? {} : { user: store.user }),
    ...(store.password === null ? {} : { password: store.password }),
    ...(store.database === null ? {} : { database: store.database }),
    ssl: tls ? (tlsOptions(store) ?? false) : false,
  });
  return { catalog, version };
}
