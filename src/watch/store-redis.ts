/**
 * Redis store values: the `redis`, `rediss` and `valkey` schemes, the ways of naming a Unix socket that client libraries
 * have, and a bare `host:port`.
 *
 * @see https://www.iana.org/assignments/uri-schemes/prov/redis
 */
import { foreignScheme, unreadableStore, unsupportedTopology } from './store-errors.ts';
import type { Store, StoreTls } from './stores.ts';
import {
  decodePart,
  joinUrl,
  parameter,
  splitAddress,
  splitUrl,
  splitUserinfo,
  type UrlParts,
} from './url-text.ts';

export const REDIS_PORT = 6379;
const LOCAL_HOST = '127.0.0.1';

const PLAIN = new Set(['redis', 'valkey', 'tcp', 'redis+tcp']);
const SECURE = new Set(['rediss', 'valkeys', 'tls', 'ssl', 'redis+tls', 'redis+ssl', 'redis-tls']);
const SOCKET = new Set([
  'unix',
  'redis+unix',
  'redis+socket',
  'redis-socket',
  'valkey+unix',
  'valkey+socket',
]);

/** What a Redis URL scheme means; null when it is none. */
export function redisScheme(scheme: string): 'plain' | 'tls' | 'socket' | null {
  const name = scheme.toLowerCase();
  if (PLAIN.has(name)) return 'plain';
  if (SECURE.has(name)) return 'tls';
  return SOCKET.has(name) ? 'socket' : null;
}

/** Reads a Redis store value; errors as `parseStore` says. */
export function parseRedis(text: string): Store {
  const parts = splitUrl(text) ?? bareAddress(text);
  if (parts === null) throw unreadableStore('redis', text, 'it is no URL');
  if (/sentinel|cluster/i.test(parts.scheme)) throw unsupportedTopology('redis', `${parts.scheme}://`);
  const scheme = redisScheme(parts.scheme);
  if (scheme === null) throw foreignScheme('redis', parts.scheme);
  if (parts.host.includes(',')) throw unsupportedTopology('redis', 'A list of hosts in one URL');
  const login = splitUserinfo(parts.userinfo);
  const database = databaseOf(text, parts, scheme);
  return {
    kind: 'redis',
    name: null,
    endpoint: scheme === 'socket' ? { path: socketPath(text, parts) } : tcpEndpoint(parts),
    tls: scheme === 'tls' ? redisTls(parts) : null,
    user: login.user ?? parameter(parts, 'username'),
    password: login.password ?? parameter(parts, 'password'),
    database,
    url: joinUrl(parts),
  };
}

function bareAddress(text: string): UrlParts | null {
  if (!/^[^\s/@=]+:\d+$/.test(text)) return null;
  const address = splitAddress(text);
  if (address === null) return null;
  return { scheme: 'redis', userinfo: null, ...address, path: '', query: [], fragment: '' };
}

function tcpEndpoint(parts: UrlParts): { readonly host: string; readonly port: number } {
  return { host: decodePart(parts.host) || LOCAL_HOST, port: parts.port ?? REDIS_PORT };
}

/** `unix:///run/redis.sock`, `unix://run/redis.sock` (the host is then the first part of the path). */
function socketPath(text: string, parts: UrlParts): string {
  const path = decodePart(parts.host === '' ? parts.path : `/${parts.host}${parts.path}`);
  if (path === '' || path === '/') throw unreadableStore('redis', text, 'it names no socket');
  return path;
}

function databaseOf(text: string, parts: UrlParts, scheme: 'plain' | 'tls' | 'socket'): string {
  const named = parameter(parts, 'db', 'database', 'virtual_host');
  const value = named ?? (scheme === 'socket' ? '' : decodePart(parts.path.replace(/^\/|\/$/g, '')));
  if (value === '') return '0';
  if (!/^\d{1,9}$/.test(value)) throw unreadableStore('redis', text, 'the database is no number');
  return String(Number(value));
}

/** Certificates are checked unless the URL says otherwise, in the words of redis-py and of Celery. */
function redisTls(parts: UrlParts): StoreTls {
  const required = parameter(parts, 'ssl_cert_reqs')?.toLowerCase() ?? 'required';
  const hostChecked = parameter(parts, 'ssl_check_hostname')?.toLowerCase() !== 'false';
  const skipped = ['none', 'cert_none', 'optional', 'cert_optional'].includes(required);
  const skipVerify = parameter(parts, 'skip_verify')?.toLowerCase() === 'true';
  const caFile = parameter(parts, 'ssl_ca_certs');
  const certFile = parameter(parts, 'ssl_certfile');
  const keyFile = parameter(parts, 'ssl_keyfile');
  return {
    mode: 'require',
    verify: skipped || skipVerify ? 'none' : hostChecked ? 'full' : 'ca',
    ...(caFile === null ? {} : { caFile }),
    ...(certFile === null ? {} : { certFile }),
    ...(keyFile === null ? {} : { keyFile }),
  };
}

/** What to say when REDIS_HOST names a server and REDIS_URL is not set; null when it names none. */
export function redisHint(env: NodeJS.ProcessEnv): string | null {
  const host = env.REDIS_HOST?.trim();
  if (!host) return null;
  const port = env.REDIS_PORT?.trim() || String(REDIS_PORT);
  return `$REDIS_HOST names a server that is not used: give --redis redis://${host}:${port}`;
}
