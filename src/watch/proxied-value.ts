/**
 * One value of the caller's environment, with every mention of a store's endpoint exchanged for its proxy. User,
 * password, path, query and database stay as they were written; what asks for TLS is taken back, because the loopback
 * proxy has none.
 */
import type { Endpoint } from '../proxy/endpoint.ts';
import { replaceKeywords, splitKeywords } from './keyword-text.ts';
import { isPostgresScheme, POSTGRES_PORT } from './store-postgres.ts';
import { REDIS_PORT, redisScheme } from './store-redis.ts';
import type { Store, StoreKind } from './stores.ts';
import { decodePart, joinUrl, splitUrl, type UrlParts } from './url-text.ts';

/** A store and the proxy that stands before it. */
export interface ProxiedStore {
  readonly store: Store;
  /** Where the child reaches the proxy. */
  readonly proxy: { readonly host: string; readonly port: number };
}

const LOCAL_NAMES = new Set([
  'localhost',
  '127.0.0.1',
  '::1',
  '0.0.0.0',
  '::',
  'ip6-localhost',
  'ip6-loopback',
]);

export const DEFAULT_PORTS: Readonly<Record<StoreKind, number>> = {
  redis: REDIS_PORT,
  postgres: POSTGRES_PORT,
};

/** Host names compare without case and final dot; all names of this machine are one. */
export function sameHost(a: string, b: string): boolean {
  const plain = (host: string): string => {
    const name = host
      .trim()
      .toLowerCase()
      .replace(/^\[(.*)\]$/, '$1')
      .replace(/\.$/, '');
    return LOCAL_NAMES.has(name) ? 'localhost' : name;
  };
  return plain(a) === plain(b);
}

/** Whether host and port, or the folder of a PostgreSQL socket and its port, name the endpoint. */
export function namesEndpoint(endpoint: Endpoint, host: string, port: number): boolean {
  if ('path' in endpoint) {
    return endpoint.path === host || endpoint.path === `${host.replace(/\/$/, '')}/.s.PGSQL.${port}`;
  }
  return endpoint.port === port && sameHost(endpoint.host, host);
}

/** The value as the child gets it; the same text when it names no store. */
export function proxiedValue(value: string, stores: readonly ProxiedStore[]): string {
  const keywords = proxiedKeywords(value, stores);
  if (keywords !== null) return keywords;
  return proxiedAddresses(proxiedUrls(value, stores), stores);
}

const URL_IN_TEXT =
  /(?<![A-Za-z0-9+.-])(?:[a-z][a-z0-9+.-]*:)?[a-z][a-z0-9+.-]*:\/\/[^\s"'<>`|\\,;]*(?:,(?![a-z][a-z0-9+.-]*:\/\/)[^\s"'<>`|\\,;]+)*/gi;

/** Every URL in the text, wherever it stands: alone, in a list, in JSON, in a command line. */
function proxiedUrls(text: string, stores: readonly ProxiedStore[]): string {
  if (!text.includes('://')) return text;
  // A value that is one URL is taken whole: its password may hold what would end a URL in running text.
  if (text.indexOf('://') === text.lastIndexOf('://') && /^[a-z][a-z0-9+.:-]*:\/\/\S+$/i.test(text)) {
    return proxiedUrl(text, stores);
  }
  return text.replace(URL_IN_TEXT, (url) => proxiedUrl(url, stores));
}

/** One URL; the same text when it names no store. */
export function proxiedUrl(url: string, stores: readonly ProxiedStore[]): string {
  // A closing bracket after a URL in running text or JSON5 is not part of it, unless it closes an IPv6 address.
  const tail = /[)}\]]*$/.exec(url)?.[0] ?? '';
  const whole = splitUrl(url);
  const parts = whole ?? splitUrl(url.slice(0, url.length - tail.length));
  if (parts === null) return url;
  for (const proxied of stores) {
    const rewritten = rewriteUrl(parts, proxied);
    if (rewritten !== null) return whole === null ? rewritten + tail : rewritten;
  }
  return url;
}

function rewriteUrl(parts: UrlParts, { store, proxy }: ProxiedStore): string | null {
  const kind = schemeKind(parts.scheme);
  if (kind !== null && kind !== store.kind) return null;
  const queried = queryPairs(parts);
  const queryHost = queried.find(([name]) => name === 'host' || name === 'hostaddr')?.[1];
  const queryPort = queried.find(([name]) => name === 'port')?.[1];
  const socket = redisScheme(parts.scheme) === 'socket';
  const host = kind === 'postgres' && queryHost !== undefined ? queryHost : decodePart(parts.host);
  const port = Number(queryPort ?? parts.port ?? (kind === null ? Number.NaN : DEFAULT_PORTS[kind]));
  const named = socket
    ? namesEndpoint(
        store.endpoint,
        decodePart(parts.host === '' ? parts.path : `/${parts.host}${parts.path}`),
        0,
      )
    : namesEndpoint(store.endpoint, host || 'localhost', port);
  if (!named) return null;
  const dropHost = kind === 'postgres' && queryHost !== undefined;
  return joinUrl({
    ...parts,
    scheme: plainScheme(parts.scheme),
    host: proxy.host,
    port: proxy.port,
    path: socket ? `/${store.database ?? '0'}` : parts.path,
    query: plainQuery(parts.query, kind ?? store.kind, dropHost, socket),
  });
}

function schemeKind(scheme: string): StoreKind | null {
  if (isPostgresScheme(scheme)) return 'postgres';
  // `tcp` and `ssl` say nothing about the kind; such a URL needs an explicit port to be taken for a store.
  if (/^(?:tcp|tls|ssl|unix)$/i.test(scheme)) return scheme.toLowerCase() === 'unix' ? 'redis' : null;
  return redisScheme(scheme) === null ? null : 'redis';
}

