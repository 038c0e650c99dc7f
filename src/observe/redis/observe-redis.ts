/** The Redis observer: bytes of connections in, cache operations out. */
import type { ConnectionObserverFactory } from '../../proxy/observer.ts';
import type { ObserveContext } from '../context.ts';
import { makeCatalog } from './catalog.ts';
import { RedisConnection } from './connection.ts';
import type { CommandInfo } from './key-positions.ts';
import { STORE_BYTES, STORE_KEYS } from './limits.ts';
import { PayloadStore } from './payload-store.ts';
import type { Signs } from './signs.ts';

export interface RedisObserverOptions {
  /** Wall clock, milliseconds since 1970: times to live given as points in time (EXPIREAT, SET … PXAT) need it. */
  readonly wall: () => number;
  /** Whether the server is a replica: its reads may lag behind the primary. Default: it is not. */
  readonly replica?: boolean;
  /** What the server's COMMAND says of commands that the command table does not know (modules). */
  readonly commands?: readonly CommandInfo[];
  /** Called when more is known of the client library behind a session; `at`: when, ns. */
  readonly onClient?: (session: string, signs: Signs, at: number) => void;
  /** Bytes of payloads kept for comparison, over all connections. */
  readonly storeBytes?: number;
  /** Keys remembered, over all connections. */
  readonly storeKeys?: number;
}

/** Makes observers for the connections to one Redis server. Operations are emitted in the order in which they
 * returned; nothing is thrown on what passes, and what cannot be followed is said through `context.degrade`:
 * `redis-protocol`, `redis-cluster`, `redis-monitor`, `redis-replication`, `redis-unpaired`, `redis-backlog`,
 * `redis-oversized`. */
export function observeRedis(
  context: ObserveContext,
  options: RedisObserverOptions,
): ConnectionObserverFactory {
  const limits = { bytes: options.storeBytes ?? STORE_BYTES, keys: options.storeKeys ?? STORE_KEYS };
  const shared = {
    context,
    catalog: makeCatalog(options.commands),
    store: new PayloadStore(context.digest, limits),
    replica: options.replica ?? false,
    wall: options.wall,
    onClient: options.onClient,
  };
  return (session) => new RedisConnection(session, shared);
}
