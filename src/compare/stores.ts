/**
 * The stores of both sides. Embedded: a server each, so that neither side warms the other's memory, waits for its locks or is held up
 * by its checkpoints. Named by a URL: two new databases on that PostgreSQL server, two empty numbers on that Redis server.
 */
import { randomBytes } from 'node:crypto';
import type { Case } from '../case/contract.ts';
import { connectPostgres, connectRedis, unreachableStore } from '../watch/bypass.ts';
import { DEFAULT_PORTS, namesEndpoint } from '../watch/proxied-value.ts';
import { redisScheme } from '../watch/store-redis.ts';
import { displayStore, EMBEDDED, parseStore, type Store } from '../watch/stores.ts';
import { decodePart, joinUrl, splitUrl } from '../watch/url-text.ts';
import type { Side } from './contract.ts';
import { noEmptyRedis, noScratchDatabase } from './errors.ts';

export type SideStores = Case['stores'];

export interface ScratchStores {
  readonly stores: Readonly<Record<Side, SideStores>>;
  /** Number of the Redis database that each side was given; null: it has a server of its own. */
  readonly redisNumbers: Readonly<Record<Side, number>> | null;
  readonly notices: readonly string[];
  /** A side's variables, those that name a replaced database pointed at the side's own. */
  environment(side: Side, env: NodeJS.ProcessEnv): NodeJS.ProcessEnv;
  /** Takes back what was made. Never throws. */
  close(): Promise<void>;
}

/** URLs of the command line. */
export type GivenStores = Readonly<Record<'redis' | 'postgres', Readonly<Record<Side, string | null>>>>;

const SIDES = ['before', 'after'] as const;
/** Redis numbers that are tried where the server does not say how many it has. */
const REDIS_DATABASES = 16;
/** Says that a number is taken, and by whom. */
const MARK = 'whystale:compare';

interface Made {
  readonly urls: Readonly<Record<Side, string>>;
  readonly notice: string | null;
  readonly from: Store | null;
  close(): Promise<void>;
}

/** @throws WhystaleError WSE766, WSE767, WSE428 */
export async function scratchStores(
  named: SideStores,
  given: GivenStores,
  env: NodeJS.ProcessEnv,
): Promise<ScratchStores> {
  const postgres = await made('postgres', named.postgres, given.postgres, env);
  const redis = await made('redis', named.redis, given.redis, env).catch(async (error: unknown) => {
    await postgres.close();
    throw error;
  });
  const of = (side: Side) => ({ redis: redis.urls[side], postgres: postgres.urls[side] });
  const number = (side: Side) => Number(parseStore('redis', redis.urls[side]).database ?? 0);
  return {
    stores: { before: of('before'), after: of('after') },
    redisNumbers: redis.from === null ? null : { before: number('before'), after: number('after') },
    notices: [postgres.notice, redis.notice].filter((notice) => notice !== null),
    environment: (side, own) => envOf(side, own, [redis, postgres]),
    close: async () => {
      await Promise.allSettled([redis.close(), postgres.close()]);
    },
  };
}

async function made(
  kind: 'redis' | 'postgres',
  named: string,
  given: Readonly<Record<Side, string | null>>,
  env: NodeJS.ProcessEnv,
): Promise<Made> {
  const { before, after } = given;
  const nothing = { notice: null, from: null, close: () => Promise.resolve() };
  if (before !== null && after !== null) return { urls: { before, after }, ...nothing };
  if (named.trim().toLowerCase() === EMBEDDED) return { urls: { before: named, after: named }, ...nothing };
  const store = parseStore(kind, named, env);
  return kind === 'postgres' ? await newDatabases(store) : await emptyNumbers(store);
}

async function newDatabases(store: Store): Promise<Made> {
  const tag = randomBytes(4).toString('hex');
  const names = { before: `whystale_before_${tag}`, after: `whystale_after_${tag}` };
  const run = async (texts: readonly string[]): Promise<void> => {
    const { client } = await connectPostgres(store).catch((error: unknown) => {
      throw unreachableStore(
        store,
        error,
        'Start it, correct stores.postgres in the case, or write embedded.',
      );
    });
    try {
      for (const text of texts) await client.query(text);
    } finally {
      await client.end().catch(() => undefined);
    }
  };
  const drop = (): Promise<void> =>
    run(SIDES.map((side) => `DROP DATABASE IF EXISTS ${names[side]} WITH (FORCE)`)).catch(() => undefined);
  try {
    await run(SIDES.map((side) => `CREATE DATABASE ${names[side]} TEMPLATE template0`));
  } catch (error) {
    if (!(error instanceof Error) || !('severity' in error)) throw error;
    await drop();
    throw noScratchDatabase(store, error.message, error);
  }
  return {
    urls: { before: withDatabase(store.url, names.before), after: withDatabase(store.url, names.after) },
    notice: `On ${displayStore(store)} the databases ${names.before} and ${names.after} are made, and dropped at the end.`,
    from: store,
    close: drop,
  };
}

