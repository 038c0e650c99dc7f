/** What a given Redis allows and how it is set up. */
import type { Redis } from 'ioredis';
import { connectRedis } from '../watch/bypass.ts';
import { displayStore, type Store } from '../watch/stores.ts';
import { type Check, guarded } from './check.ts';
import { unreachable } from './connection.ts';

/** Oldest version whose protocol and commands whystale was built against. */
const OLDEST_REDIS = 5;
const CLI = 'redis-cli -u "$REDIS_URL"';

/** Commands that whystale sends on connections of its own, with a key that exists nowhere. */
const PROBE_KEY = 'whystale:doctor:probe';
const OWN_COMMANDS: readonly (readonly [use: string, commands: readonly (readonly string[])[]])[] = [
  [
    'watching',
    [
      ['info', 'server'],
      ['command', 'count'],
    ],
  ],
  [
    'sentinel and explain',
    [
      ['get', PROBE_KEY],
      ['pttl', PROBE_KEY],
      ['type', PROBE_KEY],
      ['scan', '0'],
    ],
  ],
  [
    'purge and undo',
    [
      ['scan', '0'],
      ['exists', PROBE_KEY],
      ['pttl', PROBE_KEY],
      ['time'],
      ['dump', PROBE_KEY],
      ['watch', PROBE_KEY],
      ['unwatch'],
      ['multi'],
      ['exec'],
      ['unlink', PROBE_KEY],
      ['restore', PROBE_KEY, '0', ''],
    ],
  ],
];

/** All checks of one store. */
export async function redisChecks(store: Store, prefix: string): Promise<readonly Check[]> {
  let redis: Redis;
  try {
    redis = await connectRedis(store);
  } catch (error) {
    return [unreachable(`${prefix}.connection`, store, error)];
  }
  try {
    const connected: Check = {
      id: `${prefix}.connection`,
      title: 'Connection',
      state: 'ok',
      evidence: `${displayStore(store)} answers${store.tls === null ? '' : ' over TLS'}`,
      required: true,
    };
    const facts = await guarded({ id: `${prefix}.info`, title: 'INFO', required: false }, async () =>
      infoChecks(parseInfo(await redis.info()), prefix),
    );
    const rights = await guarded({ id: `${prefix}.permissions`, title: 'Permissions', required: false }, () =>
      permissionChecks(redis, prefix),
    );
    return [connected, ...facts, ...rights];
  } finally {
    redis.disconnect();
  }
}

/** The `name:value` lines of INFO. */
export function parseInfo(text: string): ReadonlyMap<string, string> {
  const pairs = text
    .split(/\r?\n/)
    .filter((line) => line.includes(':') && !line.startsWith('#'))
    .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)] as const);
  return new Map(pairs);
}

/** What INFO tells: version, cluster mode, role, eviction. */
export function infoChecks(info: ReadonlyMap<string, string>, prefix: string): readonly Check[] {
  return [
    versionCheck(info, prefix),
    clusterCheck(info, prefix),
    roleCheck(info, prefix),
    evictionCheck(info, prefix),
  ];
}

function versionCheck(info: ReadonlyMap<string, string>, prefix: string): Check {
  const valkey = info.get('valkey_version');
  const version = valkey ?? info.get('redis_version') ?? 'unknown';
  const base = { id: `${prefix}.version`, title: 'Version', required: true };
  if (version === 'unknown')
    return { ...base, state: 'unknown', evidence: 'the server does not say', required: false };
  const product = valkey === undefined ? 'Redis' : 'Valkey';
  if (Number.parseInt(version, 10) >= OLDEST_REDIS) {
    return { ...base, state: 'ok', evidence: `${product} ${version}` };
  }
  return {
    ...base,
    state: 'lack',
    evidence: `${product} ${version}; ${OLDEST_REDIS} or newer is needed`,
    mend: 'apt-get install -y redis-server # or upgrade the service you rent',
  };
}

