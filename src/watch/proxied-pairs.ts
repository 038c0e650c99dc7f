/**
 * Stores that are named by several variables: PGHOST and PGPORT, REDIS_HOST and REDIS_PORT, POSTGRES_SERVER and
 * POSTGRES_PORT… A record is an environment or an object inside a JSON value; both hold such pairs.
 */
import { DEFAULT_PORTS, namesEndpoint, type ProxiedStore, sameHost } from './proxied-value.ts';
import type { StoreKind } from './stores.ts';

export type TextRecord = Readonly<Record<string, string>>;

const HOST_NAME = /^(.*?)(HOST_?ADDR|HOST_?NAME|HOST|SERVER|ADDRESS|ADDR|ENDPOINT)$/i;
const PORT_NAME = /^(.*?)PORT$/i;
/** Ends of names that switch TLS on, after the pair's common start. */
const TLS_NAME = /^(?:USE_?)?(?:TLS|SSL)(?:_?(?:MODE|ENABLED?|ON))?$/i;

/** What a name's start says about the kind of store, for pairs of which only one variable is set. */
const KIND_WORDS: readonly (readonly [RegExp, StoreKind])[] = [
  [/redis|valkey/i, 'redis'],
  [/^pg$|postgres|pgsql|database|^db$|(?:^|_)(?:db|pg|sql)(?:_|$)/i, 'postgres'],
];

/** Other products, whose names would else be taken for a database of ours. */
const FOREIGN_WORDS =
  /mysql|maria|mongo|mssql|sqlserver|oracle|clickhouse|cassandra|memcache|elastic|influx|neo4j/i;

/** The variables to set so that pairs that name a store name its proxy; empty when there are none. */
export function proxiedPairs(record: TextRecord, stores: readonly ProxiedStore[]): TextRecord {
  const changes: Record<string, string> = {};
  const names = Object.keys(record);
  for (const name of names) {
    const start = HOST_NAME.exec(name)?.[1];
    if (start === undefined) continue;
    const portName = portBeside(name, start, names);
    const found = findByHost(
      record[name] ?? '',
      start,
      portName === null ? undefined : record[portName],
      stores,
    );
    if (found === null) continue;
    changes[name] = found.proxy.host;
    changes[portName ?? newPortName(name, start)] = String(found.proxy.port);
    Object.assign(changes, withoutTls(record, start));
  }
  for (const name of names) {
    const start = PORT_NAME.exec(name)?.[1];
    if (start === undefined || name in changes || names.some((other) => isHostOf(other, start))) continue;
    Object.assign(changes, lonelyPort(record, name, start, stores));
  }
  return changes;
}

function isHostOf(name: string, start: string): boolean {
  return HOST_NAME.exec(name)?.[1]?.toLowerCase() === start.toLowerCase();
}

function portBeside(hostName: string, start: string, names: readonly string[]): string | null {
  const wanted = [`${start}PORT`, `${hostName}_PORT`].map((name) => name.toLowerCase());
  return names.find((name) => wanted.includes(name.toLowerCase())) ?? null;
}

/** The port's name in the style of the host's: REDIS_HOST → REDIS_PORT, redisHost → redisPort, host → port. */
function newPortName(hostName: string, start: string): string {
  const end = hostName.slice(start.length);
  if (end === end.toUpperCase()) return `${start}PORT`;
  return end[0] === end[0]?.toUpperCase() ? `${start}Port` : `${start}port`;
}

function kindOf(start: string): StoreKind | null {
  const word = start.replace(/[_.-]+$/, '');
  if (FOREIGN_WORDS.test(word)) return null;
  return KIND_WORDS.find(([pattern]) => pattern.test(word))?.[1] ?? null;
}

function findByHost(
  host: string,
  start: string,
  port: string | undefined,
  stores: readonly ProxiedStore[],
): ProxiedStore | null {
  if (host === '') return null;
  for (const proxied of stores) {
    const kind = kindOf(start);
    if (kind !== null && kind !== proxied.store.kind) continue;
    // Without a port, a bare HOST=localhost may be anything: only a name that tells the kind is taken.
    if (port === undefined && kind === null) continue;
    const number = port === undefined ? DEFAULT_PORTS[proxied.store.kind] : Number(port);
    if (namesEndpoint(proxied.store.endpoint, host.trim(), number)) return proxied;
  }
  return null;
}

/** A port without a host means a store on this machine. libpq would then use a socket: it is given the host too. */
function lonelyPort(
  record: TextRecord,
  name: string,
  start: string,
  stores: readonly ProxiedStore[],
): TextRecord {
  const kind = kindOf(start);
  if (kind === null) return {};
  const port = Number(record[name]);
  const found = stores.find(
    ({ store }) =>
      store.kind === kind &&
      !('path' in store.endpoint) &&
      store.endpoint.port === port &&
      sameHost(store.endpoint.host, 'localhost'),
  );
  if (found === undefined) return {};
  const host = start.toUpperCase() === 'PG' ? { PGHOST: found.proxy.host } : {};
  return { [name]: String(found.proxy.port), ...host, ...withoutTls(record, start) };
}

const PLAIN_VALUES: ReadonlyMap<string, string> = new Map([
  ['true', 'false'],
  ['True', 'False'],
  ['TRUE', 'FALSE'],
  ['1', '0'],
  ['yes', 'no'],
  ['on', 'off'],
  ['require', 'disable'],
  ['required', 'disable'],
  ['verify-ca', 'disable'],
  ['verify-full', 'disable'],
  ['prefer', 'disable'],
  ['no-verify', 'disable'],
]);

/** Switches of the same group that ask for TLS, taken back: REDIS_TLS=true, DB_SSLMODE=require, PGSSLMODE. */
function withoutTls(record: TextRecord, start: string): TextRecord {
  const changes: Record<string, string> = {};
  for (const [name, value] of Object.entries(record)) {
    if (!name.toLowerCase().startsWith(start.toLowerCase())) continue;
    const plain = PLAIN_VALUES.get(value);
    if (plain !== undefined && TLS_NAME.test(name.slice(start.length).replace(/^_/, '')))
      changes[name] = plain;
  }
  return changes;
}