function queryPairs(parts: UrlParts): readonly (readonly [string, string])[] {
  return parts.query.map((part) => {
    const equals = part.indexOf('=');
    const name = (equals < 0 ? part : part.slice(0, equals)).toLowerCase();
    return [name, equals < 0 ? '' : decodePart(part.slice(equals + 1))] as const;
  });
}

/** The scheme that asks for plain TCP. */
function plainScheme(scheme: string): string {
  const name = scheme.toLowerCase();
  if (redisScheme(name) === 'socket') return name.startsWith('valkey') ? 'valkey' : 'redis';
  if (name === 'tls' || name === 'ssl') return 'tcp';
  if (name === 'rediss' || name === 'valkeys') return scheme.slice(0, -1);
  // Schemes of cache libraries (`rediscluster+tls`, `redis+ssl`): only a marked TLS part is taken off.
  return scheme.replace(/(?:\+tls|\+ssl|-tls)$/i, '');
}

/** PostgreSQL parameters that make a client insist on TLS or on what only TLS gives, and what they become. */
const POSTGRES_PARAMETERS: ReadonlyMap<string, string | null> = new Map([
  ['sslmode', 'disable'],
  ['ssl', null],
  ['sslnegotiation', null],
  ['channel_binding', 'disable'],
  ['channelbinding', 'disable'],
  ['gssencmode', 'disable'],
]);
const REDIS_TLS_PARAMETER = /^(?:ssl|tls|ssl_.*|tls_.*|skip_verify|ssl[A-Z].*)$/;
const SOCKET_PARAMETERS = new Set(['db', 'virtual_host', 'database']);
const HOST_PARAMETERS = new Set(['host', 'hostaddr', 'port']);

function plainQuery(
  query: readonly string[],
  kind: StoreKind,
  dropHost: boolean,
  dropDatabase: boolean,
): readonly string[] {
  return query.flatMap((part) => {
    const written = part.split('=')[0] ?? '';
    const name = written.toLowerCase();
    if (dropHost && HOST_PARAMETERS.has(name)) return [];
    if (dropDatabase && SOCKET_PARAMETERS.has(name)) return [];
    if (kind === 'redis') return REDIS_TLS_PARAMETER.test(written) ? [] : [part];
    const change = POSTGRES_PARAMETERS.get(name);
    if (change === undefined) return [part];
    return change === null ? [] : [`${written}=${change}`];
  });
}

const KEYWORD_HOSTS = ['host', 'hostaddr', 'server', 'data source'];
const TLS_KEYWORDS: readonly (readonly [string, string | null])[] = [
  ['sslmode', 'disable'],
  ['ssl mode', 'Disable'],
  ['channel_binding', 'disable'],
  ['channel binding', 'Disable'],
  ['gssencmode', 'disable'],
  ['sslnegotiation', null],
  ['trust server certificate', null],
];

/** `host=… port=…` and `Host=…;Port=…` texts of PostgreSQL; null when the value is none or names no store. */
function proxiedKeywords(value: string, stores: readonly ProxiedStore[]): string | null {
  const words = splitKeywords(value);
  if (words === null) return null;
  const map = new Map(words);
  const host = KEYWORD_HOSTS.map((name) => map.get(name)).find((found) => found !== undefined) ?? 'localhost';
  const port = Number(map.get('port') ?? POSTGRES_PORT);
  const found = stores.find(
    ({ store }) => store.kind === 'postgres' && namesEndpoint(store.endpoint, host, port),
  );
  if (found === undefined) return null;
  const hosts = KEYWORD_HOSTS.map((name) => [name, found.proxy.host] as const);
  const changed = replaceKeywords(
    value,
    new Map<string, string | null>([...hosts, ['port', String(found.proxy.port)], ...TLS_KEYWORDS]),
  );
  if (changed === null) return null;
  const separator = value.includes(';') ? ';' : ' ';
  const hostName = value.includes(';') ? 'Host' : 'host';
  const portName = value.includes(';') ? 'Port' : 'port';
  const missing = [
    ...(KEYWORD_HOSTS.some((name) => map.has(name)) ? [] : [`${hostName}=${found.proxy.host}`]),
    ...(map.has('port') ? [] : [`${portName}=${found.proxy.port}`]),
  ];
  return [changed.replace(/;\s*$/, ''), ...missing].join(separator);
}

const ADDRESS_IN_TEXT =
  /(?<![\w@./:[-])(?:tcp:)?(\[[0-9a-f:.]+\]|[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?):(\d{1,5})(?![\w.:@-]|\/\/)/gi;

/** `host:port` texts, alone or in lists: memcached-like address lists, StackExchange.Redis, Go's Addr. */
function proxiedAddresses(text: string, stores: readonly ProxiedStore[]): string {
  return text.replace(ADDRESS_IN_TEXT, (address, host: string, port: string, offset: number) => {
    if (insideUrl(text, offset)) return address;
    const plain = host.replace(/^\[(.*)\]$/, '$1');
    const found = stores.find(({ store }) => namesEndpoint(store.endpoint, plain, Number(port)));
    if (found === undefined) return address;
    return address.replace(`${host}:${port}`, `${found.proxy.host}:${found.proxy.port}`);
  });
}

/** Whether the place belongs to a URL, which was dealt with as a whole. */
function insideUrl(text: string, offset: number): boolean {
  for (const match of text.matchAll(URL_IN_TEXT)) {
    if (match.index <= offset && offset < match.index + match[0].length) return true;
  }
  return false;
}
