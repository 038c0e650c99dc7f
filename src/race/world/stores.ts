/** The two stores of an exploration: servers of our own, or scratch databases that the scenario names. */
import type { Redis } from 'ioredis';
import { type Engine, startPostgres, startRedis } from '../../engines/index.ts';
import { installCommand } from '../../engines/redis-programs.ts';
import { WhystaleError } from '../../errors.ts';
import { unreachableStore } from '../../watch/bypass.ts';
import { askServer } from '../../watch/redis-server.ts';
import { displayStore, EMBEDDED, parseStore, type Store } from '../../watch/stores.ts';
import type { Scenario } from '../scenario/contract.ts';
import { Backends } from './backends.ts';
import { Cache } from './cache.ts';
import type { WorldFacts } from './contract.ts';
import { assertLocal, assertScratchPostgres, assertScratchRedis } from './scratch.ts';

/** Database of an exploration on a server of our own. */
const DATABASE = 'race';
/** Connections that a server of our own admits: several instances with pools of their own. */
const CONNECTIONS = '300';

export interface OpenStores {
  readonly redis: Store;
  readonly postgres: Store;
  readonly cache: Cache;
  readonly backends: Backends;
  readonly facts: Pick<WorldFacts, 'redis' | 'postgres'>;
  close(): Promise<void>;
}

export interface StoreOptions {
  readonly scenario: Scenario;
  readonly env: NodeJS.ProcessEnv;
  readonly notice: (text: string) => void;
  readonly ownDatabase: boolean;
}

/** @throws WhystaleError WSE651 no real Redis, WSE652 no scratch database, and those of engines and store values */
export async function openStores(options: StoreOptions): Promise<OpenStores> {
  const ends: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    await Promise.allSettled(
      ends
        .splice(0)
        .toReversed()
        .map((end) => end()),
    );
  };
  const opened = await Promise.allSettled([openRedis(options, ends), openPostgres(options, ends)]);
  const failed = opened.find((result) => result.status === 'rejected');
  const [redis, postgres] = opened;
  if (failed !== undefined || redis.status === 'rejected' || postgres.status === 'rejected') {
    await close();
    throw failed?.reason;
  }
  return {
    redis: redis.value.store,
    postgres: postgres.value.store,
    cache: redis.value.cache,
    backends: postgres.value.backends,
    facts: { redis: redis.value.fact, postgres: postgres.value.fact },
    close,
  };
}

async function openRedis(
  { scenario, env, notice, ownDatabase }: StoreOptions,
  ends: (() => Promise<void>)[],
) {
  const engine = isEmbedded(scenario.stores.redis) ? await realRedis(env) : null;
  if (engine !== null) ends.push(engine.stop);
  const store = parseStore('redis', engine?.url ?? scenario.stores.redis, env);
  if (engine === null && !ownDatabase) await assertLocal(store);
  const cache = new Cache(store, engine !== null);
  ends.push(() => cache.close());
  const redis = await cache.connection().catch((error: unknown) => {
    throw unreachableStore(
      store,
      error,
      'Start it, correct stores.redis in the scenario, or write embedded.',
    );
  });
  if (engine !== null) return { store, cache, fact: { version: engine.version, embedded: true } };
  const { version } = await askServer(store, redis, (_, text) => notice(text));
  await assertReal(store, redis);
  if (!ownDatabase) assertScratchRedis(store, await cache.size());
  return { store, cache, fact: { version, embedded: false } };
}

async function openPostgres({ scenario, env, ownDatabase }: StoreOptions, ends: (() => Promise<void>)[]) {
  const engine = isEmbedded(scenario.stores.postgres)
    ? await startPostgres({ env, database: DATABASE, settings: { max_connections: CONNECTIONS } })
    : null;
  if (engine !== null) ends.push(engine.stop);
  const store =
    engine === null
      ? parseStore('postgres', scenario.stores.postgres, env)
      : { ...parseStore('postgres', engine.url), tls: null };
  if (engine === null && !ownDatabase) await assertLocal(store);
  const backends = new Backends(store);
  ends.push(() => backends.close());
  const client = await backends.client().catch((error: unknown) => {
    throw unreachableStore(
      store,
      error,
      'Start it, correct stores.postgres in the scenario, or write embedded.',
    );
  });
  if (engine !== null) return { store, backends, fact: { version: engine.version, embedded: true } };
  const { rows } = await client.query<{ version: string }>(
    "select current_setting('server_version') as version",
  );
  if (!ownDatabase) await assertScratchPostgres(store, client, scenario);
  return { store, backends, fact: { version: rows[0]?.version ?? 'unknown', embedded: false } };
}

function isEmbedded(value: string): boolean {
  return value.trim().toLowerCase() === EMBEDDED;
}

/** An emulation is no ground for a verdict: its timing and its scripts are its own. */
/** Every Redis and Valkey server has a run of its own and names it; emulations do not. */
async function assertReal(store: Store, redis: Redis): Promise<void> {
  const server = await redis.info('server').catch(() => null);
  if (server === null || /^run_id:[0-9a-f]{40}/m.test(server)) return;
  throw new WhystaleError({
    code: 'WSE651',
    what: `${displayStore(store)} is emulated (its INFO names no run_id), and races are not explored on an emulated Redis.`,
    expected: 'A Redis or Valkey server.',
    retry: 'after-fix',
    next: 'Write embedded in its place, or name a scratch server in stores.redis.',
    exitCode: 4,
  });
}

async function realRedis(env: NodeJS.ProcessEnv): Promise<Engine> {
  try {
    return await startRedis({ env, emulate: false });
  } catch (error) {
    if (!(error instanceof WhystaleError) || error.facts.code !== 'WSE411') throw error;
    throw new WhystaleError({
      code: 'WSE651',
      what: 'No Redis or Valkey server was found, and races are not explored on an emulated one.',
      expected: 'redis-server or valkey-server on PATH.',
      retry: 'after-fix',
      next: `${installCommand()}, or name a scratch server in stores.redis.`,
      exitCode: 4,
      cause: error,
    });
  }
}
