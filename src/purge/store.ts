/** The store of a purge: what it must be before anything is touched, and its keys as they are read from it. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { parse } from 'yaml';
import { z } from 'zod';
import { connectRedis, unreachableStore } from '../watch/bypass.ts';
import { isLoopback } from '../watch/store-protection.ts';
import { displayStore, parseStore, type Store } from '../watch/stores.ts';
import { PURGE_LIMITS } from './contract.ts';
import { badSelection, badSettings, noStore, production, refusedServer } from './errors.ts';

/** A key that marks a store as production, in any of the databases that are purged. */
export const PRODUCTION_KEY = 'whystale:production';
/** A file of the project that says so, and a variable. */
export const SETTINGS_FILE = 'whystale.yaml';
export const PRODUCTION_VARIABLE = 'WHYSTALE_PRODUCTION';

/** What the command line says of the store. */
export interface StoreRequest {
  readonly redis: string | undefined;
  readonly db: number | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** The store that is meant. Throws WSE781 when none is named, and what reading its URL throws. */
export function chooseStore({ redis, db, env }: StoreRequest): Store {
  const text = redis ?? env.REDIS_URL?.trim();
  if (text === undefined || text === '') throw noStore();
  if (text.toLowerCase() === 'embedded')
    throw badSelection('An embedded Redis holds nothing to purge.', 'The URL of a running Redis.');
  const store = parseStore('redis', text, { ...env });
  return { ...store, database: String(db ?? dbOf(store)) };
}

export function dbOf(store: Store): number {
  return Number(store.database ?? '0');
}

/** The address without who logs in and without the database. */
export function addressOf(store: Store): string {
  return displayStore({ ...store, name: null, user: null, password: null, database: null });
}

/**
 * Connects, and refuses what must not be purged.
 *
 * @throws WhystaleError WSE428 not reachable, WSE783 a cluster, a replica, a server that is loading
 */
export async function openStore(store: Store): Promise<Redis> {
  let redis: Redis;
  try {
    redis = await connectRedis(store);
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('LOADING')) throw loading(store);
    throw unreachableStore(
      store,
      error,
      'Correct --redis, or start the server; whystale doctor looks further.',
    );
  }
  try {
    // A large value takes its time; the option is read with every command.
    redis.options.commandTimeout = PURGE_LIMITS.answerMs;
    await refuseOthers(store, redis);
    return redis;
  } catch (error) {
    redis.disconnect();
    throw error;
  }
}

async function refuseOthers(store: Store, redis: Redis): Promise<void> {
  const info = async (section: string): Promise<string> => redis.info(section).catch(() => '');
  const shown = addressOf(store);
  if (/^cluster_enabled:1/m.test(await info('cluster')))
    throw refusedServer(
      shown,
      'is a node of a Redis Cluster, whose keys are spread over nodes',
      'Purge a standalone Redis; on a cluster, remove single keys with redis-cli -c UNLINK KEY.',
    );
  if (/^(?:async_)?loading:1/m.test(await info('persistence'))) throw loading(store);
  const replication = await info('replication');
  const role = /^role:(\w+)/m.exec(replication)?.[1] ?? (await askedRole(redis));
  if (role === 'master' || role === null) return;
  const host = /^master_host:(\S+)/m.exec(replication)?.[1] ?? 'HOST';
  const port = /^master_port:(\d+)/m.exec(replication)?.[1] ?? 'PORT';
  throw refusedServer(
    shown,
    'is a replica: what is removed there comes back, or differs from its primary',
    `Name its primary: --redis redis://${host}:${port}`,
  );
}

async function askedRole(redis: Redis): Promise<string | null> {
  const answer: unknown = await redis.call('ROLE').catch(() => null);
  return Array.isArray(answer) && typeof answer[0] === 'string' ? answer[0] : null;
}

function loading(store: Store) {
  return refusedServer(
    addressOf(store),
    'is loading its data: not all keys are there yet',
    'Wait until redis-cli INFO persistence says loading:0, then run the same again.',
  );
}

/**
 * Why the store counts as production, or null: it is not on loopback, holds the key `whystale:production`, or
 * `whystale.yaml` or $WHYSTALE_PRODUCTION says so.
 *
 * @throws WhystaleError WSE795 when whystale.yaml cannot be understood
 */
export async function productionReason(
  store: Store,
  redis: Redis,
  { cwd, env }: { readonly cwd: string; readonly env: StoreRequest['env'] },
): Promise<string | null> {
  const variable = env[PRODUCTION_VARIABLE]?.trim().toLowerCase() ?? '';
  if (!['', '0', 'false', 'no'].includes(variable)) return `$${PRODUCTION_VARIABLE} is set`;
  if (settingsSay(join(cwd, SETTINGS_FILE))) return `${SETTINGS_FILE} says so`;
  if (!(await isLoopback(store.endpoint))) return 'it is not on this machine';
  const marked = await redis.exists(PRODUCTION_KEY).catch(() => 0);
  return marked > 0 ? `it holds the key ${PRODUCTION_KEY}` : null;
}

const SettingsSchema = z.looseObject({ production: z.boolean().optional() });

function settingsSay(path: string): boolean {
  if (!existsSync(path)) return false;
  try {
    return SettingsSchema.parse(parse(readFileSync(path, 'utf8')) ?? {}).production === true;
  } catch (error) {
    throw badSettings(path, error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error));
  }
}

/** Throws WSE782 for a store that counts as production, unless that was said on purpose. */
export async function refuseProduction(
  store: Store,
  redis: Redis,
  where: { readonly cwd: string; readonly env: StoreRequest['env']; readonly allowed: boolean },
): Promise<void> {
  const why = where.allowed ? null : await productionReason(store, redis, where);
  if (why !== null) throw production(addressOf(store), why);
}
