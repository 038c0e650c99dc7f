/** What a Redis says of itself over the bypass connection, as far as this user may ask. */
import type { Redis } from 'ioredis';
import type { ObserveContext } from '../observe/context.ts';
import { refuseCluster } from './cluster.ts';
import { displayStore, type Store } from './stores.ts';

export interface RedisServer {
  readonly product: 'Redis' | 'Valkey';
  /** Version as the server reports it, or `unknown`. */
  readonly version: string;
  /** null: neither INFO nor ROLE is permitted. */
  readonly replica: boolean | null;
  /** Where a replica's primary is, as the replica reaches it. */
  readonly primary: string | null;
}

/**
 * Asks for version, cluster mode and role.
 *
 * @throws WhystaleError WSE471 for a node of a cluster
 */
export async function askServer(
  store: Store,
  redis: Redis,
  degrade: ObserveContext['degrade'],
): Promise<RedisServer> {
  const info = async (section: string): Promise<string | null> => redis.info(section).catch(() => null);
  const server = await info('server');
  refuseCluster(store, (server === null ? null : await info('cluster')) ?? '');
  if (server === null) {
    degrade('redis-info', 'This Redis user may not run INFO: version and cluster mode are not known.');
  }
  const field = (name: string, text: string | null): string | null =>
    new RegExp(`^${name}:([^\\r\\n]+)`, 'm').exec(text ?? '')?.[1] ?? null;
  const valkey = field('valkey_version', server);
  const role = await redisRole(redis, server === null ? null : await info('replication'));
  return {
    product: valkey === null ? 'Redis' : 'Valkey',
    version: valkey ?? field('redis_version', server) ?? 'unknown',
    ...role,
  };
}

/** INFO replication tells it; where that is refused, ROLE does. */
async function redisRole(
  redis: Redis,
  info: string | null,
): Promise<Pick<RedisServer, 'replica' | 'primary'>> {
  const told = /^role:(\w+)/m.exec(info ?? '')?.[1];
  if (told !== undefined) {
    const host = /^master_host:(\S+)/m.exec(info ?? '')?.[1];
    const port = /^master_port:(\d+)/m.exec(info ?? '')?.[1];
    return { replica: told !== 'master', primary: host === undefined ? null : `${host}:${port}` };
  }
  const answer: unknown = await redis.call('ROLE').catch(() => null);
  if (!Array.isArray(answer) || typeof answer[0] !== 'string') return { replica: null, primary: null };
  const replica = answer[0] !== 'master';
  return { replica, primary: replica ? `${answer[1]}:${answer[2]}` : null };
}

/** Says what cannot be concluded from the Redis servers that were named: without the primary, or with several. */
export function sayRoles(
  servers: readonly { readonly store: Store; readonly replica: boolean; readonly primary: string | null }[],
  degrade: ObserveContext['degrade'],
): void {
  const primaries = servers.filter(({ replica }) => !replica);
  const [first] = servers;
  if (first !== undefined && primaries.length === 0) {
    const where = first.primary ?? 'HOST:PORT';
    degrade(
      'redis-replica-only',
      `${displayStore(first.store)} is a replica, and its primary is not watched: fills and removals there are not seen, so nothing can be concluded from keys. Name it too: --redis primary=redis://${where} --redis replica=URL.`,
    );
  }
  if (primaries.length > 1) {
    const names = primaries.map(({ store }) => displayStore(store)).join(' and ');
    degrade(
      'redis-primaries',
      `${names} are no replicas of each other: a key that both hold is taken for one key. Watch one of them at a time.`,
    );
  }
}