async function emptyNumbers(store: Store): Promise<Made> {
  const taken: number[] = [];
  const release = async (): Promise<void> => {
    for (const number of taken.splice(0)) await giveBack(store, number).catch(() => undefined);
  };
  const count = await databaseCount(store);
  try {
    for (let number = 0; number < count && taken.length < 2; number++)
      if (await take(store, number)) taken.push(number);
  } catch (error) {
    await release();
    throw noEmptyRedis(store, (error as Error).message, error);
  }
  const [before, after] = taken;
  if (before === undefined || after === undefined) {
    const empty = before === undefined ? 'none is' : 'only one is';
    await release();
    throw noEmptyRedis(store, `of its ${count} databases ${empty} empty`);
  }
  const { url } = store;
  return {
    urls: { before: withDatabase(url, String(before)), after: withDatabase(url, String(after)) },
    notice: `On ${displayStore(store)} the empty databases ${before} and ${after} are used, and emptied again at the end.`,
    from: store,
    close: release,
  };
}

async function databaseCount(store: Store): Promise<number> {
  const redis = await connectRedis(store).catch((error: unknown) => {
    throw unreachableStore(store, error, 'Start it, correct stores.redis in the case, or write embedded.');
  });
  try {
    const answer: unknown = await redis.call('CONFIG', 'GET', 'databases').catch(() => null);
    const count = Array.isArray(answer) ? Number(answer[1]) : Number.NaN;
    return Number.isInteger(count) && count > 0 ? count : REDIS_DATABASES;
  } finally {
    redis.disconnect();
  }
}

/** Marks a database as ours, where it is empty. One step: MULTI after WATCH fails when somebody else was quicker. */
async function take(store: Store, number: number): Promise<boolean> {
  const redis = await connectRedis({ ...store, database: String(number) });
  try {
    await redis.watch(MARK);
    if ((await redis.dbsize()) > 0) return false;
    const answers = await redis.multi().set(MARK, process.pid, 'NX').dbsize().exec();
    if (answers === null) return false;
    if (answers[0]?.[1] === 'OK' && answers[1]?.[1] === 1) return true;
    if (answers[0]?.[1] === 'OK') await redis.del(MARK);
    return false;
  } finally {
    redis.disconnect();
  }
}

/** A database that was empty when it was taken is emptied, as long as it still bears our mark. */
async function giveBack(store: Store, number: number): Promise<void> {
  const redis = await connectRedis({ ...store, database: String(number) });
  try {
    if ((await redis.get(MARK)) === String(process.pid)) await redis.flushdb();
  } finally {
    redis.disconnect();
  }
}

/** The URL with another database, which stands in the path or, of a socket, in a parameter. */
function withDatabase(url: string, database: string): string {
  const parts = splitUrl(url);
  if (parts === null) return url;
  const others = parts.query.filter((part) => !DATABASE_PARAMETER.test(part));
  const socket = redisScheme(parts.scheme) === 'socket';
  if (socket) return joinUrl({ ...parts, query: [...others, `db=${database}`] });
  return joinUrl({ ...parts, query: others, path: `/${database}` });
}

const DATABASE_PARAMETER = /^(?:db|database|dbname|virtual_host)=/i;

/** Variables that name the database itself would lead both sides to it. */
function envOf(side: Side, env: NodeJS.ProcessEnv, all: readonly Made[]): NodeJS.ProcessEnv {
  const replaced: Record<string, string | undefined> = { ...env };
  for (const { from, urls } of all) {
    if (from === null) continue;
    const own = parseStore(from.kind, urls[side]);
    for (const [name, value] of Object.entries(env)) {
      if (value === undefined) continue;
      if (namesStore(value, from)) replaced[name] = withDatabase(value, own.database ?? '');
      else if (name === 'PGDATABASE' && from.kind === 'postgres' && value === from.database)
        replaced[name] = own.database ?? value;
    }
  }
  return replaced;
}

function namesStore(value: string, { kind, endpoint, database }: Store): boolean {
  const parts = splitUrl(value.trim());
  if (parts === null || !namesEndpoint(endpoint, decodePart(parts.host), parts.port ?? DEFAULT_PORTS[kind]))
    return false;
  try {
    return (parseStore(kind, value.replace(/^([a-z]+)\+\w+:/i, '$1:')).database ?? '0') === (database ?? '0');
  } catch {
    return false;
  }
}
