/**
 * What watching adds to a round trip: the same trivial command through the relay and past it, in turn, and the medians
 * compared. Measured after the service has ended, so that the figure is the relay's and not the load's.
 */

import type { Redis } from 'ioredis';
import type pg from 'pg';
import { connectPostgres, connectRedis, unlessForbidden } from './bypass.ts';
import type { Store } from './stores.ts';

/** Round trips measured each way. */
const ROUNDS = 60;
/** Longest time the whole measurement may take, ms. */
const LIMIT_MS = 2_000;

type RoundTrip = () => Promise<unknown>;

/** Median added time in ms, never below 0; null when it could not be measured. */
export async function addedLatency(
  store: Store,
  proxy: { readonly host: string; readonly port: number },
): Promise<number | null> {
  const beside: Store = { ...store, endpoint: proxy, tls: null };
  try {
    return store.kind === 'redis' ? await overRedis(store, beside) : await overPostgres(store, beside);
  } catch {
    return null;
  }
}

async function overRedis(direct: Store, proxied: Store): Promise<number | null> {
  const clients: Redis[] = [];
  const open = async (store: Store): Promise<RoundTrip> => {
    const client = await connectRedis(store);
    clients.push(client);
    return () => client.ping().catch(unlessForbidden);
  };
  try {
    return await difference(await open(direct), await open(proxied));
  } finally {
    for (const client of clients) client.disconnect();
  }
}

async function overPostgres(direct: Store, proxied: Store): Promise<number | null> {
  const clients: pg.Client[] = [];
  const open = async (store: Store): Promise<RoundTrip> => {
    const { client } = await connectPostgres(store);
    clients.push(client);
    return () => client.query('SELECT 1');
  };
  try {
    return await difference(await open(direct), await open(proxied));
  } finally {
    await Promise.allSettled(clients.map((client) => client.end()));
  }
}

async function difference(direct: RoundTrip, proxied: RoundTrip): Promise<number | null> {
  const until = performance.now() + LIMIT_MS;
  const times: { readonly direct: number[]; readonly proxied: number[] } = { direct: [], proxied: [] };
  for (let i = 0; i < ROUNDS && performance.now() < until; i++) {
    times.direct.push(await timed(direct));
    times.proxied.push(await timed(proxied));
  }
  if (times.direct.length < ROUNDS / 4) return null;
  return Math.max(0, Math.round((median(times.proxied) - median(times.direct)) * 1000) / 1000);
}

async function timed(trip: RoundTrip): Promise<number> {
  const begin = performance.now();
  await trip();
  return performance.now() - begin;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? 0;
}