function clusterCheck(info: ReadonlyMap<string, string>, prefix: string): Check {
  const base = { id: `${prefix}.cluster`, title: 'Cluster mode', required: true };
  if (info.get('cluster_enabled') !== '1') return { ...base, state: 'ok', evidence: 'off' };
  return {
    ...base,
    state: 'lack',
    evidence: 'on: clients would be sent past the proxy to the other nodes, unseen',
    mend: 'use a server with cluster-enabled no: redis-server --port 6390 --cluster-enabled no',
  };
}

function roleCheck(info: ReadonlyMap<string, string>, prefix: string): Check {
  const role = info.get('role');
  const base = { id: `${prefix}.role`, title: 'Role', required: false };
  if (role === undefined) return { ...base, state: 'unknown', evidence: 'the server does not say' };
  const from = role === 'slave' ? ` of ${info.get('master_host')}:${info.get('master_port')}` : '';
  return { ...base, state: 'ok', evidence: role === 'slave' ? `replica${from}` : 'primary' };
}

function evictionCheck(info: ReadonlyMap<string, string>, prefix: string): Check {
  const policy = info.get('maxmemory_policy');
  const limit = Number(info.get('maxmemory') ?? Number.NaN);
  const base = {
    id: `${prefix}.eviction`,
    title: 'Memory limit',
    required: false,
    use: 'a cache that neither fills the machine nor loses locks',
  };
  if (policy === undefined || Number.isNaN(limit)) {
    return { ...base, state: 'unknown', evidence: 'the server does not say' };
  }
  const evidence =
    limit === 0 ? `none, policy ${policy}` : `${info.get('maxmemory_human') ?? limit}, policy ${policy}`;
  if (limit > 0 && policy === 'noeviction') {
    return {
      ...base,
      state: 'lack',
      evidence: `${evidence}: at the limit, fills fail instead of making room`,
      mend: `${CLI} CONFIG SET maxmemory-policy allkeys-lru`,
    };
  }
  return { ...base, state: 'ok', evidence };
}

/** Asks the server itself whether our user may send what whystale sends. ACL DRYRUN came with Redis 7. */
async function permissionChecks(redis: Redis, prefix: string): Promise<readonly Check[]> {
  const base = { id: `${prefix}.permissions`, title: 'Permissions', required: false };
  let user: string;
  try {
    user = String(await redis.call('ACL', 'WHOAMI'));
  } catch (error) {
    return [{ ...base, state: 'unknown', evidence: `ACL WHOAMI: ${(error as Error).message}` }];
  }
  const checks: Check[] = [];
  for (const [use, commands] of OWN_COMMANDS) {
    const refused: string[] = [];
    for (const command of commands) {
      const answer = await dryRun(redis, user, command);
      if (answer === null)
        return [{ ...base, state: 'unknown', evidence: `user ${user}; ACL DRYRUN is not available` }];
      if (!answer) refused.push(command[0] ?? '');
    }
    checks.push(permission(prefix, user, use, refused));
  }
  return checks;
}

async function dryRun(redis: Redis, user: string, command: readonly string[]): Promise<boolean | null> {
  try {
    return String(await redis.call('ACL', 'DRYRUN', user, ...command)) === 'OK';
  } catch {
    return null;
  }
}

function permission(prefix: string, user: string, use: string, refused: readonly string[]): Check {
  const base = {
    id: `${prefix}.permissions.${use.split(' ')[0]}`,
    title: `Permissions for ${use}`,
    use,
    required: false,
  };
  if (refused.length === 0) return { ...base, state: 'ok', evidence: `user ${user} has them` };
  const grants = refused.map((name) => `+${name}`).join(' ');
  return {
    ...base,
    state: 'lack',
    evidence: `user ${user} may not: ${refused.join(', ').toUpperCase()}`,
    mend: `${CLI} ACL SETUSER ${user} ${grants} ~*`,
  };
}
