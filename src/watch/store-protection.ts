/**
 * How a store is protected, asked once over the bypass connection: facts for WS302 (core/safety/unprotected-store.ts). What
 * the server does not let this user ask stays unknown. A store on loopback is not asked at all.
 */
import { lookup } from 'node:dns/promises';
import type { Redis } from 'ioredis';
import type { StoreProtection } from '../core/safety/unprotected-store.ts';
import type { Endpoint } from '../proxy/endpoint.ts';
import { displayStore, type Store } from './stores.ts';

/** Gives every address of a host name. */
export type Resolve = (host: string) => Promise<readonly string[]>;

const resolveName: Resolve = async (host) =>
  (await lookup(host, { all: true })).map(({ address }) => address);

/** Whether only this machine can reach an endpoint: a socket, a loopback address, a name for nothing but such. */
export async function isLoopback(endpoint: Endpoint, resolve: Resolve = resolveName): Promise<boolean> {
  if ('path' in endpoint) return true;
  const host = endpoint.host.toLowerCase().replace(/^\[|\]$|\.$/g, '');
  // Names under localhost never leave the machine (RFC 6761, section 6.3).
  if (host === 'localhost' || host.endsWith('.localhost') || isLoopbackAddress(host)) return true;
  if (/^[\d.]+$/.test(host) || host.includes(':')) return false;
  const addresses = await resolve(host).catch(() => []);
  return addresses.length > 0 && addresses.every(isLoopbackAddress);
}

function isLoopbackAddress(address: string): boolean {
  return /^(?:::ffff:)?127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(address) || address === '::1';
}

/** What a Redis tells of its protection. */
export async function redisProtection(store: Store, redis: Redis): Promise<StoreProtection> {
  const known = { kind: 'redis', address: addressOf(store), tls: store.tls !== null } as const;
  if (await isLoopback(store.endpoint))
    return { ...known, loopback: true, open: null, protectedMode: null, dangerous: null };
  const setting = (name: string) => redisSetting(redis, name);
  return {
    ...known,
    loopback: false,
    open: await redisOpen(store, redis, setting),
    protectedMode: flag(await setting('protected-mode')),
    dangerous: await redisDangerous(redis),
  };
}

/** The address without who logs in. */
function addressOf(store: Store): string {
  return displayStore({ ...store, name: null, user: null, password: null, database: null });
}

async function redisOpen(
  store: Store,
  redis: Redis,
  setting: (name: string) => Promise<string | null>,
): Promise<boolean | null> {
  // The bypass connection itself was let in without credentials.
  if (store.password === null) return true;
  const user = await aclUser(redis, 'default');
  if (user !== null) return user.flags.includes('nopass') && user.flags.includes('on');
  // Before version 6 there is one password for all.
  const password = await setting('requirepass');
  return password === null ? null : password === '';
}

interface AclUser {
  readonly flags: readonly string[];
  readonly commands: string;
}

/** Null when this user may not ask, or the server has no ACL. */
async function aclUser(redis: Redis, name: string): Promise<AclUser | null> {
  const reply: unknown = await redis.call('ACL', 'GETUSER', name).catch(() => null);
  if (!Array.isArray(reply)) return null;
  const field = (wanted: string): unknown => reply[reply.indexOf(wanted) + 1];
  const flags = field('flags');
  const commands = field('commands');
  return Array.isArray(flags) && typeof commands === 'string' ? { flags: flags.map(String), commands } : null;
}

async function redisSetting(redis: Redis, name: string): Promise<string | null> {
  const reply: unknown = await redis.call('CONFIG', 'GET', name).catch(() => null);
  return Array.isArray(reply) && typeof reply[1] === 'string' ? reply[1] : null;
}

function flag(text: string | null): boolean | null {
  return text === null ? null : text === 'yes';
}

async function redisDangerous(redis: Redis): Promise<readonly string[] | null> {
  const name: unknown = await redis.call('ACL', 'WHOAMI').catch(() => null);
  const user = typeof name === 'string' ? await aclUser(redis, name) : null;
  return user === null ? null : dangerousCommands(user.commands);
}

/** Commands in upper case, with the ACL categories that hold them. */
export type CommandCategories = Readonly<Record<string, readonly string[]>>;

/** Commands over the server itself. */
const DANGEROUS: CommandCategories = {
  CONFIG: ['@all', '@admin', '@dangerous', '@slow'],
  DEBUG: ['@all', '@admin', '@dangerous', '@slow'],
  FLUSHALL: ['@all', '@keyspace', '@write', '@dangerous', '@slow'],
  MODULE: ['@all', '@admin', '@dangerous', '@slow'],
  REPLICAOF: ['@all', '@admin', '@dangerous', '@slow'],
  SHUTDOWN: ['@all', '@admin', '@dangerous', '@slow'],
};

/**
 * Which of the commands an ACL rule allows; rules are applied from left to right, the last one that concerns a command decides.
 *
 * @see https://redis.io/docs/latest/operate/oss_and_stack/management/security/acl/
 */
export function dangerousCommands(rules: string, commands: CommandCategories = DANGEROUS): readonly string[] {
  return Object.entries(commands).flatMap(([command, categories]) => {
    let allowed = false;
    for (const rule of rules.toLowerCase().split(/\s+/)) {
      const what = rule === 'allcommands' ? '@all' : rule === 'nocommands' ? '@all' : rule.slice(1);
      if (what === command.toLowerCase() || categories.includes(what))
        allowed = rule.startsWith('+') || rule === 'allcommands';
    }
    return allowed ? [command] : [];
  });
}

/** What was met when connecting to a PostgreSQL. */
export interface PostgresMet {
  readonly tls: boolean;
  /** Whether it asked for a password. */
  readonly asked: boolean;
  readonly superuser: boolean | null;
}

/** What a PostgreSQL told of its protection by the way it let the bypass connection in. */
export async function postgresProtection(store: Store, met: PostgresMet): Promise<StoreProtection> {
  const loopback = await isLoopback(store.endpoint);
  // A client certificate is a credential of its own, and whether it was needed is not told.
  const certified = store.tls?.certFile !== undefined;
  return {
    kind: 'postgres',
    address: addressOf(store),
    loopback,
    tls: met.tls,
    open: met.asked ? false : certified ? null : true,
    protectedMode: null,
    dangerous: met.superuser === null ? null : met.superuser ? ['superuser'] : [],
  };
}
