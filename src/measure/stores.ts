/** The stores of a measured service: engines of our own, or those that the case names, with the relays in front of them. */

import type { Case } from '../case/contract.ts';
import { type Engine, startPostgres, startRedis } from '../engines/index.ts';
import { openAnalyser } from '../observe/sql/analyse.ts';
import type { SetupSpec } from '../race/scenario/index.ts';
import { Backends } from '../race/world/backends.ts';
import { Cache } from '../race/world/cache.ts';
import { runSteps } from '../race/world/steps.ts';
import { type Link, type LinkTools, linkPostgres, linkRedis } from '../watch/links.ts';
import { EMBEDDED, parseStore, type Store } from '../watch/stores.ts';
import { scenarioOf } from './scenario.ts';

/** Connections that a server of our own admits. */
const CONNECTIONS = '300';

export interface OpenStores {
  /** Past the relays. */
  readonly redis: Store;
  readonly postgres: Store;
  readonly redisEmulated: boolean;
  readonly embedded: { readonly redis: boolean; readonly postgres: boolean };
  close(): Promise<void>;
}

interface Opened {
  readonly store: Store;
  readonly engine: Engine | null;
}

/** Starts or names both stores; all or none. */
export async function openStores({ stores }: Case, env: NodeJS.ProcessEnv): Promise<OpenStores> {
  const opened = await Promise.allSettled([openRedis(stores.redis, env), openPostgres(stores.postgres, env)]);
  const engines = opened.flatMap((result) =>
    result.status === 'fulfilled' && result.value.engine !== null ? [result.value.engine] : [],
  );
  const close = async (): Promise<void> => {
    await Promise.allSettled(engines.splice(0).map((engine) => engine.stop()));
  };
  const [redis, postgres] = opened;
  if (redis.status === 'rejected' || postgres.status === 'rejected') {
    await close();
    throw redis.status === 'rejected' ? redis.reason : (postgres as PromiseRejectedResult).reason;
  }
  return {
    redis: redis.value.store,
    postgres: postgres.value.store,
    redisEmulated: redis.value.engine?.emulated ?? false,
    embedded: { redis: redis.value.engine !== null, postgres: postgres.value.engine !== null },
    close,
  };
}

async function openRedis(value: string, env: NodeJS.ProcessEnv): Promise<Opened> {
  if (!isEmbedded(value)) return { store: parseStore('redis', value, env), engine: null };
  const engine = await startRedis({ env });
  return { store: parseStore('redis', engine.url), engine };
}

async function openPostgres(value: string, env: NodeJS.ProcessEnv): Promise<Opened> {
  if (!isEmbedded(value)) return { store: parseStore('postgres', value, env), engine: null };
  const engine = await startPostgres({ env, settings: { max_connections: CONNECTIONS } });
  return { store: { ...parseStore('postgres', engine.url), tls: null }, engine };
}

function isEmbedded(value: string): boolean {
  return value.trim().toLowerCase() === EMBEDDED;
}

export interface SetupTools {
  readonly env: NodeJS.ProcessEnv;
  readonly clock: () => number;
  readonly notice: (text: string) => void;
  readonly signal: AbortSignal;
}

/**
 * The case's set-up steps, past the relays.
 *
 * @throws WhystaleError WSE653 SQL failed, WSE654 a command failed
 */
export async function setUp(
  measured: Case,
  steps: readonly SetupSpec[],
  stores: OpenStores,
  tools: SetupTools,
): Promise<void> {
  if (steps.length === 0) return;
  const cache = new Cache(stores.redis, stores.embedded.redis);
  const backends = new Backends(stores.postgres);
  const facts = {
    redis: { version: '', embedded: stores.embedded.redis },
    postgres: { version: '', embedded: stores.embedded.postgres },
  };
  const { redis, postgres } = stores;
  const close = async (): Promise<void> => {
    await Promise.allSettled([cache.close(), backends.close()]);
  };
  try {
    const open = { redis, postgres, cache, backends, facts, close };
    await runSteps(steps, 'setup', { ...tools, scenario: scenarioOf(measured), stores: open });
  } finally {
    await close();
  }
}

/** Both stores behind relays. */
export async function linkStores(
  stores: OpenStores,
  { context, clock, env, notice }: Pick<LinkTools, 'context' | 'clock' | 'env' | 'notice'>,
): Promise<readonly Link[]> {
  const tools: LinkTools = {
    context,
    clock,
    wall: () => Date.now(),
    analyser: await openAnalyser(),
    env,
    notice,
  };
  const listen = { host: '127.0.0.1', port: 0 };
  const links = await Promise.allSettled([
    linkRedis(stores.redis, stores.redisEmulated, { listen, prefix: 'redis', first: true }, tools),
    linkPostgres(stores.postgres, { listen, prefix: 'pg', first: true }, tools),
  ]);
  const open = links.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const failed = links.find((result) => result.status === 'rejected');
  if (failed === undefined) return open;
  await Promise.allSettled(open.map((link) => link.close()));
  throw failed.reason;
}
