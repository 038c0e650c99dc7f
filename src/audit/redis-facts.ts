/**
 * What a Redis tells of its protection. Only questions are asked: nothing is tried whose success would change the server.
 * What neither the application's user nor the administrator's login may ask stays unknown.
 */
import type { Redis } from 'ioredis';
import type { StoreProtection } from '../core/safety/unprotected-store.ts';
import { connectRedis } from '../watch/bypass.ts';
import { isLoopback, redisProtection } from '../watch/store-protection.ts';
import type { Store } from '../watch/stores.ts';
import { type AclUser, AUDITED_COMMANDS, isOpen, readAclUser } from './redis-acl.ts';

export interface RedisFacts {
  readonly store: Store;
  readonly loopback: boolean;
  /** The user that the application's URL logs in as; null: the server has no ACL, or does not say. */
  readonly user: string | null;
  /** Null: may not be asked. */
  readonly acl: AclUser | null;
  /** Whether a client without credentials may run commands; null: not known. */
  readonly open: boolean | null;
  /** Settings by name; one that may not be asked is not there. */
  readonly settings: ReadonlyMap<string, string>;
  /** Commands of the list that the server does not have under their names; null: may not be asked. */
  readonly absent: ReadonlySet<string> | null;
  /** Commands that were asked for in a harmless form (`CONFIG GET`), and refused or not. */
  readonly tried: ReadonlyMap<string, 'refused' | 'allowed'>;
  readonly protection: StoreProtection;
}

/** Settings that are looked at; none of them holds a credential. */
const SETTINGS = ['protected-mode', 'bind', 'enable-debug-command', 'enable-module-command'] as const;

/** Questions that need a dangerous command and change nothing. A digest that no script has: EVALSHA finds none. */
const HARMLESS: Readonly<Record<string, readonly [string, ...string[]]>> = {
  ACL: ['ACL', 'GETUSER', 'default'],
  CONFIG: ['CONFIG', 'GET', 'maxmemory'],
  MODULE: ['MODULE', 'LIST'],
  EVAL: ['EVALSHA', '0'.repeat(40), '0'],
};

/** Asks for everything. `admin`: a second login that may ask what the application's user may not. */
export async function redisFacts(store: Store, redis: Redis, admin: Redis | null): Promise<RedisFacts> {
  const user = await asked(redis, 'ACL', 'WHOAMI');
  const named = typeof user === 'string' ? user : null;
  const asking = admin === null ? [redis] : [redis, admin];
  return {
    store,
    loopback: await isLoopback(store.endpoint),
    user: named,
    acl: named === null ? null : await aclUser(asking, named),
    open: await takesAnyone(store, asking),
    settings: await settingsOf(asking),
    absent: await absentCommands(asking),
    tried: await triedCommands(redis),
    protection: await redisProtection(store, redis),
  };
}

/** The reply, or null when there is none or it is an error. */
async function asked(redis: Redis, command: string, ...args: readonly string[]): Promise<unknown> {
  return redis.call(command, ...args).catch(() => null);
}

async function aclUser(asking: readonly Redis[], name: string): Promise<AclUser | null> {
  for (const redis of asking) {
    const user = readAclUser(await asked(redis, 'ACL', 'GETUSER', name));
    if (user !== null) return user;
  }
  return null;
}

/** Tried where the store's URL has a password: a connection without one, which is only pinged. */
async function takesAnyone(store: Store, asking: readonly Redis[]): Promise<boolean | null> {
  if (store.password === null) return true;
  const open = await aclUser(asking, 'default');
  if (open !== null) return isOpen(open);
  try {
    const stranger = await connectRedis({ ...store, user: null, password: null });
    const reply = await stranger.ping().catch((error: unknown) => error);
    stranger.disconnect();
    return reply === 'PONG' || /^NOPERM/.test(reply instanceof Error ? reply.message : '');
  } catch (error) {
    return /NOAUTH|WRONGPASS|DENIED/.test(error instanceof Error ? error.message : '') ? false : null;
  }
}

async function settingsOf(asking: readonly Redis[]): Promise<ReadonlyMap<string, string>> {
  const settings = new Map<string, string>();
  for (const redis of asking) {
    for (const name of SETTINGS) {
      if (settings.has(name)) continue;
      const reply = await asked(redis, 'CONFIG', 'GET', name);
      if (Array.isArray(reply) && typeof reply[1] === 'string') settings.set(name, reply[1]);
    }
  }
  return settings;
}

async function absentCommands(asking: readonly Redis[]): Promise<ReadonlySet<string> | null> {
  for (const redis of asking) {
    const names = AUDITED_COMMANDS.map((name) => name.toLowerCase());
    const reply = await asked(redis, 'COMMAND', 'INFO', ...names);
    if (!Array.isArray(reply) || reply.length !== AUDITED_COMMANDS.length) continue;
    const absent = AUDITED_COMMANDS.filter((_, at) => !Array.isArray(reply[at]));
    // MONITOR and its like are left out by emulations; a server that knows none of them tells nothing.
    return absent.length === AUDITED_COMMANDS.length ? null : new Set(absent);
  }
  return null;
}

async function triedCommands(redis: Redis): Promise<ReadonlyMap<string, 'refused' | 'allowed'>> {
  const tried = new Map<string, 'refused' | 'allowed'>();
  for (const [command, [name, ...args]] of Object.entries(HARMLESS)) {
    const error: unknown = await redis.call(name, ...args).then(
      () => null,
      (failure: unknown) => failure,
    );
    const message = error instanceof Error ? error.message : '';
    if (error === null || /^NOSCRIPT/.test(message)) tried.set(command, 'allowed');
    else if (/^NOPERM|unknown command/i.test(message)) tried.set(command, 'refused');
  }
  return tried;
}
