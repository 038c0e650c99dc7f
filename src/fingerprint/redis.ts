/** What the cache server is and how it is set up. */
import type { Redis } from 'ioredis';
import { parseInfo } from '../doctor/redis.ts';
import { connectRedis } from '../watch/bypass.ts';
import type { Store } from '../watch/stores.ts';
import { UNKNOWN_PARTS } from './names.ts';
import { isPlainSetting } from './plain.ts';
import type { Sheet } from './sheet.ts';

const settings = (list: string): ReadonlySet<string> => new Set(list.trim().split(/\s+/));

/** Where this instance lives, by what name it goes, and how it is started; none changes what it does. */
const INSTANCE = settings(`
  port tls-port bind bind-source-addr unixsocket unixsocketperm unixsocketgroup socket-mark-id pidfile logfile dir dbfilename
  appendfilename appenddirname aclfile include syslog-enabled syslog-ident syslog-facility crash-log-enabled daemonize supervised
  proc-title-template set-proc-title always-show-logo hide-user-data-from-log locale-collate
  cluster-config-file cluster-port cluster-announce-ip cluster-announce-port cluster-announce-tls-port cluster-announce-bus-port
  cluster-announce-hostname cluster-announce-human-nodename cluster-announce-client-ipv4 cluster-announce-client-ipv6
  replica-announce-ip replica-announce-port slave-announce-ip slave-announce-port replicaof slaveof masteruser primaryuser
  tls-cert-file tls-key-file tls-client-cert-file tls-client-key-file tls-dh-params-file tls-ca-cert-file tls-ca-cert-dir
  availability-zone extended-redis-compatibility`);

/** Passwords: whether there is one is all that is noted. Each run's own server may have one of its own. */
const PASSWORDS = settings('requirepass masterauth primaryauth tls-key-file-pass tls-client-key-file-pass');

/** INFO names these even to users who may not read the settings. */
const FROM_INFO: readonly (readonly [field: string, setting: string])[] = [
  ['maxmemory', 'maxmemory'],
  ['maxmemory_policy', 'maxmemory-policy'],
];

export async function noteRedis(sheet: Sheet, store: Store, over: AbortSignal): Promise<void> {
  const redis = await connectRedis(store).catch((error: unknown) => {
    sheet.unknown('redis', UNKNOWN_PARTS.connection, error);
    return null;
  });
  if (redis === null) return;
  over.addEventListener('abort', () => redis.disconnect(), { once: true });
  try {
    const info = await readInfo(sheet, redis);
    await noteSettings(sheet, redis, info);
  } finally {
    redis.disconnect();
  }
}

async function readInfo(sheet: Sheet, redis: Redis): Promise<ReadonlyMap<string, string>> {
  let text: string;
  try {
    text = await redis.info();
  } catch (error) {
    for (const what of ['version', 'mode', 'role']) sheet.unknown('redis', what, error);
    return new Map();
  }
  const info = parseInfo(text);
  const valkey = info.get('valkey_version');
  const version = valkey ?? info.get('redis_version');
  if (version === undefined) sheet.unknown('redis', 'version', 'the server does not say');
  else sheet.shown('redis', 'version', `${valkey === undefined ? 'Redis' : 'Valkey'} ${version}`);
  sheet.shown('redis', 'mode', info.get('redis_mode') ?? info.get('server_mode') ?? 'standalone');
  const role = info.get('role');
  if (role !== undefined) sheet.shown('redis', 'role', role);
  const allocator = info.get('mem_allocator');
  if (allocator !== undefined) sheet.shown('redis', 'allocator', allocator);
  for (const [, name, more] of text.matchAll(/^module:name=([^,\r\n]+),([^\r\n]*)/gm)) {
    sheet.shown('redis', `module ${name}`, /ver=(\d+)/.exec(more ?? '')?.[1] ?? 'loaded');
  }
  return info;
}

async function noteSettings(sheet: Sheet, redis: Redis, info: ReadonlyMap<string, string>): Promise<void> {
  let answer: unknown;
  try {
    answer = await redis.call('CONFIG', 'GET', '*');
  } catch (error) {
    sheet.unknown('redis', UNKNOWN_PARTS.settings, error);
    for (const [field, setting] of FROM_INFO) {
      const value = info.get(field);
      if (value !== undefined) sheet.shown('redis', setting, value);
    }
    return;
  }
  for (const [name, value] of pairsOf(answer)) {
    if (INSTANCE.has(name)) continue;
    if (PASSWORDS.has(name)) sheet.shown('redis', name, value === '' ? 'not set' : 'set');
    else if (isPlainSetting(name, value)) sheet.shown('redis', name, value);
    else sheet.hashed('redis', name, value);
  }
}

/** A flat list of names and values (RESP2); a name may be there twice, under its old spelling and its new one. */
function pairsOf(answer: unknown): readonly (readonly [string, string])[] {
  if (!Array.isArray(answer)) return [];
  const texts = answer.map(String);
  return texts.flatMap((name, index) => (index % 2 === 0 ? [[name, texts[index + 1] ?? ''] as const] : []));
}
